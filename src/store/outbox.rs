//! The outbox: what is due is claimed here, and what waits to be tried again.

use super::Connection;
use super::enrolments;
use super::enrolments::enrolment_columns;
use super::outbox_row::outbox_columns as columns;
use super::outbox_row::read;
use super::subscribers;
use super::subscribers::subscriber_columns;
use crate::clock::from_ms;
use crate::delivery::State;
use crate::enrolment::Enrolment;
use crate::subscriber::Subscriber;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use sqlx::Row as _;

pub use super::outbox_row::Delivery;
pub use super::outbox_row::Lane;
pub use super::outbox_row::Meant;
pub use super::parked::Parked;
pub use super::parked::lease_parked;
pub use super::parked::park;
pub use super::parked::parked_domains;

/// True for a row that nothing holds back.
macro_rules! not_held {
    ($what:literal) => {
        concat!(
            "NOT EXISTS (SELECT 1 FROM hold h WHERE h.scope = 'all' OR ",
            $what,
            " = h.scope OR ",
            $what,
            " LIKE h.scope || '/%')"
        )
    };
}
pub(super) use not_held;

/// Enrolments that are due by `now` and which nothing holds back, longest due first, with the person. Whatever went wrong
/// elsewhere, nothing leaves for a suppressed address.
pub async fn due(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(Enrolment, Subscriber)>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        enrolment_columns!(),
        ", ",
        subscriber_columns!(),
        " FROM enrolment e JOIN subscriber s ON s.id = e.subscriber_id
         WHERE e.state IN (1, 8) AND e.due <= $1 AND s.status <> 4 AND ",
        not_held!("('lesson/' || e.course || '/' || e.lesson)"),
        " ORDER BY e.due LIMIT $2"
    );
    let rows = sqlx::query(sql).bind(now.as_millisecond()).bind(limit).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((enrolments::read(row)?, subscribers::read(row, enrolments::COLUMNS)?))).collect()
}

/// Marks due enrolments as in flight. Returns how many were still as they had been read.
pub async fn take(connection: &mut Connection, taken: &[(i64, i64)]) -> Result<u64, sqlx::Error> {
    let sql = "UPDATE enrolment SET state = 2 FROM json_each($1) j
        WHERE enrolment.id = cast(j.value ->> 0 as bigint) AND enrolment.serial = cast(j.value ->> 1 as bigint) AND +enrolment.state = 1";
    Ok(sqlx::query(sql).bind(json!(taken).to_string()).execute(connection).await?.rows_affected())
}

/// Moves waiting enrolments to a later due time: `(id, serial, due, why)`.
pub async fn slide(connection: &mut Connection, slides: &[(i64, i64, Timestamp, String)]) -> Result<(), sqlx::Error> {
    let rows: Vec<Value> =
        slides.iter().map(|(id, serial, due, why)| json!([id, serial, due.as_millisecond(), why])).collect();
    let sql = "UPDATE enrolment SET due = cast(j.value ->> 2 as bigint), why = j.value ->> 3 FROM json_each($1) j
        WHERE enrolment.id = cast(j.value ->> 0 as bigint) AND enrolment.serial = cast(j.value ->> 1 as bigint) AND +enrolment.state = 1";
    sqlx::query(sql).bind(Value::from(rows).to_string()).execute(connection).await?;
    Ok(())
}

/// Adds rows in the state they have. Returns the ids that were new: a missing one means that this message exists
/// already, and must not be sent again.
pub async fn insert(connection: &mut Connection, rows: &[Delivery], now: Timestamp) -> Result<Vec<i64>, sqlx::Error> {
    let values: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!([
                row.id,
                row.what,
                row.whom,
                row.occurrence,
                row.subscriber_id,
                row.enrolment_id,
                row.serial,
                row.lane as i64,
                row.state.stored(),
                row.epoch,
                row.claims,
                row.not_before.as_millisecond(),
                row.expires.as_millisecond(),
                row.due.as_millisecond(),
                row.why,
                row.inputs,
                now.as_millisecond()
            ])
        })
        .collect();
    let sql = "WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO outbox(id, what, whom, occurrence, subscriber_id, enrolment_id, serial, lane, state, epoch, claims, attempts,
            losses, copies, not_before, expires, created, due, why, version, message_id, dated, hash, inputs, doubtful_since, reply, ended)
        SELECT cast(j.value ->> 0 as bigint), j.value ->> 1, cast(j.value ->> 2 as bigint), cast(j.value ->> 3 as bigint),
            cast(j.value ->> 4 as bigint), cast(j.value ->> 5 as bigint), cast(j.value ->> 6 as bigint), cast(j.value ->> 7 as bigint),
            cast(j.value ->> 8 as bigint), cast(j.value ->> 9 as bigint), cast(j.value ->> 10 as bigint), 0, 0, 0,
            cast(j.value ->> 11 as bigint), cast(j.value ->> 12 as bigint), cast(j.value ->> 16 as bigint), cast(j.value ->> 13 as bigint),
            j.value ->> 14, '', '', 0, '', j.value ->> 15, 0, '', 0
        FROM j WHERE true ON CONFLICT DO NOTHING RETURNING id";
    let rows = sqlx::query(sql).bind(Value::from(values).to_string()).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Whether anything may be tried by `now`, or waits for its domain.
