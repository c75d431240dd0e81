//! Insert, append, reorder, retire, rename, another rhythm, another text.

use crate::app::TestApp;
use crate::app::course_toml;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use crate::edits::ANA;
use crate::edits::got;
use crate::edits::put;
use crate::edits::write;
use dripline::flow::operate;
use std::fs;

/// Ana has had `a` and `b` of four; it is Tuesday, 09:30.
async fn after_two() -> TestApp {
    let app = TestApp::new().await;
    put(&app, &["a", "b", "c", "d"]).await;
    app.enrol(ANA, "calm").await;
    app.advance(days(1) + minutes(30)).await;
    assert_eq!(got(&app, ANA), ["a", "b"]);
    app
}

/// As `after_two`, but `c` was put off by the relay and waits: it is Wednesday, 08:30.
async fn while_c_is_under_way() -> TestApp {
    let app = TestApp::scripted("times=1 nth=3 dot reply \"451 4.3.0 later\"").await;
    put(&app, &["a", "b", "c", "d"]).await;
    app.enrol(ANA, "calm").await;
    app.advance(days(1) + hours(23) + minutes(30)).await;
    assert_eq!(app.status().await.deliveries["deferred"], 1);
    app
}

async fn and_then(app: &TestApp, expect: &[&str]) {
    app.advance(days(6)).await;
    assert_eq!(got(app, ANA), expect);
    assert_eq!(app.state(ANA).await, "completed");
    assert_eq!(app.status().await.problems, Vec::<String>::new());
    app.verify().await;
}

#[tokio::test]
async fn a_lesson_inserted_ahead_comes_in_its_place() {
    let app = after_two().await;
    put(&app, &["a", "b", "new", "c", "d"]).await;
    and_then(&app, &["a", "b", "new", "c", "d"]).await;
}

#[tokio::test]
async fn a_lesson_inserted_behind_is_sent_only_when_it_says_so() {
    for (backfill, expect) in [
        ("", ["a", "b", "c", "d"].as_slice()),
        ("backfill = \"never\"\n", &["a", "b", "c", "d"]),
        ("backfill = \"send\"\n", &["a", "b", "new", "c", "d"]),
    ] {
        let app = after_two().await;
        write(&app, &["a", "new", "b", "c", "d"], &[]);
        app.write("calm/new.md", format!("+++\nsubject = \"calm new\"\n{backfill}+++\nText.\n"));
        assert_eq!(app.reload().await.swapped, ["calm"]);
        and_then(&app, expect).await;
    }
}

#[tokio::test]
async fn what_is_appended_is_sent_to_those_on_their_way_and_not_mailed_to_those_who_finished() {
    let app = after_two().await;
    app.enrol("late@example.org", "calm").await;
    app.advance(days(2)).await;
    assert_eq!(app.person(ANA).await.enrolments[0].state, "completed");
    put(&app, &["a", "b", "c", "d", "e"]).await;
    app.advance(days(5)).await;
    assert_eq!(got(&app, ANA), ["a", "b", "c", "d"]);
    assert_eq!(got(&app, "late@example.org"), ["a", "b", "c", "d", "e"]);
    app.verify().await;
}

#[tokio::test]
async fn a_reorder_changes_the_order_of_what_is_owed_and_loses_nothing() {
    let app = after_two().await;
    put(&app, &["d", "b", "c", "a"]).await;
    and_then(&app, &["a", "b", "d", "c"]).await;
}

#[tokio::test]
async fn a_retired_lesson_is_dropped_and_a_missing_file_is_an_error() {
    let app = after_two().await;
    fs::remove_file(app.courses().join("calm/c.md")).unwrap();
    let reloaded = app.reload().await;
    assert_eq!(reloaded.swapped, Vec::<String>::new());
    let problem = reloaded.problems[0].to_string();
    assert!(problem.starts_with("courses/calm/course.toml:3:"), "{problem}");
    app.write(
        "calm/course.toml",
        course_toml("calm", &["a", "b", "d"]).replace("\n\n[schedule]", "\nretired = [\"c\"]\n\n[schedule]"),
    );
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    and_then(&app, &["a", "b", "d"]).await;
}

#[tokio::test]
async fn a_retired_lesson_is_dropped_also_where_it_is_under_way_or_held() {
    for script in ["times=1 nth=3 dot reply \"451 4.3.0 later\"", "times=1 nth=3 dot reply \"554 5.6.0 no\""] {
        let app = TestApp::scripted(script).await;
        put(&app, &["a", "b", "c", "d"]).await;
        app.enrol(ANA, "calm").await;
        app.advance(days(1) + hours(23) + minutes(30)).await;
        assert_eq!(got(&app, ANA), ["a", "b"], "{script}");
        fs::remove_file(app.courses().join("calm/c.md")).unwrap();
        let retired =
            course_toml("calm", &["a", "b", "d"]).replace("\n\n[schedule]", "\nretired = [\"c\"]\n\n[schedule]");
        app.write("calm/course.toml", retired);
        assert!(app.reload().await.problems.is_empty(), "{script}");
        and_then(&app, &["a", "b", "d"]).await;
    }
}

