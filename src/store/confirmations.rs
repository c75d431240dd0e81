//! Single-use links that were mailed, by the hash of their token.

use super::Connection;
use sqlx::AssertSqlSafe;
use sqlx::Row as _;

/// A confirmation that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    pub subscriber_id: i64,
    pub created: i64,
    pub expires: i64,
    /// 0: not yet.
    pub used: i64,
    /// What a visitor entered about a person known already, as JSON; empty for none.
    pub wishes: String,
}

const COLUMNS: &str = "subscriber_id, created, expires, used, wishes";

pub async fn get(connection: &mut Connection, hash: &str) -> Result<Option<Confirmation>, sqlx::Error> {
    let sql = format!("SELECT {COLUMNS} FROM confirmation WHERE hash = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(hash.to_string()).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// Writes over what was entered, in a person's newest link.
pub async fn set_wishes(connection: &mut Connection, subscriber: i64, wishes: &str) -> Result<(), sqlx::Error> {
    let sql = "UPDATE confirmation SET wishes = $2 WHERE subscriber_id = $1 AND used = 0 AND created = \
               (SELECT max(created) FROM confirmation WHERE subscriber_id = $1)";
    sqlx::query(sql).bind(subscriber).bind(wishes.to_string()).execute(connection).await?;
    Ok(())
}

/// Marks a link as used; false when it already was.
pub async fn burn(connection: &mut Connection, hash: &str, now: i64) -> Result<bool, sqlx::Error> {
    let sql = "UPDATE confirmation SET used = $2 WHERE hash = $1 AND used = 0";
    let done = sqlx::query(sql).bind(hash.to_string()).bind(now).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

pub(super) fn read(row: &super::Row) -> Result<Confirmation, sqlx::Error> {
    Ok(Confirmation {
        subscriber_id: row.try_get(0)?,
        created: row.try_get(1)?,
        expires: row.try_get(2)?,
        used: row.try_get(3)?,
        wishes: row.try_get(4)?,
    })
}
