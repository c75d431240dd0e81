//! Issues and courses of the same people: who gets what on which day.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::issues::ANA;
use crate::issues::BEN;
use crate::issues::dated;
use crate::issues::newsletter;
use crate::issues::one_issue;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;

const LONDON: &str = "time_zone = \"Europe/London\"";

async fn dated_issues(app: &TestApp, keys: &str, issues: &[(&str, &str)]) {
    let issues: Vec<(&str, String)> = issues.iter().map(|(id, date)| (*id, dated(date))).collect();
    let issues: Vec<(&str, &str)> = issues.iter().map(|(id, date)| (*id, date.as_str())).collect();
    newsletter(app, keys, &issues).await;
}

/// What the relay took but for goodbyes.
async fn taken(app: &TestApp, address: &str) -> Vec<String> {
    let mut taken = app.taken(address).await;
    taken.retain(|line| !line.contains('@'));
    taken
}

#[tokio::test]
async fn a_lesson_that_was_sent_does_not_hold_an_issue_back_and_the_next_lesson_keeps_its_day() {
    let app = TestApp::new().await;
    app.course("calm", &["a", "b", "c"]).await;
    dated_issues(&app, LONDON, &[("one", "2026-03-03T18:00:00")]).await;
    app.enrol(ANA, "calm").await;
    app.enrol(ANA, "notes").await;
    app.advance(days(4)).await;
    assert_eq!(
        taken(&app, ANA).await,
        ["2026-03-02 09:00 calm/a", "2026-03-03 08:30 calm/b", "2026-03-03 18:00 notes/one", "2026-03-04 08:30 calm/c"]
    );
    app.verify().await;
}

#[tokio::test]
async fn issues_on_three_days_push_a_lesson_to_the_first_free_one_and_none_is_lost() {
    let app = TestApp::new().await;
    app.course("calm", &["a", "b", "c"]).await;
    let dates = [("one", "2026-03-03T07:00:00"), ("two", "2026-03-04T07:00:00"), ("three", "2026-03-05T07:00:00")];
    dated_issues(&app, LONDON, &dates).await;
    app.enrol(ANA, "calm").await;
    app.enrol(ANA, "notes").await;
    app.advance(days(6)).await;
    assert_eq!(
        taken(&app, ANA).await,
        [
            "2026-03-02 09:00 calm/a",
            "2026-03-03 07:00 notes/one",
            "2026-03-04 07:00 notes/two",
            "2026-03-05 07:00 notes/three",
            "2026-03-06 08:30 calm/b",
            "2026-03-07 08:30 calm/c"
        ]
    );
    app.verify().await;
}

#[tokio::test]
async fn two_issues_of_one_day_both_leave() {
    let app = TestApp::new().await;
    dated_issues(&app, LONDON, &[("one", "2026-03-05T09:00:00"), ("two", "2026-03-05T15:00:00")]).await;
    app.enrol(ANA, "notes").await;
    app.advance(days(4)).await;
    assert_eq!(taken(&app, ANA).await, ["2026-03-05 09:00 notes/one", "2026-03-05 15:00 notes/two"]);
}

#[tokio::test]
async fn a_date_that_one_issue_used_stays_used_when_the_next_one_is_fixed() {
    let app = TestApp::new().await;
    app.write(
        "calm/course.toml",
        "title = \"calm\"\nlanguage = \"en\"\nlessons = [\"a\", \"b\"]\n\n[schedule]\nwait = \"1 day\"\nsend = \"0 18 * * *\"\n",
    );
    for id in ["a", "b"] {
        app.write(&format!("calm/{id}.md"), crate::app::lesson(&format!("calm {id}"), "Breathe."));
    }
    app.reload().await;
    dated_issues(&app, "time_zone = \"subscriber\"", &[("one", "2026-03-03T09:00:00"), ("two", "2026-03-04T09:00:00")])
        .await;
    app.enrol(ANA, "calm").await;
    app.enrol(ANA, "notes").await;
    // For whom the second issue is due on Tuesday at 19:00Z, an hour after Ana's lesson would leave in London, or in
    // Kiritimati's Wednesday, five hours before it in New York.
    app.enrol_in(BEN, "calm", "America/New_York").await;
    app.enrol_in(BEN, "notes", "America/New_York").await;
    app.enrol_in("kiri@example.org", "notes", "Pacific/Kiritimati").await;
    app.advance(days(5)).await;
    assert_eq!(
        taken(&app, BEN).await,
        [
            "2026-03-02 04:00 calm/a",
            "2026-03-03 09:00 notes/one",
            "2026-03-04 09:00 notes/two",
            "2026-03-05 18:00 calm/b"
        ]
    );
    app.verify().await;
}

