//! From sign-up to the last lesson: what people get, and on which day.

mod crossed;
mod stops;
mod taken_back;
mod acts;
mod outages;
mod together;

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::flow::confirm::Link;
use dripline::flow::sign_up::SignedUp;

#[tokio::test]
async fn a_person_signs_up_confirms_and_gets_every_lesson_at_their_local_morning() {
    let mut app = TestApp::new().await;
    app.course("calm", &["one", "two", "three"]).await;
    assert_eq!(app.sign_up("ana@example.org", "calm").await, SignedUp::Asked);
    assert_eq!(app.person("ana@example.org").await.status, "pending");
    app.advance(days(2)).await;
    assert_eq!(app.mails(), 1, "nothing but the question before the answer");

    let Link::Asks(asks) = app.confirm("ana@example.org").await else { panic!("the link asks") };
    assert_eq!(asks.courses.iter().map(|it| it.title.as_str()).collect::<Vec<_>>(), ["calm"]);
    app.advance(days(5)).await;
    let taken = app.taken("ana@example.org").await;
    assert_eq!(taken, ["2026-03-04 09:00 calm/one", "2026-03-05 08:30 calm/two", "2026-03-06 08:30 calm/three"]);
    assert_eq!(app.state("ana@example.org").await, "completed");
    assert_eq!(app.mails(), 4);
    app.verify().await;
}

#[tokio::test]
async fn a_confirmation_mail_holds_nothing_that_a_visitor_typed() {
    let app = TestApp::new().await;
    app.write("calm/course.toml", "title = \"Calm\"\nlanguage = \"en\"\nlessons = [\"one\"]\n[schedule]\nwait = \"1 day\"\nsend = \"30 8 * * *\"\n[fields.town]\nlabel = \"Town\"\n");
    app.write("calm/one.md", crate::app::lesson("one", "Breathe."));
    assert_eq!(app.reload().await.swapped, ["calm"]);
    let request = dripline::flow::sign_up::Request {
        address: "victim@example.org".parse().unwrap(),
        course: "calm".to_string(),
        first_name: Some("Buy-my-pills".to_string()),
        zone: Some("Pacific/Apia".to_string()),
        language: None,
        fields: [("town".to_string(), "Pillsville".to_string())].into(),
        word: dripline::flow::sign_up::Word::Operator,
    };
    assert_eq!(dripline::flow::sign_up::add(&app.app, request).await.unwrap(), SignedUp::Asked);
    app.settle().await;
    let mails = app.mails_to("victim@example.org");
    assert_eq!(mails.len(), 1);
    let seen = String::from_utf8_lossy(&mails[0].bytes).to_lowercase() + &mails[0].text.to_lowercase();
    for typed in ["pills", "apia"] {
        assert!(!seen.contains(typed), "{typed} stands in {seen}");
    }
}

#[tokio::test]
async fn a_link_works_once_and_not_after_a_week() {
    let mut app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    app.sign_up("ana@example.org", "calm").await;
    app.sign_up("late@example.org", "calm").await;
    app.settle().await;
    assert!(matches!(app.confirm("ana@example.org").await, Link::Asks(_)));
    assert_eq!(app.confirm("ana@example.org").await, Link::Used);
    app.advance(days(7)).await;
    assert_eq!(app.confirm("late@example.org").await, Link::Gone);
    assert_eq!(app.subjects_to("ana@example.org").len(), 3, "a question and two lessons");
    assert_eq!(app.state("late@example.org").await, "pending");
    app.verify().await;
}

#[tokio::test]
async fn a_second_sign_up_joins_the_first_and_an_enrolled_person_stays_as_they_are() {
    let mut app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    app.course("walk", &["one"]).await;
    assert_eq!(app.sign_up("ana@example.org", "calm").await, SignedUp::Asked);
    assert_eq!(app.sign_up("Ana@Example.org", "calm").await, SignedUp::AskedBefore);
    assert_eq!(app.sign_up("ana@example.org", "walk").await, SignedUp::AskedBefore);
    app.settle().await;
    assert_eq!(app.mails(), 1);
    app.confirm("ana@example.org").await;
    assert_eq!(app.sign_up("ana@example.org", "calm").await, SignedUp::AlreadyEnrolled);
    app.advance(days(4)).await;
    let mut lessons: Vec<String> = app.taken("ana@example.org").await.iter().map(|it| it[17..].to_string()).collect();
    lessons.sort();
    assert_eq!(lessons, ["calm/one", "calm/two", "walk/one"]);
    assert_eq!(app.mails(), 4);
    app.verify().await;
}

#[tokio::test]
async fn a_person_who_finished_may_start_again_as_a_new_run() {
    let mut app = TestApp::new().await;
    app.course("calm", &["one"]).await;
    app.enrol("ana@example.org", "calm").await;
    app.advance(hours(1)).await;
    assert_eq!(app.state("ana@example.org").await, "completed");
    assert_eq!(app.sign_up("ana@example.org", "calm").await, SignedUp::Asked);
    app.confirm("ana@example.org").await;
    app.advance(days(1)).await;
    assert_eq!(app.readers_of("calm one"), ["ana@example.org", "ana@example.org"]);
    let runs: Vec<i64> = app.person("ana@example.org").await.enrolments.iter().map(|it| it.run).collect();
    assert_eq!(runs, [1, 2]);
    app.verify().await;
}
