//! What the log says of readers: nothing.

use super::pair::ANA;
use super::pair::Ask;
use super::pair::Pair;
use super::site::ADDRESS;
use super::site::TestSite;
use crate::app::days;
use crate::program::Program;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until;
use dripline::link::Scope;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

/// Set where a test runs in a process of its own.
const ALONE: &str = "DRIPLINE_TEST_ALONE";

/// Runs a test in a process of its own, unless this is it: which events anybody wants is kept for a whole process, and the
/// threads of other tests, which want none, would decide it too.
fn ran_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return false;
    }
    let program = std::env::current_exe().unwrap();
    let ran = Command::new(program).args(["--exact", test, "--nocapture"]).env(ALONE, "1").output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && told.contains("1 passed"), "{told}");
    true
}

#[tokio::test]
async fn tokens_and_addresses_never_reach_the_log_and_a_failure_is_told_once() {
    if ran_alone("pages::logs::tokens_and_addresses_never_reach_the_log_and_a_failure_is_told_once") {
        return;
    }
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(log.clone()).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let site = TestSite::start().await;
    let confirm = site.sign_up().await;
    let token = confirm.strip_prefix("/confirm/").unwrap().to_string();
    let leave = site.app.keys.sign(dripline::link::Scope::Leave, 5, None);
    for path in [&confirm, &format!("/leave/{leave}"), &format!("/view/{leave}"), &format!("/nowhere/{token}")] {
        site.get(path).await;
        site.post(path, None, ADDRESS.as_bytes()).await;
    }
    assert!(!log.text().contains("ERROR"), "{}", log.text());
    site.app.store.close().await;
    let page = site.get(&confirm).await;
    assert_eq!((page.status, page.title().as_str()), (500, "That didn't work, and it isn't your fault"));
    assert!(page.body.contains("try again in a few minutes"));
    let text = log.text();
    assert_eq!(text.matches("ERROR").count(), 1, "{text}");
    assert!(text.contains("route=\"/confirm/{token}\""), "{text}");
    for secret in [token.as_str(), &leave, ADDRESS, "quinta"] {
        assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{secret} in {text}");
    }
}

/// Everything that people tell us here has this word in it, however it is written.
const MARKER: &str = "marker";

/// What may be in no log line: markers, tokens, addresses.
fn is_silent(log: &str, secrets: &[String]) {
    let lower = log.to_lowercase();
    for secret in
        secrets.iter().map(|secret| secret.to_lowercase()).chain([MARKER.to_string(), "example.org".to_string()])
    {
        let line = lower.lines().find(|line| line.contains(&secret));
        assert_eq!(
            line.map(|line| line.replace("learn.example.org", "our own site")).filter(|line| line.contains(&secret)),
            None,
            "{secret}"
        );
    }
}

/// One after the other, everything that a person can do here and do wrong.
async fn live(pair: &mut Pair) -> Vec<String> {
    let token = pair.confirmation("marker.vera@example.org", "calm").await;
    let rows = pair.rows(ANA).await;
    let sign = |scope| pair.app.app.keys.sign(scope, rows.of(scope), None);
    let [my, answer, leave, view, undo] = [Scope::My, Scope::Answer, Scope::Leave, Scope::View, Scope::Undo].map(sign);
    let posts = [
        (
            "/c/calm".to_string(),
            "email=marker.new%40example.org&agree=1&first_name=Marker&field%3Ainstrument=marker-oboe",
        ),
        ("/c/calm".to_string(), "email=marker&first_name=Marker"),
        ("/embed/calm".to_string(), "email=marker.other%40example.org&agree=1"),
        ("/my".to_string(), "email=marker.new%40example.org"),
        ("/my".to_string(), "email=marker"),
        (format!("/confirm/{token}"), ""),
        (format!("/answer/{answer}?q=4"), "answer=My+marker+hurts"),
        (format!("/answer/{answer}?q=2"), "answer=marker"),
        (format!("/answer/{answer}?q=marker&o=marker"), "answer=marker"),
        (format!("/my/{my}/settings"), "first_name=Marker&hour=08%3A30&zone=Europe%2FLondon"),
        (format!("/my/{my}/settings"), "hour=marker"),
        (format!("/my/{my}/address"), "email=marker.moved%40example.org"),
        (format!("/my/{my}/address"), "email=marker"),
        (format!("/my/{my}/calm/pause?marker=marker"), "choice=1w&marker=marker"),
        (format!("/my/{my}/marker/marker"), "marker"),
        (format!("/act/{undo}"), ""),
        (format!("/leave/{leave}"), "reason=A+marker+of+a+reason"),
        (format!("/nowhere/{my}/{answer}"), "marker=marker"),
        (format!("/my/{my}/erase"), ""),
        (format!("/my/{my}/erase"), ""),
    ];
    for (path, form) in &posts {
        assert!(pair.post(path, form).await.status < 500, "{path}");
        assert!(pair.get(path).await.status < 500, "{path}");
        tokio::task::yield_now().await;
    }
    for body in [
        "{\"marker\": 1}",
        "{\"email\": \"marker\"}",
        "{\"email\": \"marker.json@example.org\", \"agree\": true}",
        "marker",
    ] {
        let headers =
            [("content-type", "application/json"), ("user-agent", "Marker/1.0"), ("x-forwarded-for", "marker")];
        let headers = headers.map(|(name, value)| (name.to_string(), value.into())).into();
        let ask = Ask { method: "POST".to_string(), path: "/c/calm".into(), headers, body: body.into() };
        assert!(pair.ask(&ask).await.unwrap().status < 500, "{body}");
    }
    for path in [
        format!("/my/{my}/export"),
        format!("/view/{view}"),
        format!("/nowhere/{token}"),
        format!("/my/{my}%ff/{leave}"),
    ] {
        assert!(pair.get(&path).await.status < 500, "{path}");
    }
    pair.app.advance(days(2)).await;
    vec![token, my, answer, leave, view, undo]
}

