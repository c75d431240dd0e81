//! Enrolments as rows: one person's place in one course.

use super::Connection;
use super::Row;
use super::optional;
use super::storable;
use super::subscribers;
use super::subscribers::subscriber_columns;
use crate::clock::from_ms;
use crate::enrolment::Enrolment;
use crate::enrolment::Progress;
use crate::enrolment::Requests;
use crate::enrolment::State;
use crate::subscriber::Subscriber;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use sqlx::Row as _;

/// The columns that make an [`Enrolment`], in the order in which `read` takes them.
macro_rules! columns {
    () => {
        "e.id, e.subscriber_id, e.course, e.run, e.state, e.after, e.serial, e.lesson, e.occurrence, e.basis, e.floor, e.due, e.why,
         e.progress, e.pace, e.last_date, e.last_count, e.expired, e.paused_at, e.paused_until, e.held_why, e.confirmed, e.requests"
    };
}
pub(super) use columns as enrolment_columns;

/// How many columns `enrolment_columns` names: those of a joined table begin behind them.
pub(super) const COLUMNS: usize = 23;

/// As [`put_all`], of one; where it returns false nothing changed.
pub async fn put(connection: &mut Connection, it: &Enrolment, now: Timestamp) -> Result<bool, sqlx::Error> {
    put_all(connection, &[it], now).await
}

/// Writes enrolments: new by id, else everything but whose it is gets replaced, and the serial rises by one.
///
/// Returns false when somebody wrote one in between: the caller must roll back.
pub async fn put_all(
    connection: &mut Connection,
    enrolments: &[&Enrolment],
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    if enrolments.is_empty() {
        return Ok(true);
    }
    let sql = "WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
        INSERT INTO enrolment(id, subscriber_id, course, run, state, after, serial, lesson, occurrence, basis, floor, due, why,
            progress, pace, last_date, last_count, expired, paused_at, paused_until, held_why, created, confirmed, requests)
        SELECT cast(j.value ->> 0 as bigint), cast(j.value ->> 1 as bigint), j.value ->> 2, cast(j.value ->> 3 as bigint),
            cast(j.value ->> 4 as bigint), cast(j.value ->> 5 as bigint), cast(j.value ->> 6 as bigint) + 1, j.value ->> 7,
            cast(j.value ->> 8 as bigint), cast(j.value ->> 9 as bigint), cast(j.value ->> 10 as bigint), cast(j.value ->> 11 as bigint),
            j.value ->> 12, j.value ->> 13, cast(j.value ->> 14 as double precision), j.value ->> 15, cast(j.value ->> 16 as bigint),
            cast(j.value ->> 17 as bigint), cast(j.value ->> 18 as bigint), cast(j.value ->> 19 as bigint), j.value ->> 20, $2,
            cast(j.value ->> 21 as bigint), j.value ->> 22
        FROM j WHERE true
        ON CONFLICT(id) DO UPDATE SET state = excluded.state, after = excluded.after, serial = excluded.serial,
            lesson = excluded.lesson, occurrence = excluded.occurrence, basis = excluded.basis, floor = excluded.floor,
            due = excluded.due, why = excluded.why, progress = excluded.progress, pace = excluded.pace,
            last_date = excluded.last_date, last_count = excluded.last_count, expired = excluded.expired,
            paused_at = excluded.paused_at, paused_until = excluded.paused_until, held_why = excluded.held_why, confirmed = excluded.confirmed,
            requests = excluded.requests, touched = 0
        WHERE enrolment.serial = excluded.serial - 1";
    let rows = Value::from_iter(enrolments.iter().map(|it| values(it))).to_string();
    let done = sqlx::query(sql).bind(rows).bind(now.as_millisecond()).execute(connection).await?;
    Ok(done.rows_affected() == enrolments.len() as u64)
}

pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Enrolment>, sqlx::Error> {
    let sql = concat!("SELECT ", columns!(), " FROM enrolment e WHERE e.id = $1");
    let row = sqlx::query(sql).bind(id).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// All of one person's, oldest first.
pub async fn of_subscriber(connection: &mut Connection, subscriber: i64) -> Result<Vec<Enrolment>, sqlx::Error> {
    let sql = concat!("SELECT ", columns!(), " FROM enrolment e WHERE e.subscriber_id = $1 ORDER BY e.id");
    let rows = sqlx::query(sql).bind(subscriber).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Those of a course that an edit can reach, in pages: at most `limit` with an id above `after`, each with the person. A
/// run that had ended before a later one began is history.
pub async fn of_course(
    connection: &mut Connection,
    course: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(Enrolment, Subscriber)>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        ", ",
        subscriber_columns!(),
        " FROM enrolment e JOIN subscriber s ON s.id = e.subscriber_id
         WHERE e.course = $1 AND e.id > $2 AND e.state <> 7 AND NOT (e.state = 6 AND EXISTS
            (SELECT 1 FROM enrolment n WHERE n.subscriber_id = e.subscriber_id AND n.course = e.course AND n.run > e.run))
         ORDER BY e.id LIMIT $3"
    );
    let rows = sqlx::query(sql).bind(course.to_string()).bind(after).bind(limit).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((read(row)?, subscribers::read(row, COLUMNS)?))).collect()
}

/// Paused enrolments whose pause ends by `now`, with the person.
pub async fn returning(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(Enrolment, Subscriber)>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        ", ",
        subscriber_columns!(),
        " FROM enrolment e JOIN subscriber s ON s.id = e.subscriber_id
         WHERE e.state = 4 AND e.paused_until > 0 AND e.paused_until <= $1 ORDER BY e.paused_until LIMIT $2"
    );
    let rows = sqlx::query(sql).bind(now.as_millisecond()).bind(limit).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((read(row)?, subscribers::read(row, COLUMNS)?))).collect()
}

/// The earliest instant after `now`, by the reader's clock, at which a waiting lesson is due or a pause ends.
pub async fn next_due(connection: &mut Connection, now: Timestamp) -> Result<Option<Timestamp>, sqlx::Error> {
    let now = now.as_millisecond();
    let due = "SELECT min(due) FROM enrolment WHERE state IN (1, 8) AND due > $1";
    let due = sqlx::query(due).bind(now).fetch_one(&mut *connection).await?;
    let back = "SELECT min(paused_until) FROM enrolment WHERE state = 4 AND paused_until > $1";
    let back = sqlx::query(back).bind(now).fetch_one(connection).await?;
    let earliest = [due.try_get::<Option<i64>, _>(0)?, back.try_get::<Option<i64>, _>(0)?];
    Ok(earliest.into_iter().flatten().min().map(from_ms))
}

/// Stores what a person wishes while their message is on the wire; its record puts it in force. The serial stays, so
/// that this record isn't lost.
pub async fn wish(connection: &mut Connection, it: &Enrolment, after: Option<State>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE enrolment SET after = $2, paused_at = $3, paused_until = $4 WHERE id = $1 AND state = 2")
        .bind(it.id)
        .bind(after.map_or(0, State::stored))
        .bind(ms_or_zero(it.paused_at))
        .bind(ms_or_zero(it.paused_until))
        .execute(connection)
        .await?;
    Ok(())
}

/// Stores what a person chose while a message of theirs is under way. The serial stays, so that its record isn't lost;
/// what comes next is then worked out once more.
pub async fn choose(connection: &mut Connection, it: &Enrolment) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE enrolment SET pace = $2, requests = $3, touched = 1 WHERE id = $1 AND state = 2")
        .bind(it.id)
        .bind(it.pace)
        .bind(it.requests.to_text())
        .execute(connection)
        .await?;
    Ok(())
}

/// What comes next for everybody is to be worked out once more: the zone data are others.
pub async fn touch_all(connection: &mut Connection, now: Timestamp) -> Result<(), sqlx::Error> {
    let sql = "UPDATE enrolment SET touched = CASE WHEN state = 2 THEN 1 ELSE touched END,
            due = CASE WHEN state = 2 OR due < $1 THEN due ELSE $1 END WHERE state IN (1, 2, 8)";
    sqlx::query(sql).bind(now.as_millisecond()).execute(connection).await?;
    Ok(())
}

/// Stores what an edit does to a person whose message is under way. The serial stays, so that its record isn't lost.
pub async fn follow_edit(connection: &mut Connection, it: &Enrolment) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE enrolment SET progress = $2, lesson = $3, requests = $4 WHERE id = $1 AND state = 2")
        .bind(it.id)
        .bind(it.progress.to_text())
        .bind(it.lesson.clone())
        .bind(it.requests.to_text())
        .execute(connection)
        .await?;
    Ok(())
}

