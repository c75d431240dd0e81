//! When nobody knows whether a message arrived.

use crate::app::Setup;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use crate::outcomes::ANA;
use crate::outcomes::tried;
use dripline::flow::InDoubt;
use dripline::flow::operate;

fn script(script: &str) -> Setup {
    Setup { script: script.to_string(), ..Setup::default() }
}

#[tokio::test]
async fn a_doubt_is_resolved_by_the_same_bytes_once() {
    let app = tried(script("times=1 dot late-reset")).await;
    app.advance(minutes(29)).await;
    assert_eq!(app.mails(), 1, "not before its time");
    app.advance(minutes(1)).await;
    let mails = app.mails_to(ANA);
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0], mails[1], "the same bytes and the same Message-ID");
    assert_eq!(app.number("SELECT copies FROM outbox WHERE what = 'lesson/calm/one'").await, 2);
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm one", "calm two"]);
    assert_eq!(app.number("SELECT count(*) FROM body").await, 0);
    app.verify().await;
}

#[tokio::test]
async fn a_second_doubt_holds_the_message_and_the_person_until_a_human_says() {
    let app = tried(script("times=2 dot late-reset")).await;
    app.advance(days(3)).await;
    assert_eq!(app.mails(), 2, "never a third copy by itself");
    assert_eq!((app.status().await.deliveries["held"], app.state(ANA).await), (1, "held"));
    assert!(app.status().await.problems.iter().any(|it| it.contains("nobody knows whether")));
    app.verify().await;
    let id = app.number("SELECT id FROM outbox").await;
    assert_eq!(operate::retry(&app.app, id).await.unwrap(), operate::Retried::Again);
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm one", "calm one", "calm two"]);
    app.verify().await;
}

#[tokio::test]
async fn a_careful_site_holds_at_the_first_doubt() {
    let app = tried(Setup { in_doubt: InDoubt::Hold, ..script("times=1 dot late-reset") }).await;
    app.advance(days(3)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (1, "held"));
    app.verify().await;
}

#[tokio::test]
async fn refusals_at_the_dot_are_no_copies() {
    // Four times later, then a doubt: one copy may be out, so one more may follow.
    let app = tried(script("times=4 dot reply \"451 4.3.0 later\"; times=1 dot late-reset")).await;
    app.advance(hours(3)).await;
    assert_eq!(app.mails(), 2);
    assert_eq!(app.number("SELECT copies FROM outbox WHERE what = 'lesson/calm/one'").await, 2);
    app.verify().await;
}

#[tokio::test]
async fn a_relay_that_always_dies_after_the_dot_is_left_alone_and_nobody_gets_more_than_two() {
    let app = crate::app::TestApp::scripted("dot late-reset").await;
    app.course("calm", &["one"]).await;
    for n in 0..12 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    app.settle().await;
    assert_eq!(app.line().relays()[0].state, "open");
    assert!(app.mails() < 12, "{} mails went into the dark", app.mails());
    app.advance(days(2)).await;
    let readers = app.readers_of("calm one");
    for n in 0..12 {
        let copies = readers.iter().filter(|it| **it == format!("p{n}@example.org")).count();
        assert!(copies <= 2, "p{n} got {copies}");
    }
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE copies > 2").await, 0);
    app.verify().await;
}
