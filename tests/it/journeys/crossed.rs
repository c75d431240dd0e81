//! Acts that cross what happened meanwhile: a bounce, a second run, a retired lesson, a course that had ended.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::course_toml;
use crate::app::days;
use crate::app::hours;
use crate::app::lesson;
use crate::app::minutes;
use dripline::address::Address;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Acted;
use dripline::flow::preferences::Settings;
use dripline::flow::preferences::Which;
use std::fs;

const ANA: &str = "ana@example.org";

fn ana() -> Address {
    ANA.parse().unwrap()
}

fn of(course: &str) -> Which {
    Which::Course(course.to_string())
}

async fn undo(app: &TestApp, which: &Which) -> Acted {
    preferences::undo(&app.app, &ana(), which, None).await.unwrap().0
}

/// `calm` with one more lesson in front, for whoever went past it too.
async fn append_for_all(app: &TestApp, course: &str, lessons: &[&str]) {
    app.write(&format!("{course}/course.toml"), course_toml(course, lessons));
    let text = lesson(&format!("{course} {}", lessons[0]), "More.").replacen("+++\n", "+++\nbackfill = \"send\"\n", 1);
    app.write(&format!("{course}/{}.md", lessons[0]), text);
    let reloaded = app.reload().await;
    assert_eq!(reloaded.swapped, [course], "{:?}", reloaded.problems);
}

#[tokio::test]
async fn whose_address_bounced_meanwhile_gets_nothing_because_an_act_is_taken_back() {
    let mut app = TestApp::with(Setup { daily_cap: 2, ..Setup::default() }).await;
    app.course("calm", &["one", "two", "three"]).await;
    app.course("walk", &["one", "two", "three"]).await;
    app.enrol(ANA, "calm").await;
    app.enrol(ANA, "walk").await;
    app.settle().await;
    preferences::act(&app.app, &ana(), &of("calm"), &Act::Leave).await.unwrap();
    app.relay_says("rcpt reply \"550 5.1.1 no such user\"").await;
    app.advance(hours(23) + minutes(45)).await;
    assert_eq!(app.person(ANA).await.status, "suppressed");
    app.relay_says("").await;
    undo(&app, &of("calm")).await;
    app.advance(days(3)).await;
    let mut subjects = app.subjects_to(ANA);
    subjects.sort();
    assert_eq!(subjects, ["calm one", "walk one"]);
    let states: Vec<_> = app.person(ANA).await.enrolments.iter().map(|it| it.state).collect();
    assert_eq!(states, ["held", "held"]);
    operate::lift(&app.app, &ana(), "she wrote").await.unwrap();
    operate::release(&app.app, &Scope::All).await.unwrap();
    app.advance(days(4)).await;
    assert_eq!(app.subjects_to(ANA).len(), 6);
    app.verify().await;
}

#[tokio::test]
async fn whose_address_bounced_gets_nothing_of_a_course_that_had_ended() {
    let mut app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    app.course("walk", &["one", "two", "three", "four", "five", "six"]).await;
    app.enrol(ANA, "calm").await;
    app.advance(days(3)).await;
    assert_eq!(app.state(ANA).await, "completed");
    app.enrol(ANA, "walk").await;
    app.settle().await;
    app.relay_says("rcpt reply \"550 5.1.1 no such user\"").await;
    app.advance(days(1)).await;
    assert_eq!(app.person(ANA).await.status, "suppressed");
    app.relay_says("").await;
    let before = app.mails();
    let acted = preferences::act(&app.app, &ana(), &of("calm"), &Act::Again(None)).await.unwrap();
    assert!(matches!(acted, Acted::Refused(_)), "{acted:?}");
    append_for_all(&app, "calm", &["zero", "one", "two"]).await;
    app.advance(days(3)).await;
    assert_eq!(app.mails(), before);
    app.verify().await;
}

#[tokio::test]
async fn who_leaves_a_course_that_had_ended_gets_nothing_of_it_any_more() {
    for which in [of("calm"), Which::All] {
        let app = TestApp::new().await;
        app.course("calm", &["one", "two"]).await;
        app.enrol(ANA, "calm").await;
        app.advance(days(3)).await;
        assert_eq!(app.state(ANA).await, "completed");
        preferences::act(&app.app, &ana(), &which, &Act::Leave).await.unwrap();
        append_for_all(&app, "calm", &["zero", "one", "two"]).await;
        app.advance(days(3)).await;
        assert_eq!(app.subjects_to(ANA), ["calm one", "calm two"]);
        assert_eq!(app.person(ANA).await.status, "left");
        app.verify().await;
    }
}

#[tokio::test]
async fn a_course_that_was_left_doesnt_go_on_beside_its_next_run() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two", "three"]).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    preferences::act(&app.app, &ana(), &of("calm"), &Act::Leave).await.unwrap();
    app.enrol(ANA, "calm").await;
    app.settle().await;
    undo(&app, &Which::All).await;
    app.advance(days(5)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm one", "calm two", "calm three"]);
    app.verify().await;
}

#[tokio::test]
async fn of_two_runs_the_newest_is_meant() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    app.enrol(ANA, "calm").await;
    app.advance(days(3)).await;
    preferences::start_again(&app.app, &ana(), "calm").await.unwrap();
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA).len(), 4);
    preferences::act(&app.app, &ana(), &Which::All, &Act::Again(Some("one".to_string()))).await.unwrap();
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA).len(), 5, "{:?}", app.subjects_to(ANA));
    append_for_all(&app, "calm", &["zero", "one", "two"]).await;
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA).len(), 6, "{:?}", app.subjects_to(ANA));
    app.verify().await;
}

