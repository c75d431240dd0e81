//! People with a lesson that is due, or not for a year; written by a process of its own, so that its memory isn't counted as
//! the sending's.

use super::Result;
use super::case::Case;
use super::site;
use dripline::address::Address;
use dripline::clock::Clock;
use dripline::clock::Now;
use dripline::enrolment::Enrolment;
use dripline::enrolment::State;
use dripline::flow::App;
use dripline::flow::reload;
use dripline::ids::next_id;
use dripline::store::enrolments;
use dripline::store::people;
use dripline::subscriber::Status;
use dripline::subscriber::Subscriber;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

pub const ROLE: &str = "--as-the-seeder";
/// Written at once.
const BATCH: usize = 1000;
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

const COURSE: &str = r#"
title = "A course"
language = "en"
lessons = ["one"]
require = ["disclaimer"]
disclaimer = "This course is educational coaching, not medical care. Ask a health professional."
crisis = "Call your local emergency number."
[schedule]
wait = "1 day"
send = "30 8 * * *"
"#;

/// Makes the database of a case: below this folder, or on the server, which is noted there.
pub fn seed(folder: &Path, case: &Case) -> Result<()> {
    if case.postgres {
        let server = std::env::var("DRIPLINE_TEST_POSTGRES")?;
        let (at, _) = server.rsplit_once('/').ok_or("the server's URL names no database")?;
        let name =
            format!("bench_{}", folder.file_name().ok_or("a name")?.to_string_lossy().replace('.', "").to_lowercase());
        if !Command::new("psql")
            .args(["--quiet", "--command", &format!("CREATE DATABASE {name}"), &server])
            .status()?
            .success()
        {
            return Err("the database couldn't be made".into());
        }
        fs::write(folder.join(site::DATABASE), format!("{at}/{name}"))?;
    }
    let mut command = Command::new(std::env::current_exe()?);
    command.args([ROLE, &case.people.to_string(), &case.due.to_string()]).arg(folder);
    if !command.status()?.success() {
        return Err("the database couldn't be seeded".into());
    }
    Ok(())
}

pub async fn run(words: &[String]) -> Result<()> {
    let [people, due, folder] = words else { return Err("people, how many due, and a folder".into()) };
    let (people, due): (usize, usize) = (people.parse()?, due.parse()?);
    let app = open(Path::new(folder), false).await?;
    for first in (0..people).step_by(BATCH) {
        write(&app, first..people.min(first + BATCH), people.div_ceil(due.max(1)), due).await?;
    }
    app.store.close().await;
    Ok(())
}

/// The site of a case, with its course in force.
pub async fn open(folder: &Path, dkim: bool) -> Result<App> {
    let app = site::app(folder, Clock::system(), dkim).await?;
    let lesson = fs::read_to_string("courses/four-stages/the-map.md")?;
    let lesson: String = lesson.lines().filter(|line| !line.starts_with("![")).flat_map(|line| [line, "\n"]).collect();
    let course = [("course.toml", COURSE.to_string()), ("one.md", lesson)];
    let tree = course.map(|(path, text)| (path.to_string(), text.into_bytes())).into();
    let reloaded = reload::put(&app, BTreeMap::from([("bench".to_string(), tree)]), "courses").await?;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    Ok(app)
}

/// Of every `step` people one is due, until there are enough: those who are lie scattered.
async fn write(app: &App, people: std::ops::Range<usize>, step: usize, due: usize) -> Result<()> {
    let Now { wall, reader } = app.clock.now();
    let later = reader.saturating_add(YEAR).unwrap_or(Timestamp::MAX);
    let all: Vec<(Subscriber, Enrolment)> = people
        .map(|n| {
            let person = person(n, wall);
            let is_due = n % step == 0 && n / step < due;
            let enrolment = enrolment(next_id(wall), person.id, if is_due { reader } else { later });
            (person, enrolment)
        })
        .collect();
    let mut transaction = app.store.begin().await?;
    people::put(&mut transaction, &all.iter().map(|(person, _)| person).collect::<Vec<_>>(), wall.as_millisecond())
        .await?;
    enrolments::put_all(&mut transaction, &all.iter().map(|(_, enrolment)| enrolment).collect::<Vec<_>>(), wall)
        .await?;
    Ok(transaction.commit().await?)
}

fn person(n: usize, wall: Timestamp) -> Subscriber {
    Subscriber {
        id: next_id(wall),
        address: address(n),
        first_name: Some(format!("Sam {n}")),
        language: None,
        zone: None,
        hour: None,
        weekdays: None,
        fields: BTreeMap::new(),
        status: Status::Active,
    }
}

fn enrolment(id: i64, subscriber_id: i64, due: Timestamp) -> Enrolment {
    Enrolment {
        state: State::Waiting,
        lesson: "one".to_string(),
        due,
        why: "the benchmark".to_string(),
        ..Enrolment::new(id, subscriber_id, "bench", 1, due)
    }
}

pub fn address(n: usize) -> Address {
    format!("reader{n}@example.org").parse().expect("an address")
}
