//! The link to one's own page, by mail.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::flow::page_link;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;
use dripline::link::Scope;

const LINK: &str = "Your page at Steady Ground";

async fn asks(app: &TestApp, address: &str) -> usize {
    page_link::ask(&app.app, &address.parse().unwrap()).await.unwrap();
    app.settle().await;
    app.subjects_to(address).iter().filter(|subject| *subject == LINK).count()
}

#[tokio::test]
async fn the_link_comes_once_an_hour_and_three_times_a_day() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    app.enrol("ana@example.org", "calm").await;
    for (wait, expect) in [(0, 1), (0, 1), (1, 2), (1, 3), (1, 3), (20, 3), (3, 4)] {
        app.advance(hours(wait)).await;
        assert_eq!(asks(&app, "ana@example.org").await, expect, "after {wait} hours");
    }
    let token = app.token_to("ana@example.org", "/my/").unwrap();
    let opens = |later| app.app.keys.verify(Scope::My, &token, app.now() + later);
    assert_eq!(opens(days(59)), Some(app.id("ana@example.org").await));
    assert_eq!(opens(days(61)), None);
    app.verify().await;
}

#[tokio::test]
async fn only_who_is_or_was_in_a_course_gets_a_link() {
    let app = TestApp::scripted("to=dead* rcpt reply \"550 5.1.1 no such user\"").await;
    app.course("calm", &["one", "two"]).await;
    app.sign_up("asked@example.org", "calm").await;
    for name in ["dead", "left", "here"] {
        app.enrol(&format!("{name}@example.org"), "calm").await;
    }
    app.settle().await;
    let left = "left@example.org".parse().unwrap();
    preferences::act(&app.app, &left, &Which::All, &Act::Leave).await.unwrap();
    for (name, expect) in [("nobody", 0), ("asked", 0), ("dead", 0), ("left", 1), ("here", 1)] {
        assert_eq!(asks(&app, &format!("{name}@example.org")).await, expect, "{name}");
        app.verify().await;
    }
    assert_eq!(asks(&app, "HERE@EXAMPLE.ORG").await, 0, "another spelling is the same person, who just got one");
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE what = 'page'").await, 2);
    let inputs = app.texts("SELECT inputs FROM outbox WHERE what = 'page'").await;
    assert!(inputs.iter().all(String::is_empty), "nothing of a letter stays: {inputs:?}");
}
