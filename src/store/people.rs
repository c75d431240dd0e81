//! Many people at once: what is known of a set of them, and what became of it, each in one statement however many they
//! are. Everything a sign-up reads and writes goes through here, of one person too. A row is a JSON array of texts and
//! whole numbers; MATERIALIZED keeps SQLite from writing it out anew for every column that is taken from it.

use super::Connection;
use super::confirmations::Confirmation;
use super::enrolments;
use super::enrolments::enrolment_columns;
use super::storable;
use super::subscribers;
use super::subscribers::Consent;
use super::subscribers::Evidence;
use super::subscribers::subscriber_columns;
use super::suppressions;
use super::suppressions::Suppression;
use crate::enrolment::Enrolment;
use crate::subscriber::Subscriber;
use serde_json::Value;
use serde_json::json;
use sqlx::Row as _;

/// What a person agreed to, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    pub subscriber_id: i64,
    pub course: String,
    pub source: String,
    pub text: String,
    pub version: String,
    pub at: i64,
}

/// Those of these hashes that are suppressed.
pub async fn suppressed(
    connection: &mut Connection,
    hashes: &[String],
) -> Result<Vec<(String, Suppression)>, sqlx::Error> {
    let sql = "SELECT address, reason, source, since, hash FROM suppression
        WHERE hash IN (SELECT j.value ->> 0 FROM json_each($1) j)";
    let rows = sqlx::query(sql).bind(set(hashes)).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(4)?, suppressions::read(row)?))).collect()
}

/// Those of these address keys that somebody has.
pub async fn by_keys(connection: &mut Connection, keys: &[String]) -> Result<Vec<Subscriber>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        subscriber_columns!(),
        " FROM subscriber s WHERE s.address_key IN (SELECT j.value ->> 0 FROM json_each($1) j)"
    );
    let rows = sqlx::query(sql).bind(set(keys)).fetch_all(connection).await?;
    rows.iter().map(|row| subscribers::read(row, 0)).collect()
}

/// Those of these people who are there.
pub async fn by_ids(connection: &mut Connection, ids: &[i64]) -> Result<Vec<Subscriber>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        subscriber_columns!(),
        " FROM subscriber s WHERE s.id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)"
    );
    let rows = sqlx::query(sql).bind(set(ids)).fetch_all(connection).await?;
    rows.iter().map(|row| subscribers::read(row, 0)).collect()
}

/// Those of these enrolments that are there.
pub async fn places(connection: &mut Connection, ids: &[i64]) -> Result<Vec<Enrolment>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        enrolment_columns!(),
        " FROM enrolment e WHERE e.id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)"
    );
    let rows = sqlx::query(sql).bind(set(ids)).fetch_all(connection).await?;
    rows.iter().map(enrolments::read).collect()
}

/// Everybody in the order in which they came, in pages: at most `limit` with an id above `after`.
pub async fn page(connection: &mut Connection, after: i64, limit: i64) -> Result<Vec<Subscriber>, sqlx::Error> {
    let sql = concat!("SELECT ", subscriber_columns!(), " FROM subscriber s WHERE s.id > $1 ORDER BY s.id LIMIT $2");
    let rows = sqlx::query(sql).bind(after).bind(limit).fetch_all(connection).await?;
    rows.iter().map(|row| subscribers::read(row, 0)).collect()
}

/// Every enrolment of these people, oldest first.
pub async fn enrolments(connection: &mut Connection, people: &[i64]) -> Result<Vec<Enrolment>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        enrolment_columns!(),
        " FROM enrolment e WHERE e.subscriber_id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j) ORDER BY e.id"
    );
    let rows = sqlx::query(sql).bind(set(people)).fetch_all(connection).await?;
    rows.iter().map(enrolments::read).collect()
}