#[tokio::test]
async fn where_newsletters_are_quiet_nobody_in_a_course_gets_an_issue_and_everybody_else_does() {
    let setup = Setup { quiet_during_course: true, ..Setup::default() };
    let app = TestApp::with(setup).await;
    app.course("calm", &["a", "b", "c", "d", "e", "f"]).await;
    app.course("short", &["a"]).await;
    dated_issues(&app, LONDON, &[("one", "2026-03-04T12:00:00"), ("two", "2026-03-10T12:00:00")]).await;
    for address in [ANA, BEN, "paused@example.org", "done@example.org"] {
        app.enrol(address, "notes").await;
    }
    app.enrol(ANA, "calm").await;
    app.enrol("paused@example.org", "calm").await;
    app.enrol("done@example.org", "short").await;
    app.advance(hours(30)).await;
    let paused = "paused@example.org".parse().unwrap();
    preferences::act(&app.app, &paused, &Which::Course("calm".to_string()), &Act::Pause { until: None }).await.unwrap();
    app.advance(days(3)).await;
    assert_eq!(app.readers_of("notes one"), [BEN, "done@example.org", "paused@example.org"]);
    app.advance(days(6)).await;
    assert_eq!(app.readers_of("notes two"), [ANA, BEN, "done@example.org", "paused@example.org"]);
    app.verify().await;
}

#[tokio::test]
async fn who_completes_the_course_after_an_issue_was_fixed_gets_only_the_next_one() {
    let app = TestApp::new().await;
    app.course("calm", &["a", "b"]).await;
    let keys = format!("{LONDON}\naudience = 'completed(\"calm\") or not completed(\"calm\") and completed(\"calm\")'");
    dated_issues(&app, &keys, &[("one", "2026-03-03T07:00:00"), ("two", "2026-03-05T07:00:00")]).await;
    app.enrol(ANA, "notes").await;
    app.enrol(ANA, "calm").await;
    app.advance(days(5)).await;
    assert_eq!(
        taken(&app, ANA).await,
        ["2026-03-02 09:00 calm/a", "2026-03-03 08:30 calm/b", "2026-03-05 07:00 notes/two"]
    );
}

#[tokio::test]
async fn a_lesson_in_flight_over_an_issues_moment_is_heard_and_both_arrive() {
    let mut app = TestApp::scripted("to=ana* times=1 nth=2 dot reply \"451 4.3.0 later\"").await;
    app.course("calm", &["a", "b"]).await;
    one_issue(&app, "").await;
    app.enrol(ANA, "notes").await;
    app.enrol(ANA, "calm").await;
    app.advance(days(5)).await;
    app.relay_says("").await;
    app.advance(days(1)).await;
    let taken = taken(&app, ANA).await;
    assert_eq!(taken.len(), 3, "{taken:?}");
    assert!(taken.contains(&"2026-03-05 09:00 notes/one".to_string()), "{taken:?}");
    app.verify().await;
}

#[tokio::test]
async fn settings_taken_back_take_no_issue_away_that_waits_for_its_readers_hour() {
    let app = TestApp::new().await;
    newsletter(&app, "time_zone = \"subscriber\"", &[("one", &dated("2026-03-03T09:00:00"))]).await;
    for (address, zone) in [(ANA, "Pacific/Kiritimati"), (BEN, "Pacific/Honolulu")] {
        app.enrol_in(address, "notes", zone).await;
    }
    app.advance(hours(24)).await;
    assert_eq!((app.subjects_to(ANA).len(), app.subjects_to(BEN).len()), (1, 0), "fixed, and not yet Ben's hour");
    let evening = preferences::Settings { hour: Some(Some(jiff::civil::time(18, 0, 0, 0))), ..Default::default() };
    let ben = BEN.parse().unwrap();
    preferences::act(&app.app, &ben, &Which::All, &Act::Set(evening.clone())).await.unwrap();
    preferences::undo(&app.app, &ben, &Which::All, None).await.unwrap();
    app.advance(days(2)).await;
    assert_eq!(app.subjects_to(BEN), ["notes one"]);
    app.verify().await;
}
