//! Awkward moments: people, coaches and operators act while a message is anywhere, and relays and disks fail beside it.

use crate::app::Kind;
use crate::app::Setup;
use crate::app::TestApp;
use crate::app::course_toml;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use dripline::flow::InDoubt;
use dripline::flow::deliver::Stepped;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;
use dripline::flow::sign_up::SignedUp;
use std::time::Duration;

const ANA: &str = "ana@example.org";
const SENDING: &str = "SELECT count(*) FROM outbox WHERE state = 3";
const LEASED: &str = "SELECT count(*) FROM outbox WHERE state = 2";

async fn in_calm(setup: Setup) -> TestApp {
    let app = TestApp::with(setup).await;
    app.course("calm", &["one", "two"]).await;
    app.enrol(ANA, "calm").await;
    app
}

fn scripted(script: &str) -> Setup {
    Setup { script: script.to_string(), ..Setup::default() }
}

async fn leave(app: &TestApp) {
    preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &Act::Leave).await.unwrap();
}

#[tokio::test]
async fn who_left_while_a_message_was_on_the_wire_gets_no_second_copy_after_a_kill() {
    let mut app = in_calm(scripted("times=1 dot hang")).await;
    app.step().await;
    app.until(SENDING, 1).await;
    leave(&app).await;
    app.restart().await;
    app.advance(days(2)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (0, "left"));
    assert_eq!(app.status().await.deliveries["cancelled"], 1);
    app.verify().await;
}

#[tokio::test]
async fn who_paused_while_a_message_was_in_doubt_is_held_with_it() {
    let setup = Setup { in_doubt: InDoubt::Hold, ..scripted("times=1 dot hang") };
    let mut app = in_calm(setup).await;
    app.step().await;
    app.until(SENDING, 1).await;
    preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &Act::Pause { until: None }).await.unwrap();
    app.restart().await;
    app.advance(days(2)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (0, "held"));
    app.verify().await;
}

#[tokio::test]
async fn a_confirmation_in_doubt_is_not_sent_again_to_somebody_who_left() {
    let mut app = TestApp::scripted("times=1 dot hang").await;
    app.course("calm", &["one"]).await;
    assert_eq!(app.sign_up(ANA, "calm").await, SignedUp::Asked);
    app.step().await;
    app.until(SENDING, 1).await;
    leave(&app).await;
    app.restart().await;
    app.advance(hours(3)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (0, "left"));
    app.verify().await;
}

#[tokio::test]
async fn a_confirmation_that_was_not_taken_is_not_tried_again_for_somebody_who_left() {
    let setup = Setup { dot: Duration::from_millis(500), ..scripted("times=1 dot hang") };
    let app = TestApp::with(setup).await;
    app.course("calm", &["one"]).await;
    assert_eq!(app.sign_up(ANA, "calm").await, SignedUp::Asked);
    app.step().await;
    app.until(SENDING, 1).await;
    leave(&app).await;
    app.settle().await;
    assert_eq!(app.status().await.deliveries["cancelled"], 1);
    app.verify().await;
}

#[tokio::test]
async fn a_lesson_that_may_have_arrived_is_held_instead_of_expiring() {
    let app = in_calm(scripted("times=1 dot late-reset; dot reply \"451 4.3.0 later\"")).await;
    app.advance(days(5)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (1, "held"));
    app.verify().await;
}

#[tokio::test]
async fn leases_that_cannot_be_given_back_at_once_are_later() {
    let app = in_calm(Setup::default()).await;
    let (full, free) = match app.setup.database {
        Kind::Sqlite => (
            "CREATE TRIGGER disk_full BEFORE UPDATE ON outbox WHEN OLD.state = 2 BEGIN SELECT RAISE(ABORT, 'full'); END",
            "DROP TRIGGER disk_full",
        ),
        Kind::Postgres => (
            "ALTER TABLE outbox ADD CONSTRAINT disk_full CHECK (state = 2) NOT VALID",
            "ALTER TABLE outbox DROP CONSTRAINT disk_full",
        ),
    };
    app.break_with(full).await;
    app.step().await;
    tokio::time::timeout(Duration::from_millis(300), app.line().settled()).await.ok();
    assert_eq!((app.mails(), app.number(LEASED).await), (0, 1));
    app.break_with(free).await;
    app.settle().await;
    assert_eq!(app.readers_of("calm one"), [ANA]);
    app.verify().await;
}

