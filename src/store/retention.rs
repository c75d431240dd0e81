//! What has stayed long enough, in pages along the primary keys. Ids grow with time, so that what is old stands first, and
//! who looks may end at the first page that reaches what is too young. What a row is judged by is counted for it alone: in
//! a join or an EXISTS, PostgreSQL would rather read the other table whole.

use super::Connection;
use super::Row;
use crate::clock::from_ms;
use jiff::Timestamp;
use serde_json::json;
use sqlx::Row as _;

/// A row that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    pub id: i64,
    /// Since when it has been there, by the wall clock; when it was answered, by the reader's.
    pub at: Timestamp,
    /// It may go once it is old enough.
    pub goes: bool,
}

/// People, at most `limit` with an id above `after`: those may go who never confirmed anything, have nothing but
/// enrolments that wait for their word, and no link that still works at `now`.
pub async fn people(
    connection: &mut Connection,
    after: i64,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Looked>, sqlx::Error> {
    let sql = "SELECT s.id, s.created, cast(CASE WHEN s.status = 1
            AND (SELECT count(*) FROM enrolment e WHERE e.subscriber_id = s.id AND e.state <> 3) = 0
            AND (SELECT count(*) FROM confirmation c WHERE c.subscriber_id = s.id AND c.expires > $2) = 0
            AND (SELECT count(*) FROM consent a WHERE a.subscriber_id = s.id AND a.asked = 0) = 0 THEN 1 ELSE 0 END as bigint)
        FROM subscriber s WHERE s.id > $1 ORDER BY s.id LIMIT $3";
    let query = sqlx::query(sql).bind(after).bind(now.as_millisecond()).bind(limit);
    query.fetch_all(connection).await?.iter().map(looked).collect()
}

/// What people agreed to, at most `limit` with an id above `after`: of all of it the origin may go.
pub async fn consents(connection: &mut Connection, after: i64, limit: i64) -> Result<Vec<Looked>, sqlx::Error> {
    let sql = "SELECT id, at, cast(1 as bigint) FROM consent WHERE id > $1 ORDER BY id LIMIT $2";
    let query = sqlx::query(sql).bind(after).bind(limit);
    query.fetch_all(connection).await?.iter().map(looked).collect()
}

/// Blanks where from and with what people agreed.
pub async fn blank_origins(connection: &mut Connection, ids: &[i64]) -> Result<(), sqlx::Error> {
    let sql = "UPDATE consent SET ip = '', agent = '' WHERE id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)";
    sqlx::query(sql).bind(set(ids)).execute(connection).await?;
    Ok(())
}

/// What relays said, at most `limit` with an id above `after`: it may go where the delivery has ended.
pub async fn attempts(connection: &mut Connection, after: i64, limit: i64) -> Result<Vec<Looked>, sqlx::Error> {
    let sql = "SELECT t.id, t.at,
            cast(coalesce((SELECT CASE WHEN o.state < 10 THEN 0 ELSE 1 END FROM outbox o WHERE o.id = t.outbox_id), 1) as bigint)
        FROM attempt t WHERE t.id > $1 ORDER BY t.id LIMIT $2";
    let query = sqlx::query(sql).bind(after).bind(limit);
    query.fetch_all(connection).await?.iter().map(looked).collect()
}

pub async fn forget_attempts(connection: &mut Connection, ids: &[i64]) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM attempt WHERE id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)";
    sqlx::query(sql).bind(set(ids)).execute(connection).await?;
    Ok(())
}

/// Answers, at most `limit` with an id above `after`: those of runs may go that ended before then by the reader's clock. A
/// completed run ended with its last mail (`basis`), one that was left when `due` says, which then says nothing else; of
/// one that was left before that was kept, only what was sent and answered last is known.
pub async fn answers(
    connection: &mut Connection,
    after: i64,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Looked>, sqlx::Error> {
    let sql = "SELECT a.id, a.at, cast(CASE WHEN a.at < $2
            AND (SELECT count(*) FROM enrolment e WHERE e.id = a.enrolment_id AND +e.state IN (6, 7) AND e.after = 0
                AND e.basis < $2 AND (e.state = 6 OR e.due < $2 OR e.due >= $3)) = 1
            AND (SELECT count(*) FROM answer l WHERE l.enrolment_id = a.enrolment_id AND l.at >= $2) = 0
            THEN 1 ELSE 0 END as bigint)
        FROM answer a WHERE a.id > $1 ORDER BY a.id LIMIT $4";
    let never = Timestamp::MAX.as_millisecond();
    let query = sqlx::query(sql).bind(after).bind(before.as_millisecond()).bind(never).bind(limit);
    query.fetch_all(connection).await?.iter().map(looked).collect()
}

pub async fn forget_answers(connection: &mut Connection, ids: &[i64]) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM answer WHERE id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)";
    sqlx::query(sql).bind(set(ids)).execute(connection).await?;
    Ok(())
}

fn looked(row: &Row) -> Result<Looked, sqlx::Error> {
    Ok(Looked { id: row.try_get(0)?, at: from_ms(row.try_get(1)?), goes: row.try_get::<i64, _>(2)? != 0 })
}

fn set(ids: &[i64]) -> String {
    json!(ids.iter().map(|id| [*id]).collect::<Vec<_>>()).to_string()
}
