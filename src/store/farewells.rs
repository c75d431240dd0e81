//! Why people left, in their own words: each enrolment's last word.

use super::Connection;
use super::Row;
use super::storable;
use crate::clock::from_ms;
use jiff::Timestamp;
use sqlx::Row as _;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farewell {
    pub enrolment_id: i64,
    pub subscriber_id: i64,
    pub course: String,
    pub reason: String,
    /// By the wall clock.
    pub at: Timestamp,
}

/// A farewell, and whose it is in which run of the course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub farewell: Farewell,
    pub address: String,
    pub run: i64,
}

/// Stores why somebody left, in place of what they said before.
pub async fn put(connection: &mut Connection, it: &Farewell) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO farewell(enrolment_id, subscriber_id, course, reason, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT(enrolment_id) DO UPDATE SET reason = excluded.reason, at = excluded.at";
    sqlx::query(sql)
        .bind(it.enrolment_id)
        .bind(it.subscriber_id)
        .bind(it.course.clone())
        .bind(storable(&it.reason))
        .bind(it.at.as_millisecond())
        .execute(connection)
        .await?;
    Ok(())
}

/// Those of a course whose people are still gone, oldest first.
pub async fn of_course(connection: &mut Connection, course: &str) -> Result<Vec<Said>, sqlx::Error> {
    let sql = "SELECT f.enrolment_id, f.subscriber_id, f.course, f.reason, f.at, s.address, e.run
        FROM farewell f JOIN enrolment e ON e.id = f.enrolment_id JOIN subscriber s ON s.id = f.subscriber_id
        WHERE f.course = $1 AND CASE WHEN e.after = 0 THEN e.state ELSE e.after END = 7 ORDER BY f.at, f.enrolment_id";
    let rows = sqlx::query(sql).bind(course.to_string()).fetch_all(connection).await?;
    let said = |row: &Row| Ok(Said { farewell: read(row)?, address: row.try_get(5)?, run: row.try_get(6)? });
    rows.iter().map(said).collect()
}

/// Those of one person, oldest first.
pub async fn of_subscriber(connection: &mut Connection, subscriber: i64) -> Result<Vec<Farewell>, sqlx::Error> {
    let sql = "SELECT enrolment_id, subscriber_id, course, reason, at FROM farewell
        WHERE subscriber_id = $1 ORDER BY at, enrolment_id";
    let rows = sqlx::query(sql).bind(subscriber).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Farewell, sqlx::Error> {
    Ok(Farewell {
        enrolment_id: row.try_get(0)?,
        subscriber_id: row.try_get(1)?,
        course: row.try_get(2)?,
        reason: row.try_get(3)?,
        at: from_ms(row.try_get(4)?),
    })
}
