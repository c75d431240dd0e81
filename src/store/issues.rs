//! Issues whose recipients are fixed, and those that were past before their newsletter began.

use super::Connection;
use super::storable;
use crate::clock::from_ms;
use jiff::Timestamp;
use jiff::civil;
use serde_json::json;
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
    /// The operator stopped it: nobody gets it any more.
    Stopped = 4,
}

impl Fate {
    /// The name in JSON and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Sent => "sent",
            Fate::Archive => "archive",
            Fate::Late => "late",
            Fate::Stopped => "stopped",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub lesson: String,
    pub fate: Fate,
    pub moment: civil::DateTime,
    /// The first instant, by the reader's clock, at which it was due for anybody: who confirmed later is no recipient.
    pub first: Timestamp,
    /// When its recipients were fixed, by the wall clock.
    pub fixed: Timestamp,
    /// The last enrolment that was looked at; `None` when all were.
    pub after_id: Option<i64>,
}

/// Those of one newsletter.
pub async fn of(connection: &mut Connection, newsletter: &str) -> Result<Vec<Issue>, sqlx::Error> {
    let sql =
        "SELECT lesson, state, moment, first, fixed, after_id FROM issue WHERE newsletter = $1 ORDER BY first, lesson";
    let rows = sqlx::query(sql).bind(newsletter.to_string()).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// One by the name that it had when it was fixed.
pub async fn get(connection: &mut Connection, newsletter: &str, lesson: &str) -> Result<Option<Issue>, sqlx::Error> {
    let sql = "SELECT lesson, state, moment, first, fixed, after_id FROM issue WHERE newsletter = $1 AND lesson = $2";
    let row = sqlx::query(sql).bind(newsletter.to_string()).bind(lesson.to_string()).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// Fixes an issue. False when it was fixed before.
pub async fn add(connection: &mut Connection, newsletter: &str, it: &Issue) -> Result<bool, sqlx::Error> {
    let sql = "INSERT INTO issue(newsletter, lesson, state, moment, first, fixed, after_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let done = sqlx::query(sql)
        .bind(newsletter.to_string())
        .bind(it.lesson.clone())
        .bind(it.fate as i64)
        .bind(it.moment.to_string())
        .bind(it.first.as_millisecond())
        .bind(it.fixed.as_millisecond())
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

/// Notes that an issue goes to nobody any more, and that nobody further is looked at.
pub async fn stop(connection: &mut Connection, newsletter: &str, lesson: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE issue SET state = 4, after_id = -1 WHERE newsletter = $1 AND lesson = $2")
        .bind(newsletter.to_string())
        .bind(lesson.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Cancels what isn't on the wire of an issue, also what may have arrived: it isn't sent again. `what` as in the outbox.
/// How many deliveries that were.
pub async fn cancel(connection: &mut Connection, what: &str, why: &str, now: Timestamp) -> Result<i64, sqlx::Error> {
    let sql = "DELETE FROM body WHERE id IN
        (SELECT o.id FROM outbox o WHERE o.what = $1 AND +o.state IN (0, 1, 2, 4, 5, 6))";
    sqlx::query(sql).bind(what.to_string()).execute(&mut *connection).await?;
    let sql = "UPDATE outbox SET state = 13, ended = $2, reply = $3, inputs = '' WHERE what = $1 AND +state IN (0, 1, 2, 4, 5, 6)";
    let done = sqlx::query(sql)
        .bind(what.to_string())
        .bind(now.as_millisecond())
        .bind(storable(why))
        .execute(connection)
        .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

/// Cancels one delivery that was on the wire when its issue was stopped, and wasn't taken. Whether it was such a one.
pub async fn cancel_if_stopped(connection: &mut Connection, id: i64, now: Timestamp) -> Result<bool, sqlx::Error> {
    let sql = "UPDATE outbox SET state = 13, ended = $2, reply = 'the issue was stopped', inputs = ''
        WHERE id = $1 AND lane = 2 AND +state IN (0, 1, 2, 4, 5, 6) AND EXISTS
        (SELECT 1 FROM issue i WHERE i.state = 4 AND 'lesson/' || i.newsletter || '/' || i.lesson = outbox.what)";
    let done = sqlx::query(sql).bind(id).bind(now.as_millisecond()).execute(&mut *connection).await?;
    if done.rows_affected() == 1 {
        sqlx::query("DELETE FROM body WHERE id = $1").bind(id).execute(connection).await?;
    }
    Ok(done.rows_affected() == 1)
}

/// Names of the issues that haven't left for anybody although some wait for them, or may yet be among their recipients.
pub async fn kept_back(connection: &mut Connection, newsletter: &str) -> Result<Vec<String>, sqlx::Error> {
    let sql = "SELECT i.lesson FROM issue i WHERE i.newsletter = $1 AND i.state IN (1, 3)
        AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.what = 'lesson/' || i.newsletter || '/' || i.lesson
            AND (+o.state = 10 OR o.copies > 0))
        AND (i.after_id >= 0 OR EXISTS (SELECT 1 FROM outbox o
            WHERE o.what = 'lesson/' || i.newsletter || '/' || i.lesson AND +o.state < 10))
        ORDER BY i.lesson";
    let rows = sqlx::query(sql).bind(newsletter.to_string()).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// How many deliveries of an issue wait to be sent, and from when on the first may leave, by the wall clock.
pub async fn waiting(connection: &mut Connection, what: &str) -> Result<(i64, Option<Timestamp>), sqlx::Error> {
    let sql = "SELECT cast(count(*) as bigint), min(not_before) FROM outbox WHERE what = $1 AND +state <= 1";
    let row = sqlx::query(sql).bind(what.to_string()).fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get::<Option<i64>, _>(1)?.map(from_ms)))
}

/// Those that wait: id, and their own moment by the reader's clock.
pub async fn moments(connection: &mut Connection, what: &str) -> Result<Vec<(i64, Timestamp)>, sqlx::Error> {
    let sql = "SELECT id, due FROM outbox WHERE what = $1 AND +state <= 1 ORDER BY id";
    let rows = sqlx::query(sql).bind(what.to_string()).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, from_ms(row.try_get(1)?)))).collect()
}

/// Lets deliveries leave from another instant of the wall clock on; they expire as long after it as before.
pub async fn leave_from(connection: &mut Connection, rows: &[(i64, Timestamp)]) -> Result<(), sqlx::Error> {
    let rows: Vec<[i64; 2]> = rows.iter().map(|(id, from)| [*id, from.as_millisecond()]).collect();
    let sql = "UPDATE outbox SET expires = outbox.expires - outbox.not_before + cast(j.value ->> 1 as bigint),
            not_before = cast(j.value ->> 1 as bigint)
        FROM json_each($1) j WHERE outbox.id = cast(j.value ->> 0 as bigint) AND +outbox.state <= 1";
    sqlx::query(sql).bind(json!(rows).to_string()).execute(connection).await?;
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
    let fates = [Fate::Sent, Fate::Archive, Fate::Late, Fate::Stopped];
    let state: i64 = row.try_get(1)?;
    let after_id: i64 = row.try_get(5)?;
    Ok(Issue {
        lesson: row.try_get(0)?,
        fate: fates.into_iter().find(|fate| *fate as i64 == state).ok_or_else(damaged)?,
        moment: row.try_get::<String, _>(2)?.parse().map_err(|_| damaged())?,
        first: from_ms(row.try_get(3)?),
        fixed: from_ms(row.try_get(4)?),
        after_id: Some(after_id).filter(|id| *id >= 0),
    })
}
