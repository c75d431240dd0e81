//! New addresses that wait for their owner's word, by the hash of the token in the mail that asks.

use super::Connection;
use super::Row;
use sqlx::Row as _;

/// A change that somebody asked for. Instants are unix milliseconds of the wall clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressChange {
    pub subscriber_id: i64,
    pub address: String,
    pub created: i64,
    pub expires: i64,
    /// 0: not yet.
    pub used: i64,
}

pub async fn add(connection: &mut Connection, hash: &str, it: &AddressChange) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO address_change(hash, subscriber_id, address, created, expires, used) VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(sql)
        .bind(hash.to_string())
        .bind(it.subscriber_id)
        .bind(it.address.clone())
        .bind(it.created)
        .bind(it.expires)
        .bind(it.used)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn get(connection: &mut Connection, hash: &str) -> Result<Option<AddressChange>, sqlx::Error> {
    let sql = "SELECT subscriber_id, address, created, expires, used FROM address_change WHERE hash = $1";
    let row = sqlx::query(sql).bind(hash.to_string()).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// What one person asked for, oldest first.
pub async fn of(connection: &mut Connection, subscriber: i64) -> Result<Vec<AddressChange>, sqlx::Error> {
    let sql = "SELECT subscriber_id, address, created, expires, used FROM address_change
        WHERE subscriber_id = $1 ORDER BY created, hash";
    let rows = sqlx::query(sql).bind(subscriber).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Marks a link as used; false when it already was.
pub async fn burn(connection: &mut Connection, hash: &str, now: i64) -> Result<bool, sqlx::Error> {
    let sql = "UPDATE address_change SET used = $2 WHERE hash = $1 AND used = 0";
    let done = sqlx::query(sql).bind(hash.to_string()).bind(now).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets the links that stopped working before then. How many.
pub async fn forget(connection: &mut Connection, before: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query("DELETE FROM address_change WHERE expires < $1").bind(before).execute(connection).await?;
    Ok(done.rows_affected())
}

fn read(row: &Row) -> Result<AddressChange, sqlx::Error> {
    Ok(AddressChange {
        subscriber_id: row.try_get(0)?,
        address: row.try_get(1)?,
        created: row.try_get(2)?,
        expires: row.try_get(3)?,
        used: row.try_get(4)?,
    })
}
