//! What has stayed long enough, in batches along the primary keys: ids grow with the wall clock, so that what is old stands
//! first, and an upper bound by id ends each search early.

use super::Connection;
use jiff::Timestamp;
use serde_json::json;
use sqlx::Row as _;

/// People who never confirmed anything, in pages: at most `limit` with an id above `after` who came before then, have
/// nothing but enrolments that wait for their word, and no link that still works at `now`. `first_id` is the first id
/// that somebody who came then could have.
pub async fn unconfirmed(
    connection: &mut Connection,
    after: i64,
    first_id: i64,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    let sql = "SELECT s.id FROM subscriber s WHERE s.id > $1 AND s.id < $2 AND +s.status = 1
            AND NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.subscriber_id = s.id AND e.state <> 3)
            AND NOT EXISTS (SELECT 1 FROM confirmation c WHERE c.subscriber_id = s.id AND c.expires > $3)
            AND NOT EXISTS (SELECT 1 FROM consent a WHERE a.subscriber_id = s.id AND a.asked = 0)
        ORDER BY s.id LIMIT $4";
    let query = sqlx::query(sql).bind(after).bind(first_id).bind(now.as_millisecond()).bind(limit);
    ids(query.fetch_all(connection).await?)
}

/// Blanks where from and with what people agreed, in at most `limit` rows with ids above `after` and below `first_id`.
/// Returns the last id that was looked at; `None` when there was none.
pub async fn blank_origins(
    connection: &mut Connection,
    after: i64,
    first_id: i64,
    limit: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let sql = "SELECT id FROM consent WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";
    let rows = sqlx::query(sql).bind(after).bind(first_id).bind(limit).fetch_all(&mut *connection).await?;
    let Some(last) = ids(rows)?.last().copied() else { return Ok(None) };
    let sql = "UPDATE consent SET ip = '', agent = '' WHERE id > $1 AND id <= $2 AND (ip <> '' OR agent <> '')";
    sqlx::query(sql).bind(after).bind(last).execute(connection).await?;
    Ok(Some(last))
}

/// What relays said with an id below `first_id`, in pages: at most `limit` with an id above `after`, and only of
/// deliveries that have ended.
pub async fn old_attempts(
    connection: &mut Connection,
    after: i64,
    first_id: i64,
    limit: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    let sql = "SELECT t.id FROM attempt t JOIN outbox o ON o.id = t.outbox_id
        WHERE t.id > $1 AND t.id < $2 AND o.state >= 10 ORDER BY t.id LIMIT $3";
    ids(sqlx::query(sql).bind(after).bind(first_id).bind(limit).fetch_all(connection).await?)
}

pub async fn forget_attempts(connection: &mut Connection, ids: &[i64]) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM attempt WHERE id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)";
    sqlx::query(sql).bind(set(ids)).execute(connection).await?;
    Ok(())
}

/// Answers of runs that ended before then by the reader's clock, in pages: at most `limit` with an id above `after`. A
/// completed run ended with its last mail (`basis`), one that was left when `due` says, which then says nothing else; of
/// one that was left before that was kept, only what was sent and answered last is known.
pub async fn old_answers(
    connection: &mut Connection,
    after: i64,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    let sql = "SELECT a.id FROM answer a JOIN enrolment e ON e.id = a.enrolment_id
        WHERE a.id > $1 AND a.at < $2 AND +e.state IN (6, 7) AND e.after = 0 AND e.basis < $2
            AND (e.state = 6 OR e.due < $2 OR e.due >= $3)
            AND NOT EXISTS (SELECT 1 FROM answer l WHERE l.enrolment_id = e.id AND l.at >= $2)
        ORDER BY a.id LIMIT $4";
    let never = Timestamp::MAX.as_millisecond();
    let query = sqlx::query(sql).bind(after).bind(before.as_millisecond()).bind(never).bind(limit);
    ids(query.fetch_all(connection).await?)
}

pub async fn forget_answers(connection: &mut Connection, ids: &[i64]) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM answer WHERE id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)";
    sqlx::query(sql).bind(set(ids)).execute(connection).await?;
    Ok(())
}

fn ids(rows: Vec<super::Row>) -> Result<Vec<i64>, sqlx::Error> {
    rows.iter().map(|row| row.try_get(0)).collect()
}

fn set(ids: &[i64]) -> String {
    json!(ids.iter().map(|id| [*id]).collect::<Vec<_>>()).to_string()
}
