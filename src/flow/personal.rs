//! Everything that is stored of one person, for them to take along. No other person's data, and nothing that opens a door:
//! no token, no hash. Changes nothing.

use crate::address::Address;
use crate::clock::from_ms;
use crate::enrolment::Enrolment;
use crate::enrolment::Mark;
use crate::flow::App;
use crate::flow::answer::ask_of;
use crate::flow::answer::in_words;
use crate::flow::letter;
use crate::flow::shelf::Shelf;
use crate::message::Answer;
use crate::store::Connection;
use crate::store::acts;
use crate::store::address_changes;
use crate::store::answers;
use crate::store::enrolments;
use crate::store::farewells;
use crate::store::people;
use crate::store::personal;
use crate::store::report;
use crate::store::subscribers;
use crate::store::suppressions;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

/// One person's data. Instants are RFC 3339 in UTC; what isn't known or set is `null`.
#[derive(Debug, Serialize)]
pub struct Everything {
    pub person: Value,
    pub suppression: Option<Value>,
    pub places: Vec<Place>,
    pub answers: Vec<Answered>,
    pub consents: Vec<Value>,
    pub mails: Vec<Mailed>,
    pub acts: Vec<Value>,
    pub farewells: Vec<Value>,
    pub confirmations: Vec<Value>,
    pub address_changes: Vec<Value>,
    pub issue_dates: Vec<Value>,
}

/// One run of a course or newsletter.
#[derive(Debug, Serialize)]
pub struct Place {
    pub course: String,
    pub title: Option<String>,
    pub run: i64,
    pub state: &'static str,
    pub confirmed: Option<Timestamp>,
    pub pace: f64,
    pub paused_since: Option<Timestamp>,
    pub paused_until: Option<Timestamp>,
    pub held_because: Option<String>,
    /// Lessons that came, oldest first, each as often as it did.
    pub sent: Vec<Value>,
    pub skipped: Vec<String>,
    pub offered: Vec<String>,
    pub next: Option<Value>,
}

#[derive(Debug, Serialize)]
pub struct Answered {
    pub course: String,
    pub run: Option<i64>,
    pub lesson: String,
    pub question: String,
    /// As it was asked, where it still is.
    pub asked: Option<String>,
    pub answer: Answer,
    pub in_words: String,
    pub at: Timestamp,
}

/// A mail, without its content.
#[derive(Debug, Serialize)]
pub struct Mailed {
    pub course: Option<String>,
    /// The lesson's name, or what else it was.
    pub mail: String,
    pub queued: Timestamp,
    pub state: &'static str,
    pub ended: Option<Timestamp>,
    pub attempts: Vec<Value>,
}

/// A person by their number; `None` when there is none any more.
pub async fn person(app: &App, subscriber: i64) -> Result<Option<Subscriber>> {
    Ok(subscribers::by_id(&mut *app.store.read().await?, subscriber).await?)
}

/// `None` when nobody has this address.
pub async fn export(app: &App, address: &Address) -> Result<Option<Everything>> {
    let shelf = app.shelf.read().await.clone();
    let mut connection = app.store.read().await?;
    let Some(person) = subscribers::by_key(&mut connection, &address.key()).await? else { return Ok(None) };
    let places = enrolments::of_subscriber(&mut connection, person.id).await?;
    let suppression = suppressions::get(&mut connection, &app.address_hash(address)).await?;
    let suppression = suppression
        .map(|it| json!({ "reason": it.reason, "source": it.source, "since": from_ms(it.since).to_string() }));
    let created = personal::created(&mut connection, person.id).await?;
    Ok(Some(Everything {
        suppression,
        answers: answered(&mut connection, &shelf, &person, &places).await?,
        consents: consents(&mut connection, person.id).await?,
        mails: mails(&mut connection, person.id, &places).await?,
        acts: acts(&mut connection, person.id).await?,
        farewells: farewells(&mut connection, person.id).await?,
        confirmations: confirmations(&mut connection, person.id).await?,
        address_changes: address_changes(&mut connection, person.id).await?,
        issue_dates: issue_dates(&mut connection, person.id).await?,
        places: places.into_iter().map(|it| place(&shelf, it)).collect(),
        person: described(app, &person, created),
    }))
}

fn described(app: &App, person: &Subscriber, created: Option<Timestamp>) -> Value {
    json!({
        "address": person.address.to_string(),
        "first_name": person.first_name,
        "status": person.status.name(),
        "language": person.language,
        "zone": person.zone,
        "zone_in_force": app.zone(person).iana_name(),
        "hour": person.hour.map(|hour| hour.strftime("%H:%M").to_string()),
        "weekdays": person.weekdays,
        "fields": person.fields,
        "since": created.map(|at| at.to_string()),
    })
}

