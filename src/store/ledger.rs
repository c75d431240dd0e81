//! What the ledger commits: outcomes that were heard, and leave to put a message on the wire. Many at once, in a few
//! statements; one bad row never harms its neighbours. MATERIALIZED keeps SQLite from writing a row of JSON out anew for
//! every column that is taken from it.

use super::Connection;
use super::Store;
use super::dialect::Dialect;
use super::issues;
use super::outbox::not_held;
use super::quota;
use super::storable;
use super::subscribers;
use super::suppressions;
use crate::delivery::State;
use crate::enrolment::Enrolment;
use crate::subscriber::Status;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use sqlx::Row as _;
use std::collections::HashSet;

/// Asks whether a message may go on the wire, and stores what it was made from.
#[derive(Debug, Clone)]
pub struct Intent {
    pub id: i64,
    pub epoch: i64,
    pub message_id: String,
    pub dated: Timestamp,
    /// SHA-256 of the bytes, in hex.
    pub hash: String,
    pub inputs: String,
    pub version: String,
}

/// What became of a message that was leased or on the wire.
#[derive(Debug, Clone)]
pub struct Record {
    pub id: i64,
    pub epoch: i64,
    /// 0: none.
    pub enrolment_id: i64,
    /// The state the row must be in.
    pub from: State,
    pub to: State,
    pub at: Timestamp,
    pub not_before: Timestamp,
    pub expires: Timestamp,
    pub attempts: i64,
    pub losses: i64,
    /// What `why` shows.
    pub reply: String,
    pub attempt: Option<Attempt>,
    /// What the outcome does to the enrolment.
    pub enrolment: Option<Enrolment>,
    /// Its bytes are stored from an earlier attempt.
    pub was_kept: bool,
    /// The message, when it will be needed again.
    pub kept: Option<Kept>,
    /// The address takes no mail: suppress it, and hold every enrolment.
    pub suppress: Option<Suppress>,
}

/// A message that is to be sent again just as it is.
#[derive(Debug, Clone)]
pub struct Kept {
    pub frozen: Intent,
    /// zstd.
    pub body: Vec<u8>,
}

/// One exchange with the relay, for the journal.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub id: i64,
    pub relay: String,
    pub code: u16,
    pub enhanced: String,
    pub text: String,
    pub outcome: &'static str,
}

#[derive(Debug, Clone)]
pub struct Suppress {
    pub subscriber_id: i64,
    pub hash: String,
    pub address: String,
    pub reason: String,
}

/// What a commit did.
#[derive(Debug, Default)]
pub struct Posted {
    /// Intents that were granted; the others must not send.
    pub granted: HashSet<i64>,
    /// Records whose row or enrolment wasn't as expected: nothing of them was written.
    pub failed: Vec<i64>,
}

impl Store {
    /// Writes all records, then grants what intents it may, in one transaction.
    ///
    /// # Errors
    /// When nothing could be committed: no intent is granted, and every record has to be posted again.
    pub async fn post(&self, records: &[Record], intents: &[Intent]) -> Result<Posted, sqlx::Error> {
        let mut transaction = self.begin().await?;
        let mut posted = Posted::default();
        // Nearly always every row is as it should be, and savepoints would only cost.
        if !write_or_not(&mut transaction, records).await? {
            transaction.rollback().await?;
            transaction = self.begin().await?;
            settle(&mut transaction, records, &mut posted.failed).await?;
        }
        posted.granted = grant(&mut transaction, intents).await?;
        transaction.commit().await?;
        Ok(posted)
    }
}

/// Writes the records round a savepoint; where that fails for a row's own reason, each half by itself.
async fn settle(connection: &mut Connection, records: &[Record], failed: &mut Vec<i64>) -> Result<(), sqlx::Error> {
    if records.is_empty() {
        return Ok(());
    }
    sqlx::query("SAVEPOINT records").execute(&mut *connection).await?;
    if write_or_not(connection, records).await? {
        sqlx::query("RELEASE SAVEPOINT records").execute(&mut *connection).await?;
        return Ok(());
    }
    sqlx::query("ROLLBACK TO SAVEPOINT records").execute(&mut *connection).await?;
    sqlx::query("RELEASE SAVEPOINT records").execute(&mut *connection).await?;
    if let [record] = records {
        failed.push(record.id);
        return Ok(());
    }
    let (left, right) = records.split_at(records.len() / 2);
    Box::pin(settle(connection, left, failed)).await?;
    Box::pin(settle(connection, right, failed)).await
}

