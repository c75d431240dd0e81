//! A person's own page: where they stand in each course, what comes next, what they had, what they may still do. Changes
//! nothing.

use crate::course::Kind;
use crate::delivery::State as DeliveryState;
use crate::enrolment::Enrolment;
use crate::enrolment::Mark;
use crate::enrolment::Planned;
use crate::enrolment::State;
use crate::enrolment::is_lesson;
use crate::flow::App;
use crate::flow::outlook::Known;
use crate::flow::outlook::Outlook;
use crate::flow::outlook::known;
use crate::flow::outlook::together;
use crate::flow::shelf::Shelf;
use crate::flow::shelf::Shelved;
use crate::flow::undo::UNDO;
use crate::store::acts;
use crate::store::enrolments;
use crate::store::outbox;
use crate::store::outbox::Delivery;
use crate::store::report;
use crate::store::subscribers;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Mails that are told ahead.
pub const AHEAD: usize = 3;

/// What a person sees of themselves.
#[derive(Debug)]
pub struct Mine {
    pub person: Subscriber,
    pub zone: TimeZone,
    /// The newest run of each course, in the order in which they began.
    pub places: Vec<Place>,
    /// Courses that they aren't in, by id.
    pub others: Vec<Arc<Shelved>>,
    /// What they did last that can be taken back, and until when, by the wall clock.
    pub last_act: Option<(acts::Act, Timestamp)>,
}

/// One course of a person.
#[derive(Debug)]
pub struct Place {
    pub enrolment: Enrolment,
    pub shelved: Arc<Shelved>,
    /// How many lessons came, and of how many by what is known now.
    pub done: usize,
    pub of: usize,
    pub plan: Vec<Planned>,
    /// What came, the latest first.
    pub got: Vec<Got>,
    /// Ids of lessons that don't come by themselves.
    pub offered: Vec<String>,
}

/// A lesson or an issue that came.
#[derive(Debug)]
pub struct Got {
    pub lesson: String,
    /// The delivery, for reading it in a browser.
    pub delivery: i64,
    pub at: DateTime,
}

/// `None` when there is no such person any more.
pub async fn page(app: &App, subscriber: i64) -> Result<Option<Mine>> {
    let now = app.clock.now();
    let mut connection = app.store.read().await?;
    let Some(person) = subscribers::by_id(&mut connection, subscriber).await? else { return Ok(None) };
    let since = now.wall.saturating_sub(UNDO).unwrap_or(Timestamp::MIN);
    let last_act = acts::of(&mut connection, person.id, since).await?.into_iter().next();
    drop(connection);
    let Some(Known { person, places, answers }) = known(app, &person.address).await? else { return Ok(None) };
    let ids: Vec<i64> = places.iter().map(|it| it.id).collect();
    let mails = report::journal(&mut *app.store.read().await?, person.id, &ids).await?;
    let shelf = app.shelf.read().await.clone();
    let zone = app.zone(&person);
    let lives = places.into_iter().map(|it| {
        let reader = app.reader(&person, answers.of(it.id));
        (it, reader)
    });
    let told = together(app, &shelf, lives.collect(), now.reader, AHEAD);
    let shown = newest(told).into_iter().filter_map(|Outlook { enrolment, plan }| {
        let shelved = Arc::clone(shelf.get(&enrolment.course)?);
        let reader = app.reader(&person, answers.of(enrolment.id));
        let (_, of) = enrolment.count(&shelved.course, &reader, "", now.reader);
        let got = got(&shelved, &enrolment, mails.iter().map(|(mail, _)| mail), &zone);
        let offered = enrolment.progress.marked(Mark::Offered).into_iter().map(String::from).collect();
        let done = match shelved.course.kind {
            Kind::Course => enrolment.progress.done().len(),
            Kind::Newsletter => got.len(),
        };
        Some(Place { enrolment, shelved, done, of, plan, got, offered })
    });
    let places: Vec<Place> = shown.collect();
    let others = others(&shelf, &places);
    let last_act =
        last_act.map(|it| (it.at.saturating_add(UNDO).unwrap_or(Timestamp::MAX), it)).map(|(at, it)| (it, at));
    Ok(Some(Mine { zone, places, others, last_act, person }))
}