fn place(shelf: &Shelf, it: Enrolment) -> Place {
    let marked = |mark: Mark| it.progress.marked(mark).into_iter().map(String::from).collect();
    let next = (it.state == crate::enrolment::State::Waiting)
        .then(|| json!({ "lesson": it.lesson, "due": it.due.to_string(), "why": it.why }));
    let sent = it.progress.sent().iter();
    let sent = sent.map(|sent| json!({ "lesson": sent.lesson, "at": sent.at.map(|at| at.to_string()) })).collect();
    let state = it.after.unwrap_or(it.state);
    Place {
        title: shelf.get(&it.course).map(|shelved| shelved.course.title.clone()),
        skipped: marked(Mark::Skipped),
        offered: marked(Mark::Offered),
        state: state.name(),
        confirmed: (state != crate::enrolment::State::Pending).then_some(it.confirmed),
        course: it.course,
        run: it.run,
        pace: it.pace,
        paused_since: it.paused_at,
        paused_until: it.paused_until,
        held_because: it.held_why,
        sent,
        next,
    }
}

async fn answered(
    connection: &mut Connection,
    shelf: &Shelf,
    person: &Subscriber,
    places: &[Enrolment],
) -> Result<Vec<Answered>> {
    let stored = answers::of_subscriber(connection, person.id).await?;
    let told = stored.into_iter().map(|it| {
        let shelved = shelf.get(&it.course);
        let lesson = shelved.map_or(it.lesson.clone(), |shelved| shelved.called_now(&it.lesson).to_string());
        let language = person.language.as_deref();
        let edition = shelved.map(|it| language.map_or(it.as_ref(), |language| it.in_language(language)));
        let ask = edition.and_then(|edition| ask_of(&edition.course, &lesson, &it.question));
        Answered {
            run: places.iter().find(|place| place.id == it.enrolment_id).map(|place| place.run),
            in_words: in_words(ask, &it.value),
            asked: ask.map(|ask| ask.question.clone()),
            course: it.course,
            lesson,
            question: it.question,
            answer: it.value.into(),
            at: it.at,
        }
    });
    Ok(told.collect())
}

async fn consents(connection: &mut Connection, person: i64) -> Result<Vec<Value>> {
    let stored = personal::consents(connection, person).await?;
    let told = stored.into_iter().map(|it| {
        json!({
            "course": it.course,
            "kind": if it.asked { "asked" } else { "agreed" },
            "source": it.source,
            "text": it.text,
            "version": it.version,
            "page": it.page,
            "ip": it.ip,
            "agent": it.agent,
            "at": it.at.to_string(),
        })
    });
    Ok(told.collect())
}

async fn mails(connection: &mut Connection, person: i64, places: &[Enrolment]) -> Result<Vec<Mailed>> {
    let ids: Vec<i64> = places.iter().map(|it| it.id).collect();
    let stored = personal::mails(connection, person, &ids).await?;
    let numbers: Vec<[i64; 1]> = stored.iter().map(|it| [it.id]).collect();
    let mut attempts: BTreeMap<i64, Vec<report::Attempt>> = report::attempts_of(connection, &numbers).await?;
    let told = stored.into_iter().map(|it| {
        let named = it.what.strip_prefix("lesson/").and_then(|rest| rest.split_once('/'));
        // A relay's own words may quote the address that bounces go to, which holds a token.
        let attempts = attempts.remove(&it.id).unwrap_or_default().into_iter();
        let attempts = attempts.map(|it| json!({ "at": it.at.to_string(), "outcome": it.outcome, "code": it.code }));
        Mailed {
            course: named.map(|(course, _)| course.to_string()),
            mail: named.map_or(letter::name(&it.what), |(_, lesson)| lesson).to_string(),
            queued: it.created,
            state: it.state.name(),
            ended: it.ended,
            attempts: attempts.collect(),
        }
    });
    Ok(told.collect())
}

async fn acts(connection: &mut Connection, person: i64) -> Result<Vec<Value>> {
    let mut stored = acts::of(connection, person, Timestamp::UNIX_EPOCH).await?;
    stored.reverse();
    Ok(stored.into_iter().map(|it| json!({ "act": it.what, "at": it.at.to_string() })).collect())
}

async fn farewells(connection: &mut Connection, person: i64) -> Result<Vec<Value>> {
    let stored = farewells::of_subscriber(connection, person).await?.into_iter();
    Ok(stored.map(|it| json!({ "course": it.course, "reason": it.reason, "at": it.at.to_string() })).collect())
}

/// The links by which they were asked; with what was entered at that time about them, once they were known.
async fn confirmations(connection: &mut Connection, person: i64) -> Result<Vec<Value>> {
    let stored = people::asked(connection, &[person]).await?.into_iter();
    let told = stored.map(|it| {
        let entered: Value = serde_json::from_str(&it.wishes).unwrap_or_default();
        json!({ "asked": from_ms(it.created).to_string(), "used": instant(it.used), "entered": entered })
    });
    Ok(told.collect())
}

async fn address_changes(connection: &mut Connection, person: i64) -> Result<Vec<Value>> {
    let stored = address_changes::of(connection, person).await?.into_iter();
    let told = stored.map(
        |it| json!({ "address": it.address, "asked": from_ms(it.created).to_string(), "confirmed": instant(it.used) }),
    );
    Ok(told.collect())
}

async fn issue_dates(connection: &mut Connection, person: i64) -> Result<Vec<Value>> {
    let stored = personal::issue_dates(connection, person).await?.into_iter();
    Ok(stored.map(|(date, count)| json!({ "date": date, "count": count })).collect())
}

fn instant(ms: i64) -> Option<String> {
    (ms != 0).then(|| from_ms(ms).to_string())
}
