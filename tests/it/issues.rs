//! Newsletters: who gets which issue, when, and what happens to those that come late.

mod awkward;
mod imported;
mod many;
mod reports;
mod stopped;
mod together;

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;

pub const ANA: &str = "ana@example.org";
pub const BEN: &str = "ben@example.org";

/// A newsletter in force; each issue is `(id, front matter beside the subject)`.
pub async fn newsletter(app: &TestApp, keys: &str, issues: &[(&str, &str)]) {
    write(app, keys, issues);
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    assert!(reloaded.swapped.contains(&"notes".to_string()));
}

pub fn write(app: &TestApp, keys: &str, issues: &[(&str, &str)]) {
    let ids: Vec<&str> = issues.iter().map(|(id, _)| *id).collect();
    app.write(
        "notes/course.toml",
        format!(
            "title = \"Notes\"\nlanguage = \"en\"\nkind = \"newsletter\"\nlessons = {ids:?}\n[newsletter]\n{keys}\n"
        ),
    );
    for (id, front) in issues {
        app.write(
            &format!("notes/{id}.md"),
            format!(
                "+++\nsubject = \"notes {id}\"\n{front}\n+++\n\nDear {{{{ subscriber.first_name or \"friend\" }}}}.\n"
            ),
        );
    }
}

pub fn dated(date: &str) -> String {
    format!("date = {date}")
}

/// A newsletter of one issue, at nine in London on the first Thursday.
pub async fn one_issue(app: &TestApp, keys: &str) {
    newsletter(app, &format!("time_zone = \"Europe/London\"\n{keys}"), &[("one", &dated("2026-03-05T09:00:00"))]).await;
}

/// The only issue, after an outage: 2026-03-05T15:00Z was twenty hours late for Ana and four hours early for Ben.
pub async fn late_for_ana_alone() -> TestApp {
    let app = TestApp::new().await;
    let keys = "time_zone = \"subscriber\"\nlate_limit = \"12 hours\"";
    newsletter(&app, keys, &[("one", &dated("2026-03-05T09:00:00"))]).await;
    app.enrol_in(ANA, "notes", "Pacific/Kiritimati").await;
    app.enrol_in(BEN, "notes", "Pacific/Honolulu").await;
    app.settle().await;
    // 2026-03-05T15:00Z: twenty hours late for the one, four hours early for the other.
    app.sleep_without_a_daemon(hours(78));
    app.advance(days(2)).await;
    app
}

/// So many readers, `r1@example.org` and on.
pub async fn crowd(app: &TestApp, course: &str, count: usize) {
    for n in 1..=count {
        app.enrol(&format!("r{n}@example.org"), course).await;
    }
}

pub async fn problems(app: &TestApp) -> Vec<String> {
    app.status().await.problems
}

#[tokio::test]
async fn a_dated_issue_reaches_everybody_at_one_instant_and_nobody_who_came_later() {
    let app = TestApp::new().await;
    newsletter(&app, "time_zone = \"Europe/Paris\"", &[("one", &dated("2026-03-05T09:00:00"))]).await;
    app.enrol_in(ANA, "notes", "Asia/Shanghai").await;
    app.enrol_in(BEN, "notes", "America/Sao_Paulo").await;
    app.advance(days(2)).await;
    assert_eq!(app.mails(), 0, "nobody gets an issue before its moment");
    let next = app.person(ANA).await.enrolments.remove(0).next.unwrap();
    assert_eq!((next.lesson.as_str(), next.local.to_string().as_str()), ("one", "2026-03-05T16:00:00"));
    app.advance(days(2)).await;
    assert_eq!(app.readers_of("notes one"), [ANA, BEN]);
    // Nine in Paris, wherever one lives.
    assert_eq!(app.taken(ANA).await, ["2026-03-05 16:00 notes/one"]);
    assert_eq!(app.taken(BEN).await, ["2026-03-05 05:00 notes/one"]);
    app.enrol("late@example.org", "notes").await;
    app.advance(days(3)).await;
    assert_eq!(app.mails(), 2, "a later sign-up is no recipient");
    let why = app.journal(ANA).await;
    assert_eq!((why[0].why.as_str(), why[0].state), ("issue of 2026-03-05 09:00, Europe/Paris", "accepted"));
    assert_eq!(app.state(ANA).await, "active", "the next issue is awaited");
    let place = app.person(ANA).await.enrolments.remove(0);
    assert_eq!((place.done, place.next.is_none()), (vec!["one".to_string()], true));
    let text = &app.mails_to(ANA)[0].text;
    assert!(text.contains("Dear Sam") && text.contains("/leave/"), "{text}");
    app.verify().await;
}

