//! How what a person decides comes into force: in one transaction, around a message that may be on the wire, and so that
//! it can be undone for a day. Knows no single act.

use crate::address::Address;
use crate::clock::Now;
use crate::course::Course;
use crate::delivery::State as DeliveryState;
use crate::enrolment::Enrolment;
use crate::enrolment::NO_MOMENT;
use crate::enrolment::Reader;
use crate::enrolment::Refused;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::outlook::Known;
use crate::flow::outlook::Outlook;
use crate::flow::outlook::known;
use crate::flow::outlook::together;
use crate::flow::preferences::Act;
use crate::flow::reader::Answers;
use crate::flow::shelf::Shelf;
use crate::flow::undo::Before;
use crate::flow::undo::remember;
use crate::store::Connection;
use crate::store::enrolments;
use crate::store::outbox;
use crate::store::outbox::Lane;
use crate::store::people;
use crate::store::subscribers;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Which of a person's courses an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    All,
    Course(String),
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    On(Done),
    /// There was nothing to change: it is so already.
    Nothing,
    /// It isn't possible, and why; nothing changed.
    Refused(Refused),
    NobodyThere,
}

/// An act that came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The courses that it changed.
    pub courses: Vec<String>,
    /// The number by which it can be undone.
    pub act: i64,
}

/// What an act would lead to.
#[derive(Debug)]
pub struct Foreseen {
    /// Why it isn't possible.
    pub refused: Option<Refused>,
    /// Whether it would change anything.
    pub changes: bool,
    pub outlook: Vec<Outlook>,
}

/// What an act makes of one enrolment.
pub enum Wish {
    /// Nothing.
    Stay,
    /// Another state; what is queued isn't sent.
    To(State),
    /// Other settings; what comes next follows from them.
    Settings,
    /// It goes on, and what comes next is worked out already.
    Resumed,
}

/// One enrolment, and all that decides over it, in the hands of an act.
pub struct Hand<'a> {
    pub it: &'a mut Enrolment,
    /// No later run of this course has begun.
    pub is_newest: bool,
    pub course: &'a Course,
    pub reader: &'a Reader,
    pub now: Timestamp,
}

/// Does what a person asks of their courses. A message on the wire is heard first: what was decided then comes into force
/// with its record.
pub async fn act(app: &App, address: &Address, which: &Which, act: &Act) -> Result<Acted> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let acted = within(app, &shelf, &mut transaction, address, which, act, now).await?;
    if let Acted::On(_) = acted {
        transaction.commit().await?;
        app.changed.notify_waiters();
    }
    Ok(acted)
}

/// As [`act`], as a part of what comes into force together. Only what is `On` may be committed.
pub(super) async fn within(
    app: &App,
    shelf: &Shelf,
    transaction: &mut Connection,
    address: &Address,
    which: &Which,
    act: &Act,
    now: Now,
) -> Result<Acted> {
    let Some(known) = subscribers::by_key(transaction, &address.key()).await? else {
        return Ok(Acted::NobodyThere);
    };
    let mut person = known.clone();
    act.settle_person(&mut person);
    let which = act.reach(which);
    let all = enrolments::of_subscriber(transaction, known.id).await?;
    let answers = Answers::read(transaction, all.iter().map(|it| it.id).collect()).await?;
    let mut before = Before::of(&known);
    let newest = newest(&all);
    for known in all {
        let Some(shelved) = shelf.get(&known.course) else { continue };
        if !which.means(&known.course) {
            continue;
        }
        let (mut it, reader) = (known.clone(), app.reader(&person, answers.of(known.id)));
        let is_newest = newest.contains(&known.id);
        let hand = Hand { it: &mut it, is_newest, course: &shelved.course, reader: &reader, now: now.reader };
        let wish = match act.decide(which, hand) {
            Ok(wish) => wish,
            Err(refused) => return Ok(Acted::Refused(refused)),
        };
        if !matches!(wish, Wish::Stay) {
            before.keep(&known);
        }
        if let Err(refused) = fulfil(transaction, it, wish, (&person, &shelved.course, &reader), now).await? {
            return Ok(Acted::Refused(refused));
        }
    }
    let courses = before.courses();
    if person != known {
        people::put(transaction, &[&person], now.wall.as_millisecond()).await?;
    } else if courses.is_empty() {
        return Ok(Acted::Nothing);
    }
    leave_behind(transaction, &person, now).await?;
    let act = remember(transaction, known.id, act.name(), &before, now).await?;
    Ok(Acted::On(Done { courses, act }))
}

/// Writes what an act wished for one enrolment, or says why it can't be.
async fn fulfil(
    transaction: &mut Connection,
    mut it: Enrolment,
    wish: Wish,
    (person, course, reader): (&Subscriber, &Course, &Reader),
    now: Now,
) -> Result<Result<(), Refused>> {
    match wish {
        Wish::Stay => {}
        Wish::To(state) => come_to(transaction, &mut it, state, now).await?,
        Wish::Resumed => go_on(transaction, &it, now).await?,
        Wish::Settings => {
            if let Err(refused) = settled(&mut it, person, course, reader, now.reader) {
                return Ok(Err(refused));
            }
            if it.state == State::InFlight {
                // It follows with the message's record.
                enrolments::choose(transaction, &it).await?;
            } else {
                put(transaction, &it, now).await?;
            }
        }
    }
    Ok(Ok(()))
}

