//! Issues whose recipients are fixed, and those that were past before their newsletter began.

use super::Connection;
use super::storable;
use crate::clock::from_ms;
use jiff::Timestamp;
use jiff::civil;
use sqlx::Row as _;

/// The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Goes to its recipients.
    Sent = 1,
    /// Was past when the newsletter first came into force: nobody gets it.
    Archive = 2,
    /// Was due so long ago that a human decides.
    Late = 3,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub lesson: String,
    pub fate: Fate,
    pub moment: civil::DateTime,
    /// The first instant, by the reader's clock, at which it was due for anybody: who confirmed later is no recipient.
    pub first: Timestamp,
    /// The last enrolment that was looked at; `None` when all were.
    pub after_id: Option<i64>,
}

/// Those of one newsletter.
pub async fn of(connection: &mut Connection, newsletter: &str) -> Result<Vec<Issue>, sqlx::Error> {
    let sql = "SELECT lesson, state, moment, first, after_id FROM issue WHERE newsletter = $1 ORDER BY first, lesson";
    let rows = sqlx::query(sql).bind(newsletter.to_string()).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Fixes an issue. False when it was fixed before.
pub async fn add(
    connection: &mut Connection,
    newsletter: &str,
    it: &Issue,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let sql = "INSERT INTO issue(newsletter, lesson, state, moment, first, fixed, after_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let done = sqlx::query(sql)
        .bind(newsletter.to_string())
        .bind(it.lesson.clone())
        .bind(it.fate as i64)
        .bind(it.moment.to_string())
        .bind(it.first.as_millisecond())
        .bind(now.as_millisecond())
        .bind(it.after_id.unwrap_or(-1))
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes how far the recipients have been looked through; `None`: to the end.
pub async fn advance(
    connection: &mut Connection,
    newsletter: &str,
    lesson: &str,
    after_id: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE issue SET after_id = $3 WHERE newsletter = $1 AND lesson = $2")
        .bind(newsletter.to_string())
        .bind(lesson.to_string())
        .bind(after_id.unwrap_or(-1))
        .execute(connection)
        .await?;
    Ok(())
}

/// Cancels what isn't on the wire of an issue; `what` as in the outbox.
pub async fn cancel(connection: &mut Connection, what: &str, why: &str, now: Timestamp) -> Result<(), sqlx::Error> {
    let sql =
        "DELETE FROM body WHERE id IN (SELECT o.id FROM outbox o WHERE o.what = $1 AND +o.state IN (0, 1, 2, 5, 6))";
    sqlx::query(sql).bind(what.to_string()).execute(&mut *connection).await?;
    let sql = "UPDATE outbox SET state = 13, ended = $2, reply = $3, inputs = '' WHERE what = $1 AND +state IN (0, 1, 2, 5, 6)";
    sqlx::query(sql).bind(what.to_string()).bind(now.as_millisecond()).bind(storable(why)).execute(connection).await?;
    Ok(())
}

/// Every zone that somebody lives in who waits for issues ('' for the site's), and since when.
pub async fn zones(connection: &mut Connection, newsletter: &str) -> Result<Vec<(String, Timestamp)>, sqlx::Error> {
    let sql = "SELECT s.zone, min(e.confirmed) FROM enrolment e JOIN subscriber s ON s.id = e.subscriber_id
        WHERE e.course = $1 AND e.state = 8 GROUP BY s.zone";
    let rows = sqlx::query(sql).bind(newsletter.to_string()).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, from_ms(row.try_get(1)?)))).collect()
}

fn read(row: &super::Row) -> Result<Issue, sqlx::Error> {
    let damaged = || sqlx::Error::Decode("an issue's row can't be read; run `dripline verify`".into());
    let fates = [Fate::Sent, Fate::Archive, Fate::Late];
    let state: i64 = row.try_get(1)?;
    let after_id: i64 = row.try_get(4)?;
    Ok(Issue {
        lesson: row.try_get(0)?,
        fate: fates.into_iter().find(|fate| *fate as i64 == state).ok_or_else(damaged)?,
        moment: row.try_get::<String, _>(2)?.parse().map_err(|_| damaged())?,
        first: from_ms(row.try_get(3)?),
        after_id: Some(after_id).filter(|id| *id >= 0),
    })
}
