//! What the operator is told of by mail: each trouble once, until it is over and comes back.

use super::Connection;
use super::storable;
use crate::clock::from_ms;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use sqlx::Row as _;

/// One trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub key: String,
    /// What it is, and what to do.
    pub text: String,
    pub since: Timestamp,
    /// When it was seen to be over; `None` while it lasts.
    pub over: Option<Timestamp>,
}

/// Writes down which troubles there are now. One that is over is forgotten as soon as it was told of: it is new when it
/// comes back.
pub async fn see(connection: &mut Connection, current: &[Trouble], now: Timestamp) -> Result<(), sqlx::Error> {
    let rows: Vec<Value> =
        current.iter().map(|it| json!([it.key, storable(&it.text), it.since.as_millisecond()])).collect();
    let rows = Value::from(rows).to_string();
    sqlx::query(FORGET).bind(rows.clone()).execute(&mut *connection).await?;
    sqlx::query(END).bind(rows.clone()).bind(now.as_millisecond()).execute(&mut *connection).await?;
    let sql = "INSERT INTO trouble(key, text, since, over, told)
        SELECT j.value ->> 0, j.value ->> 1, cast(j.value ->> 2 as bigint), 0, 0 FROM json_each($1) j WHERE true
        ON CONFLICT(key) DO UPDATE SET text = excluded.text, over = 0";
    sqlx::query(sql).bind(rows).execute(connection).await?;
    Ok(())
}

const FORGET: &str = "DELETE FROM trouble WHERE told > 0
    AND NOT EXISTS (SELECT 1 FROM json_each($1) j WHERE j.value ->> 0 = trouble.key)";
const END: &str = "UPDATE trouble SET over = $2 WHERE over = 0
    AND NOT EXISTS (SELECT 1 FROM json_each($1) j WHERE j.value ->> 0 = trouble.key)";

/// All that is written down.
pub async fn all(connection: &mut Connection) -> Result<Vec<Trouble>, sqlx::Error> {
    read(sqlx::query("SELECT key, text, since, over FROM trouble ORDER BY since, key").fetch_all(connection).await?)
}

/// What the operator wasn't told of yet, the oldest first.
pub async fn untold(connection: &mut Connection) -> Result<Vec<Trouble>, sqlx::Error> {
    let sql = "SELECT key, text, since, over FROM trouble WHERE told = 0 ORDER BY since, key";
    read(sqlx::query(sql).fetch_all(connection).await?)
}

/// A relay took the mail about these.
pub async fn tell(connection: &mut Connection, told: &[Trouble], now: Timestamp) -> Result<(), sqlx::Error> {
    let keys: Vec<[&str; 1]> = told.iter().map(|it| [it.key.as_str()]).collect();
    let sql = "UPDATE trouble SET told = $2 WHERE key IN (SELECT j.value ->> 0 FROM json_each($1) j)";
    sqlx::query(sql).bind(json!(keys).to_string()).bind(now.as_millisecond()).execute(connection).await?;
    Ok(())
}

fn read(rows: Vec<super::Row>) -> Result<Vec<Trouble>, sqlx::Error> {
    let read = |row: &super::Row| {
        let over: i64 = row.try_get(3)?;
        let over = (over > 0).then(|| from_ms(over));
        Ok(Trouble { key: row.try_get(0)?, text: row.try_get(1)?, since: from_ms(row.try_get(2)?), over })
    };
    rows.iter().map(read).collect()
}
