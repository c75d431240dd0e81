//! `report`: where the people of a course stand, and who got which issue.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use crate::issues::ANA;
use crate::issues::BEN;
use crate::issues::dated;
use crate::issues::late_for_ana_alone;
use crate::issues::newsletter;
use crate::issues::one_issue;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;
use dripline::flow::report;
use dripline::flow::report::IssueCounts;
use dripline::flow::report::IssueLine;
use dripline::flow::report::LessonLine;
use dripline::flow::report::Lines;
use dripline::flow::report::Names;
use dripline::flow::stop;

async fn lessons(app: &TestApp, course: &str) -> (report::Report, Vec<LessonLine>) {
    let report = report::report(&app.app, course, None, Names::Counted).await.unwrap().unwrap();
    let Lines::Lessons(lines) = &report.lines else { panic!("{report:?}") };
    let lines = lines.clone();
    (report, lines)
}

async fn issues(app: &TestApp, names: Names) -> Vec<IssueLine> {
    let report = report::report(&app.app, "notes", None, names).await.unwrap().unwrap();
    let Lines::Issues(lines) = report.lines else { panic!("{report:?}") };
    lines
}

/// `address outcome: why`, as far as there is a reason.
async fn listed(app: &TestApp, issue: &str) -> Vec<String> {
    let report = report::report(&app.app, "notes", Some(issue), Names::Listed).await.unwrap().unwrap();
    let Lines::Issues(lines) = report.lines else { panic!("{report:?}") };
    assert_eq!(lines.len(), 1);
    let name = |it: &report::Name| format!("{} {}: {}", it.address, it.outcome, it.why);
    lines[0].names.iter().flatten().map(name).collect()
}

#[tokio::test]
async fn each_lesson_tells_who_got_it_who_is_at_it_and_who_left_there() {
    let script = "to=odd* nth=2 dot reply \"554 5.6.0 odd\"; to=later* dot reply \"451 4.3.0 later\"";
    let app = TestApp::scripted(script).await;
    app.course("calm", &["one", "two", "three"]).await;
    app.sign_up("asked@example.org", "calm").await;
    for name in ["ana", "odd", "later", "gone", "soon", "rests"] {
        app.enrol(&format!("{name}@example.org"), "calm").await;
    }
    let all = Which::All;
    let act = |name: &str| format!("{name}@example.org").parse().unwrap();
    preferences::act(&app.app, &act("soon"), &all, &Act::Leave).await.unwrap();
    app.advance(hours(25)).await;
    preferences::act(&app.app, &act("gone"), &all, &Act::Leave).await.unwrap();
    preferences::act(&app.app, &act("rests"), &all, &Act::Pause { until: None }).await.unwrap();
    let (report, lines) = lessons(&app, "calm").await;
    let people: Vec<(&str, i64)> = report.people.iter().map(|(state, count)| (*state, *count)).collect();
    assert_eq!(people, [("active", 2), ("completed", 0), ("held", 1), ("left", 2), ("paused", 1), ("pending", 1)]);
    assert_eq!(report.left_at_the_start, 1);
    let line = |lesson: &str| LessonLine { lesson: lesson.to_string(), ..LessonLine::default() };
    assert_eq!(
        lines,
        [
            LessonLine { got: 4, in_flight: 1, ..line("one") },
            LessonLine { got: 3, held: 1, left: 1, ..line("two") },
            LessonLine { waiting: 1, paused: 1, ..line("three") },
        ]
    );
    app.advance(days(5)).await;
    let (report, lines) = lessons(&app, "calm").await;
    assert_eq!((report.people["completed"], lines[2].got, lines.len()), (1, 1, 3), "a goodbye is no lesson");
    let csv = String::from_utf8(report::csv(&report).unwrap()).unwrap();
    assert!(csv.starts_with("lesson,got,waiting,in_flight,awaiting,paused,held,left\none,4,"), "{csv}");
    let one = report::report(&app.app, "calm", Some("two"), Names::Counted).await.unwrap().unwrap();
    assert!(matches!(one.lines, Lines::Lessons(lines) if lines.len() == 1 && lines[0].lesson == "two"));
    assert!(report::report(&app.app, "gone", None, Names::Counted).await.unwrap().is_none());
}

#[tokio::test]
async fn what_was_renamed_or_retired_is_counted_under_its_name_of_today() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two", "three"]).await;
    app.enrol(ANA, "calm").await;
    app.enrol(BEN, "calm").await;
    app.advance(hours(25)).await;
    preferences::act(&app.app, &BEN.parse().unwrap(), &Which::All, &Act::Leave).await.unwrap();
    for id in ["one", "two"] {
        std::fs::remove_file(app.courses().join(format!("calm/{id}.md"))).unwrap();
    }
    let text = crate::app::course_toml("calm", &["uno", "three"]);
    app.write("calm/course.toml", format!("retired = [\"two\"]\n{text}"));
    app.write("calm/uno.md", "+++\nsubject = \"Uno\"\nwas = [\"one\"]\n+++\n\nBreathe.\n");
    assert_eq!(app.reload().await.swapped, ["calm"]);
    let (_, lines) = lessons(&app, "calm").await;
    let line = |lesson: &str| LessonLine { lesson: lesson.to_string(), ..LessonLine::default() };
    assert_eq!(
        lines,
        [
            LessonLine { got: 2, ..line("uno") },
            LessonLine { waiting: 1, ..line("three") },
            LessonLine { got: 2, left: 1, ..line("two") },
        ]
    );
}

