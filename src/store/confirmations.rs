//! Single-use links that were mailed, by the hash of their token.

use super::Connection;
use sqlx::Row as _;

/// A confirmation that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation {
    pub subscriber_id: i64,
    pub created: i64,
    pub expires: i64,
    /// 0: not yet.
    pub used: i64,
}

pub async fn add(connection: &mut Connection, hash: &str, it: Confirmation) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO confirmation(hash, subscriber_id, created, expires, used) VALUES ($1, $2, $3, $4, $5)")
        .bind(hash.to_string())
        .bind(it.subscriber_id)
        .bind(it.created)
        .bind(it.expires)
        .bind(it.used)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn get(connection: &mut Connection, hash: &str) -> Result<Option<Confirmation>, sqlx::Error> {
    let sql = "SELECT subscriber_id, created, expires, used FROM confirmation WHERE hash = $1";
    let row = sqlx::query(sql).bind(hash.to_string()).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// One person's, newest first.
pub async fn of_subscriber(connection: &mut Connection, subscriber: i64) -> Result<Vec<Confirmation>, sqlx::Error> {
    let sql =
        "SELECT subscriber_id, created, expires, used FROM confirmation WHERE subscriber_id = $1 ORDER BY created DESC";
    let rows = sqlx::query(sql).bind(subscriber).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Marks a link as used; false when it already was.
pub async fn burn(connection: &mut Connection, hash: &str, now: i64) -> Result<bool, sqlx::Error> {
    let sql = "UPDATE confirmation SET used = $2 WHERE hash = $1 AND used = 0";
    let done = sqlx::query(sql).bind(hash.to_string()).bind(now).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

fn read(row: &super::Row) -> Result<Confirmation, sqlx::Error> {
    Ok(Confirmation {
        subscriber_id: row.try_get(0)?,
        created: row.try_get(1)?,
        expires: row.try_get(2)?,
        used: row.try_get(3)?,
    })
}
