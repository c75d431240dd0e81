//! `stop`: what isn't sent of an issue never is, at whatever point it is stopped.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use crate::issues::ANA;
use crate::issues::BEN;
use crate::issues::crowd;
use crate::issues::dated;
use crate::issues::newsletter;
use crate::issues::one_issue;
use crate::issues::problems;
use dripline::flow::issue;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::stop;
use dripline::flow::stop::Counts;
use dripline::flow::stop::Stopped;
use dripline::store::issues;
use dripline::store::issues::Fate;
use dripline::store::issues::Issue;

const SENDING: &str = "SELECT count(*) FROM outbox WHERE state = 3";

async fn stop(app: &TestApp, name: &str) -> Stopped {
    stop::stop(&app.app, "notes", name).await.unwrap()
}

fn counts(sent: i64, cancelled: i64, in_flight: i64, in_doubt: i64) -> Counts {
    Counts { sent, cancelled, in_flight, in_doubt }
}

#[tokio::test]
async fn what_waits_to_be_tried_again_or_for_a_human_is_cancelled_and_a_second_stop_says_so() {
    let script = "to=later* dot reply \"451 4.3.0 later\"; to=held* dot reply \"451 4.3.0 later\"; to=odd* dot reply \"554 5.6.0 odd\"";
    let mut app = TestApp::scripted(script).await;
    one_issue(&app, "").await;
    for address in [ANA, "later@example.org", "odd@example.org", "held@example.org"] {
        app.enrol(address, "notes").await;
    }
    app.advance(hours(72) - minutes(1)).await;
    assert_eq!(stop(&app, "one").await, Stopped::Now(Counts::default()));
    assert_eq!(stop(&app, "one").await, Stopped::Before(Counts::default()));
    app.advance(days(2)).await;
    assert_eq!(app.mails(), 0, "it never became due");

    let second = dated("2026-03-09T09:00:00");
    newsletter(&app, "time_zone = \"Europe/London\"", &[("one", &dated("2026-03-05T09:00:00")), ("two", &second)])
        .await;
    app.advance(days(2) + hours(1)).await;
    assert_eq!(app.journal("later@example.org").await[0].state, "deferred");
    app.break_with(
        "UPDATE outbox SET state = 5 WHERE subscriber_id IN (SELECT id FROM subscriber WHERE address LIKE 'held@%')",
    )
    .await;
    assert_eq!(stop(&app, "two").await, Stopped::Now(counts(1, 2, 0, 0)));
    assert_eq!(stop(&app, "two").await, Stopped::Before(counts(1, 2, 0, 0)));
    app.relay_says("").await;
    app.advance(days(3)).await;
    assert_eq!(app.readers_of("notes two"), [ANA]);
    let journal = app.journal("later@example.org").await;
    assert_eq!((journal[0].state, journal[0].reply.as_str()), ("cancelled", "the issue was stopped"));
    app.verify().await;
}

#[tokio::test]
async fn what_is_on_the_wire_is_heard_and_a_doubt_is_not_sent_again() {
    let mut app = TestApp::with(Setup { script: "times=1 dot hang".to_string(), ..Setup::default() }).await;
    one_issue(&app, "").await;
    app.enrol(ANA, "notes").await;
    app.advance(hours(72) - minutes(1)).await;
    app.clock.advance(minutes(1));
    app.step().await;
    app.until(SENDING, 1).await;
    assert_eq!(stop(&app, "one").await, Stopped::Now(counts(0, 0, 1, 0)));
    app.mailbox_says("").await;
    app.settle().await;
    let journal = app.journal(ANA).await;
    assert_eq!((journal[0].state, journal[0].reply.as_str()), ("cancelled", "the issue was stopped"));
    assert_eq!(stop(&app, "one").await, Stopped::Before(counts(0, 0, 0, 1)));
    app.advance(days(1)).await;
    assert_eq!(app.mails(), 0);
    app.verify().await;
}

