//! One row of the outbox: what its columns mean, and how it is read. Knows no statement.

use super::Row;
use crate::clock::from_ms;
use crate::delivery::State;
use jiff::Timestamp;
use sqlx::Row as _;

/// Which queue a message stands in: a confirmation never waits behind lessons, a lesson never behind issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    Confirmation = 0,
    Lesson = 1,
    /// Of a newsletter: it moves nobody's place in a course.
    Issue = 2,
}

impl Lane {
    fn from_stored(number: i64) -> Option<Lane> {
        [Lane::Confirmation, Lane::Lesson, Lane::Issue].into_iter().find(|lane| *lane as i64 == number)
    }
}

/// An outbox row as far as sending needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub id: i64,
    pub what: String,
    pub whom: i64,
    pub occurrence: i64,
    pub subscriber_id: i64,
    /// 0: none.
    pub enrolment_id: i64,
    pub serial: i64,
    pub lane: Lane,
    pub state: State,
    /// Raised by every lease; who writes with an old one writes nothing.
    pub epoch: i64,
    pub claims: i64,
    pub attempts: i64,
    pub losses: i64,
    /// How many times the body may have been handed over.
    pub copies: i64,
    pub not_before: Timestamp,
    pub expires: Timestamp,
    pub due: Timestamp,
    pub why: String,
    /// Of the course, as it was when the message was first made; empty before that.
    pub version: String,
    pub message_id: String,
    pub dated: Timestamp,
    pub hash: String,
    pub inputs: String,
    pub reply: String,
}

/// The columns that make a [`Delivery`], in the order in which `read` takes them.
macro_rules! columns {
    () => {
        "outbox.id, outbox.what, outbox.whom, outbox.occurrence, outbox.subscriber_id, outbox.enrolment_id, outbox.serial, outbox.lane, outbox.state, outbox.epoch, outbox.claims,
         outbox.attempts, outbox.losses, outbox.copies, outbox.not_before, outbox.expires, outbox.due, outbox.why, outbox.version, outbox.message_id, outbox.dated, outbox.hash, outbox.inputs, outbox.reply"
    };
}
pub(super) use columns as outbox_columns;

/// What a message is and whom it is for: what never changes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    pub what: String,
    pub whom: i64,
    pub occurrence: i64,
    pub subscriber_id: i64,
    /// 0: none.
    pub enrolment_id: i64,
    pub lane: Lane,
}

impl Delivery {
    /// A message of which nothing is made yet, ready from `now` on. When it expires and why it is sent, its verb says.
    pub fn new(id: i64, meant: Meant, now: Timestamp) -> Delivery {
        Delivery {
            id,
            what: meant.what,
            whom: meant.whom,
            occurrence: meant.occurrence,
            subscriber_id: meant.subscriber_id,
            enrolment_id: meant.enrolment_id,
            serial: 0,
            lane: meant.lane,
            state: State::Ready,
            epoch: 0,
            claims: 0,
            attempts: 0,
            losses: 0,
            copies: 0,
            not_before: now,
            expires: now,
            due: now,
            why: String::new(),
            version: String::new(),
            message_id: String::new(),
            dated: Timestamp::UNIX_EPOCH,
            hash: String::new(),
            inputs: String::new(),
            reply: String::new(),
        }
    }
}

pub fn read(row: &Row) -> Result<Delivery, sqlx::Error> {
    let damaged = || sqlx::Error::Decode("an outbox row can't be read; run `dripline verify`".into());
    Ok(Delivery {
        id: row.try_get(0)?,
        what: row.try_get(1)?,
        whom: row.try_get(2)?,
        occurrence: row.try_get(3)?,
        subscriber_id: row.try_get(4)?,
        enrolment_id: row.try_get(5)?,
        serial: row.try_get(6)?,
        lane: Lane::from_stored(row.try_get(7)?).ok_or_else(damaged)?,
        state: State::from_stored(row.try_get(8)?).ok_or_else(damaged)?,
        epoch: row.try_get(9)?,
        claims: row.try_get(10)?,
        attempts: row.try_get(11)?,
        losses: row.try_get(12)?,
        copies: row.try_get(13)?,
        not_before: from_ms(row.try_get(14)?),
        expires: from_ms(row.try_get(15)?),
        due: from_ms(row.try_get(16)?),
        why: row.try_get(17)?,
        version: row.try_get(18)?,
        message_id: row.try_get(19)?,
        dated: from_ms(row.try_get(20)?),
        hash: row.try_get(21)?,
        inputs: row.try_get(22)?,
        reply: row.try_get(23)?,
    })
}
