//! What a person decides about their own courses: pause, pace, the next lesson now, a lesson or a stage again, their
//! hour, weekdays, zone and language; leave, be forgotten.

use crate::address::Address;
use crate::course::Course;
use crate::enrolment::Enrolment;
use crate::enrolment::Reader;
use crate::enrolment::Refused;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::act;
use crate::flow::act::Hand;
use crate::flow::act::Wish;
use crate::flow::reader::Answers;
use crate::flow::undo::Before;
use crate::flow::undo::remember;
use crate::ids::next_id;
use crate::store::enrolments;
use crate::store::subscribers;
use crate::store::suppressions;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::Time;
use std::collections::BTreeMap;

pub use crate::flow::act::Acted;
pub use crate::flow::act::Done;
pub use crate::flow::act::Foreseen;
pub use crate::flow::act::Which;
pub use crate::flow::act::act;
pub use crate::flow::act::foresee;
pub use crate::flow::outlook::Outlook;
pub use crate::flow::outlook::outlook;
pub use crate::flow::undo::undo;
pub use crate::flow::undo::undoable;

/// What a person may ask of their courses.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Freezes what is left of the wait and cancels what isn't on the wire yet. `until`: the first local date on which the
    /// person gets lessons again. Who is paused already gets the new end.
    Pause { until: Option<Date> },
    /// One stage rests, and the others go on.
    PauseStage { stage: String, until: Option<Date> },
    /// Goes on: the next moment after what was left of the wait, a day at the most; after a week or more a short mail comes
    /// first.
    Resume,
    /// A stage that was paused by itself goes on.
    ResumeStage(String),
    /// Other settings: what waits moves to where they put it, and never to a moment that has passed by now.
    Set(Settings),
    /// The next lesson leaves at once.
    NextNow,
    /// A lesson comes once more, at the next day's moment, or for the first time if it was only offered; `None`: the last
    /// one.
    Again(Option<String>),
    /// What was sent of a stage comes once more, in order.
    Repeat(String),
    /// Ends a course at once: what is queued isn't sent. Nothing that is added later comes either to who had finished it.
    Leave,
}

/// What a person sets; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    pub pace: Option<f64>,
    /// `Some(None)`: as the course says.
    pub hour: Option<Option<Time>>,
    /// As people write them: `Mon-Fri`. `Some(None)`: as the course says.
    pub weekdays: Option<Option<String>>,
    /// An IANA name.
    pub zone: Option<String>,
    pub language: Option<String>,
    /// `Some(None)`: none.
    pub first_name: Option<Option<String>>,
}

impl Act {
    /// As people call it.
    pub fn name(&self) -> &'static str {
        match self {
            Act::Pause { .. } => "pause",
            Act::PauseStage { .. } => "pause of a stage",
            Act::Resume => "going on",
            Act::ResumeStage(_) => "going on with a stage",
            Act::Set(_) => "settings",
            Act::NextNow => "next now",
            Act::Again(_) => "again",
            Act::Repeat(_) => "repeat",
            Act::Leave => "leave",
        }
    }

    /// What a person sets holds for all their courses; all else, and their pace, for those that are meant.
    pub(super) fn reach<'a>(&self, which: &'a Which) -> &'a Which {
        match self {
            Act::Set(settings) if settings.pace.is_none() => &Which::All,
            _ => which,
        }
    }

    /// Changes the person, before the enrolments.
    pub(super) fn settle_person(&self, person: &mut Subscriber) {
        let Act::Set(settings) = self else { return };
        person.hour = settings.hour.unwrap_or(person.hour);
        person.weekdays = settings.weekdays.clone().unwrap_or(person.weekdays.take());
        person.zone = settings.zone.clone().or(person.zone.take());
        person.language = settings.language.clone().or(person.language.take());
        person.first_name = settings.first_name.clone().unwrap_or(person.first_name.take());
    }

    /// Changes one of the enrolments. `Err` refuses the whole act.
    pub(super) fn decide(&self, which: &Which, hand: Hand<'_>) -> Result<Wish, Refused> {
        let Hand { it, is_newest, course, reader, now } = hand;
        // Of several courses, the one that has the stage or the lesson is meant.
        let may_choose = is_newest && may_choose(it);
        let has_stage = |id: &str| *which != Which::All || course.stages.iter().any(|known| known.id == id);
        match self {
            Act::Pause { until } => {
                let back = back(*until, reader, now)?;
                let moves = it.state == State::Paused && it.paused_until != back;
                if !moves && !is_active(it) {
                    return Ok(Wish::Stay);
                }
                it.pause(now, back);
                Ok(Wish::To(State::Paused))
            }
            Act::PauseStage { stage, until } if may_choose && has_stage(stage) => {
                it.pause_stage(course, stage, now, back(*until, reader, now)?).map(|()| Wish::Settings)
            }
            Act::Resume => match (it.state, it.after) {
                (State::Paused, _) => {
                    it.resume(course, reader, now);
                    Ok(Wish::Resumed)
                }
                (State::InFlight, Some(State::Paused)) => {
                    (it.paused_at, it.paused_until) = (None, None);
                    Ok(Wish::Resumed)
                }
                (_, _) => Ok(Wish::Stay),
            },
            Act::ResumeStage(stage) => {
                let goes_on = it.resume_stage(stage, now);
                Ok(if goes_on { Wish::Settings } else { Wish::Stay })
            }
            Act::Set(settings) => Ok(settings.decide(it, course, now)),
            Act::NextNow if matches!(it.state, State::Waiting | State::Awaiting) => {
                it.next_now(course, reader, now).map(|()| Wish::Settings)
            }
            Act::Again(lesson) if may_choose => {
                let last = it.progress.last_lesson().map(String::from);
                let Some(lesson) = lesson.clone().or(last) else { return Ok(Wish::Stay) };
                if *which == Which::All && !course.order.contains(&lesson) {
                    return Ok(Wish::Stay);
                }
                it.again(course, &lesson, now).map(|()| Wish::Settings)
            }
            Act::Repeat(stage) if may_choose && has_stage(stage) => {
                it.repeat(course, stage, now).map(|()| Wish::Settings)
            }
            Act::Leave if it.state != State::Left => Ok(Wish::To(State::Left)),
            Act::PauseStage { .. } | Act::NextNow | Act::Again(_) | Act::Repeat(_) | Act::Leave => Ok(Wish::Stay),
        }
    }
}

