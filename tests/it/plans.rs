//! The golden plans: each file in tests/plans is a course, a person and the plan they must get, worked out by hand.

use dripline::course::Backfill;
use dripline::course::Course;
use dripline::course::Kind;
use dripline::course::Late;
use dripline::course::Lesson;
use dripline::course::Schedule;
use dripline::course::Vocabulary;
use dripline::course::When;
use dripline::enrolment::Reader;
use dripline::enrolment::Simulation;
use dripline::enrolment::simulate;
use dripline::problem::Source;
use dripline::timing::DateRange;
use dripline::timing::zone;
use jiff::SignedDuration;
use jiff::civil::Time;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

#[test]
fn every_golden_plan_comes_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 20, "only {} plans found", paths.len());
    let mut differences = String::new();
    for path in &paths {
        let plan: Plan = toml::from_str(&std::fs::read_to_string(path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (expect, found) = (lines(&plan.plan), planned(&plan));
        if expect != found {
            let name = path.file_name().unwrap().to_string_lossy();
            write!(differences, "\n{name}: {}\n{}", plan.title, difference(&expect, &found)).unwrap();
        }
    }
    assert!(differences.is_empty(), "\n- as written, + as planned\n{differences}");
}

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    title: String,
    course: PlanCourse,
    #[serde(default)]
    lesson: BTreeMap<String, PlanLesson>,
    person: PlanPerson,
    /// A line a lesson: id, local moment, instant, reason.
    plan: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanCourse {
    lessons: Vec<String>,
    wait: String,
    send: String,
    #[serde(default)]
    skip: Vec<String>,
    starts: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanLesson {
    wait: Option<String>,
    send: Option<String>,
    date: Option<String>,
    /// What its condition says: "fails" or "holds"; without, it has none.
    when: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanPerson {
    signup: String,
    zone: String,
    hour: Option<String>,
    weekdays: Option<String>,
    pace: Option<f64>,
    #[serde(default)]
    pause: Vec<String>,
}

fn planned(plan: &Plan) -> Vec<String> {
    let course = course(plan);
    let person = &plan.person;
    let pauses: Vec<DateRange> = person.pause.iter().map(|pause| pause.parse().unwrap()).collect();
    let reader = Reader {
        zone: zone(&person.zone).unwrap(),
        hour: person.hour.as_ref().map(|hour| Time::strptime("%H:%M", hour).unwrap()),
        weekdays: person.weekdays.as_ref().map(|weekdays| weekdays.parse().unwrap()),
        language: "en".to_string(),
        fields: BTreeMap::new(),
        answers: BTreeMap::new(),
        share: 0.0,
    };
    let simulation = Simulation {
        signup: person.signup.parse().unwrap(),
        reader: &reader,
        pace: person.pace.unwrap_or(1.0),
        pauses: &pauses,
    };
    let plan = simulate(&course, &simulation);
    plan.into_iter().map(|p| format!("{} {} {} {}", p.lesson, p.local, p.utc, p.why)).collect()
}

fn course(plan: &Plan) -> Course {
    let from = &plan.course;
    Course {
        id: "golden".to_string(),
        title: plan.title.clone(),
        summary: String::new(),
        kind: Kind::Course,
        language: "en".to_string(),
        order: from.lessons.clone(),
        stages: Vec::new(),
        lessons: from.lessons.iter().map(|id| (id.clone(), lesson(id, plan.lesson.get(id)))).collect(),
        retired: Vec::new(),
        require: Vec::new(),
        disclaimer: None,
        crisis: None,
        consent: None,
        about: None,
        next: Vec::new(),
        invite: None,
        sender: None,
        schedule: Schedule {
            wait: from.wait.parse().unwrap(),
            send: from.send.parse().unwrap(),
            spread: SignedDuration::from_mins(20),
            skip: from.skip.iter().map(|range| range.parse().unwrap()).collect(),
            starts: from.starts.as_ref().map(|date| date.parse().unwrap()),
            late: Late::Next,
            keep_dates: false,
            slowest: 3.0,
            fastest: 0.5,
        },
        newsletter: None,
        fields: BTreeMap::new(),
        source: Source::new("course.toml", ""),
        translations: BTreeMap::new(),
        files: BTreeMap::new(),
        version: String::new(),
    }
}

fn lesson(id: &str, own: Option<&PlanLesson>) -> Lesson {
    Lesson {
        id: id.to_string(),
        subject: id.to_string(),
        preview: None,
        wait: own.and_then(|own| own.wait.as_ref()).map(|wait| wait.parse().unwrap()),
        send: own.and_then(|own| own.send.as_ref()).map(|send| send.parse().unwrap()),
        date: own.and_then(|own| own.date.as_ref()).map(|date| date.parse().unwrap()),
        when: own
            .and_then(|own| own.when.as_deref())
            .map(|when| When::parse(if when == "fails" { "false" } else { "true" }, &Vocabulary::default()).unwrap()),
        backfill: Backfill::Offer,
        was: Vec::new(),
        content_note: None,
        asks: Vec::new(),
        source: Source::new(format!("{id}.md"), ""),
        body: 0,
        version: String::new(),
    }
}

/// Columns may be aligned with as many spaces as it takes.
fn lines(plan: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    plan.lines().map(words).filter(|line| !line.is_empty()).collect()
}

fn difference(expect: &[String], found: &[String]) -> String {
    let mut text = String::new();
    for at in 0..expect.len().max(found.len()) {
        match (expect.get(at), found.get(at)) {
            (Some(expect), Some(found)) if expect == found => writeln!(text, "    {expect}").unwrap(),
            (expect, found) => {
                expect.into_iter().for_each(|line| writeln!(text, "  - {line}").unwrap());
                found.into_iter().for_each(|line| writeln!(text, "  + {line}").unwrap());
            }
        }
    }
    text
}