#[tokio::test]
async fn nothing_that_people_tell_us_or_hold_reaches_the_finest_log() {
    if ran_alone("pages::logs::nothing_that_people_tell_us_or_hold_reaches_the_finest_log") {
        return;
    }
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(log.clone()).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let mut pair = Pair::start().await;
    let secrets = live(&mut pair).await;
    let text = log.text();
    assert!(text.contains("a course is in force"), "{text}");
    is_silent(&text, &secrets);
    pair.app.app.store.close().await;
    for token in &secrets {
        for path in
            [format!("/my/{token}"), format!("/answer/{token}"), format!("/leave/{token}"), format!("/confirm/{token}")]
        {
            pair.get(&format!("{path}?q=marker")).await;
            pair.post(&path, "email=marker%40example.org&answer=marker&reason=marker").await;
        }
    }
    assert!(log.text().contains("ERROR"), "pages fail without a database");
    is_silent(&log.text(), &secrets);
}

/// What a page of a running program answers.
fn tell(address: &str, method: &str, path: &str, kind: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nUser-Agent: Marker/1.0\r\nContent-Type: {kind}\r\n"
    );
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What the links to such pages end with, in the mail that has all of them.
fn mailed<const N: usize>(sink: &Sink, pages: [&str; N]) -> [String; N] {
    let mails =
        std::fs::read_dir(sink.mails()).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let mut texts = mails
        .map(|mail| mail_parser::MessageParser::default().parse(&mail).unwrap().body_text(0).unwrap().into_owned());
    let text = texts.find(|text| pages.iter().all(|page| text.contains(page))).unwrap();
    pages.map(|page| {
        let rest = text.split_once(page).unwrap().1;
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
    })
}

#[test]
fn the_program_itself_writes_no_line_about_what_people_tell_it() {
    let sink = Sink::start("");
    let site = Site::new(sink.url(), "");
    site.course("path", &["one", "two"], "wait = \"1 day\"\nsend = \"* * * * *\"");
    site.lesson("path", "one", "[[ask]]\nid = \"note\"\nquestion = \"Anything else?\"\nkind = \"text\"", "How was it?");
    let mut command = site.command(&["serve", "--log-format", "json"]);
    let daemon = Program::start(command.env("DRIPLINE_LOG", "trace"), site.path());
    daemon.tells("\"ready\"");
    let at = daemon.pages();
    let form = "application/x-www-form-urlencoded";
    let done = tell(&at, "POST", "/c/path", form, "email=marker.vera%40example.org&first_name=Marker");
    assert!(done.starts_with("HTTP/1.1 200"), "{done}");
    sink.wait_for(1, SOON);
    let [confirm] = mailed(&sink, ["/confirm/"]);
    tell(&at, "GET", &format!("/confirm/{confirm}"), form, "");
    assert!(tell(&at, "POST", &format!("/confirm/{confirm}"), form, "").starts_with("HTTP/1.1 200"));
    sink.wait_for(2, SOON);
    let [answer, my, leave] = mailed(&sink, ["/answer/", "/my/", "/leave/"]);
    until("the record", SOON, || site.deliveries()["accepted"] == 2);
    let kept = tell(&at, "POST", &format!("/answer/{answer}?q=1"), form, "answer=My+marker%1b[31m+hurts");
    assert!(kept.starts_with("HTTP/1.1 200"), "{kept}");
    let told = site.good(&["answers", "path"]);
    assert!(told.contains("My marker[31m hurts"), "{told}");
    for (path, body) in [
        (format!("/my/{my}/address"), "email=marker.moved%40example.org"),
        (format!("/leave/{leave}"), "reason=Too+much+marker%1b]0;x%07"),
        (format!("/my/{my}/marker/marker?marker"), "marker"),
        (format!("/nowhere/{my}/{answer}"), "marker=marker"),
    ] {
        assert!(tell(&at, "POST", &path, form, body).starts_with("HTTP/1.1 "), "{path}");
    }
    assert!(tell(&at, "POST", "/c/path", "application/json", "{\"marker\": 1}").starts_with("HTTP/1.1 400"));
    let report = site.good(&["report", "path"]);
    assert!(report.contains("Too much marker") && !report.contains(['\u{1b}', '\u{7}']), "{report}");
    assert!(tell(&at, "GET", &format!("/my/{my}/export"), form, "").contains("My marker"));
    assert!(tell(&at, "POST", &format!("/my/{my}/erase"), form, "").starts_with("HTTP/1.1 200"));
    let log = daemon.told();
    assert!(log.lines().all(|line| line.starts_with('{')), "{log}");
    is_silent(&log, &[confirm, answer, my, leave]);
}