/// What would come of an act, with the next lessons of each course that is meant, at most `most` each. Changes nothing.
pub async fn foresee(app: &App, address: &Address, which: &Which, act: &Act, most: usize) -> Result<Foreseen> {
    let now = app.clock.now().reader;
    let mut foreseen = Foreseen { refused: None, changes: false, outlook: Vec::new() };
    let Some(Known { mut person, places, answers }) = known(app, address).await? else { return Ok(foreseen) };
    let before = person.clone();
    act.settle_person(&mut person);
    foreseen.changes = person != before;
    let reach = act.reach(which);
    let newest = newest(&places);
    let shelf = app.shelf.read().await.clone();
    let mut lives = Vec::new();
    for mut it in places {
        let Some(shelved) = shelf.get(&it.course) else { continue };
        let reader = app.reader(&person, answers.of(it.id));
        if !reach.means(&it.course) {
            lives.push((it, reader));
            continue;
        }
        let is_newest = newest.contains(&it.id);
        let wish = act.decide(reach, Hand { it: &mut it, is_newest, course: &shelved.course, reader: &reader, now });
        foreseen.changes |= !matches!(wish, Ok(Wish::Stay));
        let settled = match wish {
            Ok(Wish::Stay) => Ok(()),
            Ok(Wish::To(state)) if it.state == State::InFlight => {
                it.after = Some(state);
                Ok(())
            }
            Ok(Wish::To(state)) => {
                it.state = state;
                Ok(())
            }
            Ok(Wish::Resumed) => {
                it.after = None;
                Ok(())
            }
            Ok(Wish::Settings) => settled(&mut it, &person, &shelved.course, &reader, now),
            Err(refused) => Err(refused),
        };
        foreseen.refused = foreseen.refused.or(settled.err());
        lives.push((it, reader));
    }
    foreseen.outlook = together(app, &shelf, lives, now, most);
    foreseen.outlook.retain(|it| which.means(&it.enrolment.course));
    Ok(foreseen)
}

impl Which {
    pub(super) fn means(&self, course: &str) -> bool {
        match self {
            Which::All => true,
            Which::Course(named) => named == course,
        }
    }
}

/// The latest run of each course, by its number.
fn newest(all: &[Enrolment]) -> BTreeSet<i64> {
    let runs: BTreeMap<&str, (i64, i64)> = all.iter().fold(BTreeMap::new(), |mut runs, it| {
        let last = runs.entry(it.course.as_str()).or_default();
        *last = (*last).max((it.run, it.id));
        runs
    });
    runs.into_values().map(|(_, id)| id).collect()
}

/// Other settings for an enrolment, or why they can't be: what comes next follows from them at once, except where a message
/// is under way, or nothing comes.
fn settled(
    it: &mut Enrolment,
    person: &Subscriber,
    course: &Course,
    reader: &Reader,
    now: Timestamp,
) -> Result<(), Refused> {
    let takes_no_mail = person.status == Status::Suppressed;
    match it.state {
        // Nothing of a course that has ended is held, so nothing else would keep it back.
        State::Completed if takes_no_mail => Err(Refused::TakesNoMail),
        // Held for want of a moment alone: other settings may give it one.
        State::Held if !takes_no_mail && it.held_why.as_deref() == Some(NO_MOMENT) => {
            it.advance(course, reader, now);
            Ok(())
        }
        State::InFlight | State::Pending | State::Paused | State::Held | State::Left => Ok(()),
        State::Waiting | State::Awaiting | State::Completed => {
            it.advance(course, reader, now);
            if it.held_why.is_some() { Err(Refused::NoMoment(it.course.clone())) } else { Ok(()) }
        }
    }
}

/// Goes on, or takes back the wish to stop once the message under way is heard.
async fn go_on(connection: &mut Connection, it: &Enrolment, now: Now) -> Result<()> {
    if it.state == State::InFlight {
        return Ok(enrolments::wish(connection, it, None).await?);
    }
    put(connection, it, now).await
}

/// Brings an enrolment to a state in which nothing of it is sent. A message on the wire is heard first.
pub(super) async fn come_to(connection: &mut Connection, it: &mut Enrolment, state: State, now: Now) -> Result<()> {
    let mut on_the_wire = false;
    for row in outbox::open_of(connection, it.subscriber_id).await? {
        if row.enrolment_id != it.id {
            continue;
        }
        if row.state == DeliveryState::Sending || (row.state == DeliveryState::InDoubt && state == State::Paused) {
            // An issue moves nobody's place: the wish needn't wait for its record.
            on_the_wire |= row.lane == Lane::Lesson;
            continue;
        }
        outbox::set_state(connection, row.id, row.state, DeliveryState::Cancelled, "the person's wish", now.wall)
            .await?;
        it.occurrence += 1;
    }
    if on_the_wire {
        return Ok(enrolments::wish(connection, it, Some(state)).await?);
    }
    it.state = state;
    it.after = None;
    if state == State::Left {
        // When it ended: what is kept of it for a time counts from here.
        it.due = now.reader;
    }
    put(connection, it, now).await
}

/// Who has left everything gets nothing more, not even a question.
async fn leave_behind(connection: &mut Connection, person: &Subscriber, now: Now) -> Result<()> {
    let all = enrolments::of_subscriber(connection, person.id).await?;
    let has_left = all.iter().all(|it| it.state == State::Left || it.after == Some(State::Left));
    if !has_left || !matches!(person.status, Status::Active | Status::Pending) {
        return Ok(());
    }
    subscribers::set_status(connection, person.id, Status::Left).await?;
    for row in outbox::open_of(connection, person.id).await? {
        if row.enrolment_id == 0 && row.state.may_become(DeliveryState::Cancelled) {
            let why = "the person's wish";
            outbox::set_state(connection, row.id, row.state, DeliveryState::Cancelled, why, now.wall).await?;
        }
    }
    Ok(())
}

pub(super) async fn put(connection: &mut Connection, it: &Enrolment, now: Now) -> Result<()> {
    anyhow::ensure!(enrolments::put(connection, it, now.wall).await?, "the enrolment changed meanwhile; try again");
    Ok(())
}