/// False when that failed for a row's own reason: then what was written must be taken back.
async fn write_or_not(connection: &mut Connection, records: &[Record]) -> Result<bool, sqlx::Error> {
    match write(connection, records).await {
        Err(error) if Dialect::of(connection).is_a_rows_own_fault(&error) => Ok(false),
        written => written,
    }
}

/// False when a row wasn't as expected. Enrolments first: everybody locks in this order.
async fn write(connection: &mut Connection, records: &[Record]) -> Result<bool, sqlx::Error> {
    if records.is_empty() {
        return Ok(true);
    }
    let enrolments: Vec<&Enrolment> = records.iter().filter_map(|record| record.enrolment.as_ref()).collect();
    if !enrolments.is_empty() && write_enrolments(connection, &enrolments).await? != enrolments.len() as u64 {
        return Ok(false);
    }
    if write_outbox(connection, records).await? != records.len() as u64 {
        return Ok(false);
    }
    write_attempts(connection, records).await?;
    quota::count_records(connection, records).await?;
    for record in records {
        write_rare(connection, record).await?;
    }
    Ok(true)
}

/// Where what decides was changed while the message was on the wire, the enrolment is due for another look at once, also
/// if it would have been its end.
async fn write_enrolments(connection: &mut Connection, enrolments: &[&Enrolment]) -> Result<u64, sqlx::Error> {
    let rows: Vec<Value> = enrolments
        .iter()
        .map(|it| {
            json!([
                it.id,
                it.serial,
                it.state.stored(),
                it.lesson,
                it.occurrence,
                it.basis.as_millisecond(),
                it.due.as_millisecond(),
                storable(&it.why),
                it.progress.to_text(),
                it.last_date.map(|date| date.to_string()).unwrap_or_default(),
                i64::from(it.last_count),
                i64::from(it.expired),
                storable(it.held_why.as_deref().unwrap_or_default()),
                it.floor.map_or(0, Timestamp::as_millisecond),
                it.basis.as_millisecond()
            ])
        })
        .collect();
    let sql = "WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE enrolment SET serial = enrolment.serial + 1,
            state = CASE WHEN enrolment.touched = 1 AND cast(j.value ->> 2 as bigint) = 6
                    THEN CASE WHEN enrolment.after = 0 THEN 8 ELSE enrolment.after END
                WHEN enrolment.after = 0 OR (enrolment.after = 4 AND cast(j.value ->> 2 as bigint) IN (5, 6))
                    THEN cast(j.value ->> 2 as bigint) ELSE enrolment.after END,
            after = 0, lesson = j.value ->> 3, occurrence = cast(j.value ->> 4 as bigint), basis = cast(j.value ->> 5 as bigint),
            due = CASE WHEN enrolment.touched = 0 THEN cast(j.value ->> 6 as bigint) ELSE cast(j.value ->> 14 as bigint) END, touched = 0,
            why = j.value ->> 7, progress = j.value ->> 8, last_date = j.value ->> 9,
            last_count = cast(j.value ->> 10 as bigint), expired = cast(j.value ->> 11 as bigint),
            held_why = CASE WHEN enrolment.after = 5 THEN enrolment.held_why ELSE j.value ->> 12 END, floor = cast(j.value ->> 13 as bigint)
        FROM j
        WHERE enrolment.id = cast(j.value ->> 0 as bigint) AND enrolment.serial = cast(j.value ->> 1 as bigint) AND +enrolment.state = 2";
    Ok(sqlx::query(sql).bind(Value::from(rows).to_string()).execute(connection).await?.rows_affected())
}

