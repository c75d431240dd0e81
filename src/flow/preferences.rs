//! What a person decides about their own courses: pause, go on, leave, be forgotten.

use crate::address::Address;
use crate::clock::Now;
use crate::delivery::State as DeliveryState;
use crate::enrolment;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::shelf::Shelf;
use crate::store::Connection;
use crate::store::enrolments;
use crate::store::outbox;
use crate::store::outbox::Lane;
use crate::store::subscribers;
use crate::store::suppressions;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::civil::Date;

/// Which of a person's courses an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    All,
    Course(String),
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// The courses that it changed.
    On(Vec<String>),
    /// There was nothing to change: it is so already.
    Nothing,
    /// The pause would end before it begins.
    Over,
    NobodyThere,
}

/// Freezes what is left of the wait and cancels what isn't on the wire yet. `until`: the first local date on which the
/// person gets lessons again. Who is paused already gets the new end.
pub async fn pause(app: &App, address: &Address, which: &Which, until: Option<Date>) -> Result<Acted> {
    let back = |person: &Subscriber| until.map(|date| crate::timing::resolve(date.at(0, 0, 0, 0), &app.zone(person)));
    let mut connection = app.store.read().await?;
    let person = subscribers::by_key(&mut connection, &address.key()).await?;
    drop(connection);
    if person.as_ref().and_then(back).is_some_and(|back| back <= app.clock.now().reader) {
        return Ok(Acted::Over);
    }
    act(app, address, which, |_app, _shelf, enrolment, person, now| {
        let back = back(person);
        if enrolment.state == State::Paused && enrolment.paused_until != back {
            enrolment.paused_until = back;
            return Some(State::Paused);
        }
        if !matches!(enrolment.state, State::Waiting | State::InFlight | State::Awaiting) {
            return None;
        }
        enrolment.paused_at = Some(now.reader);
        enrolment.paused_until = back;
        Some(State::Paused)
    })
    .await
}

/// Goes on: the next moment after what was left of the wait, a day at the most.
pub async fn resume(app: &App, address: &Address, which: &Which) -> Result<Acted> {
    act(app, address, which, |app, shelf, enrolment, person, now| {
        let paused_later = enrolment.state == State::InFlight && enrolment.after == Some(State::Paused);
        if enrolment.state != State::Paused && !paused_later {
            return None;
        }
        enrolment.after = None;
        (enrolment.state == State::Paused).then(|| go_on(app, shelf, enrolment, person, now)).or(Some(State::InFlight))
    })
    .await
}

/// Ends a course, or all of them, at once: what is queued isn't sent.
pub async fn leave(app: &App, address: &Address, which: &Which) -> Result<Acted> {
    act(app, address, which, |_app, _shelf, enrolment, _person, _now| {
        enrolment.state.is_running().then_some(State::Left)
    })
    .await
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
    for (mut enrolment, person) in returning.clone() {
        enrolment.state = go_on(app, &shelf, &mut enrolment, &person, now);
        enrolments::put(&mut transaction, &enrolment, now.wall).await?;
    }
    transaction.commit().await?;
    Ok(returning.len())
}

fn go_on(app: &App, shelf: &Shelf, enrolment: &mut Enrolment, person: &Subscriber, now: Now) -> State {
    let remaining = enrolment::remaining_on_pause(enrolment.due, enrolment.paused_at.unwrap_or(now.reader));
    enrolment.floor = Some(enrolment::floor_on_resume(now.reader, remaining));
    enrolment.paused_at = None;
    enrolment.paused_until = None;
    if let Some(shelved) = shelf.get(&enrolment.course) {
        shelved.advance(app, enrolment, person);
    }
    enrolment.state
}

/// Applies `decide` to a person's enrolments in one transaction. It returns the state to go to, or `None` to leave one
/// as it is. A message on the wire is heard first: the wish then comes into force with its record.
async fn act(
    app: &App,
    address: &Address,
    which: &Which,
    decide: impl Fn(&App, &Shelf, &mut Enrolment, &Subscriber, Now) -> Option<State>,
) -> Result<Acted> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let Some(person) = subscribers::by_key(&mut transaction, &address.key()).await? else {
        return Ok(Acted::NobodyThere);
    };
    let mut courses = Vec::new();
    for mut enrolment in enrolments::of_subscriber(&mut transaction, person.id).await? {
        let meant = match which {
            Which::All => true,
            Which::Course(course) => enrolment.course == *course,
        };
        if !meant {
            continue;
        }
        let Some(state) = decide(app, &shelf, &mut enrolment, &person, now) else { continue };
        come_to(&mut transaction, &mut enrolment, state, now).await?;
        courses.push(enrolment.course);
    }
    let nobody_left = enrolments::of_subscriber(&mut transaction, person.id).await?;
    if matches!(person.status, Status::Active | Status::Pending)
        && nobody_left.iter().all(|it| it.state == State::Left || it.after == Some(State::Left))
    {
        subscribers::set_status(&mut transaction, person.id, Status::Left).await?;
        stop_asking(&mut transaction, person.id, now).await?;
    }
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(if courses.is_empty() { Acted::Nothing } else { Acted::On(courses) })
}

/// Nobody is asked to confirm what they have left.
async fn stop_asking(connection: &mut Connection, subscriber: i64, now: Now) -> Result<()> {
    for row in outbox::open_of(connection, subscriber).await? {
        if row.enrolment_id == 0 && row.state.may_become(DeliveryState::Cancelled) {
            outbox::set_state(connection, row.id, row.state, DeliveryState::Cancelled, "the person's wish", now.wall)
                .await?;
        }
    }
    Ok(())
}

async fn come_to(connection: &mut Connection, enrolment: &mut Enrolment, state: State, now: Now) -> Result<()> {
    let mut on_the_wire = false;
    if state != State::InFlight {
        for row in outbox::open_of(connection, enrolment.subscriber_id).await? {
            if row.enrolment_id != enrolment.id {
                continue;
            }
            if row.state == DeliveryState::Sending || (row.state == DeliveryState::InDoubt && state == State::Paused) {
                // An issue moves nobody's place: the wish needn't wait for its record.
                on_the_wire |= row.lane == Lane::Lesson;
                continue;
            }
            outbox::set_state(connection, row.id, row.state, DeliveryState::Cancelled, "the person's wish", now.wall)
                .await?;
            enrolment.occurrence += 1;
        }
    }
    if on_the_wire {
        enrolments::wish(connection, enrolment, Some(state)).await?;
    } else if state == State::InFlight {
        enrolments::wish(connection, enrolment, None).await?;
    } else {
        enrolment.state = state;
        enrolment.after = None;
        anyhow::ensure!(
            enrolments::put(connection, enrolment, now.wall).await?,
            "the enrolment changed meanwhile; try again"
        );
    }
    Ok(())
}
