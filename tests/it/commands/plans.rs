//! `simulate` against an independent calculation of the same rules, in eight zones across the clock changes of 2026.

use crate::program::Site;
use crate::program::judge;
use serde_json::Value;
use serde_json::json;
use std::fs;

/// Zones, and local moments of confirmation a few days before a change of their clocks, or where there is none.
const PEOPLE: [(&str, [&str; 2]); 8] = [
    ("Europe/Berlin", ["2026-03-27T22:15", "2026-10-22T07:00"]),
    ("America/New_York", ["2026-03-06T20:31", "2026-10-30T23:59"]),
    ("Australia/Lord_Howe", ["2026-04-02T05:45", "2026-10-01T12:00"]),
    ("Pacific/Apia", ["2026-04-02T08:30", "2026-09-25T20:30"]),
    ("Asia/Kolkata", ["2026-03-27T00:00", "2026-12-29T20:29"]),
    ("America/St_Johns", ["2026-03-05T02:30", "2026-10-29T21:10"]),
    ("Africa/Cairo", ["2026-04-21T11:59", "2026-10-27T23:30"]),
    ("America/Santiago", ["2026-04-01T09:00", "2026-09-02T20:30"]),
];
const SENDS: [&str; 6] =
    ["30 8 * * *", "0 0 * * *", "30 2 * * *", "15 23,1 * * *", "45 1 * * Mon-Fri", "*/30 0-2 1-28 * 0,2,4,6"];
const WAITS: [(i64, &str); 5] = [(1, "days"), (2, "days"), (1, "weeks"), (36, "hours"), (11, "hours")];
const LESSONS: usize = 9;