/// A copy that surely didn't arrive isn't counted, and neither is a claim that the program survived.
async fn write_outbox(connection: &mut Connection, records: &[Record]) -> Result<u64, sqlx::Error> {
    let rows: Vec<Value> = records
        .iter()
        .map(|record| {
            debug_assert!(record.from.may_become(record.to), "{} -> {}", record.from.name(), record.to.name());
            let at = record.at.as_millisecond();
            let ended = if record.to.has_ended() { at } else { 0 };
            let doubtful = if record.to == State::InDoubt { at } else { 0 };
            json!([
                record.id,
                record.epoch,
                record.from.stored(),
                record.to.stored(),
                record.not_before.as_millisecond(),
                record.attempts,
                record.losses,
                storable(&record.reply),
                ended,
                doubtful,
                record.expires.as_millisecond()
            ])
        })
        .collect();
    let sql = "WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE outbox SET state = cast(j.value ->> 3 as bigint), not_before = cast(j.value ->> 4 as bigint),
            attempts = cast(j.value ->> 5 as bigint), claims = 0, losses = cast(j.value ->> 6 as bigint), reply = j.value ->> 7,
            copies = outbox.copies - CASE WHEN outbox.state = 3 AND cast(j.value ->> 3 as bigint) NOT IN (4, 10) THEN 1 ELSE 0 END,
            expires = cast(j.value ->> 10 as bigint), ended = cast(j.value ->> 8 as bigint), doubtful_since = cast(j.value ->> 9 as bigint),
            inputs = CASE WHEN cast(j.value ->> 8 as bigint) = 0 OR outbox.enrolment_id <> 0 THEN outbox.inputs ELSE '' END
        FROM j
        WHERE outbox.id = cast(j.value ->> 0 as bigint) AND outbox.epoch = cast(j.value ->> 1 as bigint)
            AND +outbox.state = cast(j.value ->> 2 as bigint)";
    Ok(sqlx::query(sql).bind(Value::from(rows).to_string()).execute(connection).await?.rows_affected())
}