#[tokio::test]
async fn a_renamed_lesson_is_the_same_lesson_for_who_had_it_and_for_who_has_not() {
    let app = after_two().await;
    app.enrol("late@example.org", "calm").await;
    app.settle().await;
    rename_b(&app).await;
    app.advance(days(5)).await;
    assert_eq!(got(&app, "late@example.org"), ["a", "better", "c", "d"]);
    and_then(&app, &["a", "b", "c", "d"]).await;
}

async fn rename_b(app: &TestApp) {
    write(app, &["a", "better", "c", "d"], &[]);
    fs::remove_file(app.courses().join("calm/b.md")).unwrap();
    app.write("calm/better.md", "+++\nsubject = \"calm better\"\nwas = [\"b\"]\n+++\nText.\n");
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
}

#[tokio::test]
async fn a_lesson_renamed_while_it_is_under_way_arrives_once_as_it_was() {
    let app = TestApp::scripted("times=1 nth=2 dot reply \"451 4.3.0 later\"").await;
    put(&app, &["a", "b", "c", "d"]).await;
    app.enrol(ANA, "calm").await;
    app.advance(hours(23) + minutes(30)).await;
    assert_eq!(app.status().await.deliveries["deferred"], 1);
    rename_b(&app).await;
    app.verify().await;
    and_then(&app, &["a", "b", "c", "d"]).await;
    assert_eq!(app.person(ANA).await.enrolments[0].done, ["a", "better", "c", "d"]);
}

#[tokio::test]
async fn an_edit_while_a_lesson_is_under_way_is_followed_with_its_record() {
    let app = while_c_is_under_way().await;
    put(&app, &["a", "new", "b", "c", "d", "e"]).await;
    and_then(&app, &["a", "b", "c", "d", "e"]).await;

    let app = while_c_is_under_way().await;
    write(&app, &["a", "b", "c"], &[]);
    app.write(
        "calm/course.toml",
        course_toml("calm", &["a", "b", "c"]).replace("\n\n[schedule]", "\nretired = [\"d\"]\n\n[schedule]"),
    );
    fs::remove_file(app.courses().join("calm/d.md")).unwrap();
    assert_eq!(app.reload().await.swapped, ["calm"]);
    and_then(&app, &["a", "b", "c"]).await;
}

#[tokio::test]
async fn a_lesson_renamed_during_an_outage_arrives_under_its_new_name() {
    let mut app = TestApp::new().await;
    put(&app, &["a", "b", "c", "d"]).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    app.relay_says("connect close").await;
    // No session is left that could begin a message.
    app.restart().await;
    app.advance(days(1)).await;
    rename_b(&app).await;
    app.relay_says("").await;
    app.advance(days(6)).await;
    assert_eq!(got(&app, ANA), ["a", "better", "c", "d"]);
    app.verify().await;
}

#[tokio::test]
async fn another_rhythm_counts_from_the_last_lesson_and_sends_nothing_within_the_hour() {
    // Wednesday 08:00; the next lesson is due at 08:30.
    let at_eight = || async {
        let app = after_two().await;
        app.advance(hours(22) + minutes(30)).await;
        app
    };
    let schedule = |app: &TestApp, wait: &str, send: &str| {
        let toml = course_toml("calm", &["a", "b", "c", "d"]);
        app.write("calm/course.toml", toml.replace("1 day", wait).replace("30 8 * * *", send));
    };
    for (wait, send, expect) in [
        ("1 day", "0 11 * * *", "2026-03-04 11:00 calm/c"),
        ("3 days", "30 8 * * *", "2026-03-06 08:30 calm/c"),
        ("1 day", "15 8 * * *", "2026-03-05 08:15 calm/c"),
    ] {
        let app = at_eight().await;
        schedule(&app, wait, send);
        assert_eq!(app.reload().await.swapped, ["calm"]);
        app.advance(days(7)).await;
        assert_eq!(app.taken(ANA).await[2], expect, "{wait}, {send}");
        app.verify().await;
    }
}

#[tokio::test]
async fn a_new_text_reaches_everybody_whose_message_was_not_tried_yet() {
    let app = while_c_is_under_way().await;
    app.enrol("new@example.org", "calm").await;
    write(&app, &["a", "b", "c", "d"], &[("c", "Kinder."), ("a", "Warmer.")]);
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.advance(days(4)).await;
    assert!(!app.mails_to(ANA)[2].text.contains("Kinder."), "its first attempt was before the edit");
    let theirs = app.mails_to("new@example.org");
    assert!(theirs[0].text.contains("Warmer.") && theirs[2].text.contains("Kinder."));
    app.verify().await;
}

#[tokio::test]
async fn a_lesson_that_is_held_stays_so_when_it_is_renamed() {
    let app = TestApp::new().await;
    put(&app, &["a", "b"]).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    let scope = |lesson: &str| operate::Scope::Lesson { course: "calm".to_string(), lesson: lesson.to_string() };
    operate::hold(&app.app, &scope("b"), "an error in it").await.unwrap();
    fs::remove_file(app.courses().join("calm/b.md")).unwrap();
    app.write("calm/course.toml", course_toml("calm", &["a", "better"]));
    app.write("calm/better.md", "+++\nsubject = \"calm better\"\nwas = [\"b\"]\n+++\nText.\n");
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.advance(days(3)).await;
    assert_eq!(got(&app, ANA), ["a"]);
    operate::release(&app.app, &scope("better")).await.unwrap();
    app.advance(days(1)).await;
    assert_eq!(got(&app, ANA), ["a", "better"]);
}
