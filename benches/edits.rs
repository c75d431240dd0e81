//! What an edit costs: a course of 40 lessons with everybody half-way gets an insertion, another order, a rename, a
//! retirement and another wait at once. The yardstick is writing the same enrolments as they are.
//!
//! `cargo bench --bench edits -- [people] [rounds]`

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod site;

use dripline::clock::Clock;
use dripline::clock::Now;
use dripline::course::Tree;
use dripline::enrolment::Enrolment;
use dripline::enrolment::Reader;
use dripline::enrolment::State;
use dripline::flow::App;
use dripline::flow::plan;
use dripline::flow::reload;
use dripline::ids::next_id;
use dripline::store::enrolments;
use dripline::store::people;
use dripline::subscriber::Status;
use dripline::subscriber::Subscriber;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const LESSONS: usize = 40;
/// A Wednesday at noon.
const START: &str = "2026-06-10T12:00:00Z";
/// Enrolments in one transaction of the seeding.
const BATCH: usize = 1000;
const ZONES: [&str; 4] = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let number = |at: usize, otherwise: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(otherwise);
    runtime.block_on(measure(number(0, 20_000), number(1, 3)))
}

async fn measure(people: usize, rounds: usize) -> Result<()> {
    println!("{people} people half-way in {LESSONS} lessons, {rounds} rounds, synchronous=FULL");
    for round in 1..=rounds {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir_all(folder.path().join("courses"))?;
        let app = site::app(folder.path(), Clock::manual(START.parse()?), false).await?;
        put_in_force(folder.path(), &before())?;
        assert_eq!(reload::from_disk(&app).await?.swapped, ["long"]);
        let written = seed(&app, people).await?;
        put_in_force(folder.path(), &after())?;

        let started = Instant::now();
        let plan = plan::plan(&app, false).await?;
        let planned = started.elapsed();
        let effect = &plan.courses[0];
        assert_eq!((effect.people, effect.moved), (people, people), "everybody is touched");
        assert!(plan.asks, "so many are asked about");
        assert_eq!(reload::from_disk(&app).await?.swapped, Vec::<String>::new(), "it waits for a yes");
        assert_eq!(plan::confirm(&app, &plan.hash).await?, plan::Confirmed::Yes);
        let started = Instant::now();
        assert_eq!(reload::from_disk(&app).await?.swapped, ["long"]);
        let reconciled = started.elapsed();
        let ratio = |took: Duration| took.as_secs_f64() / written.as_secs_f64();
        println!(
            "round {round}: plan {planned:.2?} ({:.1} x writing them), in force {reconciled:.2?} ({:.1} x); {} moved, {} soon",
            ratio(planned),
            ratio(reconciled),
            effect.moved,
            effect.soon
        );
        app.store.close().await;
    }
    Ok(())
}

fn lesson(subject: &str, keys: &str) -> Vec<u8> {
    format!("+++\nsubject = \"{subject}\"\n{keys}+++\nThree quiet minutes.\n").into_bytes()
}

fn course(order: &[String], keys: &str, wait: &str) -> Vec<u8> {
    let order = order.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", ");
    format!(
        "title = \"Long\"\nsummary = \"Long.\"\nlanguage = \"en\"\nlessons = [{order}]\n{keys}\
         [schedule]\nwait = \"{wait}\"\nsend = \"30 8 * * *\"\nspread = \"20 min\"\n"
    )
    .into_bytes()
}

fn before() -> Tree {
    let order: Vec<String> = (0..LESSONS).map(|n| format!("l{n:02}")).collect();
    let mut tree: Tree = order.iter().map(|id| (format!("{id}.md"), lesson(id, ""))).collect();
    tree.insert("course.toml".to_string(), course(&order, "", "3 days"));
    tree
}

/// A new lesson in front of everybody and one behind, two that change places, one with another name, the very next one
/// retired, and another wait.
fn after() -> Tree {
    let mut tree = before();
    let mut order: Vec<String> = (0..LESSONS).map(|n| format!("l{n:02}")).collect();
    order.swap(25, 30);
    let named = order.iter().position(|id| id == "l10").expect("the tenth");
    order[named] = "renamed".to_string();
    order.retain(|id| id != "l20");
    order.insert(5, "behind".to_string());
    order.insert(24, "ahead".to_string());
    tree.remove("l10.md");
    tree.remove("l20.md");
    tree.insert("renamed.md".to_string(), lesson("renamed", "was = [\"l10\"]\n"));
    tree.insert("behind.md".to_string(), lesson("behind", ""));
    tree.insert("ahead.md".to_string(), lesson("ahead", ""));
    tree.insert("course.toml".to_string(), course(&order, "retired = [\"l20\"]\n", "2 days"));
    tree
}

fn put_in_force(folder: &Path, tree: &Tree) -> Result<()> {
    let course = folder.join("courses/long");
    if course.exists() {
        std::fs::remove_dir_all(&course)?;
    }
    std::fs::create_dir_all(&course)?;
    for (path, bytes) in tree {
        std::fs::write(course.join(path), bytes)?;
    }
    Ok(())
}

/// Everybody has had 20 lessons. How long writing all enrolments takes.
async fn seed(app: &App, people: usize) -> Result<Duration> {
    let shelf = app.shelf.read().await.clone();
    let course = &shelf.get("long").expect("in force").course;
    let now = app.clock.now();
    let mut took = Duration::ZERO;
    for from in (0..people).step_by(BATCH) {
        let readers: Vec<Subscriber> = (from..(from + BATCH).min(people)).map(|n| subscriber(n, now)).collect();
        let mut places = Vec::new();
        for person in &readers {
            let reader = app.reader(person, BTreeMap::new());
            places.push(half_way(course, person, &reader, now));
        }
        let mut transaction = app.store.begin().await?;
        people::put(&mut transaction, &readers.iter().collect::<Vec<_>>(), now.wall.as_millisecond()).await?;
        transaction.commit().await?;
        let started = Instant::now();
        let mut transaction = app.store.begin().await?;
        assert!(enrolments::put_all(&mut transaction, &places.iter().collect::<Vec<_>>(), now.wall).await?);
        transaction.commit().await?;
        took += started.elapsed();
    }
    Ok(took)
}

fn half_way(course: &dripline::course::Course, person: &Subscriber, reader: &Reader, now: Now) -> Enrolment {
    let mut at = now.reader - SignedDuration::from_hours(24 * 60 + 7);
    let mut it = Enrolment::new(next_id(now.wall), person.id, &course.id, 1, at);
    it.begin(course, reader, at);
    for _ in 0..LESSONS / 2 {
        at = it.due.max(at);
        it.state = State::InFlight;
        it.accepted(course, reader, at);
    }
    it
}

fn subscriber(n: usize, now: Now) -> Subscriber {
    Subscriber {
        id: next_id(now.wall),
        address: format!("reader{n}@example.org").parse().expect("an address"),
        first_name: None,
        language: None,
        zone: Some(ZONES[n % ZONES.len()].to_string()),
        hour: None,
        weekdays: None,
        fields: BTreeMap::new(),
        status: Status::Active,
    }
}