/// A lesson of a generated course, as the course file says it and as the judge is told.
struct Lesson {
    id: String,
    wait: (i64, &'static str),
    send: &'static str,
    date: Option<&'static str>,
}

/// Courses that differ in everything that decides about a moment.
fn course(number: usize) -> Vec<Lesson> {
    let lesson = |place: usize| Lesson {
        id: format!("l{place}"),
        wait: WAITS[if number < SENDS.len() { 0 } else { (place * place + number) % WAITS.len() }],
        send: SENDS[if number < SENDS.len() { number } else { (place + number) % SENDS.len() }],
        date: (number == SENDS.len() && place == 4).then_some("2026-10-04T02:15:00"),
    };
    (0..LESSONS).map(lesson).collect()
}

fn write(site: &Site, id: &str, lessons: &[Lesson], skip: &[[&str; 2]]) {
    let skip = skip.iter().map(|[first, last]| format!("\"{first}..{last}\"")).collect::<Vec<_>>().join(", ");
    let names: Vec<&str> = lessons.iter().map(|lesson| lesson.id.as_str()).collect();
    let schedule = format!("wait = \"1 day\"\nsend = \"30 8 * * *\"\nspread = \"0 min\"\nskip = [{skip}]");
    site.course(id, &names, &schedule);
    for lesson in lessons {
        let (count, unit) = lesson.wait;
        let date = lesson.date.map(|date| format!("date = {date}")).unwrap_or_default();
        let keys = format!("wait = \"{count} {unit}\"\nsend = \"{}\"\n{date}", lesson.send);
        site.lesson(id, &lesson.id, &keys, "Something to read.");
    }
}

#[test]
fn the_plan_of_a_course_agrees_with_an_independent_calculation() {
    let site = Site::new("smtp://127.0.0.1:2525", "");
    let mut cases = Vec::new();
    let mut found = Vec::new();
    for number in 0..SENDS.len() + 3 {
        let (id, lessons) = (format!("c{number}"), course(number));
        let skip: &[[&str; 2]] =
            if number % 2 == 0 { &[] } else { &[["2026-03-29", "2026-03-31"], ["2026-10-25", "2026-10-25"]] };
        write(&site, &id, &lessons, skip);
        for (place, (zone, signups)) in PEOPLE.iter().enumerate() {
            let signup = signups[number % 2];
            let pace = [1.0, 1.5, 0.75, 2.0][(place + number) % 4];
            let words = ["simulate", &id, "--signup", signup, "--zone", zone, "--pace", &pace.to_string(), "--json"];
            found.push((words.join(" "), site.json(&words)));
            let lessons: Vec<Value> = lessons
                .iter()
                .map(|it| json!({"id": it.id, "wait": it.wait, "send": it.send, "date": it.date}))
                .collect();
            cases.push(json!({"zone": zone, "signup": signup, "pace": pace, "skip": skip, "lessons": lessons}));
        }
    }
    let expected = judge("plan.py", &cases.clone().into());
    for ((words, plan), expect) in found.iter().zip(expected.as_array().unwrap()) {
        let plan: Vec<Value> = plan.as_array().unwrap().iter().map(without_why).collect();
        assert_eq!(plan.len(), LESSONS);
        assert_eq!(&Value::from(plan), expect, "dripline {words}");
    }
}

/// The rule is told in words that only people judge, but it is told.
fn without_why(line: &Value) -> Value {
    assert!(line["why"].as_str().is_some_and(|why| !why.is_empty()), "{line}");
    json!({"lesson": line["lesson"], "local": line["local"], "utc": line["utc"]})
}

#[test]
fn a_plan_that_cannot_be_made_is_refused() {
    let site = Site::new("smtp://127.0.0.1:2525", "");
    write(&site, "c", &course(0), &[]);
    let check = |words: &[&str], expect: i32| assert_eq!(site.run(words).status, Some(expect), "{words:?}");
    check(&["simulate", "c"], 0);
    check(&["simulate", "nowhere"], 1);
    check(&["simulate", "c", "--answer", "region=neck"], 1);
    check(&["simulate", "c", "--zone", "Mars/Base"], 2);
    check(&["simulate", "c", "--signup", "soon"], 2);
    check(&["simulate"], 2);
    let text = site.good(&["simulate", "c", "--signup", "2026-03-27T22:15", "--zone", "Europe/Berlin"]);
    assert_eq!(text.lines().count(), LESSONS);
    assert!(text.starts_with("Fri 2026-03-27 22:15"), "{text}");
}

#[test]
fn the_issues_of_a_newsletter_are_planned_from_its_dates_and_its_cron_line() {
    let site = Site::new("smtp://127.0.0.1:2525", "");
    let keys = "kind = \"newsletter\"\nlessons = [\"dated\", \"one\", \"two\"]\n[newsletter]\nissues = \"0 9 1 * *\"\n";
    site.write(
        "courses/notes/course.toml",
        &format!("title = \"N\"\nlanguage = \"en\"\n{keys}time_zone = \"Europe/Paris\"\n"),
    );
    for (id, date) in [("dated", "date = 2026-12-24T18:00:00\n"), ("one", ""), ("two", "")] {
        site.write(&format!("courses/notes/{id}.md"), &format!("+++\nsubject = \"N\"\n{date}+++\n\nDear friend.\n"));
    }
    let plan = ["simulate", "notes", "--signup", "2026-12-05T10:00", "--zone", "Asia/Kolkata", "--json"];
    let why = |day: &str| format!("issue of {day}, Europe/Paris");
    assert_eq!(
        site.json(&plan),
        json!([
            { "lesson": "dated", "local": "2026-12-24T22:30:00", "utc": "2026-12-24T17:00:00Z", "why": why("2026-12-24 18:00") },
            { "lesson": "one", "local": "2027-01-01T13:30:00", "utc": "2027-01-01T08:00:00Z", "why": why("2027-01-01 09:00") },
            { "lesson": "two", "local": "2027-02-01T13:30:00", "utc": "2027-02-01T08:00:00Z", "why": why("2027-02-01 09:00") },
        ])
    );
    let late = ["simulate", "notes", "--signup", "2027-03-05T10:00", "--json", "--pause", "2027-04-01..2027-04-01"];
    let plan = site.json(&late);
    assert_eq!(plan.as_array().unwrap().iter().map(|line| &line["lesson"]).collect::<Vec<_>>(), ["two"], "{plan}");
}

#[test]
fn a_plan_says_that_nobody_can_join_a_closed_course() {
    let (_sink, site) = super::site("");
    let toml = site.path().join("courses/path/course.toml");
    let schedule = "\n[schedule]\nsend = \"30 8 * * *\"\nwait = \"2 days\"\nstarts = 2026-03-02\nlate = \"closed\"\n";
    fs::write(&toml, fs::read_to_string(&toml).unwrap().split("[schedule]").next().unwrap().to_string() + schedule)
        .unwrap();
    for (signup, closed) in [("2026-03-01T10:00", false), ("2026-03-02T10:00", true)] {
        let plan = site.run(&["simulate", "path", "--signup", signup]);
        assert_eq!(plan.status, Some(0), "{}", plan.err);
        assert_eq!(plan.err.contains("nobody can join then"), closed, "{signup}: {}", plan.err);
    }
    assert!(site.run(&["simulate", "nowhere"]).err.contains("there are: path, walk"));
}
