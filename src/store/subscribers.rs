//! People as rows, and what they agreed to.

use super::Connection;
use super::Row;
use super::optional;
use crate::address::Address;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use sqlx::Row as _;

/// The columns that make a [`Subscriber`], in the order in which `read` takes them.
macro_rules! columns {
    () => {
        "s.id, s.address, s.first_name, s.language, s.zone, s.hour, s.weekdays, s.fields, s.status"
    };
}
pub(super) use columns as subscriber_columns;

pub async fn by_key(connection: &mut Connection, key: &str) -> Result<Option<Subscriber>, sqlx::Error> {
    let sql = concat!("SELECT ", columns!(), " FROM subscriber s WHERE s.address_key = $1");
    let row = sqlx::query(sql).bind(key.to_string()).fetch_optional(connection).await?;
    row.map(|row| read(&row, 0)).transpose()
}

pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Subscriber>, sqlx::Error> {
    let sql = concat!("SELECT ", columns!(), " FROM subscriber s WHERE s.id = $1");
    let row = sqlx::query(sql).bind(id).fetch_optional(connection).await?;
    row.map(|row| read(&row, 0)).transpose()
}

/// Everybody, by address.
pub async fn all(connection: &mut Connection) -> Result<Vec<Subscriber>, sqlx::Error> {
    let sql = concat!("SELECT ", columns!(), " FROM subscriber s ORDER BY s.address_key");
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(|row| read(row, 0)).collect()
}

pub async fn set_status(connection: &mut Connection, id: i64, status: Status) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE subscriber SET status = $2 WHERE id = $1")
        .bind(id)
        .bind(status.stored())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether this is still a person's address.
pub async fn has_address(connection: &mut Connection, id: i64, address: &str) -> Result<bool, sqlx::Error> {
    let sql = "SELECT address FROM subscriber WHERE id = $1";
    let row = sqlx::query(sql).bind(id).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get::<String, _>(0)).transpose()?.is_some_and(|known| known == address))
}

/// Gives a person another address. Fails when somebody has it.
pub async fn set_address(connection: &mut Connection, id: i64, address: &Address) -> Result<(), sqlx::Error> {
    let sql = "UPDATE subscriber SET address = $2, address_key = $3 WHERE id = $1";
    sqlx::query(sql).bind(id).bind(address.to_string()).bind(address.key()).execute(connection).await?;
    Ok(())
}

/// What a person agreed to: the words by their hash, and where the agreement came from.
#[derive(Debug, Clone)]
pub struct Consent<'a> {
    pub id: i64,
    pub subscriber_id: i64,
    pub course: &'a str,
    pub source: &'a str,
    pub text: &'a str,
    pub version: &'a str,
    pub at: i64,
    /// They only asked for the course so far, and must still confirm.
    pub asked: bool,
    pub evidence: Evidence,
}

/// By which page somebody agreed, from where, and with what; all empty where there was no page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// As `/c/calm`.
    pub page: String,
    pub ip: String,
    /// What their browser calls itself.
    pub agent: String,
}

/// The numbers of everything that was mailed to a person. Reads the whole outbox: not for a transaction.
pub async fn mailed_to(connection: &mut Connection, id: i64) -> Result<Vec<i64>, sqlx::Error> {
    let sql = "SELECT id FROM outbox WHERE whom IN (SELECT id FROM enrolment WHERE subscriber_id = $1) OR whom = $1";
    let rows = sqlx::query(sql).bind(id).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// The numbers of the letters to a person, who never got anything else.
pub async fn letters_to(connection: &mut Connection, id: i64) -> Result<Vec<i64>, sqlx::Error> {
    let sql = "SELECT id FROM outbox WHERE what IN ('confirm', 'page', 'address', 'changed') AND whom = $1";
    let rows = sqlx::query(sql).bind(id).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Removes a person and every row that tells of them; `mailed` as [`mailed_to`] found it. What was queued since then goes
/// too.
pub async fn erase(connection: &mut Connection, id: i64, mailed: &[i64]) -> Result<(), sqlx::Error> {
    let mailed: Vec<[i64; 1]> = mailed.iter().map(|id| [*id]).collect();
    let mailed = serde_json::json!(mailed).to_string();
    for sql in [
        "DELETE FROM attempt WHERE outbox_id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)",
        "DELETE FROM body WHERE id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)",
        "DELETE FROM outbox WHERE id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)",
    ] {
        sqlx::query(sql).bind(mailed.clone()).execute(&mut *connection).await?;
    }
    for sql in [
        "DELETE FROM attempt WHERE outbox_id IN (SELECT id FROM outbox WHERE subscriber_id = $1 AND state < 10)",
        "DELETE FROM body WHERE id IN (SELECT id FROM outbox WHERE subscriber_id = $1 AND state < 10)",
        "DELETE FROM outbox WHERE subscriber_id = $1 AND state < 10",
        "DELETE FROM answer WHERE subscriber_id = $1",
        "DELETE FROM confirmation WHERE subscriber_id = $1",
        "DELETE FROM consent WHERE subscriber_id = $1",
        "DELETE FROM act WHERE subscriber_id = $1",
        "DELETE FROM issue_date WHERE subscriber_id = $1",
        "DELETE FROM address_change WHERE subscriber_id = $1",
        "DELETE FROM farewell WHERE subscriber_id = $1",
        "DELETE FROM enrolment WHERE subscriber_id = $1",
        "DELETE FROM subscriber WHERE id = $1",
    ] {
        sqlx::query(sql).bind(id).execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) fn read(row: &Row, at: usize) -> Result<Subscriber, sqlx::Error> {
    let damaged =
        |what: &str| sqlx::Error::Decode(format!("a subscriber's {what} can't be read; run `dripline verify`").into());
    let hour: String = row.try_get(at + 5)?;
    let fields: String = row.try_get(at + 7)?;
    Ok(Subscriber {
        id: row.try_get(at)?,
        address: row.try_get::<String, _>(at + 1)?.parse().map_err(|_| damaged("address"))?,
        first_name: optional(row.try_get(at + 2)?),
        language: optional(row.try_get(at + 3)?),
        zone: optional(row.try_get(at + 4)?),
        hour: optional(hour).map(|hour| hour.parse()).transpose().map_err(|_| damaged("hour"))?,
        weekdays: optional(row.try_get(at + 6)?),
        fields: serde_json::from_str(&fields).map_err(|_| damaged("fields"))?,
        status: Status::from_stored(row.try_get(at + 8)?).ok_or_else(|| damaged("status"))?,
    })
}