#[tokio::test]
async fn an_inability_while_messages_are_made_leaves_none_behind() {
    let app = TestApp::scripted("times=4 dot reply \"451 4.3.0 later\"").await;
    app.course("calm", &["one", "two"]).await;
    for n in 0..4 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    app.settle().await;
    assert_eq!(app.status().await.deliveries["deferred"], 4);
    app.clock.advance(minutes(2));
    app.break_with("ALTER TABLE body RENAME TO away").await;
    assert!(app.line().step().await.is_err());
    app.break_with("ALTER TABLE away RENAME TO body").await;
    app.settle().await;
    assert_eq!(app.readers_of("calm one").len(), 4);
    assert_eq!(app.number(LEASED).await, 0);
    app.verify().await;
}

#[tokio::test]
async fn a_probe_that_hangs_keeps_nobody_busy() {
    let mut app = TestApp::scripted("connect close").await;
    app.setup.connections = 4;
    app.restart().await;
    app.course("calm", &["one"]).await;
    for n in 0..8 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    app.settle().await;
    assert_eq!(app.line().relays()[0].state, "open");
    app.mailbox_says("greeting hang").await;
    app.clock.advance(minutes(1));
    assert!(matches!(app.step().await, Stepped::Claimed(_)));
    assert_eq!(app.step().await, Stepped::Waiting);
    let rested = tokio::time::timeout(Duration::from_millis(200), app.line().wait()).await;
    assert!(rested.is_err(), "there is nothing to do before the probe ends");
}

#[tokio::test]
async fn a_relay_that_has_too_many_of_our_connections_is_left_alone() {
    let app = TestApp::scripted("greeting reply \"421 4.7.0 too many connections\"").await;
    app.course("calm", &["one"]).await;
    for n in 0..12 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    app.settle().await;
    assert_eq!(app.line().relays()[0].state, "open");
    assert!(!app.line().is_heard(), "nothing was said about any message");
    app.verify().await;
}

#[tokio::test]
async fn retiring_a_lesson_sends_nothing_to_an_address_that_takes_no_mail() {
    let app = in_calm(scripted("times=1 rcpt reply \"550 5.1.1 no such user\"")).await;
    app.settle().await;
    assert_eq!(app.state(ANA).await, "held");
    app.write("calm/course.toml", course_toml("calm", &["two"]).replace("lessons", "retired = [\"one\"]\nlessons"));
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.advance(days(3)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (0, "held"));
    app.verify().await;
    assert!(operate::lift(&app.app, &ANA.parse().unwrap(), "paper form").await.unwrap());
    assert_eq!(operate::release(&app.app, &Scope::All).await.unwrap(), (false, 1));
    app.advance(days(2)).await;
    assert_eq!(app.subjects_to(ANA), ["calm two"]);
    app.verify().await;
}

#[tokio::test]
async fn who_never_confirmed_can_still_confirm_when_their_address_works_again() {
    let mut app = TestApp::scripted("times=1 rcpt reply \"550 5.1.1 no such user\"").await;
    app.course("calm", &["one"]).await;
    assert_eq!(app.sign_up(ANA, "calm").await, SignedUp::Asked);
    app.settle().await;
    assert!(operate::lift(&app.app, &ANA.parse().unwrap(), "paper form").await.unwrap());
    operate::release(&app.app, &Scope::All).await.unwrap();
    app.advance(days(2)).await;
    assert_eq!(app.sign_up(ANA, "calm").await, SignedUp::Asked);
    app.confirm(ANA).await;
    app.advance(hours(1)).await;
    assert_eq!(app.readers_of("calm one"), [ANA]);
    app.verify().await;
}

#[tokio::test]
async fn a_delivery_that_was_held_for_days_does_not_expire_on_its_release() {
    let app = in_calm(Setup { in_doubt: InDoubt::Hold, ..scripted("times=1 dot hang") }).await;
    app.step().await;
    app.until(SENDING, 1).await;
    let mut app = app;
    app.restart().await;
    app.enrol("ben@example.org", "calm").await;
    app.advance(days(5)).await;
    assert_eq!(app.state(ANA).await, "held");
    operate::release(&app.app, &Scope::All).await.unwrap();
    app.settle().await;
    assert_eq!(app.subjects_to(ANA), ["calm one"]);
    assert_eq!(app.status().await.deliveries["expired"], 0);
    app.verify().await;
}

#[tokio::test]
async fn a_refused_address_of_a_rehearsal_suppresses_no_reader() {
    let script = scripted("rcpt reply \"550 5.1.1 no such user\"");
    let app = in_calm(Setup { redirect_to: Some("typo@example.net"), ..script }).await;
    app.settle().await;
    assert_eq!(app.number("SELECT count(*) FROM suppression").await, 0);
    assert_eq!((app.state(ANA).await, app.line().relays()[0].state), ("active", "open"));
    app.verify().await;
}