#[tokio::test]
async fn each_at_their_own_hour_where_the_newsletter_follows_its_readers() {
    let app = TestApp::new().await;
    newsletter(&app, "time_zone = \"subscriber\"", &[("one", &dated("2026-03-05T09:00:00"))]).await;
    for (address, zone) in [(ANA, "Pacific/Kiritimati"), (BEN, "Pacific/Honolulu")] {
        app.enrol_in(address, "notes", zone).await;
    }
    app.advance(days(5)).await;
    assert_eq!(app.taken(ANA).await, ["2026-03-05 09:00 notes/one"]);
    assert_eq!(app.taken(BEN).await, ["2026-03-05 09:00 notes/one"]);
    assert_eq!(app.mails(), 2);
    app.verify().await;
}

#[tokio::test]
async fn a_restart_between_two_issues_repeats_none_and_loses_none() {
    let mut app = TestApp::new().await;
    let issues = [("one", dated("2026-03-05T09:00:00")), ("two", dated("2026-03-07T09:00:00"))];
    let issues: Vec<(&str, &str)> = issues.iter().map(|(id, date)| (*id, date.as_str())).collect();
    newsletter(&app, "time_zone = \"Europe/Paris\"", &issues).await;
    app.enrol(ANA, "notes").await;
    app.advance(days(4)).await;
    app.restart().await;
    app.reload().await;
    app.advance(days(4)).await;
    assert_eq!(app.subjects_to(ANA), ["notes one", "notes two"]);
    app.verify().await;
}

#[tokio::test]
async fn what_was_dated_before_the_newsletter_began_is_archive() {
    let app = TestApp::new().await;
    let issues = [("old", dated("2026-03-01T09:00:00")), ("new", dated("2026-03-05T09:00:00"))];
    let issues: Vec<(&str, &str)> = issues.iter().map(|(id, date)| (*id, date.as_str())).collect();
    newsletter(&app, "time_zone = \"Europe/Paris\"", &issues).await;
    app.enrol(ANA, "notes").await;
    app.advance(days(5)).await;
    assert_eq!(app.subjects_to(ANA), ["notes new"]);
}

#[tokio::test]
async fn an_issue_within_the_limit_leaves_late_and_one_beyond_waits_for_a_human() {
    for (asleep, expect) in [(hours(90), 1), (hours(120), 0)] {
        let app = TestApp::new().await;
        let keys = "time_zone = \"Europe/Paris\"\nlate_limit = \"24 hours\"";
        newsletter(&app, keys, &[("one", &dated("2026-03-05T09:00:00"))]).await;
        app.enrol(ANA, "notes").await;
        app.settle().await;
        app.sleep_without_a_daemon(asleep);
        app.advance(hours(30)).await;
        assert_eq!(app.mails(), expect, "{asleep}");
        if expect == 0 {
            let problems = app.status().await.problems;
            assert!(problems.iter().any(|it| it.contains("issue notes/one is held")), "{problems:?}");
            let scope = Scope::Lesson { course: "notes".to_string(), lesson: "one".to_string() };
            operate::release(&app.app, &scope).await.unwrap();
            app.settle().await;
            assert_eq!(app.subjects_to(ANA), ["notes one"]);
            assert_eq!(app.status().await.problems, Vec::<String>::new());
        }
        app.verify().await;
    }
}

#[tokio::test]
async fn only_those_whose_hour_is_long_past_miss_an_issue() {
    let app = late_for_ana_alone().await;
    assert_eq!(app.readers_of("notes one"), [BEN]);
    let missed = app.journal(ANA).await;
    assert_eq!((missed[0].state, missed[0].reply.as_str()), ("expired", "its moment had passed for too long"));
    app.verify().await;
}

#[tokio::test]
async fn a_cron_line_sends_the_next_issue_at_each_of_its_moments() {
    let app = TestApp::new().await;
    let keys = "issues = \"0 9 * * Thu\"\ntime_zone = \"Europe/London\"";
    newsletter(&app, keys, &[("one", ""), ("two", "")]).await;
    app.enrol(ANA, "notes").await;
    app.advance(days(4)).await;
    assert_eq!(app.subjects_to(ANA), ["notes one"]);
    app.advance(days(16)).await;
    assert_eq!(app.subjects_to(ANA), ["notes one", "notes two"], "the third Thursday had no issue");
    // Written after a moment that passed without an issue: it waits for the next one.
    newsletter(&app, keys, &[("one", ""), ("two", ""), ("three", "")]).await;
    app.advance(days(1)).await;
    assert_eq!(app.mails(), 2);
    app.advance(days(7)).await;
    assert_eq!(
        app.taken(ANA).await,
        ["2026-03-05 09:00 notes/one", "2026-03-12 09:00 notes/two", "2026-03-26 09:00 notes/three"]
    );
    app.verify().await;
}