/// Holds every enrolment of a person that has begun: their address takes no mail. What waits for their word goes on
/// waiting for it.
pub async fn hold_all(connection: &mut Connection, subscriber: i64, why: &str) -> Result<(), sqlx::Error> {
    let sql = "UPDATE enrolment SET state = CASE WHEN state = 2 THEN 2 ELSE 5 END, after = CASE WHEN state = 2 THEN 5 ELSE 0 END,
            held_why = $2, serial = serial + CASE WHEN state = 2 THEN 0 ELSE 1 END
        WHERE subscriber_id = $1 AND state IN (1, 2, 4, 8)";
    sqlx::query(sql).bind(subscriber).bind(storable(why)).execute(connection).await?;
    Ok(())
}

fn values(it: &Enrolment) -> Value {
    json!([
        it.id,
        it.subscriber_id,
        it.course,
        it.run,
        it.state.stored(),
        it.after.map_or(0, State::stored),
        it.serial,
        it.lesson,
        it.occurrence,
        it.basis.as_millisecond(),
        ms_or_zero(it.floor),
        it.due.as_millisecond(),
        storable(&it.why),
        it.progress.to_text(),
        it.pace.to_string(),
        it.last_date.map(|date| date.to_string()).unwrap_or_default(),
        i64::from(it.last_count),
        i64::from(it.expired),
        ms_or_zero(it.paused_at),
        ms_or_zero(it.paused_until),
        storable(it.held_why.as_deref().unwrap_or_default()),
        it.confirmed.as_millisecond(),
        it.requests.to_text()
    ])
}

pub(super) fn read(row: &Row) -> Result<Enrolment, sqlx::Error> {
    let damaged =
        |what: &str| sqlx::Error::Decode(format!("an enrolment's {what} can't be read; run `dripline verify`").into());
    let date: String = row.try_get(15)?;
    let progress: String = row.try_get(13)?;
    let requests: String = row.try_get(22)?;
    Ok(Enrolment {
        id: row.try_get(0)?,
        subscriber_id: row.try_get(1)?,
        course: row.try_get(2)?,
        run: row.try_get(3)?,
        state: State::from_stored(row.try_get(4)?).ok_or_else(|| damaged("state"))?,
        after: State::from_stored(row.try_get(5)?),
        serial: row.try_get(6)?,
        lesson: row.try_get(7)?,
        occurrence: row.try_get(8)?,
        basis: from_ms(row.try_get(9)?),
        floor: instant(row.try_get(10)?),
        due: from_ms(row.try_get(11)?),
        why: row.try_get(12)?,
        progress: Progress::from_text(&progress).map_err(|_| damaged("progress"))?,
        requests: Requests::from_text(&requests).map_err(|_| damaged("requests"))?,
        pace: row.try_get(14)?,
        last_date: optional(date).map(|date| date.parse()).transpose().map_err(|_| damaged("last date"))?,
        last_count: row.try_get::<i64, _>(16)?.try_into().map_err(|_| damaged("last count"))?,
        expired: row.try_get::<i64, _>(17)?.try_into().map_err(|_| damaged("expiry count"))?,
        paused_at: instant(row.try_get(18)?),
        paused_until: instant(row.try_get(19)?),
        held_why: optional(row.try_get(20)?),
        confirmed: from_ms(row.try_get(21)?),
    })
}

fn instant(ms: i64) -> Option<Timestamp> {
    (ms != 0).then(|| from_ms(ms))
}

fn ms_or_zero(instant: Option<Timestamp>) -> i64 {
    instant.map_or(0, Timestamp::as_millisecond)
}

/// How many people of a course, who haven't left it, said nothing in a field of their sign-up.
pub async fn without_field(connection: &mut Connection, course: &str, field: &str) -> Result<i64, sqlx::Error> {
    // What is within a value has its quotation marks escaped. No name of a field has another of LIKE's characters.
    let pattern = format!("%\"{}\":%", field.replace('_', "!_"));
    let sql = "SELECT cast(count(*) as bigint) FROM enrolment e JOIN subscriber s ON s.id = e.subscriber_id
        WHERE e.course = $1 AND e.state <> 7 AND s.fields NOT LIKE $2 ESCAPE '!'";
    sqlx::query(sql).bind(course.to_string()).bind(pattern).fetch_one(connection).await?.try_get(0)
}