#[tokio::test]
async fn a_doubt_of_a_program_that_was_killed_is_not_sent_again_either() {
    for before in [true, false] {
        let mut app = TestApp::with(Setup { script: "times=1 dot hang".to_string(), ..Setup::default() }).await;
        one_issue(&app, "").await;
        app.enrol(ANA, "notes").await;
        app.advance(hours(72) - minutes(1)).await;
        app.clock.advance(minutes(1));
        app.step().await;
        app.until(SENDING, 1).await;
        if before {
            stop(&app, "one").await;
        }
        app.restart().await;
        app.mailbox_says("").await;
        if !before {
            assert_eq!(stop(&app, "one").await, Stopped::Now(counts(0, 0, 0, 1)));
        }
        app.advance(days(1)).await;
        assert_eq!((app.mails(), app.journal(ANA).await[0].state), (0, "cancelled"));
        app.verify().await;
    }
}

#[tokio::test]
async fn nobody_further_is_addressed_while_recipients_are_being_written() {
    let app = TestApp::new().await;
    one_issue(&app, "").await;
    app.enrol(ANA, "notes").await;
    app.enrol(BEN, "notes").await;
    let person = |name: &str| {
        format!("SELECT e.id FROM enrolment e JOIN subscriber s ON s.id = e.subscriber_id WHERE s.address = '{name}'")
    };
    let first = app.number(&person(ANA)).await;
    let moment = "2026-03-05T09:00:00".parse().unwrap();
    let (first_due, fixed) = (app.now(), app.now());
    let fate = Fate::Sent;
    let begun = Issue { lesson: "one".to_string(), fate, moment, first: first_due, fixed, after_id: Some(first) };
    let mut transaction = app.app.store.begin().await.unwrap();
    assert!(issues::add(&mut transaction, "notes", &begun).await.unwrap());
    transaction.commit().await.unwrap();
    assert_eq!(stop(&app, "one").await, Stopped::Now(Counts::default()));
    assert_eq!(issue::step(&app.app).await.unwrap(), 0);
    assert_eq!(app.number("SELECT count(*) FROM outbox").await, 0);
    app.advance(days(5)).await;
    assert_eq!(app.mails(), 0);
    app.verify().await;
}

#[tokio::test]
async fn a_late_issue_that_is_stopped_is_no_problem_any_more_and_release_sends_none_of_it() {
    let app = TestApp::new().await;
    one_issue(&app, "").await;
    app.enrol(ANA, "notes").await;
    app.settle().await;
    app.sleep_without_a_daemon(days(6));
    app.settle().await;
    assert_eq!(problems(&app).await.len(), 1);
    assert_eq!(stop(&app, "one").await, Stopped::Now(counts(0, 1, 0, 0)));
    assert_eq!((problems(&app).await, app.status().await.held), (Vec::<String>::new(), Vec::<String>::new()));
    operate::release(&app.app, &Scope::All).await.unwrap();
    app.advance(days(1)).await;
    assert_eq!(app.mails(), 0);
}

#[tokio::test]
async fn the_next_issue_takes_the_moment_of_one_that_was_stopped_before() {
    let app = TestApp::new().await;
    newsletter(&app, "issues = \"0 9 * * Thu\"\ntime_zone = \"Europe/London\"", &[("one", ""), ("two", "")]).await;
    app.enrol(ANA, "notes").await;
    stop(&app, "one").await;
    app.advance(days(14)).await;
    assert_eq!(app.taken(ANA).await, ["2026-03-05 09:00 notes/two"]);
}

#[tokio::test]
async fn what_is_no_issue_cannot_be_stopped() {
    let app = TestApp::new().await;
    one_issue(&app, "").await;
    app.course("calm", &["a"]).await;
    assert_eq!(stop(&app, "two").await, Stopped::Unknown);
    assert_eq!(stop::stop(&app.app, "news", "one").await.unwrap(), Stopped::Unknown);
    assert_eq!(stop::stop(&app.app, "calm", "a").await.unwrap(), Stopped::NoNewsletter);
    newsletter(&app, "", &[("one", &dated("2026-03-05T09:00:00")), ("old", &dated("2026-03-05T10:00:00"))]).await;
    crowd(&app, "notes", 1).await;
    app.advance(days(4)).await;
    assert_eq!(app.subjects_to("r1@example.org"), ["notes one", "notes old"]);
}