/// Everything that these people agreed to, oldest first; what they only asked for isn't among it.
pub async fn agreed(connection: &mut Connection, people: &[i64]) -> Result<Vec<Agreed>, sqlx::Error> {
    let sql = "SELECT subscriber_id, course, source, text, version, at FROM consent
        WHERE asked = 0 AND subscriber_id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j) ORDER BY id";
    let rows = sqlx::query(sql).bind(set(people)).fetch_all(connection).await?;
    let read = |row: &super::Row| {
        Ok(Agreed {
            subscriber_id: row.try_get(0)?,
            course: row.try_get(1)?,
            source: row.try_get(2)?,
            text: row.try_get(3)?,
            version: row.try_get(4)?,
            at: row.try_get(5)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The links by which these people were asked to confirm.
pub async fn asked(connection: &mut Connection, people: &[i64]) -> Result<Vec<Confirmation>, sqlx::Error> {
    let sql = "SELECT subscriber_id, created, expires, used, wishes FROM confirmation
        WHERE subscriber_id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)";
    let rows = sqlx::query(sql).bind(set(people)).fetch_all(connection).await?;
    rows.iter().map(super::confirmations::read).collect()
}

/// Which time the last mail of this kind went to these people: (person, occurrence). Those who never got one are absent.
pub async fn last_occurrences(
    connection: &mut Connection,
    what: &str,
    people: &[i64],
) -> Result<Vec<(i64, i64)>, sqlx::Error> {
    let sql = "SELECT whom, max(occurrence) FROM outbox
        WHERE what = $1 AND whom IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($2) j) GROUP BY whom";
    let rows = sqlx::query(sql).bind(what.to_string()).bind(set(people)).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Writes people: new by id, else everything but the address is replaced.
pub async fn put(connection: &mut Connection, people: &[&Subscriber], now: i64) -> Result<(), sqlx::Error> {
    if people.is_empty() {
        return Ok(());
    }
    let rows = people.iter().map(|it| {
        json!([
            it.id,
            it.address.as_str(),
            it.address.key(),
            storable(it.first_name.as_deref().unwrap_or_default()),
            storable(it.language.as_deref().unwrap_or_default()),
            storable(it.zone.as_deref().unwrap_or_default()),
            it.hour.map(|hour| hour.strftime("%H:%M").to_string()).unwrap_or_default(),
            storable(it.weekdays.as_deref().unwrap_or_default()),
            storable(&serde_json::to_string(&it.fields).unwrap_or_default()),
            it.status.stored()
        ])
    });
    let sql = "WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO subscriber(id, address, address_key, first_name, language, zone, hour, weekdays, fields, status, created)
        SELECT cast(j.value ->> 0 as bigint), j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6,
            j.value ->> 7, j.value ->> 8, cast(j.value ->> 9 as bigint), $2
        FROM j WHERE true
        ON CONFLICT(id) DO UPDATE SET first_name = excluded.first_name, language = excluded.language, zone = excluded.zone,
            hour = excluded.hour, weekdays = excluded.weekdays, fields = excluded.fields, status = excluded.status";
    sqlx::query(sql).bind(text(rows)).bind(now).execute(connection).await?;
    Ok(())
}

pub async fn add_consents(connection: &mut Connection, consents: &[Consent<'_>]) -> Result<(), sqlx::Error> {
    if consents.is_empty() {
        return Ok(());
    }
    let rows = consents.iter().map(|it| {
        let Evidence { page, ip, agent } = &it.evidence;
        let (source, text, agent) = (storable(it.source), storable(it.text), storable(agent));
        let asked = i64::from(it.asked);
        json!([it.id, it.subscriber_id, it.course, source, text, it.version, it.at, asked, storable(page), ip, agent])
    });
    let sql = "WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO consent(id, subscriber_id, course, source, text, version, at, asked, page, ip, agent)
        SELECT cast(j.value ->> 0 as bigint), cast(j.value ->> 1 as bigint), j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5,
            cast(j.value ->> 6 as bigint), cast(j.value ->> 7 as bigint), j.value ->> 8, j.value ->> 9, j.value ->> 10
        FROM j WHERE true";
    sqlx::query(sql).bind(text(rows)).execute(connection).await?;
    Ok(())
}

/// Stores links by the hash of their token.
pub async fn add_links(connection: &mut Connection, links: &[(String, Confirmation)]) -> Result<(), sqlx::Error> {
    if links.is_empty() {
        return Ok(());
    }
    let rows =
        links.iter().map(|(hash, it)| json!([hash, it.subscriber_id, it.created, it.expires, it.used, it.wishes]));
    let sql = "WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO confirmation(hash, subscriber_id, created, expires, used, wishes)
        SELECT j.value ->> 0, cast(j.value ->> 1 as bigint), cast(j.value ->> 2 as bigint), cast(j.value ->> 3 as bigint),
            cast(j.value ->> 4 as bigint), j.value ->> 5
        FROM j WHERE true";
    sqlx::query(sql).bind(text(rows)).execute(connection).await?;
    Ok(())
}

/// Suppresses addresses by their hash; who is suppressed already stays so for the known reason.
pub async fn suppress(connection: &mut Connection, all: &[(String, Suppression)]) -> Result<(), sqlx::Error> {
    if all.is_empty() {
        return Ok(());
    }
    let rows =
        all.iter().map(|(hash, it)| json!([hash, it.address, storable(&it.reason), storable(&it.source), it.since]));
    let sql = "WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO suppression(hash, address, reason, source, since)
        SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, cast(j.value ->> 4 as bigint)
        FROM j WHERE true ON CONFLICT(hash) DO NOTHING";
    sqlx::query(sql).bind(text(rows)).execute(connection).await?;
    Ok(())
}

/// A set as a parameter: an array of arrays of one.
fn set<T: serde::Serialize>(members: &[T]) -> String {
    text(members.iter().map(|it| json!([it])))
}

fn text(rows: impl Iterator<Item = Value>) -> String {
    Value::from_iter(rows).to_string()
}