pub async fn is_any_ready(connection: &mut Connection, now: Timestamp) -> Result<bool, sqlx::Error> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state <= 1 AND lane IN (0, 1, 2) AND not_before <= $1 LIMIT 1) r
        UNION ALL SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state <= 1 AND parked <> '' LIMIT 1) p";
    let rows = sqlx::query(sql).bind(now.as_millisecond()).fetch_all(connection).await?;
    let counts: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    Ok(counts.iter().any(|count| *count > 0))
}

/// Leases rows of a lane that may be tried by `now` and that nothing holds back: the epoch and the claims rise.
/// Rows whose claims ended three times without a message are left out; see [`lease_suspect`].
pub async fn lease(
    connection: &mut Connection,
    lane: Lane,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Delivery>, sqlx::Error> {
    let sql = concat!(
        "WITH d AS MATERIALIZED (SELECT outbox.id FROM outbox WHERE outbox.state <= 1 AND outbox.lane = $1 AND outbox.not_before <= $2
            AND NOT (outbox.claims >= 3 AND outbox.hash = '') AND ",
        not_held!("outbox.what"),
        " ORDER BY outbox.not_before LIMIT $3)
         UPDATE outbox SET state = 2, epoch = epoch + 1, claims = claims + 1, parked = '' FROM d WHERE outbox.id = d.id RETURNING ",
        columns!()
    );
    let rows = sqlx::query(sql).bind(lane as i64).bind(now.as_millisecond()).bind(limit).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Leases one row whose three claims ended before a message was made of it. The caller tries it with nothing else
/// leased: when the program ends again, this row is why.
pub async fn lease_suspect(connection: &mut Connection, now: Timestamp) -> Result<Option<Delivery>, sqlx::Error> {
    let sql = concat!(
        "WITH d AS MATERIALIZED (SELECT outbox.id FROM outbox WHERE outbox.state <= 1 AND outbox.not_before <= $1 AND outbox.claims >= 3
            AND outbox.hash = '' AND ",
        not_held!("outbox.what"),
        " ORDER BY +outbox.id LIMIT 1)
         UPDATE outbox SET state = 2, epoch = epoch + 1, claims = claims + 1 FROM d WHERE outbox.id = d.id RETURNING ",
        columns!()
    );
    let row = sqlx::query(sql).bind(now.as_millisecond()).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// The earliest instant after `now`, by the wall clock, at which a row waits to be tried.
pub async fn next_ready(connection: &mut Connection, now: Timestamp) -> Result<Option<Timestamp>, sqlx::Error> {
    let sql = "SELECT min(not_before) FROM outbox WHERE state <= 1 AND not_before > $1";
    let row = sqlx::query(sql).bind(now.as_millisecond()).fetch_one(connection).await?;
    Ok(row.try_get::<Option<i64>, _>(0)?.map(from_ms))
}

/// Since when the message has been in doubt that is so for longest.
pub async fn oldest_doubt(connection: &mut Connection) -> Result<Option<Timestamp>, sqlx::Error> {
    let row = sqlx::query("SELECT min(doubtful_since) FROM outbox WHERE state = 4").fetch_one(connection).await?;
    Ok(row.try_get::<Option<i64>, _>(0)?.map(from_ms))
}

pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Delivery>, sqlx::Error> {
    let sql = concat!("SELECT ", columns!(), " FROM outbox WHERE outbox.id = $1");
    let row = sqlx::query(sql).bind(id).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// The rows of one person that haven't ended, those whose whole course is meant, or all (`course` empty).
pub async fn open_of(connection: &mut Connection, subscriber: i64) -> Result<Vec<Delivery>, sqlx::Error> {
    let sql = concat!("SELECT ", columns!(), " FROM outbox WHERE outbox.subscriber_id = $1 AND outbox.state < 10");
    let rows = sqlx::query(sql).bind(subscriber).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// The highest occurrence of a message that exists; 0 when there was none.
pub async fn last_occurrence(connection: &mut Connection, what: &str, whom: i64) -> Result<i64, sqlx::Error> {
    let sql = "SELECT coalesce(max(occurrence), 0) FROM outbox WHERE what = $1 AND whom = $2";
    sqlx::query(sql).bind(what.to_string()).bind(whom).fetch_one(connection).await?.try_get(0)
}

/// Which times a letter was queued for a person, and when: the latest first, at most `limit`.
pub async fn latest(
    connection: &mut Connection,
    what: &str,
    whom: i64,
    limit: i64,
) -> Result<Vec<(i64, Timestamp)>, sqlx::Error> {
    let sql = "SELECT occurrence, created FROM outbox WHERE what = $1 AND whom = $2 ORDER BY occurrence DESC LIMIT $3";
    let rows = sqlx::query(sql).bind(what.to_string()).bind(whom).bind(limit).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, from_ms(row.try_get(1)?)))).collect()
}

/// What waits for a person, and surely never arrived, is made anew: it names an address that is no longer theirs. A copy
/// that may have arrived stays as it is.
pub async fn readdress(connection: &mut Connection, subscriber: i64) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM body WHERE id IN
        (SELECT o.id FROM outbox o WHERE o.subscriber_id = $1 AND o.state < 10 AND +o.state <= 1 AND o.copies = 0)";
    sqlx::query(sql).bind(subscriber).execute(&mut *connection).await?;
    let sql = "UPDATE outbox SET hash = '', message_id = ''
        WHERE subscriber_id = $1 AND state < 10 AND +state <= 1 AND copies = 0";
    sqlx::query(sql).bind(subscriber).execute(connection).await?;
    Ok(())
}

/// Moves one row from a state to another outside of the ledger. Whether it was still in that state.
pub async fn set_state(
    connection: &mut Connection,
    id: i64,
    from: State,
    to: State,
    reply: &str,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    debug_assert!(from.may_become(to), "{} -> {}", from.name(), to.name());
    let ended = if to.has_ended() { now.as_millisecond() } else { 0 };
    let sql =
        "UPDATE outbox SET state = $3, reply = CASE WHEN $4 = '' THEN reply ELSE $4 END, ended = $5, not_before = $6,
            inputs = CASE WHEN cast($5 as bigint) = 0 THEN inputs ELSE '' END WHERE id = $1 AND +state = $2";
    let done = sqlx::query(sql)
        .bind(id)
        .bind(from.stored())
        .bind(to.stored())
        .bind(super::storable(reply))
        .bind(ended)
        .bind(now.as_millisecond())
        .execute(&mut *connection)
        .await?;
    let moved = done.rows_affected() == 1;
    if moved && to.has_ended() {
        drop_body(connection, id).await?;
    }
    Ok(moved)
}

/// Gives a lease back unused. What was cancelled meanwhile stays so.
pub async fn give_back(connection: &mut Connection, id: i64, epoch: i64) -> Result<(), sqlx::Error> {
    let sql = "UPDATE outbox SET state = 0, claims = 0 WHERE id = $1 AND epoch = $2 AND +state = 2";
    sqlx::query(sql).bind(id).bind(epoch).execute(connection).await?;
    Ok(())
}

/// Notes that a message could be made of a row that was suspected of ending the program.
pub async fn acquit(connection: &mut Connection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE outbox SET claims = 0 WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Sends a held or quarantined row after all: made anew, with a fresh count of copies and claims and a day to be sent in,
/// since a human says so.
pub async fn again(connection: &mut Connection, id: i64, now: Timestamp) -> Result<(), sqlx::Error> {
    let sql = "UPDATE outbox SET state = 0, not_before = $2, expires = CASE WHEN expires > $2 + 86400000 THEN expires ELSE $2 + 86400000 END, claims = 0, copies = 0, losses = 0, hash = '', message_id = '', version = '',
            inputs = CASE WHEN enrolment_id = 0 THEN inputs ELSE '' END WHERE id = $1 AND +state IN (5, 6)";
    sqlx::query(sql).bind(id).bind(now.as_millisecond()).execute(&mut *connection).await?;
    drop_body(connection, id).await
}

/// Tries a deferred row now instead of later.
pub async fn hurry(connection: &mut Connection, id: i64, now: Timestamp) -> Result<(), sqlx::Error> {
    let sql = "UPDATE outbox SET not_before = $2 WHERE id = $1 AND state <= 1";
    sqlx::query(sql).bind(id).bind(now.as_millisecond()).execute(connection).await?;
    Ok(())
}

pub async fn drop_body(connection: &mut Connection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM body WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Rows in doubt since `before` or longer.
pub async fn in_doubt(
    connection: &mut Connection,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Delivery>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM outbox WHERE outbox.state = 4 AND outbox.doubtful_since <= $1 ORDER BY outbox.doubtful_since LIMIT $2"
    );
    let rows = sqlx::query(sql).bind(before.as_millisecond()).bind(limit).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// What is held may wait so much longer: a human decides.
const DECIDE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Rows that waited too long to be tried: expired by `now`, and those of a hold by 30 days before.
pub async fn expired(connection: &mut Connection, now: Timestamp, limit: i64) -> Result<Vec<Delivery>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM outbox WHERE outbox.state <= 1 AND outbox.not_before <= $1 AND outbox.expires <= $1 AND (outbox.expires <= $3 OR ",
        not_held!("outbox.what"),
        ") LIMIT $2"
    );
    let undecided = now.saturating_sub(DECIDE).unwrap_or(Timestamp::MIN).as_millisecond();
    let query = sqlx::query(sql).bind(now.as_millisecond()).bind(limit).bind(undecided);
    let rows = query.fetch_all(&mut *connection).await?;
    let mut expired: Vec<Delivery> = rows.iter().map(read).collect::<Result<_, _>>()?;
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM outbox WHERE outbox.state <= 1 AND outbox.parked <> '' AND outbox.expires <= $1 AND (outbox.expires <= $3 OR ",
        not_held!("outbox.what"),
        ") LIMIT $2"
    );
    let query = sqlx::query(sql).bind(now.as_millisecond()).bind(limit).bind(undecided);
    for row in query.fetch_all(connection).await? {
        let parked = read(&row)?;
        if !expired.iter().any(|it| it.id == parked.id) {
            expired.push(parked);
        }
    }
    Ok(expired)
}

/// Gives everything that waits more time: the relay was away for so long.
pub async fn extend_expiry(
    connection: &mut Connection,
    by: SignedDuration,
    at_least: Timestamp,
) -> Result<(), sqlx::Error> {
    let sql = "UPDATE outbox SET expires = CASE WHEN expires + $1 > $2 THEN expires + $1 ELSE $2 END WHERE state <= 1";
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 2);
    sqlx::query(sql).bind(by).bind(at_least.as_millisecond()).execute(connection).await?;
    Ok(())
}

/// Gives what a hold kept back at least until then. `scope` as in `hold`.
pub async fn extend_released(connection: &mut Connection, scope: &str, at_least: Timestamp) -> Result<(), sqlx::Error> {
    let sql = "UPDATE outbox SET expires = $2 WHERE state <= 1 AND expires < $2 AND ($1 = 'all' OR what = $1 OR what LIKE $1 || '/%')";
    sqlx::query(sql).bind(scope.to_string()).bind(at_least.as_millisecond()).execute(connection).await?;
    Ok(())
}

/// The stored bytes (zstd) of a message, if an attempt left some.
pub async fn body(connection: &mut Connection, id: i64) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let row = sqlx::query("SELECT bytes FROM body WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// After a start: what was leased goes back, what was on the wire is in doubt. Returns how many of each.
pub async fn recover(connection: &mut Connection, now: Timestamp) -> Result<(u64, u64), sqlx::Error> {
    let leased = "UPDATE outbox SET state = 0, epoch = epoch + 1 WHERE state < 10 AND +state = 2";
    let sending = "UPDATE outbox SET state = 4, epoch = epoch + 1, doubtful_since = $1 WHERE state < 10 AND +state = 3";
    let leased = sqlx::query(leased).execute(&mut *connection).await?.rows_affected();
    let sending = sqlx::query(sending).bind(now.as_millisecond()).execute(connection).await?.rows_affected();
    Ok((leased, sending))
}
