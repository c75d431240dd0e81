//! What a person decides about their own courses: pause, pace, the next lesson now, a lesson or a stage again, their
//! hour, weekdays, zone and language; leave, be forgotten.

use crate::address::Address;
use crate::course::Course;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::act;
use crate::flow::act::Deed;
use crate::flow::act::Hand;
use crate::flow::act::Wish;
use crate::flow::act::nobody;
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
pub use crate::flow::act::Which;
pub use crate::flow::act::outlook;
pub use crate::flow::undo::undo;

/// What a person sets; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    pub pace: Option<f64>,
    pub hour: Option<Time>,
    /// As people write them: `Mon-Fri`.
    pub weekdays: Option<String>,
    /// An IANA name.
    pub zone: Option<String>,
    pub language: Option<String>,
}

/// Freezes what is left of the wait and cancels what isn't on the wire yet. `until`: the first local date on which the
/// person gets lessons again. Who is paused already gets the new end.
pub async fn pause(app: &App, address: &Address, which: &Which, until: Option<Date>) -> Result<Acted> {
    let Some(back) = back(app, address, until).await? else { return Ok(over()) };
    let decide = |hand: Hand<'_>| {
        let Hand { it, now, .. } = hand;
        let moves = it.state == State::Paused && it.paused_until != back;
        if !moves && !is_active(it) {
            return Ok(Wish::Stay);
        }
        it.pause(now, back);
        Ok(Wish::To(State::Paused))
    };
    act::act(app, address, &Deed { name: "pause", which, person: &nobody, decide: &decide }).await
}

/// One stage rests, and the others go on.
pub async fn pause_stage(
    app: &App,
    address: &Address,
    which: &Which,
    stage: &str,
    until: Option<Date>,
) -> Result<Acted> {
    let Some(back) = back(app, address, until).await? else { return Ok(over()) };
    let decide = |hand: Hand<'_>| {
        let Hand { it, is_newest, course, now, .. } = hand;
        if !(is_newest && may_choose(it)) || has_no(course, which, stage) {
            return Ok(Wish::Stay);
        }
        it.pause_stage(course, stage, now, back).map(|()| Wish::Settings)
    };
    act::act(app, address, &Deed { name: "pause of a stage", which, person: &nobody, decide: &decide }).await
}

/// Goes on: the next moment after what was left of the wait, a day at the most; after a week or more a short mail comes
/// first.
pub async fn resume(app: &App, address: &Address, which: &Which) -> Result<Acted> {
    let decide = |hand: Hand<'_>| {
        let Hand { it, course, reader, now, .. } = hand;
        match (it.state, it.after) {
            (State::Paused, _) => it.resume(course, reader, now),
            (State::InFlight, Some(State::Paused)) => (it.paused_at, it.paused_until) = (None, None),
            (_, _) => return Ok(Wish::Stay),
        }
        Ok(Wish::Resumed)
    };
    act::act(app, address, &Deed { name: "going on", which, person: &nobody, decide: &decide }).await
}

/// A stage that was paused by itself goes on.
pub async fn resume_stage(app: &App, address: &Address, which: &Which, stage: &str) -> Result<Acted> {
    let decide = |hand: Hand<'_>| {
        let goes_on = hand.it.resume_stage(stage, hand.now);
        Ok(if goes_on { Wish::Settings } else { Wish::Stay })
    };
    act::act(app, address, &Deed { name: "going on with a stage", which, person: &nobody, decide: &decide }).await
}

/// Other settings: what waits moves to where they put it, and never to a moment that has passed by now.
pub async fn set(app: &App, address: &Address, which: &Which, settings: &Settings) -> Result<Acted> {
    let person = |person: &mut Subscriber| {
        person.hour = settings.hour.or(person.hour);
        person.weekdays = settings.weekdays.clone().or(person.weekdays.take());
        person.zone = settings.zone.clone().or(person.zone.take());
        person.language = settings.language.clone().or(person.language.take());
    };
    let moves_all = settings.hour.is_some() || settings.weekdays.is_some() || settings.zone.is_some();
    let decide = |hand: Hand<'_>| {
        let Hand { it, course, now, .. } = hand;
        if matches!(it.state, State::Left | State::Completed) {
            return Ok(Wish::Stay);
        }
        let pace = it.pace;
        if let Some(wished) = settings.pace {
            it.set_pace(course, wished);
        }
        if !moves_all && it.pace == pace {
            return Ok(Wish::Stay);
        }
        it.not_before(now);
        Ok(Wish::Settings)
    };
    // What a person sets holds for all their courses; their pace for those that are meant.
    let all = if settings.pace.is_some() { which } else { &Which::All };
    act::act(app, address, &Deed { name: "settings", which: all, person: &person, decide: &decide }).await
}

