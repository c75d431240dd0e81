//! What comes after "never": release, edit, and the lesson or the sender that nobody takes.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::lesson;
use crate::app::minutes;
use crate::outcomes::ANA;
use crate::outcomes::tried;
use dripline::flow::operate;
use dripline::flow::operate::Scope;

async fn refused() -> TestApp {
    tried(Setup { script: "times=1 dot reply \"554 5.7.1 spam\"".to_string(), ..Setup::default() }).await
}

#[tokio::test]
async fn a_refused_content_is_sent_again_as_another_occurrence_when_released() {
    let app = refused().await;
    app.advance(days(3)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (0, "held"));
    let scope = Scope::Lesson { course: "calm".to_string(), lesson: "one".to_string() };
    assert_eq!(operate::release(&app.app, &scope).await.unwrap(), (false, 1));
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two"]);
    assert_eq!(app.numbers("SELECT occurrence FROM outbox WHERE what = 'lesson/calm/one' ORDER BY id").await, [1, 2]);
    app.verify().await;
}

#[tokio::test]
async fn an_edit_of_the_refused_lesson_releases_it_and_an_edit_of_another_does_not() {
    let app = refused().await;
    app.write("calm/two.md", lesson("calm two", "Walk."));
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.advance(days(2)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (0, "held"));
    app.write("calm/one.md", lesson("calm one", "Kinder words."));
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.advance(minutes(50)).await;
    assert_eq!(app.mails(), 0, "not within the hour");
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two"]);
    assert!(app.mails_to(ANA)[0].text.contains("Kinder words."));
    assert_eq!(app.numbers("SELECT occurrence FROM outbox WHERE what = 'lesson/calm/one' ORDER BY id").await, [1, 2]);
    app.verify().await;
}

#[tokio::test]
async fn a_retry_by_hand_sends_a_refused_lesson_again() {
    let app = refused().await;
    let id = app.number("SELECT id FROM outbox").await;
    assert_eq!(operate::retry(&app.app, id).await.unwrap(), operate::Retried::Again);
    app.advance(days(1)).await;
    assert_eq!(app.subjects_to(ANA)[0], "calm one");
    assert_eq!(operate::retry(&app.app, 1).await.unwrap(), operate::Retried::Unknown);
    assert!(matches!(operate::retry(&app.app, id).await.unwrap(), operate::Retried::NotNeeded(_)));
    app.verify().await;
}

#[tokio::test]
async fn a_lesson_that_relays_refuse_for_more_than_one_in_twenty_is_held_for_all() {
    // Two in a row are refused; a third would speak against the sender.
    let mut app = TestApp::scripted("to=bad*@example.org dot reply \"554 5.6.0 odd\"").await;
    app.course("calm", &["one"]).await;
    for n in 0..20 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    app.settle().await;
    app.enrol("bad1@example.org", "calm").await;
    app.settle().await;
    assert_eq!(app.status().await.held, Vec::<String>::new(), "1 of 21 is no more than one in twenty");
    app.enrol("bad2@example.org", "calm").await;
    app.settle().await;
    let held = app.status().await.held;
    assert!(held.len() == 1 && held[0].contains("calm/one") && held[0].contains("2 of 22"), "{held:?}");
    app.enrol("later@example.org", "calm").await;
    app.advance(hours(5)).await;
    assert_eq!(app.subjects_to("later@example.org").len(), 0);
    // Whoever was refused is tried again too: while the relay still refuses them, the lesson would be held anew.
    app.relay_says("").await;
    let scope = Scope::Lesson { course: "calm".to_string(), lesson: "one".to_string() };
    assert!(operate::release(&app.app, &scope).await.unwrap().0);
    app.settle().await;
    assert_eq!(app.subjects_to("later@example.org"), ["calm one"]);
    app.verify().await;
}

#[tokio::test]
async fn dead_addresses_do_not_speak_against_a_lesson() {
    let app = TestApp::scripted("to=dead*@example.org rcpt reply \"550 5.1.1 no\"").await;
    app.course("calm", &["one"]).await;
    for n in 0..20 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
        app.enrol(&format!("dead{n}@example.org"), "calm").await;
    }
    app.settle().await;
    assert_eq!(app.mails(), 20);
    assert_eq!(app.status().await.held, Vec::<String>::new());
    app.verify().await;
}

#[tokio::test]
async fn full_mailboxes_do_not_speak_against_a_lesson() {
    let script = "to=full*@example.org rcpt reply \"552 5.2.2 full\"; to=bad* dot reply \"554 5.6.0 odd\"";
    let app = TestApp::scripted(script).await;
    app.course("calm", &["one"]).await;
    for n in 0..20 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
        app.enrol(&format!("full{n}@example.org"), "calm").await;
    }
    app.advance(days(5)).await;
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 11").await, 20);
    app.enrol("bad@example.org", "calm").await;
    app.settle().await;
    assert_eq!(app.status().await.held, Vec::<String>::new());
    app.verify().await;
}

#[tokio::test]
async fn three_policy_refusals_in_a_row_speak_against_the_sender() {
    let app = TestApp::with(Setup {
        script: "times=3 dot reply \"550 5.7.1 policy\"".to_string(),
        connections: 1,
        ..Setup::default()
    })
    .await;
    app.course("calm", &["one"]).await;
    for n in 0..6 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    app.settle().await;
    assert_eq!(app.line().relays()[0].state, "open");
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 11").await, 2);
    let problems = app.status().await.problems;
    assert!(problems.iter().any(|it| it.contains("refuses us at dot")), "{problems:?}");
    app.advance(minutes(11)).await;
    assert_eq!(app.mails(), 4);
    assert_eq!(app.number("SELECT count(*) FROM enrolment WHERE state = 5").await, 2);
    app.verify().await;
}

#[tokio::test]
async fn an_address_that_takes_no_mail_ends_every_course_of_its_person_until_a_human_lifts_it() {
    let app = TestApp::scripted("times=1 nth=3 rcpt reply \"550 5.1.1 gone\"").await;
    app.course("calm", &["one", "two"]).await;
    app.course("walk", &["one", "two"]).await;
    app.enrol(ANA, "calm").await;
    app.enrol(ANA, "walk").await;
    app.advance(days(3)).await;
    assert_eq!(app.mails(), 2);
    let states: Vec<&str> = app.person(ANA).await.enrolments.iter().map(|it| it.state).collect();
    assert_eq!(states, ["held", "held"]);
    app.verify().await;
    assert!(operate::lift(&app.app, &ANA.parse().unwrap(), "they wrote to us").await.unwrap());
    assert_eq!(operate::release(&app.app, &Scope::All).await.unwrap(), (false, 2));
    app.advance(days(4)).await;
    assert_eq!(app.mails(), 4);
    app.verify().await;
}
