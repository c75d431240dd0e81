//! How many mails each relay accepted on a day.

use super::Connection;
use super::ledger::Record;
use crate::delivery::State;
use crate::pace::day;
use jiff::civil::Date;
use serde_json::json;
use sqlx::Row as _;
use std::collections::BTreeMap;

/// Adds what relays accepted: `(relay, day, count)`.
pub async fn count(connection: &mut Connection, accepted: &[(String, Date, i64)]) -> Result<(), sqlx::Error> {
    let rows: Vec<_> = accepted.iter().map(|(relay, day, count)| json!([relay, day.to_string(), count])).collect();
    let sql = "INSERT INTO relay_day(relay, day, accepted)
        SELECT j.value ->> 0, j.value ->> 1, cast(j.value ->> 2 as bigint) FROM json_each($1) j WHERE true
        ON CONFLICT(relay, day) DO UPDATE SET accepted = relay_day.accepted + excluded.accepted";
    sqlx::query(sql).bind(json!(rows).to_string()).execute(connection).await?;
    Ok(())
}

/// Counts what relays accepted, each day by itself.
pub async fn count_records(connection: &mut Connection, records: &[Record]) -> Result<(), sqlx::Error> {
    let mut counts: BTreeMap<(&str, Date), i64> = BTreeMap::new();
    for record in records.iter().filter(|record| record.to == State::Accepted) {
        if let Some(attempt) = &record.attempt {
            *counts.entry((&attempt.relay, day(record.at))).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return Ok(());
    }
    let counts: Vec<_> = counts.into_iter().map(|((relay, day), count)| (relay.to_string(), day, count)).collect();
    count(connection, &counts).await
}

/// What each relay accepted on this day.
pub async fn taken(connection: &mut Connection, day: Date) -> Result<Vec<(String, u64)>, sqlx::Error> {
    let rows = sqlx::query("SELECT relay, accepted FROM relay_day WHERE day = $1")
        .bind(day.to_string())
        .fetch_all(connection)
        .await?;
    let read = |row: &super::Row| {
        let accepted: i64 = row.try_get(1)?;
        Ok((row.try_get(0)?, u64::try_from(accepted).unwrap_or(0)))
    };
    rows.iter().map(read).collect()
}