#[tokio::test]
async fn of_missed_moments_only_the_latest_counts() {
    let app = TestApp::new().await;
    let keys = "issues = \"0 9 * * *\"\ntime_zone = \"Europe/London\"";
    newsletter(&app, keys, &[("one", ""), ("two", ""), ("three", "")]).await;
    app.enrol(ANA, "notes").await;
    app.settle().await;
    app.sleep_without_a_daemon(days(5) + hours(2));
    app.settle().await;
    assert_eq!(app.subjects_to(ANA), ["notes one"]);
    app.advance(hours(23)).await;
    assert_eq!(app.subjects_to(ANA), ["notes one", "notes two"]);
}

#[tokio::test]
async fn an_issue_uses_the_date_and_the_lesson_slides() {
    let app = TestApp::new().await;
    app.course("calm", &["a", "b", "c"]).await;
    newsletter(&app, "time_zone = \"Europe/London\"", &[("one", &dated("2026-03-03T07:00:00"))]).await;
    app.enrol(ANA, "calm").await;
    app.enrol(ANA, "notes").await;
    app.advance(days(4)).await;
    assert_eq!(
        app.taken(ANA).await,
        ["2026-03-02 09:00 calm/a", "2026-03-03 07:00 notes/one", "2026-03-04 08:30 calm/b", "2026-03-05 08:30 calm/c"]
    );
    app.verify().await;
}

#[tokio::test]
async fn an_issue_goes_to_its_audience_alone() {
    let app = TestApp::new().await;
    app.course("calm", &["a"]).await;
    let keys = "time_zone = \"Europe/London\"\naudience = 'completed(\"calm\")'";
    newsletter(&app, keys, &[("one", &dated("2026-03-05T09:00:00"))]).await;
    for address in [ANA, BEN] {
        app.enrol(address, "notes").await;
    }
    app.enrol(BEN, "calm").await;
    app.advance(days(4)).await;
    assert_eq!(app.readers_of("notes one"), [BEN]);
}

#[tokio::test]
async fn who_pauses_or_leaves_gets_no_issue_that_is_not_on_the_wire() {
    for leaves in [false, true] {
        let mut app = TestApp::scripted("times=1 dot reply \"451 4.3.0 later\"").await;
        newsletter(&app, "time_zone = \"Europe/London\"", &[("one", &dated("2026-03-05T09:00:00"))]).await;
        app.enrol(ANA, "notes").await;
        app.advance(hours(72)).await;
        app.settle().await;
        assert_eq!((app.mails(), app.journal(ANA).await[0].state), (0, "deferred"));
        let (address, which) = (ANA.parse().unwrap(), Which::Course("notes".to_string()));
        if leaves {
            preferences::act(&app.app, &address, &which, &Act::Leave).await.unwrap();
        } else {
            preferences::act(&app.app, &address, &which, &Act::Pause { until: None }).await.unwrap();
        }
        app.relay_says("").await;
        app.advance(days(1)).await;
        assert_eq!(app.mails(), 0);
        assert_eq!(app.state(ANA).await, if leaves { "left" } else { "paused" });
        app.verify().await;
    }
}

#[tokio::test]
async fn a_doubtful_issue_comes_once_more_as_it_was_and_the_next_one_all_the_same() {
    let mut app = TestApp::scripted("times=1 dot late-reset").await;
    let issues = [("one", dated("2026-03-05T09:00:00")), ("two", dated("2026-03-06T09:00:00"))];
    let issues: Vec<(&str, &str)> = issues.iter().map(|(id, date)| (*id, date.as_str())).collect();
    newsletter(&app, "time_zone = \"Europe/London\"", &issues).await;
    app.enrol(ANA, "notes").await;
    app.advance(hours(72) + minutes(1)).await;
    assert_eq!(app.journal(ANA).await[0].state, "in_doubt");
    app.relay_says("").await;
    app.advance(days(2)).await;
    let mails = app.mails_to(ANA);
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects, ["notes one", "notes one", "notes two"]);
    assert_eq!(mails[0].bytes, mails[1].bytes);
    app.verify().await;
}