#[tokio::test]
async fn a_lesson_that_was_retired_under_way_or_held_comes_when_it_is_back() {
    for script in ["times=1 nth=3 dot reply \"451 4.3.0 later\"", "times=1 nth=3 dot reply \"554 5.6.0 no\""] {
        let app = TestApp::scripted(script).await;
        app.course("calm", &["a", "b", "c", "d", "e"]).await;
        app.enrol(ANA, "calm").await;
        app.advance(days(1) + hours(23) + minutes(30)).await;
        assert_eq!(app.mails(), 2, "{script}");
        let c = fs::read(app.courses().join("calm/c.md")).unwrap();
        fs::remove_file(app.courses().join("calm/c.md")).unwrap();
        let retired =
            course_toml("calm", &["a", "b", "d", "e"]).replace("\n\n[schedule]", "\nretired = [\"c\"]\n\n[schedule]");
        app.write("calm/course.toml", retired);
        assert!(app.reload().await.problems.is_empty(), "{script}");
        app.write("calm/course.toml", course_toml("calm", &["a", "b", "c", "d", "e"]));
        app.write("calm/c.md", c);
        assert!(app.reload().await.problems.is_empty(), "{script}");
        app.advance(days(6)).await;
        assert_eq!(app.subjects_to(ANA), ["calm a", "calm b", "calm c", "calm d", "calm e"], "{script}");
        app.verify().await;
    }
}

#[tokio::test]
async fn what_is_asked_for_while_the_course_says_goodbye_still_comes() {
    let app = TestApp::with(Setup { script: "nth=3 dot delay 300ms".into(), ..Setup::default() }).await;
    app.course("calm", &["one", "two"]).await;
    app.enrol(ANA, "calm").await;
    app.advance(days(1)).await;
    app.clock.advance(days(1));
    app.step().await;
    app.until("SELECT count(*) FROM outbox WHERE state = 3 AND lane = 1", 1).await;
    let acted = preferences::act(&app.app, &ana(), &Which::All, &Act::Again(Some("one".to_string()))).await.unwrap();
    assert!(matches!(acted, Acted::On(_)), "{acted:?}");
    app.settle().await;
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two", "calm one"]);
    assert_eq!(app.state(ANA).await, "completed");
    app.verify().await;
}

#[tokio::test]
async fn who_has_no_moment_left_goes_on_with_other_settings_or_another_schedule() {
    for mended_by_the_coach in [false, true] {
        let app = TestApp::with(Setup { script: "nth=2 dot delay 300ms".into(), ..Setup::default() }).await;
        let rare = |lessons: &[&str]| course_toml("calm", lessons).replace("* * *", "29 2 *");
        app.course("calm", &["one", "two", "three"]).await;
        app.enrol(ANA, "calm").await;
        app.settle().await;
        app.write("calm/course.toml", rare(&["one", "two", "three"]));
        app.write("calm/two.md", lesson("calm two", "x").replacen("+++\n", "+++\nwait = \"1 hour\"\n", 1));
        app.reload().await;
        app.clock.advance(hours(3));
        app.step().await;
        app.until("SELECT count(*) FROM outbox WHERE state = 3 AND lane = 1", 1).await;
        let days_of = |text: &str| Settings { weekdays: Some(Some(text.to_string())), ..Settings::default() };
        preferences::act(&app.app, &ana(), &Which::All, &Act::Set(days_of("Mon").clone())).await.unwrap();
        app.settle().await;
        assert_eq!(app.state(ANA).await, "held");
        if mended_by_the_coach {
            app.write("calm/course.toml", course_toml("calm", &["one", "two", "three"]));
            app.reload().await;
        } else {
            preferences::act(&app.app, &ana(), &Which::All, &Act::Set(days_of("Mon-Sun").clone())).await.unwrap();
        }
        assert_eq!(app.state(ANA).await, "active", "{mended_by_the_coach}");
        app.verify().await;
    }
}

#[tokio::test]
async fn a_lesson_asked_for_now_doesnt_come_at_the_midnight_that_ends_a_pause() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two", "three"]).await;
    app.enrol(ANA, "calm").await;
    app.advance(hours(2)).await;
    preferences::act(&app.app, &ana(), &Which::All, &Act::NextNow).await.unwrap();
    let back = "2026-03-05".parse().unwrap();
    preferences::act(&app.app, &ana(), &Which::All, &Act::Pause { until: Some(back) }).await.unwrap();
    app.advance(days(4)).await;
    assert_eq!(app.taken(ANA).await[1], "2026-03-05 08:30 calm/two");
}

#[tokio::test]
async fn a_day_of_many_second_looks_keeps_nobody_waiting() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two", "three"]).await;
    for n in 0..200 {
        app.enrol(&format!("reader{n}@example.org"), "calm").await;
    }
    app.settle().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    dripline::store::enrolments::touch_all(&mut transaction, app.clock.now().reader).await.unwrap();
    transaction.commit().await.unwrap();
    app.settle().await;
    let now = app.clock.now().reader.as_millisecond();
    assert_eq!(app.number(&format!("SELECT count(*) FROM enrolment WHERE due <= {now}")).await, 0);
}
