//! Newsletters in awkward moments: nobody there, late, held for long, edited while an issue is under way.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use crate::issues::ANA;
use crate::issues::BEN;
use crate::issues::dated;
use crate::issues::newsletter;
use crate::issues::write;
use dripline::flow::deliver::Stepped;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::view;
use dripline::store::issues;
use dripline::store::issues::Fate;
use dripline::store::issues::Issue;

const LONDON: &str = "time_zone = \"Europe/London\"";
const READERS: &str = "time_zone = \"subscriber\"";

fn one() -> (&'static str, String) {
    ("one", dated("2026-03-05T09:00:00"))
}

async fn with_one(app: &TestApp, keys: &str) {
    let (id, front) = one();
    newsletter(app, keys, &[(id, &front)]).await;
}

/// When the daemon would look again that took a step of the line alone.
async fn wakes(app: &TestApp) -> Option<jiff::Timestamp> {
    match app.line().step().await.unwrap() {
        Stepped::Idle(next) => next,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nobody_sleeps_past_an_issue_that_falls_due_between_two_looks() {
    let app = TestApp::new().await;
    with_one(&app, LONDON).await;
    app.enrol(ANA, "notes").await;
    app.advance(hours(72) - minutes(1)).await;
    app.clock.advance(minutes(1));
    assert!(wakes(&app).await.is_some_and(|next| next <= app.now()));
}

#[tokio::test]
async fn nobody_sleeps_on_an_issue_whose_recipients_are_written_in_part() {
    let mut app = TestApp::new().await;
    with_one(&app, LONDON).await;
    app.enrol(ANA, "notes").await;
    app.settle().await;
    let (moment, first) = ("2026-03-02T09:00:00".parse().unwrap(), app.now());
    let fixed = app.now();
    let issue = Issue { lesson: "one".to_string(), fate: Fate::Sent, moment, first, fixed, after_id: Some(0) };
    let mut transaction = app.app.store.begin().await.unwrap();
    assert!(issues::add(&mut transaction, "notes", &issue).await.unwrap());
    transaction.commit().await.unwrap();
    app.restart().await;
    assert!(wakes(&app).await.is_some_and(|next| next <= app.now()));
    app.settle().await;
    assert_eq!(app.subjects_to(ANA), ["notes one"]);
}

#[tokio::test]
async fn an_issue_that_is_late_within_its_limit_has_as_long_as_any_other() {
    let app = TestApp::scripted("times=1 nth=2 dot reply \"451 4.3.0 later\"").await;
    with_one(&app, &format!("{LONDON}\nlate_limit = \"96 hours\"")).await;
    app.course("calm", &["a"]).await;
    app.enrol(BEN, "calm").await;
    app.enrol(ANA, "notes").await;
    app.settle().await;
    app.sleep_without_a_daemon(hours(72 + 80));
    app.advance(days(1)).await;
    assert_eq!(app.subjects_to(ANA), ["notes one"], "{:?}", app.journal(ANA).await);
    app.verify().await;
}

#[tokio::test]
async fn an_issue_that_the_coach_held_for_days_leaves_when_it_is_released() {
    for scope in [
        Scope::All,
        Scope::Course("notes".to_string()),
        Scope::Lesson { course: "notes".to_string(), lesson: "one".to_string() },
    ] {
        let app = TestApp::new().await;
        with_one(&app, LONDON).await;
        app.course("calm", &["a"]).await;
        app.enrol(BEN, "calm").await;
        app.enrol(ANA, "notes").await;
        app.settle().await;
        operate::hold(&app.app, &scope, "a wrong date in it").await.unwrap();
        app.advance(days(8)).await;
        assert_eq!(app.readers_of("notes one"), Vec::<String>::new());
        operate::release(&app.app, &scope).await.unwrap();
        app.advance(hours(1)).await;
        assert_eq!(app.readers_of("notes one"), [ANA], "{scope:?}");
        app.verify().await;
    }
}

#[tokio::test]
async fn an_issue_that_nobody_was_there_for_is_no_alarm_later() {
    let app = TestApp::new().await;
    with_one(&app, READERS).await;
    app.advance(days(9)).await;
    app.enrol(ANA, "notes").await;
    app.advance(days(1)).await;
    assert_eq!((app.mails(), app.status().await.problems), (0, Vec::<String>::new()));
}

#[tokio::test]
async fn who_comes_after_their_own_hour_takes_no_issue_from_others() {
    let app = TestApp::new().await;
    with_one(&app, READERS).await;
    app.enrol_in(ANA, "notes", "Pacific/Honolulu").await;
    // 2026-03-05T00:00Z: five hours after nine in Kiritimati, nineteen before nine in Honolulu.
    app.advance(hours(63)).await;
    app.enrol_in(BEN, "notes", "Pacific/Honolulu").await;
    app.advance(hours(1)).await;
    app.enrol_in("kiri@example.org", "notes", "Pacific/Kiritimati").await;
    app.advance(days(2)).await;
    assert_eq!(app.taken(ANA).await, ["2026-03-05 09:00 notes/one"]);
    assert_eq!(app.taken(BEN).await, ["2026-03-05 09:00 notes/one"]);
    app.verify().await;
}

#[tokio::test]
async fn another_cron_line_counts_from_the_edit() {
    let app = TestApp::new().await;
    let keys = |day: &str| format!("issues = \"0 9 * * {day}\"\n{LONDON}");
    newsletter(&app, &keys("Thu"), &[("one", ""), ("two", "")]).await;
    app.enrol(ANA, "notes").await;
    app.advance(days(5) - hours(1)).await;
    assert_eq!(app.subjects_to(ANA), ["notes one"]);
    newsletter(&app, &keys("Fri"), &[("one", ""), ("two", "")]).await;
    app.advance(days(10)).await;
    assert_eq!(app.taken(ANA).await, ["2026-03-05 09:00 notes/one", "2026-03-13 09:00 notes/two"]);
}

#[tokio::test]
async fn a_retired_issue_goes_to_nobody_any_more() {
    let mut app = TestApp::scripted("times=1 dot reply \"451 4.3.0 later\"").await;
    with_one(&app, LONDON).await;
    app.enrol(ANA, "notes").await;
    app.advance(hours(72)).await;
    assert_eq!(app.journal(ANA).await[0].state, "deferred");
    app.relay_says("").await;
    std::fs::remove_file(app.courses().join("notes/one.md")).unwrap();
    let next = dated("2026-03-09T09:00:00");
    write(&app, LONDON, &[("two", &next)]);
    let manifest = std::fs::read_to_string(app.courses().join("notes/course.toml")).unwrap();
    app.write("notes/course.toml", format!("retired = [\"one\"]\n{manifest}"));
    assert_eq!(app.reload().await.swapped, ["notes"]);
    app.advance(days(5)).await;
    assert_eq!(app.subjects_to(ANA), ["notes two"]);
    assert_eq!((app.journal(ANA).await[0].state, app.status().await.problems.len()), ("cancelled", 0));
    app.verify().await;
}

#[tokio::test]
async fn a_renamed_issue_is_held_and_released_by_its_new_name() {
    let app = TestApp::new().await;
    with_one(&app, LONDON).await;
    app.enrol(ANA, "notes").await;
    app.settle().await;
    app.sleep_without_a_daemon(days(6));
    app.settle().await;
    assert_eq!((app.mails(), app.status().await.problems.len()), (0, 1));
    let renamed = format!("{}\nwas = [\"one\"]", dated("2026-03-05T09:00:00"));
    std::fs::remove_file(app.courses().join("notes/one.md")).unwrap();
    newsletter(&app, LONDON, &[("uno", &renamed)]).await;
    let scope = Scope::Lesson { course: "notes".to_string(), lesson: "uno".to_string() };
    assert_eq!(operate::release(&app.app, &scope).await.unwrap(), (true, 0));
    operate::hold(&app.app, &scope, "wait").await.unwrap();
    app.settle().await;
    assert_eq!(app.mails(), 0);
    operate::release(&app.app, &scope).await.unwrap();
    app.settle().await;
    assert_eq!(app.subjects_to(ANA), ["notes uno"]);
    let id = app.journal(ANA).await[0].id;
    let page = view::lesson(&app.app, id).await.unwrap();
    assert!(page.is_some_and(|page| page.contains("Dear Sam")), "the mail is there in a browser too");
    assert_eq!(app.status().await.problems, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_dated_before_a_course_became_a_newsletter_is_archive() {
    let app = TestApp::new().await;
    app.course("notes", &["one"]).await;
    app.enrol(ANA, "notes").await;
    app.advance(days(3) + hours(2)).await;
    assert_eq!(app.subjects_to(ANA), ["notes one"]);
    let front = dated("2026-03-05T09:00:00");
    newsletter(&app, LONDON, &[("one", &front)]).await;
    app.advance(days(2)).await;
    assert_eq!(app.subjects_to(ANA), ["notes one"]);
}
