//! The link to one's own page, by mail, for whoever asks with their address. Tells nobody whether an address is known.

use crate::address::Address;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::letter::Letter;
use crate::flow::letter::PAGE;
use crate::store::Connection;
use crate::store::enrolments;
use crate::store::outbox;
use crate::store::subscribers;
use crate::store::suppressions;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;

/// At least this long between two of these mails to one person,
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// and so many at most in [`DAY`].
const MOST: usize = 3;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Queues the mail with the link, for a person who has one to get: not for who only ever was asked to confirm, nor for
/// an address that gets nothing, nor so often that others could bother its owner.
pub async fn ask(app: &App, address: &Address) -> Result<()> {
    let now = app.clock.now();
    if welcome(app, &mut *app.store.read().await?, address, now.wall).await?.is_none() {
        return Ok(());
    }
    let mut transaction = app.store.begin().await?;
    let Some((person, occurrence)) = welcome(app, &mut transaction, address, now.wall).await? else { return Ok(()) };
    let mail = Letter::Page {}.delivery(&person, occurrence, now)?;
    outbox::insert(&mut transaction, &[mail], now.wall).await?;
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(())
}

/// Who gets the mail, and which one of theirs it is.
async fn welcome(
    app: &App,
    connection: &mut Connection,
    address: &Address,
    now: Timestamp,
) -> Result<Option<(Subscriber, i64)>> {
    let Some(person) = subscribers::by_key(connection, &address.key()).await? else { return Ok(None) };
    let is_suppressed = suppressions::get(connection, &app.address_hash(address)).await?.is_some();
    if is_suppressed || person.status == Status::Suppressed {
        return Ok(None);
    }
    let places = enrolments::of_subscriber(connection, person.id).await?;
    if person.status != Status::Active && places.iter().all(|it| it.state == State::Pending) {
        return Ok(None);
    }
    let sent = outbox::latest(connection, PAGE, person.id, MOST as i64).await?;
    let within = |at: &Timestamp, time: SignedDuration| now.duration_since(*at) < time;
    let too_soon = sent.first().is_some_and(|(_, at)| within(at, PAUSE));
    let too_many = sent.get(MOST - 1).is_some_and(|(_, at)| within(at, DAY));
    let occurrence = sent.first().map_or(1, |(last, _)| last + 1);
    Ok((!too_soon && !too_many).then_some((person, occurrence)))
}
