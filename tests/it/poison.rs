//! A message that can't be made harms its own reader's place and nobody else's.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::lesson;
use dripline::flow::deliver::Stepped;
use dripline::flow::operate;
use dripline::flow::sign_up;
use dripline::flow::sign_up::Request;
use dripline::flow::sign_up::SignedUp;

const BAD: &str = "bad@example.org";

/// A lesson that can be made for everybody but one name.
const BREAKS_FOR_ONE: &str =
    "{% if subscriber.first_name == \"Bomb\" %}{{ 1 / (subscriber.first_name | length - 4) }}{% endif %}Breathe.";

async fn enrol_named(app: &TestApp, address: &str, name: &str) {
    let request = Request {
        address: address.parse().unwrap(),
        course: "calm".to_string(),
        first_name: Some(name.to_string()),
        zone: None,
        language: None,
        fields: Default::default(),
        word: dripline::flow::sign_up::Word::Confirmed("paper form".to_string()),
    };
    assert_eq!(sign_up::add(&app.app, request).await.unwrap(), SignedUp::Enrolled);
}

async fn a_poisoned_course(setup: Setup, text: &str) -> TestApp {
    let app = TestApp::with(setup).await;
    app.write("calm/course.toml", crate::app::course_toml("calm", &["one", "two"]));
    app.write("calm/one.md", lesson("calm one", text));
    app.write("calm/two.md", lesson("calm two", "Walk."));
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    for n in 0..25 {
        enrol_named(&app, &format!("p{n}@example.org"), "Sam").await;
    }
    enrol_named(&app, BAD, "Bomb").await;
    for n in 25..50 {
        enrol_named(&app, &format!("p{n}@example.org"), "Sam").await;
    }
    app.settle().await;
    app
}

async fn only_one_is_quarantined(app: &TestApp) {
    assert_eq!(app.readers_of("calm one").len(), 50);
    assert_eq!(app.mails_to(BAD).len(), 0);
    assert_eq!(app.status().await.deliveries["quarantined"], 1);
    assert_eq!(app.state(BAD).await, "held");
    let problems = app.status().await.problems;
    assert!(problems.iter().any(|it| it.contains("is quarantined")), "{problems:?}");
    app.verify().await;
}

#[tokio::test]
async fn a_lesson_that_breaks_for_one_value_is_quarantined_for_that_person_alone() {
    let app = a_poisoned_course(Setup::default(), BREAKS_FOR_ONE).await;
    only_one_is_quarantined(&app).await;
    app.advance(days(2)).await;
    assert_eq!(app.readers_of("calm two").len(), 50);
    only_one_is_quarantined(&app).await;
}

#[tokio::test]
async fn an_edit_that_mends_the_lesson_lets_the_quarantined_person_go_on() {
    let app = a_poisoned_course(Setup::default(), BREAKS_FOR_ONE).await;
    app.write("calm/one.md", lesson("calm one", "Mended."));
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(BAD), ["calm one", "calm two"]);
    assert_eq!(app.readers_of("calm one").len(), 51);
    app.verify().await;
}

#[tokio::test]
async fn a_template_of_the_coach_that_breaks_for_one_value_is_quarantined_for_that_person_alone() {
    let text = "{% extends \"mail/layout.txt\" %}{% block content %}{% block lesson %}{% endblock lesson %}\
                {% if subscriber.first_name == \"Bomb\" %}{{ 1 / (subscriber.first_name | length - 4) }}{% endif %}{% endblock content %}";
    let templates = [("mail/lesson/mail.txt".to_string(), text.as_bytes().to_vec())].into();
    let app = a_poisoned_course(Setup { templates, ..Setup::default() }, "Breathe.").await;
    only_one_is_quarantined(&app).await;
}

#[tokio::test]
async fn hostile_names_reach_the_mail_as_plain_text_and_never_its_headers() {
    let app = TestApp::new().await;
    app.course("calm", &["one"]).await;
    let hostile = ["{{ 1/0 }}", "<script>", "a\\b\"c", "Ünï 🎈", "=?utf-8?q?x?="];
    for (n, name) in hostile.iter().enumerate() {
        enrol_named(&app, &format!("p{n}@example.org"), name).await;
    }
    app.advance(hours(1)).await;
    for (n, name) in hostile.iter().enumerate() {
        let mails = app.mails_to(&format!("p{n}@example.org"));
        assert_eq!(mails.len(), 1, "{name}");
        assert!(mails[0].text.contains(name), "{name}: {}", mails[0].text);
        assert_eq!(mails[0].subject, "calm one");
    }
    assert_eq!(app.status().await.deliveries["quarantined"], 0);
    app.verify().await;
}

#[tokio::test]
async fn a_row_whose_three_claims_ended_the_program_is_tried_alone_and_goes_on_when_it_is_innocent() {
    let mut app = TestApp::scripted("connect hang").await;
    app.course("calm", &["one"]).await;
    for n in 0..5 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    for _ in 0..3 {
        app.step().await;
        app.restart().await;
    }
    assert_eq!(app.numbers("SELECT claims FROM outbox WHERE hash = ''").await, [3; 5]);
    app.mailbox_says("").await;
    assert_eq!(app.step().await, Stepped::Claimed(1), "a suspect is tried with nothing else leased");
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 2").await + app.mails() as i64, 1);
    app.settle().await;
    assert_eq!(app.readers_of("calm one").len(), 5);
    assert_eq!(app.status().await.deliveries["quarantined"], 0);
    app.verify().await;
}

#[tokio::test]
async fn a_row_that_ended_the_program_three_times_when_it_was_alone_is_quarantined() {
    let app = TestApp::scripted("times=3 connect close").await;
    app.course("calm", &["one"]).await;
    app.enrol(BAD, "calm").await;
    app.settle().await;
    assert_eq!(app.break_with("UPDATE outbox SET claims = 6").await, 1);
    for n in 0..5 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    app.advance(hours(1)).await;
    assert_eq!(app.readers_of("calm one").len(), 5);
    assert_eq!(app.mails_to(BAD).len(), 0);
    let problems = app.status().await.problems;
    assert!(problems.iter().any(|it| it.contains("ended again and again")), "{problems:?}");
    app.verify().await;
    let id = app.number("SELECT id FROM outbox WHERE state = 6").await;
    assert_eq!(operate::retry(&app.app, id).await.unwrap(), operate::Retried::Again);
    app.settle().await;
    assert_eq!(app.subjects_to(BAD), ["calm one"]);
    app.verify().await;
}
