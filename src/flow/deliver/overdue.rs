//! What time alone does to messages: doubt is resolved, and what waited too long expires.

use crate::clock::Now;
use crate::delivery::MAX_COPIES;
use crate::delivery::State;
use crate::enrolment;
use crate::flow::App;
use crate::flow::InDoubt;
use crate::flow::reader::Answers;
use crate::flow::shelf::Shelf;
use crate::store::Connection;
use crate::store::enrolments;
use crate::store::issues;
use crate::store::meta;
use crate::store::outbox;
use crate::store::outbox::Delivery;
use crate::store::outbox::Lane;
use crate::store::subscribers;
use crate::subscriber::Status;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;

/// How many times in a row a lesson may expire unsent before a human must look.
const MOST_EXPIRIES: u32 = 3;
const PAGE: i64 = 500;

/// Resolves what has been in doubt for long enough, and expires what waited too long, where relays are `heard`: while
/// they are away, expiry waits. How many.
pub async fn step(app: &App, heard: bool) -> Result<usize> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let after = app.settings.delivery.in_doubt_after;
    let before = now.wall.saturating_sub(after).unwrap_or(Timestamp::MIN);
    let doubtful = outbox::in_doubt(&mut transaction, before, PAGE).await?;
    for row in &doubtful {
        resolve(app, &mut transaction, row, now).await?;
    }
    let expired = if heard { outbox::expired(&mut transaction, now.wall, PAGE).await? } else { Vec::new() };
    for row in &expired {
        expire(app, &shelf, &mut transaction, row, now).await?;
    }
    transaction.commit().await?;
    Ok(doubtful.len() + expired.len())
}

/// The same bytes once more, or a human.
async fn resolve(app: &App, connection: &mut Connection, row: &Delivery, now: Now) -> Result<()> {
    if issues::cancel_if_stopped(connection, row.id, now.wall).await? {
        return Ok(());
    }
    if is_unwanted(connection, row).await? {
        return call_off(connection, row, now).await;
    }
    let again = app.settings.delivery.in_doubt == InDoubt::Resend && row.copies < MAX_COPIES;
    if again {
        outbox::set_state(connection, row.id, State::InDoubt, State::Ready, "in doubt: sent again as it was", now.wall)
            .await?;
        return Ok(());
    }
    wait_for_a_human(connection, row, now).await
}

/// The person left, or their address was found to take no mail, while the message was on the wire of a program that
/// ended: no second copy follows. A pause doesn't settle a doubt.
async fn is_unwanted(connection: &mut Connection, row: &Delivery) -> Result<bool> {
    let person = subscribers::by_id(connection, row.subscriber_id).await?;
    let gone = person.is_none_or(|it| matches!(it.status, Status::Left | Status::Suppressed));
    let enrolment = enrolments::by_id(connection, row.enrolment_id).await?;
    let wish = enrolment.and_then(|it| it.after.or(Some(it.state).filter(|state| *state == enrolment::State::Left)));
    Ok(gone || wish.is_some_and(|wish| wish != enrolment::State::Paused))
}

async fn call_off(connection: &mut Connection, row: &Delivery, now: Now) -> Result<()> {
    outbox::set_state(connection, row.id, State::InDoubt, State::Cancelled, "the person's wish", now.wall).await?;
    if let Some(mut enrolment) = enrolments::by_id(connection, row.enrolment_id).await?
        && let Some(wish) = enrolment.after.take()
    {
        enrolment.state = wish;
        enrolment.occurrence += 1;
        enrolments::put(connection, &enrolment, now.wall).await?;
    }
    Ok(())
}

async fn wait_for_a_human(connection: &mut Connection, row: &Delivery, now: Now) -> Result<()> {
    let why = "nobody knows whether it arrived; look into the relay's log, then `dripline retry` or `dripline release`";
    outbox::set_state(connection, row.id, row.state, State::Held, why, now.wall).await?;
    if row.lane == Lane::Lesson
        && let Some(mut enrolment) = enrolments::by_id(connection, row.enrolment_id).await?
    {
        enrolment.state = enrolment::State::Held;
        enrolment.after = None;
        enrolment.held_why = Some(format!("nobody knows whether delivery {} arrived", row.id));
        enrolments::put(connection, &enrolment, now.wall).await?;
    }
    let text = format!("delivery {} is held: {why} {}", row.id, row.id);
    meta::raise(connection, &format!("delivery/{}", row.id), &text, now.wall.as_millisecond()).await?;
    Ok(())
}

/// The person keeps their place: the lesson is scheduled again next day, three times.
async fn expire(app: &App, shelf: &Shelf, connection: &mut Connection, row: &Delivery, now: Now) -> Result<()> {
    if row.copies > 0 {
        // Scheduling it anew would be a third message with another Message-ID.
        return wait_for_a_human(connection, row, now).await;
    }
    if !outbox::set_state(connection, row.id, row.state, State::Expired, "waited too long for the relay", now.wall)
        .await?
    {
        return Ok(());
    }
    if row.lane != Lane::Lesson {
        return Ok(());
    }
    let enrolment = enrolments::by_id(connection, row.enrolment_id).await?;
    let person = subscribers::by_id(connection, row.subscriber_id).await?;
    let (Some(mut enrolment), Some(person)) = (enrolment, person) else { return Ok(()) };
    enrolment.expired += 1;
    enrolment.occurrence += 1;
    if enrolment.expired >= MOST_EXPIRIES {
        enrolment.state = enrolment::State::Held;
        enrolment.held_why =
            Some(format!("lesson {} expired {MOST_EXPIRIES} times before the relay took it", enrolment.lesson));
        let text = format!(
            "enrolment {} is held: lesson {} expired {MOST_EXPIRIES} times; run `dripline release {}`",
            enrolment.id, enrolment.lesson, enrolment.course
        );
        meta::raise(connection, &format!("expired/{}", enrolment.id), &text, now.wall.as_millisecond()).await?;
    } else if let Some(shelved) = shelf.get(&enrolment.course) {
        enrolment.floor = Some(now.reader.saturating_add(SignedDuration::from_hours(12)).unwrap_or(Timestamp::MAX));
        let answers = Answers::read(connection, vec![enrolment.id]).await?;
        enrolment.advance(&shelved.course, &app.reader(&person, answers.of(enrolment.id)), now.reader);
    }
    if let Some(wish) = enrolment.after.take() {
        enrolment.state = wish;
    }
    anyhow::ensure!(
        enrolments::put(connection, &enrolment, now.wall).await?,
        "an enrolment changed while its lesson expired"
    );
    Ok(())
}