/// Who has this enrolment, and the newest run of its course: what an old link meant is meant for the present. `None` when
/// the person or the course is no more.
pub async fn place(app: &App, enrolment: i64) -> Result<Option<(Subscriber, Enrolment, Arc<Shelved>)>> {
    let mut connection = app.store.read().await?;
    let Some(meant) = enrolments::by_id(&mut connection, enrolment).await? else { return Ok(None) };
    let Some(person) = subscribers::by_id(&mut connection, meant.subscriber_id).await? else { return Ok(None) };
    let all = enrolments::of_subscriber(&mut connection, person.id).await?;
    let newest = all.into_iter().filter(|it| it.course == meant.course).max_by_key(|it| it.run).unwrap_or(meant);
    let shelved = app.shelf.read().await.get(&newest.course).map(Arc::clone);
    Ok(shelved.map(|shelved| (person, newest, shelved)))
}

/// The enrolment that a mail belonged to, and its lesson; none of the program's own mails. `None` when the mail is no more.
pub async fn mailed(app: &App, delivery: i64) -> Result<Option<(i64, Option<String>)>> {
    let row = outbox::by_id(&mut *app.store.read().await?, delivery).await?.filter(|row| row.enrolment_id != 0);
    let Some(row) = row else { return Ok(None) };
    let lesson = row.what.strip_prefix("lesson/").and_then(|rest| rest.split_once('/'));
    let Some((course, lesson)) = lesson else { return Ok(None) };
    let shelf = app.shelf.read().await;
    let lesson = shelf.get(course).map_or(lesson, |shelved| shelved.called_now(lesson));
    Ok(Some((row.enrolment_id, is_lesson(lesson).then(|| lesson.to_string()))))
}

impl Place {
    /// Whether the person is in it, or was to its end.
    pub fn is_left(&self) -> bool {
        self.enrolment.after.unwrap_or(self.enrolment.state) == State::Left
    }
}

/// The latest run of each course.
fn newest(told: Vec<Outlook>) -> Vec<Outlook> {
    let mut runs: BTreeMap<String, Outlook> = BTreeMap::new();
    for it in told {
        let known = runs.get(&it.enrolment.course).map(|known| known.enrolment.run);
        if known.is_none_or(|run| run < it.enrolment.run) {
            runs.insert(it.enrolment.course.clone(), it);
        }
    }
    let mut newest: Vec<Outlook> = runs.into_values().collect();
    newest.sort_by_key(|it| it.enrolment.id);
    newest
}

/// The latest mail of each lesson that came in this run.
fn got<'a>(
    shelved: &Shelved,
    enrolment: &Enrolment,
    mails: impl DoubleEndedIterator<Item = &'a Delivery>,
    zone: &TimeZone,
) -> Vec<Got> {
    let folder = format!("lesson/{}/", shelved.course.id);
    let mut got: Vec<Got> = Vec::new();
    for mail in mails.rev().filter(|mail| mail.enrolment_id == enrolment.id && mail.state == DeliveryState::Accepted) {
        let Some(lesson) = mail.what.strip_prefix(&folder).map(|id| shelved.called_now(id)) else { continue };
        let is_known = shelved.course.lessons.contains_key(lesson) && !mail.inputs.is_empty();
        if is_known && got.iter().all(|known| known.lesson != lesson) {
            got.push(Got { lesson: lesson.to_string(), delivery: mail.id, at: zone.to_datetime(mail.due) });
        }
    }
    got
}

fn others(shelf: &Shelf, places: &[Place]) -> Vec<Arc<Shelved>> {
    let is_in = |id: &str| places.iter().any(|place| place.enrolment.course == id);
    shelf.courses.values().filter(|shelved| !is_in(&shelved.course.id)).map(Arc::clone).collect()
}
