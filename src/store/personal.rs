//! What is stored of one person beside their places and answers, for them to take along: no secret, and of nobody else.

use super::Connection;
use super::Row;
use crate::clock::from_ms;
use crate::delivery::State;
use jiff::Timestamp;
use serde_json::json;
use sqlx::Row as _;

/// One agreement, or one request for a course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub course: String,
    /// They asked for the course; false: they confirmed it, or somebody else says where they did.
    pub asked: bool,
    pub source: String,
    pub text: String,
    pub version: String,
    pub page: String,
    pub ip: String,
    pub agent: String,
    pub at: Timestamp,
}

/// One mail, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub id: i64,
    pub what: String,
    pub created: Timestamp,
    pub state: State,
    /// `None`: it goes on.
    pub ended: Option<Timestamp>,
}

/// When a person came.
pub async fn created(connection: &mut Connection, subscriber: i64) -> Result<Option<Timestamp>, sqlx::Error> {
    let sql = "SELECT created FROM subscriber WHERE id = $1";
    let row = sqlx::query(sql).bind(subscriber).fetch_optional(connection).await?;
    row.map(|row| row.try_get(0).map(from_ms)).transpose()
}

/// Everything that one person agreed to or asked for, oldest first.
pub async fn consents(connection: &mut Connection, subscriber: i64) -> Result<Vec<Consent>, sqlx::Error> {
    let sql = "SELECT course, asked, source, text, version, page, ip, agent, at FROM consent
        WHERE subscriber_id = $1 ORDER BY id";
    let rows = sqlx::query(sql).bind(subscriber).fetch_all(connection).await?;
    let read = |row: &Row| {
        Ok(Consent {
            course: row.try_get(0)?,
            asked: row.try_get::<i64, _>(1)? != 0,
            source: row.try_get(2)?,
            text: row.try_get(3)?,
            version: row.try_get(4)?,
            page: row.try_get(5)?,
            ip: row.try_get(6)?,
            agent: row.try_get(7)?,
            at: from_ms(row.try_get(8)?),
        })
    };
    rows.iter().map(read).collect()
}

/// Every mail to one person, oldest first; `enrolments` are theirs. Reads the whole outbox: not for a transaction.
pub async fn mails(connection: &mut Connection, subscriber: i64, enrolments: &[i64]) -> Result<Vec<Mail>, sqlx::Error> {
    let whoms: Vec<[i64; 1]> = enrolments.iter().chain([&subscriber]).map(|id| [*id]).collect();
    let sql = "SELECT o.id, o.what, o.created, o.state, o.ended FROM outbox o
        WHERE o.whom IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j) ORDER BY o.id";
    let rows = sqlx::query(sql).bind(json!(whoms).to_string()).fetch_all(connection).await?;
    let damaged = || sqlx::Error::Decode("an outbox row can't be read; run `dripline verify`".into());
    let read = |row: &Row| {
        let ended: i64 = row.try_get(4)?;
        Ok(Mail {
            id: row.try_get(0)?,
            what: row.try_get(1)?,
            created: from_ms(row.try_get(2)?),
            state: State::from_stored(row.try_get(3)?).ok_or_else(damaged)?,
            ended: (ended != 0).then(|| from_ms(ended)),
        })
    };
    rows.iter().map(read).collect()
}

/// The local dates that issues of newsletters use for a person, and how many do.
pub async fn issue_dates(connection: &mut Connection, subscriber: i64) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let sql = "SELECT date, count FROM issue_date WHERE subscriber_id = $1 ORDER BY date";
    let rows = sqlx::query(sql).bind(subscriber).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