/// The next lesson leaves at once.
pub async fn next_now(app: &App, address: &Address, which: &Which) -> Result<Acted> {
    let decide = |hand: Hand<'_>| {
        let Hand { it, course, reader, now, .. } = hand;
        if !matches!(it.state, State::Waiting | State::Awaiting) {
            return Ok(Wish::Stay);
        }
        it.next_now(course, reader, now)?;
        Ok(Wish::Settings)
    };
    act::act(app, address, &Deed { name: "next now", which, person: &nobody, decide: &decide }).await
}

/// A lesson comes once more, at the next day's moment; `None`: the last one.
pub async fn again(app: &App, address: &Address, which: &Which, lesson: Option<&str>) -> Result<Acted> {
    let decide = |hand: Hand<'_>| {
        let Hand { it, is_newest, course, now, .. } = hand;
        let last = it.progress.last_lesson().map(String::from);
        let Some(lesson) = lesson.map(String::from).or(last).filter(|_| is_newest && may_choose(it)) else {
            return Ok(Wish::Stay);
        };
        // Of several courses, the one that has it.
        if *which == Which::All && !course.order.contains(&lesson) {
            return Ok(Wish::Stay);
        }
        it.again(course, &lesson, now)?;
        Ok(Wish::Settings)
    };
    act::act(app, address, &Deed { name: "again", which, person: &nobody, decide: &decide }).await
}

/// What was sent of a stage comes once more, in order.
pub async fn repeat(app: &App, address: &Address, which: &Which, stage: &str) -> Result<Acted> {
    let decide = |hand: Hand<'_>| {
        let Hand { it, is_newest, course, now, .. } = hand;
        if !(is_newest && may_choose(it)) || has_no(course, which, stage) {
            return Ok(Wish::Stay);
        }
        it.repeat(course, stage, now)?;
        Ok(Wish::Settings)
    };
    act::act(app, address, &Deed { name: "repeat", which, person: &nobody, decide: &decide }).await
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
    remember(&mut transaction, person.id, "start again", &before, now).await?;
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(Acted::On(vec![course.to_string()]))
}

/// Ends a course, or all of them, at once: what is queued isn't sent. Nothing that is added later comes either to who had
/// finished it.
pub async fn leave(app: &App, address: &Address, which: &Which) -> Result<Acted> {
    let decide = |hand: Hand<'_>| {
        let has_left = hand.it.state == State::Left;
        Ok(if has_left { Wish::Stay } else { Wish::To(State::Left) })
    };
    act::act(app, address, &Deed { name: "leave", which, person: &nobody, decide: &decide }).await
}

/// Ends the course that a leave-link names, or all of that person's. The link of an earlier run ends the present one
/// too: links work for ever, and who presses one wants no more mail. Idempotent; an unknown number is no error.
pub async fn leave_by_link(app: &App, enrolment: i64, all: bool) -> Result<()> {
    let mut connection = app.store.read().await?;
    let Some(found) = enrolments::by_id(&mut connection, enrolment).await? else { return Ok(()) };
    let person = subscribers::by_id(&mut connection, found.subscriber_id).await?;
    drop(connection);
    if let Some(person) = person {
        let which = if all { Which::All } else { Which::Course(found.course) };
        leave(app, &person.address, &which).await?;
    }
    Ok(())
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

/// When a pause ends; `None` when it would end before it begins.
async fn back(app: &App, address: &Address, until: Option<Date>) -> Result<Option<Option<Timestamp>>> {
    let person = subscribers::by_key(&mut *app.store.read().await?, &address.key()).await?;
    let zone = person.map_or_else(|| app.settings.site.time_zone.clone(), |person| app.zone(&person));
    let back = until.map(|date| crate::timing::resolve(date.at(0, 0, 0, 0), &zone));
    Ok(Some(back).filter(|back| back.is_none_or(|back| back > app.clock.now().reader)))
}

fn over() -> Acted {
    Acted::Refused("the last date of this pause has passed; name a later one".to_string())
}

/// Of several courses, the one that has the stage is meant.
fn has_no(course: &Course, which: &Which, stage: &str) -> bool {
    *which == Which::All && !course.stages.iter().any(|known| known.id == stage)
}

fn is_active(it: &Enrolment) -> bool {
    matches!(it.state, State::Waiting | State::InFlight | State::Awaiting)
}

/// Whether a person can still ask for something in a course: also when it has ended, and while it is paused.
fn may_choose(it: &Enrolment) -> bool {
    is_active(it) || matches!(it.state, State::Completed | State::Paused)
}
