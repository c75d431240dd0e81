//! Visitors who begin and never end: they hold nothing, and nothing is taken for done.

use super::browser;
use super::site::TestSite;
use dripline::link::Scope;
use std::net::SocketAddr;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// What comes back to who says this much and no more, until the other side closes.
async fn stall(at: SocketAddr, said: String) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn half(path: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 40\r\n\r\nemail=ana%40example.org&ag"
    )
}

#[tokio::test]
async fn whoever_stops_in_the_middle_is_answered_and_let_go() {
    let site = TestSite::start().await;
    let enrolment = site.enrol().await;
    let leave = format!("/leave/{}", site.app.keys.sign(Scope::Leave, enrolment, None));
    let before = site.texts("SELECT cast(count(*) AS text) FROM subscriber").await;
    let at = browser::serve(site.router.clone()).await;
    let (head, form, left) = tokio::join!(
        stall(at, "GET / HTTP/1.1\r\nHost: x\r\nUser-Ag".to_string()),
        stall(at, half("/c/stages")),
        stall(at, half(&leave)),
    );
    assert_eq!(head, "", "a connection without a whole request is closed");
    assert!(form.starts_with("HTTP/1.1 400") && form.contains("That didn&#39;t reach us whole</h1>"), "{form}");
    assert_eq!(site.texts("SELECT cast(count(*) AS text) FROM subscriber").await, before);
    assert!(left.starts_with("HTTP/1.1 200"), "whoever holds the link leaves, whatever the body: {left}");
    assert_eq!(site.states().await, ["left"]);
}
