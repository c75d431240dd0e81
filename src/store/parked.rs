//! The queues of domains that take less than there is for them: what waits there stands in nobody else's way, is found by
//! its domain, and costs one write on its way in.

use super::Connection;
use super::outbox::not_held;
use super::outbox_row::Delivery;
use super::outbox_row::outbox_columns as columns;
use super::outbox_row::read;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use sqlx::Row as _;

/// So far away that nobody looks for it among what is ready: the last day of the year 9999.
const FAR: i64 = 253_402_207_200_000;

/// A leased message that has to wait for its domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    pub id: i64,
    pub epoch: i64,
    pub domain: String,
}

/// Gives leases back unused, into the queues of their domains. What was cancelled meanwhile stays so.
pub async fn park(connection: &mut Connection, rows: &[Parked]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = rows.iter().map(|row| json!([row.id, row.epoch, row.domain])).collect();
    let sql = "UPDATE outbox SET state = 0, claims = 0, parked = j.value ->> 2, not_before = $2 FROM json_each($1) j
        WHERE outbox.id = cast(j.value ->> 0 as bigint) AND outbox.epoch = cast(j.value ->> 1 as bigint) AND +outbox.state = 2";
    sqlx::query(sql).bind(Value::from(rows).to_string()).bind(FAR).execute(connection).await?;
    Ok(())
}

/// Domains in whose queues something waits: one look into the index for each.
pub async fn parked_domains(connection: &mut Connection) -> Result<Vec<String>, sqlx::Error> {
    let sql = "WITH RECURSIVE d(parked) AS (
            SELECT min(parked) FROM outbox WHERE state <= 1 AND parked <> ''
            UNION ALL
            SELECT (SELECT min(o.parked) FROM outbox o WHERE o.state <= 1 AND o.parked <> '' AND o.parked > d.parked)
            FROM d WHERE d.parked IS NOT NULL)
        SELECT parked FROM d WHERE parked IS NOT NULL";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Leases from a domain's queue, confirmations before lessons before issues and each in the order in which they came:
/// the epoch and the claims rise. What is held stays.
pub async fn lease_parked(
    connection: &mut Connection,
    domain: &str,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Delivery>, sqlx::Error> {
    let sql = concat!(
        "WITH d AS MATERIALIZED (SELECT outbox.id FROM outbox WHERE outbox.state <= 1 AND outbox.parked <> '' AND outbox.parked = $1 AND ",
        not_held!("outbox.what"),
        " ORDER BY outbox.lane, outbox.id LIMIT $2)
         UPDATE outbox SET state = 2, epoch = epoch + 1, claims = claims + 1, parked = '', not_before = $3 FROM d WHERE outbox.id = d.id RETURNING ",
        columns!()
    );
    let query = sqlx::query(sql).bind(domain.to_string()).bind(limit).bind(now.as_millisecond());
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(read).collect()
}
