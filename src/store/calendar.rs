//! Which local dates people have used, and what else of theirs waits.

use super::Connection;
use crate::clock::from_ms;
use crate::enrolment::State;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use sqlx::Row as _;

/// What one enrolment says about the local dates that its person has used.
#[derive(Debug, Clone, PartialEq)]
pub struct DateUse {
    pub subscriber_id: i64,
    /// 0: an issue of a newsletter.
    pub enrolment_id: i64,
    pub last_date: Option<Date>,
    pub last_count: u32,
    /// Due time of a message in flight.
    pub in_flight: Option<Timestamp>,
    /// A lesson that waits.
    pub waiting: Option<Waiting>,
}

/// A lesson that waits for its due time.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    pub due: Timestamp,
    /// When this course's last lesson was accepted.
    pub basis: Timestamp,
    /// As `outbox.what` will name it.
    pub what: String,
}

/// The dates used by all enrolments of these people, and by issues, also those to come.
pub async fn date_uses(connection: &mut Connection, subscribers: &[i64]) -> Result<Vec<DateUse>, sqlx::Error> {
    let sql = "SELECT e.subscriber_id, e.id, e.last_date, e.last_count, e.state, e.due, e.basis,
            'lesson/' || e.course || '/' || e.lesson
        FROM json_each($1) j JOIN enrolment e ON e.subscriber_id = cast(j.value ->> 0 as bigint)
        UNION ALL SELECT d.subscriber_id, 0, d.date, d.count, 0, 0, 0, ''
        FROM json_each($1) j JOIN issue_date d ON d.subscriber_id = cast(j.value ->> 0 as bigint)";
    let ids: Vec<[i64; 1]> = subscribers.iter().map(|id| [*id]).collect();
    let rows = sqlx::query(sql).bind(json!(ids).to_string()).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let state = row.try_get::<i64, _>(4)?;
            let in_flight = state == State::InFlight.stored();
            let waits = state == State::Waiting.stored();
            let due = from_ms(row.try_get(5)?);
            let waiting = Waiting { due, basis: from_ms(row.try_get(6)?), what: row.try_get(7)? };
            Ok(DateUse {
                subscriber_id: row.try_get(0)?,
                enrolment_id: row.try_get(1)?,
                last_date: row.try_get::<String, _>(2)?.parse().ok(),
                last_count: u32::try_from(row.try_get::<i64, _>(3)?).unwrap_or(u32::MAX),
                in_flight: in_flight.then_some(due),
                waiting: waits.then_some(waiting),
            })
        })
        .collect()
}

/// Notes for each of these people the local date that an issue uses.
pub async fn use_dates(connection: &mut Connection, dates: &[(i64, Date)]) -> Result<(), sqlx::Error> {
    let rows: Vec<(i64, String)> = dates.iter().map(|(subscriber, date)| (*subscriber, date.to_string())).collect();
    let sql = "INSERT INTO issue_date(subscriber_id, date, count)
        SELECT cast(j.value ->> 0 as bigint), j.value ->> 1, 1 FROM json_each($1) j WHERE true
        ON CONFLICT(subscriber_id, date) DO UPDATE SET count = issue_date.count + 1";
    sqlx::query(sql).bind(json!(rows).to_string()).execute(connection).await?;
    Ok(())
}

/// Forgets what issues used before this date: nobody asks any more.
pub async fn forget_dates(connection: &mut Connection, before: Date) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM issue_date WHERE date < $1").bind(before.to_string()).execute(connection).await?;
    Ok(())
}