impl Settings {
    fn decide(&self, it: &mut Enrolment, course: &Course, now: Timestamp) -> Wish {
        if matches!(it.state, State::Left | State::Completed) {
            return Wish::Stay;
        }
        let pace = it.pace;
        if let Some(wished) = self.pace {
            it.set_pace(course, wished);
        }
        let moves_all = self.hour.is_some() || self.weekdays.is_some() || self.zone.is_some();
        if !moves_all && it.pace == pace {
            return Wish::Stay;
        }
        it.not_before(now);
        Wish::Settings
    }
}

/// Begins a course again from its first lesson, as a new run; the present run ends. Whoever asks has confirmed before, so
/// nobody has to be asked once more. `Nothing` for somebody who never was in it, or waits for their own word.
pub async fn start_again(app: &App, address: &Address, course: &str) -> Result<Acted> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let Some(person) = subscribers::by_key(&mut transaction, &address.key()).await? else {
        return Ok(Acted::NobodyThere);
    };
    let all = enrolments::of_subscriber(&mut transaction, person.id).await?;
    let last = all.iter().filter(|it| it.course == course).max_by_key(|it| it.run);
    let (Some(shelved), Some(last)) = (shelf.get(course), last) else { return Ok(Acted::Nothing) };
    if person.status != Status::Active || matches!(last.state, State::Pending | State::Held) {
        return Ok(Acted::Nothing);
    }
    let mut before = Before::of(&person);
    before.keep(last);
    let mut ended = last.clone();
    if !matches!(ended.state, State::Completed | State::Left) {
        act::come_to(&mut transaction, &mut ended, State::Left, now).await?;
    }
    let mut run = Enrolment::new(next_id(now.wall), person.id, course, last.run + 1, now.reader);
    run.pace = last.pace;
    // The date on which the old run's lesson came has had its lesson.
    (run.last_date, run.last_count) = (last.last_date, 0);
    run.begin(&shelved.course, &app.reader(&person, BTreeMap::new()), now.reader);
    act::put(&mut transaction, &run, now).await?;
    before.begun(run.id);
    let act = remember(&mut transaction, person.id, "start again", &before, now).await?;
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(Acted::On(Done { courses: vec![course.to_string()], act }))
}

/// Forgets a person: every row goes, and only a keyed hash of the address stays, so that nobody writes to it again.
/// False when nobody was there.
pub async fn erase(app: &App, address: &Address) -> Result<bool> {
    let now = app.clock.now();
    let mut connection = app.store.read().await?;
    let Some(person) = subscribers::by_key(&mut connection, &address.key()).await? else { return Ok(false) };
    let mailed = subscribers::mailed_to(&mut connection, person.id).await?;
    drop(connection);
    let mut transaction = app.store.begin().await?;
    subscribers::erase(&mut transaction, person.id, &mailed).await?;
    let hash = app.address_hash(address);
    suppressions::add(&mut transaction, &hash, "", "erased", "the person's wish", now.wall.as_millisecond()).await?;
    transaction.commit().await?;
    app.store.forget_old_pages().await?;
    Ok(true)
}

/// Brings back everybody whose pause has ended by now. How many.
pub async fn step(app: &App) -> Result<usize> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let returning = enrolments::returning(&mut transaction, now.reader, 500).await?;
    let answers = Answers::read(&mut transaction, returning.iter().map(|(it, _)| it.id).collect()).await?;
    let mut back = Vec::new();
    for (mut it, person) in returning {
        let Some(shelved) = shelf.get(&it.course) else { continue };
        let reader = app.reader(&person, answers.of(it.id));
        // Noticed late, a pause was no longer than its person wished.
        let ended = it.paused_until.unwrap_or(now.reader).min(now.reader);
        it.resume(&shelved.course, &reader, ended);
        back.push(it);
    }
    let written = enrolments::put_all(&mut transaction, &back.iter().collect::<Vec<_>>(), now.wall).await?;
    anyhow::ensure!(written, "an enrolment changed while its pause ended");
    transaction.commit().await?;
    Ok(back.len())
}

/// When a pause ends.
fn back(until: Option<Date>, reader: &Reader, now: Timestamp) -> Result<Option<Timestamp>, Refused> {
    let back = until.map(|date| crate::timing::resolve(date.at(0, 0, 0, 0), &reader.zone));
    if back.is_some_and(|back| back <= now) { Err(Refused::PauseIsOver) } else { Ok(back) }
}

fn is_active(it: &Enrolment) -> bool {
    matches!(it.state, State::Waiting | State::InFlight | State::Awaiting)
}

/// Whether a person can still ask for something in a course: also when it has ended, and while it is paused.
fn may_choose(it: &Enrolment) -> bool {
    is_active(it) || matches!(it.state, State::Completed | State::Paused)
}
