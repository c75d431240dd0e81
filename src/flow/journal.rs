//! What can be asked: one person's place and plan, one person's journal, and how the whole stands.

use crate::address::Address;
use crate::course::Kind;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::letter;
use crate::flow::outlook;
use crate::flow::shelf::Shelved;
use crate::message::Answer;
use crate::pace::day;
use crate::store::Connection;
use crate::store::answers;
use crate::store::enrolments;
use crate::store::meta;
use crate::store::outbox::Delivery;
use crate::store::quota;
use crate::store::report;
use crate::store::subscribers;
use crate::store::suppressions;
use crate::subscriber::Subscriber;
use crate::text::counted;
use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The daemon leaves here, as JSON, how its relays are.
pub const RELAYS: &str = "relays";

#[derive(Debug, Serialize)]
pub struct Person {
    pub address: String,
    pub status: &'static str,
    pub zone: String,
    pub language: String,
    pub suppression: Option<Suppression>,
    pub enrolments: Vec<Place>,
    /// The latest to each question, over all courses.
    pub answers: BTreeMap<String, Answer>,
}

#[derive(Debug, Serialize)]
pub struct Suppression {
    pub reason: String,
    pub since: Timestamp,
}

/// One enrolment.
#[derive(Debug, Serialize)]
pub struct Place {
    pub course: String,
    pub run: i64,
    pub state: &'static str,
    pub done: Vec<String>,
    pub next: Option<Planned>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
pub struct Planned {
    pub lesson: String,
    pub local: jiff::civil::DateTime,
    pub utc: Timestamp,
    pub why: String,
}

/// One message in a person's journal.
#[derive(Debug, Serialize)]
pub struct Entry {
    pub course: String,
    /// Of a letter its name: `confirmation` for the mail that asks.
    pub lesson: String,
    pub occurrence: i64,
    pub id: i64,
    pub due: Timestamp,
    pub why: String,
    pub state: &'static str,
    pub reply: String,
    pub message_id: String,
    pub attempts: Vec<Attempt>,
}

#[derive(Debug, Serialize)]
pub struct Attempt {
    pub at: Timestamp,
    pub relay: String,
    pub code: i64,
    pub enhanced: String,
    pub text: String,
    pub outcome: String,
}

#[derive(Debug, Serialize)]
pub struct Status {
    pub deliveries: BTreeMap<&'static str, i64>,
    pub enrolments: BTreeMap<&'static str, i64>,
    pub oldest_due: Option<Timestamp>,
    pub relays: Vec<Relay>,
    pub held: Vec<String>,
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Relay {
    pub url: String,
    /// A word: working, spare, resting, trying, used up.
    pub state: String,
    /// A sentence.
    #[serde(default)]
    pub said: String,
    /// Who asks for less, a sentence each.
    #[serde(default)]
    pub slowed: Vec<String>,
    /// Mails on this day (UTC).
    #[serde(default)]
    pub accepted_today: u64,
}

/// Where one person stands; `None` when nobody has this address.
pub async fn show(app: &App, address: &Address) -> Result<Option<Person>> {
    let mut connection = app.store.read().await?;
    let suppression = suppressions::get(&mut connection, &app.address_hash(address)).await?;
    let suppression = suppression.map(|it| Suppression { reason: it.reason, since: crate::clock::from_ms(it.since) });
    let Some(person) = subscribers::by_key(&mut connection, &address.key()).await? else { return Ok(None) };
    let places = enrolments::of_subscriber(&mut connection, person.id).await?;
    let zone = app.zone(&person);
    let shelf = app.shelf.read().await.clone();
    let mut shown = Vec::new();
    for it in places {
        let newsletter = shelf.get(&it.course).filter(|shelved| shelved.course.kind == Kind::Newsletter);
        let issues = match newsletter {
            Some(shelved) => {
                let ids = shelved.course.order.iter().chain(&shelved.course.retired).map(String::as_str);
                let got = report::issues_of(&mut connection, person.id, &it.course, ids).await?;
                Some((shelved.as_ref(), got))
            }
            None => None,
        };
        shown.push(place(app, it, &person, issues));
    }
    let answers = answers::of_subscriber(&mut connection, person.id).await?;
    Ok(Some(Person {
        address: person.address.to_string(),
        status: person.status.name(),
        zone: zone.iana_name().unwrap_or("UTC").to_string(),
        language: person.language.clone().unwrap_or_else(|| app.settings.site.language.clone()),
        suppression,
        enrolments: shown,
        answers: answers.into_iter().map(|it| (it.question, it.value.into())).collect(),
    }))
}

/// Everybody, by address, with where they stand in each course.
pub async fn list(app: &App) -> Result<Vec<Person>> {
    let people = subscribers::all(&mut *app.store.read().await?).await?;
    let mut shown = Vec::new();
    for person in people {
        shown.extend(show(app, &person.address).await?);
    }
    Ok(shown)
}

/// One person's journal, oldest first, ending with what comes next; `None` when nobody has this address.
pub async fn why(app: &App, address: &Address) -> Result<Option<Vec<Entry>>> {
    let mut connection = app.store.read().await?;
    let Some(person) = subscribers::by_key(&mut connection, &address.key()).await? else { return Ok(None) };
    let places = enrolments::of_subscriber(&mut connection, person.id).await?;
    let ids: Vec<i64> = places.iter().map(|it| it.id).collect();
    let mut entries = Vec::new();
    for (row, said) in report::journal(&mut connection, person.id, &ids).await? {
        entries.push(entry(row, said));
    }
    entries.extend(places.into_iter().filter(|it| it.state == State::Waiting).map(waiting));
    Ok(Some(entries))
}

/// How the whole stands.
pub async fn status(app: &App) -> Result<Status> {
    let mut connection = app.store.read().await?;
    let counts = report::counts(&mut connection).await?;
    let relays = relays(app, &mut connection).await?;
    let holds = meta::holds(&mut connection).await?;
    let mut problems: Vec<String> = meta::alarms(&mut connection).await?.into_iter().map(|it| it.why).collect();
    for row in report::waiting_for_a_human(&mut connection, 20).await? {
        problems.push(format!(
            "delivery {} ({}) is {}: {}; `dripline retry {}`",
            row.id,
            row.what,
            row.state.name(),
            row.reply,
            row.id
        ));
    }
    for (why, people) in report::held_enrolments(&mut connection).await? {
        problems.push(format!("{} held: {why}", counted(people, "person is", "people are")));
    }
    Ok(Status {
        deliveries: counts.into_iter().map(|(state, count)| (state.name(), count)).collect(),
        enrolments: report::enrolment_counts(&mut connection).await?,
        oldest_due: report::oldest_due(&mut connection).await?.filter(|due| *due <= app.clock.now().reader),
        relays,
        held: holds.into_iter().map(|it| format!("{}: {}", it.name.trim_start_matches("lesson/"), it.why)).collect(),
        problems,
    })
}

/// The relays as the daemon left them, with what is counted since.
async fn relays(app: &App, connection: &mut Connection) -> Result<Vec<Relay>> {
    let left = meta::get(connection, RELAYS).await?.unwrap_or_default();
    let mut relays: Vec<Relay> = serde_json::from_str(&left).unwrap_or_default();
    let taken = quota::taken(connection, day(app.clock.now().wall)).await?;
    for relay in &mut relays {
        relay.accepted_today = taken.iter().find(|(url, _)| *url == relay.url).map_or(0, |(_, count)| *count);
    }
    Ok(relays)
}

/// Reads something, however little.
///
/// # Errors
/// When the database can't be read.
pub async fn is_readable(app: &App) -> Result<()> {
    meta::get(&mut *app.store.read().await?, RELAYS).await?;
    Ok(())
}

/// Every breach of the database's invariants.
pub async fn verify(app: &App) -> Result<Vec<String>> {
    let shelf = app.shelf.read().await;
    let called_now = |course: &str, lesson: &str| {
        shelf.get(course).map_or_else(|| lesson.to_string(), |shelved| shelved.called_now(lesson).to_string())
    };
    Ok(crate::store::verify::breaches(&mut *app.store.read().await?, &called_now).await?)
}

/// `issues`: of a newsletter, and which issues of it this person got.
fn place(app: &App, it: Enrolment, person: &Subscriber, issues: Option<(&Shelved, Vec<String>)>) -> Place {
    let waits = matches!(it.state, State::Waiting | State::InFlight) && !it.is_completed();
    let lesson = waits.then(|| Planned {
        lesson: it.lesson.clone(),
        local: whole_seconds(it.due).to_zoned(app.zone(person)).datetime(),
        utc: whole_seconds(it.due),
        why: it.why.clone(),
    });
    let state = if it.is_completed() { State::Completed } else { it.after.unwrap_or(it.state) };
    let (done, next) = match issues {
        Some((shelved, got)) => {
            let reader = app.reader(person, BTreeMap::new());
            let next = outlook::issues(shelved, &it, &reader, app.clock.now().reader, 1).pop();
            let next = next.map(|it| Planned { lesson: it.lesson, local: it.local, utc: it.utc, why: it.why });
            (got, next.filter(|_| it.state == State::Awaiting))
        }
        None => (it.progress.done().into_iter().map(String::from).collect(), lesson),
    };
    Place {
        course: it.course,
        run: it.run,
        state: state.name(),
        done,
        next,
        held_why: it.held_why,
        paused_until: it.paused_until,
    }
}

fn entry(row: Delivery, said: Vec<report::Attempt>) -> Entry {
    let named = row.what.strip_prefix("lesson/").and_then(|rest| rest.split_once('/'));
    let (course, lesson) = named.unwrap_or(("", letter::name(&row.what)));
    let attempts = said.into_iter().map(|it| Attempt {
        at: it.at,
        relay: it.relay,
        code: it.code,
        enhanced: it.enhanced,
        text: it.text,
        outcome: it.outcome,
    });
    Entry {
        course: course.to_string(),
        lesson: lesson.to_string(),
        occurrence: row.occurrence,
        id: row.id,
        due: row.due,
        why: row.why,
        state: row.state.name(),
        reply: row.reply,
        message_id: row.message_id,
        attempts: attempts.collect(),
    }
}

/// What comes next, in the journal of what was.
fn waiting(it: Enrolment) -> Entry {
    Entry {
        course: it.course,
        lesson: it.lesson,
        occurrence: it.occurrence,
        id: 0,
        due: it.due,
        why: it.why,
        state: "waiting",
        reply: String::new(),
        message_id: String::new(),
        attempts: Vec::new(),
    }
}

/// The share of a spread is counted in milliseconds, which say nothing to people.
fn whole_seconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}
