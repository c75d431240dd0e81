//! Facts about the whole database: named values, signing keys, holds and alarms.

use super::Connection;
use sqlx::Row;

/// A named value.
pub async fn get(connection: &mut Connection, key: &str) -> Result<Option<String>, sqlx::Error> {
    let row =
        sqlx::query("SELECT value FROM meta WHERE key = $1").bind(key.to_string()).fetch_optional(connection).await?;
    row.map(|row| row.try_get(0)).transpose()
}

pub async fn set(connection: &mut Connection, key: &str, value: &str) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO meta(key, value) VALUES ($1, $2) ON CONFLICT(key) DO UPDATE SET value = excluded.value";
    sqlx::query(sql).bind(key.to_string()).bind(value.to_string()).execute(connection).await?;
    Ok(())
}

pub async fn remove(connection: &mut Connection, key: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM meta WHERE key = $1").bind(key.to_string()).execute(connection).await?;
    Ok(())
}

/// The keys that sign links, newest first.
pub async fn signing_keys(connection: &mut Connection) -> Result<Vec<(i64, Vec<u8>)>, sqlx::Error> {
    let rows = sqlx::query("SELECT kid, secret FROM signing_key ORDER BY kid DESC").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

pub async fn add_signing_key(
    connection: &mut Connection,
    kid: i64,
    secret: &[u8],
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO signing_key(kid, secret, created) VALUES ($1, $2, $3)")
        .bind(kid)
        .bind(secret.to_vec())
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// A named reason why something stands still or needs a human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub name: String,
    pub why: String,
    pub since: i64,
}

impl Notice {
    /// Whether a hold of this name holds back what is called `what`.
    pub fn covers(&self, what: &str) -> bool {
        let rest = what.strip_prefix(&self.name);
        self.name == "all" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Everything that is held: `all`, or the beginning of `outbox.what`.
pub async fn holds(connection: &mut Connection) -> Result<Vec<Notice>, sqlx::Error> {
    notices(sqlx::query("SELECT scope, why, since FROM hold ORDER BY scope").fetch_all(connection).await?)
}

pub async fn hold(connection: &mut Connection, scope: &str, why: &str, now: i64) -> Result<(), sqlx::Error> {
    let sql =
        "INSERT INTO hold(scope, why, since) VALUES ($1, $2, $3) ON CONFLICT(scope) DO UPDATE SET why = excluded.why";
    sqlx::query(sql).bind(scope.to_string()).bind(why.to_string()).bind(now).execute(connection).await?;
    Ok(())
}

/// Whether there was such a hold.
pub async fn release(connection: &mut Connection, scope: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM hold WHERE scope = $1").bind(scope.to_string()).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

pub async fn alarms(connection: &mut Connection) -> Result<Vec<Notice>, sqlx::Error> {
    notices(sqlx::query("SELECT key, text, since FROM alarm ORDER BY since, key").fetch_all(connection).await?)
}

/// Raises an alarm, or renews its text. Whether it is new.
pub async fn raise(connection: &mut Connection, key: &str, text: &str, now: i64) -> Result<bool, sqlx::Error> {
    let known = sqlx::query("SELECT key FROM alarm WHERE key = $1")
        .bind(key.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    let sql =
        "INSERT INTO alarm(key, text, since) VALUES ($1, $2, $3) ON CONFLICT(key) DO UPDATE SET text = excluded.text";
    sqlx::query(sql).bind(key.to_string()).bind(text.to_string()).bind(now).execute(connection).await?;
    Ok(known.is_none())
}

pub async fn lower(connection: &mut Connection, key: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM alarm WHERE key = $1").bind(key.to_string()).execute(connection).await?;
    Ok(())
}

fn notices(rows: Vec<super::Row>) -> Result<Vec<Notice>, sqlx::Error> {
    rows.iter().map(|row| Ok(Notice { name: row.try_get(0)?, why: row.try_get(1)?, since: row.try_get(2)? })).collect()
}