async fn write_attempts(connection: &mut Connection, records: &[Record]) -> Result<(), sqlx::Error> {
    let rows: Vec<Value> = records
        .iter()
        .filter_map(|record| record.attempt.as_ref().map(|attempt| (record, attempt)))
        .map(|(record, it)| {
            let text = storable(&it.text);
            json!([it.id, record.id, record.at.as_millisecond(), it.relay, it.code, it.enhanced, text, it.outcome])
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = "WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO attempt(id, outbox_id, at, relay, code, enhanced, text, outcome)
        SELECT cast(j.value ->> 0 as bigint), cast(j.value ->> 1 as bigint), cast(j.value ->> 2 as bigint), j.value ->> 3,
            cast(j.value ->> 4 as bigint), j.value ->> 5, j.value ->> 6, j.value ->> 7 FROM j WHERE true";
    sqlx::query(sql).bind(Value::from(rows).to_string()).execute(connection).await?;
    Ok(())
}

/// What few records have: a message to keep or to drop, a wish to fulfil, an address that takes no mail.
async fn write_rare(connection: &mut Connection, record: &Record) -> Result<(), sqlx::Error> {
    if let Some(kept) = &record.kept {
        keep(connection, kept).await?;
    } else if record.was_kept && record.to.has_ended() {
        sqlx::query("DELETE FROM body WHERE id = $1").bind(record.id).execute(&mut *connection).await?;
    }
    if record.from == State::Sending && !record.to.has_ended() {
        match record.enrolment_id {
            0 => stop_asking(connection, record).await?,
            _ => {
                fulfil_wish(connection, record).await?;
                stop_issue(connection, record).await?;
                issues::cancel_if_stopped(connection, record.id, record.at).await?;
            }
        }
    }
    if let Some(it) = &record.suppress {
        let now = record.at.as_millisecond();
        suppressions::add(connection, &it.hash, &it.address, &it.reason, "the relay", now).await?;
        // Who has another address by now goes on getting mail.
        if subscribers::has_address(connection, it.subscriber_id, &it.address).await? {
            subscribers::set_status(connection, it.subscriber_id, Status::Suppressed).await?;
            suppressions::stop_everything(connection, it.subscriber_id, &it.reason, record.at).await?;
        }
    }
    Ok(())
}

async fn keep(connection: &mut Connection, kept: &Kept) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO body(id, bytes) VALUES ($1, $2) ON CONFLICT(id) DO UPDATE SET bytes = excluded.bytes";
    sqlx::query(sql).bind(kept.frozen.id).bind(kept.body.clone()).execute(&mut *connection).await?;
    let sql = "UPDATE outbox SET message_id = $2, dated = $3, hash = $4, inputs = $5, version = $6 WHERE id = $1";
    sqlx::query(sql)
        .bind(kept.frozen.id)
        .bind(kept.frozen.message_id.clone())
        .bind(kept.frozen.dated.as_millisecond())
        .bind(kept.frozen.hash.clone())
        .bind(storable(&kept.frozen.inputs))
        .bind(kept.frozen.version.clone())
        .execute(connection)
        .await?;
    Ok(())
}

/// Somebody paused, left or was suppressed while this message was on the wire, and it wasn't taken: it isn't tried
/// again. A pause lets a doubt stand: that message may have arrived.
async fn fulfil_wish(connection: &mut Connection, record: &Record) -> Result<(), sqlx::Error> {
    let sql = "UPDATE outbox SET state = 13, ended = $3, reply = 'the person''s wish' WHERE id = $1 AND enrolment_id IN
        (SELECT e.id FROM enrolment e WHERE e.id = $2 AND e.after <> 0 AND ($4 = 0 OR e.after <> 4))";
    if call_off(connection, sql, record).await? {
        let sql = "UPDATE enrolment SET state = after, after = 0, occurrence = occurrence + 1, serial = serial + 1 WHERE id = $1";
        sqlx::query(sql).bind(record.enrolment_id).execute(connection).await?;
    }
    Ok(())
}

/// An issue isn't tried again for a person who left or paused its newsletter while it was on the wire. A pause lets a
/// doubt stand.
async fn stop_issue(connection: &mut Connection, record: &Record) -> Result<(), sqlx::Error> {
    let sql =
        "UPDATE outbox SET state = 13, ended = $3, reply = 'the person''s wish' WHERE id = $1 AND lane = 2 AND EXISTS
        (SELECT 1 FROM enrolment e WHERE e.id = $2 AND (e.state = 7 OR (e.state = 4 AND $4 = 0)))";
    call_off(connection, sql, record).await.map(drop)
}

/// Cancels the record's row where the statement finds a reason: of id, enrolment, instant and whether it is in doubt.
async fn call_off(connection: &mut Connection, sql: &'static str, record: &Record) -> Result<bool, sqlx::Error> {
    let cancelled = sqlx::query(sql)
        .bind(record.id)
        .bind(record.enrolment_id)
        .bind(record.at.as_millisecond())
        .bind(i64::from(record.to == State::InDoubt))
        .execute(&mut *connection)
        .await?;
    let cancelled = cancelled.rows_affected() > 0;
    if cancelled {
        sqlx::query("DELETE FROM body WHERE id = $1").bind(record.id).execute(connection).await?;
    }
    Ok(cancelled)
}

/// A confirmation isn't tried again for a person who left while it was on the wire, and nothing for an address that takes
/// no mail; letters about another address go there.
async fn stop_asking(connection: &mut Connection, record: &Record) -> Result<(), sqlx::Error> {
    let sql = "UPDATE outbox SET state = 13, ended = $2, inputs = '', reply = 'the person''s wish' WHERE id = $1
        AND EXISTS (SELECT 1 FROM subscriber s WHERE s.id = outbox.subscriber_id
            AND ((s.status = 3 AND outbox.what = 'confirm') OR (s.status = 4 AND outbox.what IN ('confirm', 'page'))))";
    let at = record.at.as_millisecond();
    let stopped = sqlx::query(sql).bind(record.id).bind(at).execute(&mut *connection).await?;
    if stopped.rows_affected() > 0 {
        sqlx::query("DELETE FROM body WHERE id = $1").bind(record.id).execute(connection).await?;
    }
    Ok(())
}

async fn grant(connection: &mut Connection, intents: &[Intent]) -> Result<HashSet<i64>, sqlx::Error> {
    if intents.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<Value> = intents
        .iter()
        .map(|it| {
            json!([
                it.id,
                it.epoch,
                it.message_id,
                it.dated.as_millisecond(),
                it.hash,
                storable(&it.inputs),
                it.version
            ])
        })
        .collect();
    let sql = concat!(
        "WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
        UPDATE outbox SET state = 3, copies = copies + 1, message_id = j.value ->> 2, dated = cast(j.value ->> 3 as bigint),
            hash = j.value ->> 4, inputs = j.value ->> 5, version = j.value ->> 6
         FROM j
         WHERE outbox.id = cast(j.value ->> 0 as bigint) AND outbox.epoch = cast(j.value ->> 1 as bigint) AND +outbox.state = 2 AND ",
        not_held!("outbox.what"), " RETURNING outbox.id"
    );
    let rows = sqlx::query(sql).bind(Value::from(rows).to_string()).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}
