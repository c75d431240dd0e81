//! What people did that can be undone for a day.

use super::Connection;
use jiff::Timestamp;
use sqlx::Row as _;

/// One act, and how things stood before it (JSON).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub id: i64,
    pub subscriber_id: i64,
    /// As people call it.
    pub what: String,
    /// By the wall clock.
    pub at: Timestamp,
    pub before: String,
}

/// Keeps an act, and forgets this person's that are older than `since`.
pub async fn add(connection: &mut Connection, it: &Act, since: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM act WHERE subscriber_id = $1 AND at < $2")
        .bind(it.subscriber_id)
        .bind(since.as_millisecond())
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO act(id, subscriber_id, what, at, before) VALUES ($1, $2, $3, $4, $5)")
        .bind(it.id)
        .bind(it.subscriber_id)
        .bind(it.what.clone())
        .bind(it.at.as_millisecond())
        .bind(it.before.clone())
        .execute(connection)
        .await?;
    Ok(())
}

/// One act, if nobody took it back.
pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Act>, sqlx::Error> {
    let sql = "SELECT id, subscriber_id, what, at, before FROM act WHERE id = $1";
    let row = sqlx::query(sql).bind(id).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// What a person did since then, the latest first.
pub async fn of(connection: &mut Connection, subscriber: i64, since: Timestamp) -> Result<Vec<Act>, sqlx::Error> {
    let sql =
        "SELECT id, subscriber_id, what, at, before FROM act WHERE subscriber_id = $1 AND at >= $2 ORDER BY id DESC";
    let rows = sqlx::query(sql).bind(subscriber).bind(since.as_millisecond()).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

pub async fn remove(connection: &mut Connection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM act WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

fn read(row: &super::Row) -> Result<Act, sqlx::Error> {
    Ok(Act {
        id: row.try_get(0)?,
        subscriber_id: row.try_get(1)?,
        what: row.try_get(2)?,
        at: crate::clock::from_ms(row.try_get(3)?),
        before: row.try_get(4)?,
    })
}