#[tokio::test]
async fn an_issue_tells_who_got_it_and_who_did_not_and_why() {
    let script = "times=1 to=doubt* dot late-reset; to=later* dot reply \"451 4.3.0 later\"; to=odd* dot reply \"554 5.6.0 odd\"";
    let app = TestApp::scripted(script).await;
    app.course("calm", &["a"]).await;
    one_issue(&app, "audience = 'not completed(\"calm\")'").await;
    for name in ["ana", "doubt", "later", "odd", "paused", "left", "out", "quits"] {
        app.enrol(&format!("{name}@example.org"), "notes").await;
    }
    app.enrol("out@example.org", "calm").await;
    app.sign_up("asked@example.org", "notes").await;
    let which = Which::Course("notes".to_string());
    preferences::act(&app.app, &"paused@example.org".parse().unwrap(), &which, &Act::Pause { until: None })
        .await
        .unwrap();
    preferences::act(&app.app, &"left@example.org".parse().unwrap(), &which, &Act::Leave).await.unwrap();
    assert_eq!(issues(&app, Names::Counted).await[0].fate, "upcoming");
    app.advance(hours(72)).await;
    let fixed = app.now();
    app.clock.advance(minutes(1));
    app.enrol("new@example.org", "notes").await;
    let line = issues(&app, Names::Counted).await.remove(0);
    let expect = IssueCounts { got: 2, on_the_way: 1, in_doubt: 1, refused: 1, ..IssueCounts::default() };
    assert_eq!((line.issue.as_str(), line.fate, line.counts, line.names), ("one", "sent", expect, None));
    assert_eq!((line.moment.unwrap().to_string(), line.fixed), ("2026-03-05T09:00:00".to_string(), Some(fixed)));
    preferences::act(&app.app, &"later@example.org".parse().unwrap(), &which, &Act::Leave).await.unwrap();
    let names = listed(&app, "one").await;
    assert_eq!(
        names,
        [
            "ana@example.org got: 250 2.0.0 kept",
            "asked@example.org no recipient: hasn't confirmed",
            "doubt@example.org in_doubt: the relay closed the connection without a whole reply",
            "later@example.org cancelled: the person's wish",
            "left@example.org no recipient: left the newsletter",
            "new@example.org no recipient: confirmed after its recipients were fixed",
            "odd@example.org refused: 554 5.6.0 odd",
            "out@example.org no recipient: wasn't in its audience then, was in a course, or paused",
            "paused@example.org no recipient: paused the newsletter",
            "quits@example.org got: 250 2.0.0 kept",
        ]
    );
    stop::stop(&app.app, "notes", "one").await.unwrap();
    let line = issues(&app, Names::Counted).await.remove(0);
    let expect = IssueCounts { got: 2, in_doubt: 1, refused: 1, cancelled: 1, ..IssueCounts::default() };
    assert_eq!((line.fate, line.counts), ("stopped", expect));
    let report = report::report(&app.app, "notes", None, Names::Listed).await.unwrap().unwrap();
    let csv = String::from_utf8(report::csv(&report).unwrap()).unwrap();
    assert!(csv.starts_with("issue,email,outcome,why\none,ana@example.org,got,250"), "{csv}");
    assert!(
        csv.contains("one,doubt@example.org,in_doubt,the issue was stopped; nobody knows whether it arrived\n"),
        "{csv}"
    );
}

#[tokio::test]
async fn who_missed_an_issue_is_listed_with_the_reason() {
    let app = late_for_ana_alone().await;
    let line = issues(&app, Names::Counted).await.remove(0);
    assert_eq!(line.counts, IssueCounts { got: 1, missed: 1, ..IssueCounts::default() });
    assert_eq!(
        listed(&app, "one").await,
        ["ana@example.org missed: its moment had passed for too long", "ben@example.org got: 250 2.0.0 kept"]
    );
}

#[tokio::test]
async fn fates_are_told_in_the_order_in_which_issues_come() {
    let app = TestApp::new().await;
    let dates = [("old", "2026-03-01T09:00:00"), ("never", "2026-03-03T09:00:00"), ("one", "2026-03-05T09:00:00")];
    let dates: Vec<(&str, String)> = dates.iter().map(|(id, date)| (*id, dated(date))).collect();
    let mut all: Vec<(&str, &str)> = dates.iter().map(|(id, date)| (*id, date.as_str())).collect();
    all.push(("someday", ""));
    newsletter(&app, "issues = \"0 9 1 * *\"\ntime_zone = \"Europe/London\"", &all).await;
    app.enrol(ANA, "notes").await;
    stop::stop(&app.app, "notes", "never").await.unwrap();
    let fates = |lines: &[IssueLine]| -> Vec<String> {
        lines.iter().map(|line| format!("{} {} {}", line.issue, line.fate, line.moment.is_some())).collect()
    };
    assert_eq!(
        fates(&issues(&app, Names::Counted).await),
        ["old archive true", "never stopped true", "one upcoming true", "someday upcoming false"]
    );
    assert_eq!(
        listed(&app, "old").await,
        [
            "ana@example.org no recipient: it is only for the archive: it says so, or was dated before the newsletter began"
        ]
    );
    assert_eq!(listed(&app, "never").await, ["ana@example.org no recipient: the issue was stopped"]);
    app.sleep_without_a_daemon(days(6));
    app.settle().await;
    let lines = issues(&app, Names::Counted).await;
    assert_eq!((fates(&lines)[2].as_str(), lines[2].counts.on_the_way), ("one late true", 1));
}
