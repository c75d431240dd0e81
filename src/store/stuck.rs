//! Enrolments that hang: nothing that they wait for will ever come.

use super::Connection;
use super::outbox::not_held;
use jiff::Timestamp;
use serde_json::json;
use sqlx::Row as _;

/// More of them say nothing new.
const MOST: i64 = 1000;

/// Those that are active and have neither a due time, nor a delivery in flight, nor anything to wait for; those whose pause
/// should have ended; and those that were due before `overdue`, though nothing holds them back. Each with a reason.
pub async fn enrolments(
    connection: &mut Connection,
    overdue: Timestamp,
    newsletters: &[String],
) -> Result<Vec<(i64, String)>, sqlx::Error> {
    let sql = concat!(
        "SELECT e.id, CASE
            WHEN e.state = 1 AND (e.lesson = '' OR e.due <= 0) THEN 'waits for nothing'
            WHEN e.state = 2 THEN 'is in flight without a delivery'
            WHEN e.state = 4 THEN 'is paused beyond its date'
            WHEN e.due >= 253402207200000 THEN 'waits without an end'
            ELSE 'is overdue' END
         FROM enrolment e JOIN subscriber s ON s.id = e.subscriber_id
         WHERE (e.state = 1 AND (e.lesson = '' OR e.due <= 0))
            OR (e.state = 2 AND NOT EXISTS (SELECT 1 FROM outbox o
                WHERE o.subscriber_id = e.subscriber_id AND o.state < 10 AND o.enrolment_id = e.id AND o.lane = 1))
            OR (e.state = 4 AND e.paused_until > 0 AND e.paused_until < $1)
            OR (e.state IN (1, 8) AND e.due < $1 AND s.status = 2 AND ",
        not_held!("('lesson/' || e.course || '/' || e.lesson)"),
        ")
            OR (e.state = 8 AND e.due >= 253402207200000 AND e.requests NOT LIKE '%\"paused\"%'
                AND NOT EXISTS (SELECT 1 FROM json_each($2) j WHERE j.value ->> 0 = e.course))
         ORDER BY e.id LIMIT $3"
    );
    let newsletters: Vec<[&str; 1]> = newsletters.iter().map(|id| [id.as_str()]).collect();
    let rows = sqlx::query(sql)
        .bind(overdue.as_millisecond())
        .bind(json!(newsletters).to_string())
        .bind(MOST)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
