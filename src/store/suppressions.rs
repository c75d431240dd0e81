//! Addresses that must get nothing, and the stop that follows at once.

use super::Connection;
use super::enrolments;
use super::storable;
use jiff::Timestamp;
use sqlx::Row as _;

/// One suppressed address. After an erasure the address is empty and only the hash is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    pub address: String,
    pub reason: String,
    pub source: String,
    pub since: i64,
}

pub async fn add(
    connection: &mut Connection,
    hash: &str,
    address: &str,
    reason: &str,
    source: &str,
    now: i64,
) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO suppression(hash, address, reason, source, since) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT(hash) DO UPDATE SET address = excluded.address, reason = excluded.reason, source = excluded.source";
    sqlx::query(sql)
        .bind(hash.to_string())
        .bind(address.to_string())
        .bind(storable(reason))
        .bind(storable(source))
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn get(connection: &mut Connection, hash: &str) -> Result<Option<Suppression>, sqlx::Error> {
    let sql = "SELECT address, reason, source, since FROM suppression WHERE hash = $1";
    let row = sqlx::query(sql).bind(hash.to_string()).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

pub async fn all(connection: &mut Connection) -> Result<Vec<Suppression>, sqlx::Error> {
    let rows = sqlx::query("SELECT address, reason, source, since FROM suppression ORDER BY since, hash")
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// As [`all`], each with its hash.
pub async fn with_hashes(connection: &mut Connection) -> Result<Vec<(String, Suppression)>, sqlx::Error> {
    let sql = "SELECT address, reason, source, since, hash FROM suppression ORDER BY since, hash";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(4)?, read(row)?))).collect()
}

/// Whether there was such a row.
pub async fn lift(connection: &mut Connection, hash: &str) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query("DELETE FROM suppression WHERE hash = $1").bind(hash.to_string()).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

/// Cancels what isn't on the wire yet and holds every enrolment of a person.
pub async fn stop_everything(
    connection: &mut Connection,
    subscriber: i64,
    why: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let sql =
        "UPDATE enrolment SET state = 1, occurrence = occurrence + 1 WHERE subscriber_id = $1 AND state = 2 AND id IN
        (SELECT o.enrolment_id FROM outbox o WHERE o.subscriber_id = $1 AND o.state < 10 AND +o.state <> 3)";
    sqlx::query(sql).bind(subscriber).execute(&mut *connection).await?;
    let sql = "DELETE FROM body WHERE id IN
        (SELECT o.id FROM outbox o WHERE o.subscriber_id = $1 AND o.state < 10 AND +o.state <> 3)";
    sqlx::query(sql).bind(subscriber).execute(&mut *connection).await?;
    let sql = "UPDATE outbox SET state = 13, ended = $2, reply = $3, inputs = '' WHERE subscriber_id = $1 AND state < 10 AND +state <> 3";
    sqlx::query(sql).bind(subscriber).bind(now.as_millisecond()).bind(storable(why)).execute(&mut *connection).await?;
    enrolments::hold_all(connection, subscriber, why).await
}

pub(super) fn read(row: &super::Row) -> Result<Suppression, sqlx::Error> {
    Ok(Suppression {
        address: row.try_get(0)?,
        reason: row.try_get(1)?,
        source: row.try_get(2)?,
        since: row.try_get(3)?,
    })
}
