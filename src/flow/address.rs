//! A change of address: asked for by the person, confirmed at the new address. Until then the old one stays in force; from
//! then on it is the same person in the same places.

use crate::address::Address;
use crate::clock::Now;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::letter::ADDRESS_CHANGED;
use crate::flow::letter::Letter;
use crate::flow::letter::NEW_ADDRESS;
use crate::flow::operate;
use crate::flow::operate::BOUNCED;
use crate::flow::operate::MAILBOX_FULL;
use crate::flow::operate::NOT_CARRIED;
use crate::flow::operate::TAKES_NO_MAIL;
use crate::flow::shelf::Shelf;
use crate::flow::sign_up::new_token;
use crate::flow::sign_up::token_hash;
use crate::store::Connection;
use crate::store::address_changes;
use crate::store::address_changes::AddressChange;
use crate::store::enrolments;
use crate::store::outbox;
use crate::store::subscribers;
use crate::store::suppressions;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;

/// How long the link to a new address works.
const LINK_WORKS: SignedDuration = SignedDuration::from_hours(1);
/// Mails to new addresses that one person may have sent in a day: no more strangers can be bothered through a page.
const MOST_IN_A_DAY: usize = 3;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What the link in the mail to a new address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Waits for the press of the button; after it, the change is made. With the person's language.
    Asks(Option<String>),
    /// Was pressed already.
    Used,
    /// Older than an hour, or the address can't be theirs any more.
    Gone,
    /// No link of ours.
    Unknown,
}

/// Mails a link to a new address. An address that is somebody's already, or that gets nothing, gets none, and neither does
/// one too many: the person is told the same.
pub async fn ask(app: &App, subscriber: i64, address: &Address) -> Result<()> {
    let now = app.clock.now();
    let mut transaction = app.store.begin().await?;
    let Some(person) = subscribers::by_id(&mut transaction, subscriber).await? else { return Ok(()) };
    let wall = now.wall.as_millisecond();
    let asked = address_changes::of(&mut transaction, subscriber).await?;
    let today = asked.iter().filter(|it| it.created > wall - DAY_MS).count();
    if today >= MOST_IN_A_DAY || !is_free(app, &mut transaction, address).await? {
        return Ok(());
    }
    let token = new_token();
    let change = AddressChange {
        subscriber_id: person.id,
        address: address.to_string(),
        created: wall,
        expires: now.wall.saturating_add(LINK_WORKS).unwrap_or(Timestamp::MAX).as_millisecond(),
        used: 0,
    };
    address_changes::add(&mut transaction, &token_hash(&token), &change).await?;
    let letter = Letter::NewAddress { token, to: address.to_string() };
    queue(&mut transaction, NEW_ADDRESS, &letter, &person, now).await?;
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(())
}

/// What the page behind the link shows. Changes nothing.
pub async fn look_at(app: &App, token: &str) -> Result<Change> {
    let mut connection = app.store.read().await?;
    let Some(change) = address_changes::get(&mut connection, &token_hash(token)).await? else {
        return Ok(Change::Unknown);
    };
    if change.used > 0 {
        return Ok(Change::Used);
    }
    if change.expires <= app.clock.now().wall.as_millisecond() {
        return Ok(Change::Gone);
    }
    let person = subscribers::by_id(&mut connection, change.subscriber_id).await?;
    Ok(person.map_or(Change::Gone, |person| Change::Asks(person.language)))
}

/// Presses the button: the new address is in force, and what was held because the old one took no mail goes on. The old
/// one gets a last mail that says so. A second press changes nothing.
pub async fn confirm(app: &App, token: &str) -> Result<Change> {
    let looked = look_at(app, token).await?;
    let Change::Asks(_) = &looked else { return Ok(looked) };
    let now = app.clock.now();
    let hash = token_hash(token);
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let Some(change) = address_changes::get(&mut transaction, &hash).await? else { return Ok(Change::Unknown) };
    if !address_changes::burn(&mut transaction, &hash, now.wall.as_millisecond()).await? {
        return Ok(Change::Used);
    }
    let Some(person) = subscribers::by_id(&mut transaction, change.subscriber_id).await? else {
        return Ok(Change::Gone);
    };
    let address: Address = change.address.parse()?;
    if !is_free(app, &mut transaction, &address).await? {
        return Ok(Change::Gone);
    }
    subscribers::set_address(&mut transaction, person.id, &address).await?;
    outbox::readdress(&mut transaction, person.id).await?;
    let suppression = suppressions::get(&mut transaction, &app.address_hash(&person.address)).await?;
    let bounced = suppression.as_ref().is_none_or(|it| it.reason.starts_with(BOUNCED));
    revive(app, &shelf, &mut transaction, &person, bounced, now).await?;
    if suppression.is_none() {
        let letter = Letter::AddressChanged { to: person.address.to_string() };
        queue(&mut transaction, ADDRESS_CHANGED, &letter, &person, now).await?;
    }
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(looked)
}

/// Whether an address may become somebody's: nobody has it, and it may get mail.
async fn is_free(app: &App, connection: &mut Connection, address: &Address) -> Result<bool> {
    let suppression = suppressions::get(connection, &app.address_hash(address)).await?;
    Ok(suppression.is_none() && subscribers::by_key(connection, &address.key()).await?.is_none())
}

async fn queue(connection: &mut Connection, what: &str, letter: &Letter, person: &Subscriber, now: Now) -> Result<()> {
    let occurrence = outbox::last_occurrence(connection, what, person.id).await? + 1;
    outbox::insert(connection, &[letter.delivery(person, occurrence, now)?], now.wall).await?;
    Ok(())
}

/// The person can be written to again. What the old address held back goes on from where it was; what is held for another
/// reason, a complaint above all, waits for a human. `bounced`: that address took no mail, and that is all.
async fn revive(
    app: &App,
    shelf: &Shelf,
    connection: &mut Connection,
    person: &Subscriber,
    bounced: bool,
    now: Now,
) -> Result<()> {
    let mut places = enrolments::of_subscriber(connection, person.id).await?;
    if person.status == Status::Suppressed {
        let has_left = places.iter().all(|it| it.after.unwrap_or(it.state) == State::Left);
        let status = if has_left { Status::Left } else { Status::Active };
        subscribers::set_status(connection, person.id, status).await?;
    }
    for it in places.iter_mut().filter(|it| bounced && was_held_back(it)) {
        let Some(shelved) = shelf.get(&it.course) else { continue };
        if it.state == State::InFlight {
            enrolments::wish(connection, it, None).await?;
            continue;
        }
        if it.paused_at.is_some() {
            (it.state, it.held_why) = (State::Paused, None);
        } else {
            operate::free(app, shelved, connection, it, person, now).await?;
        }
        let written = enrolments::put(connection, it, now.wall).await?;
        anyhow::ensure!(written, "the enrolment changed meanwhile; try again");
    }
    Ok(())
}

fn was_held_back(it: &Enrolment) -> bool {
    let why = it.held_why.as_deref().unwrap_or_default();
    let of_the_address =
        [TAKES_NO_MAIL, MAILBOX_FULL, NOT_CARRIED, BOUNCED].iter().any(|beginning| why.starts_with(beginning));
    of_the_address && (it.state == State::Held || it.after == Some(State::Held))
}
