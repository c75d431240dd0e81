//! What operators ask: counts by state, one person's journal, and where an issue of trouble stands.

use super::Connection;
use super::outbox::Delivery;
use super::outbox_row;
use super::outbox_row::outbox_columns;
use crate::clock::from_ms;
use crate::delivery::STATES;
use crate::delivery::State;
use crate::enrolment::Progress;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use serde_json::json;
use sqlx::Row as _;
use std::collections::BTreeMap;

/// How many deliveries are in each state.
pub async fn counts(connection: &mut Connection) -> Result<Vec<(State, i64)>, sqlx::Error> {
    let sql = "SELECT state, cast(count(*) as bigint) FROM outbox GROUP BY state";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        found.insert(row.try_get::<i64, _>(0)?, row.try_get::<i64, _>(1)?);
    }
    Ok(STATES.into_iter().map(|state| (state, found.get(&state.stored()).copied().unwrap_or(0))).collect())
}

/// How many enrolments are in each state, by name; `active` joins those that wait and those in flight.
pub async fn enrolment_counts(connection: &mut Connection) -> Result<BTreeMap<&'static str, i64>, sqlx::Error> {
    let sql = "SELECT CASE WHEN lesson = '@closing' AND state IN (1, 2) THEN 6 ELSE state END AS standing, cast(count(*) as bigint)
        FROM enrolment GROUP BY standing";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let mut counts = BTreeMap::new();
    for row in &rows {
        let name =
            crate::enrolment::State::from_stored(row.try_get(0)?).map_or("unknown", crate::enrolment::State::name);
        *counts.entry(name).or_insert(0) += row.try_get::<i64, _>(1)?;
    }
    Ok(counts)
}

/// One exchange with the relay, as `why` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub at: Timestamp,
    pub relay: String,
    pub code: i64,
    pub enhanced: String,
    pub text: String,
    pub outcome: String,
}

/// Every delivery to one person, oldest first, with what the relay said.
pub async fn journal(
    connection: &mut Connection,
    subscriber: i64,
    enrolments: &[i64],
) -> Result<Vec<(Delivery, Vec<Attempt>)>, sqlx::Error> {
    let whoms: Vec<[i64; 1]> = enrolments.iter().chain([&subscriber]).map(|id| [*id]).collect();
    let sql = concat!(
        "SELECT ",
        outbox_columns!(),
        " FROM outbox WHERE outbox.whom IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j) ORDER BY outbox.id"
    );
    let rows = sqlx::query(sql).bind(json!(whoms).to_string()).fetch_all(&mut *connection).await?;
    let deliveries = rows.iter().map(outbox_row::read).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<[i64; 1]> = deliveries.iter().map(|delivery| [delivery.id]).collect();
    let mut attempts = attempts_of(connection, &ids).await?;
    Ok(deliveries
        .into_iter()
        .map(|delivery| {
            let said = attempts.remove(&delivery.id).unwrap_or_default();
            (delivery, said)
        })
        .collect())
}

/// Which of these issues of a newsletter a person got, oldest first.
pub async fn issues_of(
    connection: &mut Connection,
    subscriber: i64,
    newsletter: &str,
    issues: impl Iterator<Item = &str>,
) -> Result<Vec<String>, sqlx::Error> {
    let whats: Vec<[String; 1]> = issues.map(|id| [format!("lesson/{newsletter}/{id}")]).collect();
    let sql = "SELECT o.what FROM json_each($1) j JOIN outbox o ON o.what = j.value ->> 0 AND o.whom = $2
        WHERE o.lane = 2 AND o.state = 10 ORDER BY o.id";
    let rows = sqlx::query(sql).bind(json!(whats).to_string()).bind(subscriber).fetch_all(connection).await?;
    let id = |what: String| what.rsplit('/').next().unwrap_or_default().to_string();
    rows.iter().map(|row| row.try_get(0).map(id)).collect()
}

/// How many deliveries of an issue are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueCount {
    pub what: String,
    pub state: State,
    /// A copy left of which nobody knows whether it arrived, or which did.
    pub may_have_arrived: bool,
    pub count: i64,
}

/// How the deliveries of these issues stand; `whats` as in the outbox.
pub async fn issue_counts(connection: &mut Connection, whats: &[String]) -> Result<Vec<IssueCount>, sqlx::Error> {
    let whats: Vec<[&str; 1]> = whats.iter().map(|what| [what.as_str()]).collect();
    let sql = "SELECT o.what, o.state, cast(CASE WHEN o.copies > 0 THEN 1 ELSE 0 END as bigint), cast(count(*) as bigint)
        FROM json_each($1) j JOIN outbox o ON o.what = j.value ->> 0 WHERE o.lane = 2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    let rows = sqlx::query(sql).bind(json!(whats).to_string()).fetch_all(connection).await?;
    let read = |row: &super::Row| {
        Ok(IssueCount {
            what: row.try_get(0)?,
            state: State::from_stored(row.try_get(1)?).ok_or_else(|| damaged("delivery's state"))?,
            may_have_arrived: row.try_get::<i64, _>(2)? > 0,
            count: row.try_get(3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// One subscriber of a newsletter, and what became of an issue for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    pub address: String,
    pub enrolment: i64,
    pub state: crate::enrolment::State,
    pub confirmed: Timestamp,
    /// `None` when no delivery was made for them.
    pub delivery: Option<ReaderDelivery>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderDelivery {
    pub state: State,
    pub may_have_arrived: bool,
    pub reply: String,
}

/// Everybody who is or was in a newsletter, by address, each once, and what became of one issue for them.
pub async fn readers(connection: &mut Connection, newsletter: &str, what: &str) -> Result<Vec<Reader>, sqlx::Error> {
    let sql = "SELECT s.address, e.id, e.state, e.confirmed, coalesce(o.state, -1), coalesce(o.copies, 0), coalesce(o.reply, '')
        FROM enrolment e JOIN subscriber s ON s.id = e.subscriber_id
            LEFT JOIN outbox o ON o.what = $2 AND o.whom = e.subscriber_id AND o.occurrence = 1
        WHERE e.course = $1 AND e.run = (SELECT max(l.run) FROM enrolment l WHERE l.subscriber_id = e.subscriber_id AND l.course = $1)
        ORDER BY s.address_key";
    let rows = sqlx::query(sql).bind(newsletter.to_string()).bind(what.to_string()).fetch_all(connection).await?;
    rows.iter().map(read_reader).collect()
}

fn read_reader(row: &super::Row) -> Result<Reader, sqlx::Error> {
    let delivery = match row.try_get::<i64, _>(4)? {
        -1 => None,
        stored => Some(ReaderDelivery {
            state: State::from_stored(stored).ok_or_else(|| damaged("delivery's state"))?,
            may_have_arrived: row.try_get::<i64, _>(5)? > 0,
            reply: row.try_get(6)?,
        }),
    };
    Ok(Reader {
        address: row.try_get(0)?,
        enrolment: row.try_get(1)?,
        state: crate::enrolment::State::from_stored(row.try_get(2)?).ok_or_else(|| damaged("enrolment's state"))?,
        confirmed: from_ms(row.try_get(3)?),
        delivery,
    })
}

/// How many enrolments of a course are in each state, as their people wish it.
pub async fn people(
    connection: &mut Connection,
    course: &str,
) -> Result<Vec<(crate::enrolment::State, i64)>, sqlx::Error> {
    let sql = "SELECT CASE WHEN after = 0 THEN state ELSE after END, cast(count(*) as bigint) FROM enrolment
        WHERE course = $1 GROUP BY 1 ORDER BY 1";
    let rows = sqlx::query(sql).bind(course.to_string()).fetch_all(connection).await?;
    let state = |stored| crate::enrolment::State::from_stored(stored).ok_or_else(|| damaged("enrolment's state"));
    rows.iter().map(|row| Ok((state(row.try_get(0)?)?, row.try_get(1)?))).collect()
}

/// Where one enrolment of a course stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub state: crate::enrolment::State,
    pub lesson: String,
    pub progress: Progress,
}

/// Shows each enrolment of a course to `see`, one after the other: there may be very many.
pub async fn places(connection: &mut Connection, course: &str, mut see: impl FnMut(Place)) -> Result<(), sqlx::Error> {
    let sql = "SELECT CASE WHEN after = 0 THEN state ELSE after END, lesson, progress FROM enrolment WHERE course = $1";
    let mut rows = sqlx::query(sql).bind(course.to_string()).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let state = crate::enrolment::State::from_stored(row.try_get(0)?);
        let progress: String = row.try_get(2)?;
        see(Place {
            state: state.ok_or_else(|| damaged("enrolment's state"))?,
            lesson: row.try_get(1)?,
            progress: Progress::from_text(&progress).map_err(|_| damaged("enrolment's progress"))?,
        });
    }
    Ok(())
}

/// What relays said to each of these deliveries, in order.
pub async fn attempts_of(
    connection: &mut Connection,
    ids: &[[i64; 1]],
) -> Result<BTreeMap<i64, Vec<Attempt>>, sqlx::Error> {
    let sql = "SELECT a.outbox_id, a.at, a.relay, a.code, a.enhanced, a.text, a.outcome
        FROM json_each($1) j JOIN attempt a ON a.outbox_id = cast(j.value ->> 0 as bigint) ORDER BY a.id";
    let rows = sqlx::query(sql).bind(json!(ids).to_string()).fetch_all(connection).await?;
    let mut attempts: BTreeMap<i64, Vec<Attempt>> = BTreeMap::new();
    for row in &rows {
        attempts.entry(row.try_get(0)?).or_default().push(Attempt {
            at: from_ms(row.try_get(1)?),
            relay: row.try_get(2)?,
            code: row.try_get(3)?,
            enhanced: row.try_get(4)?,
            text: row.try_get(5)?,
            outcome: row.try_get(6)?,
        });
    }
    Ok(attempts)
}

/// Deliveries that wait for a human: held or quarantined, at most `limit`.
pub async fn waiting_for_a_human(connection: &mut Connection, limit: i64) -> Result<Vec<Delivery>, sqlx::Error> {
    let sql =
        concat!("SELECT ", outbox_columns!(), " FROM outbox WHERE outbox.state IN (5, 6) ORDER BY outbox.id LIMIT $1");
    let rows = sqlx::query(sql).bind(limit).fetch_all(connection).await?;
    rows.iter().map(outbox_row::read).collect()
}

/// Held enrolments by reason, with how many there are of each.
pub async fn held_enrolments(connection: &mut Connection) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let sql =
        "SELECT held_why, cast(count(*) as bigint) FROM enrolment WHERE state = 5 GROUP BY held_why ORDER BY 2 DESC";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// How a lesson fares: how many deliveries of it have ended, and how many of them the relay refused for their content.
/// Those refused for their address are told by the suppression of their person or by 5.6.7, those for a full mailbox by
/// what was said before.
pub async fn lesson_refusals(connection: &mut Connection, what: &str) -> Result<(i64, i64), sqlx::Error> {
    let sql = "SELECT cast(count(*) as bigint),
            cast(coalesce(sum(CASE WHEN outbox.state = 11 AND s.status <> 4 AND NOT EXISTS (SELECT 1 FROM attempt a
            WHERE a.outbox_id = outbox.id AND a.code >= 500 AND (a.outcome = 'deferred' OR a.enhanced = '5.6.7'))
            THEN 1 ELSE 0 END), 0) as bigint)
        FROM outbox JOIN subscriber s ON s.id = outbox.subscriber_id WHERE outbox.what = $1 AND outbox.state IN (10, 11)";
    let row = sqlx::query(sql).bind(what.to_string()).fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// How many times a mailbox has been full or switched off for this delivery: refused, and to be asked again.
pub async fn times_full(connection: &mut Connection, outbox_id: i64) -> Result<i64, sqlx::Error> {
    let sql =
        "SELECT cast(count(*) as bigint) FROM attempt WHERE outbox_id = $1 AND code >= 500 AND outcome = 'deferred'";
    sqlx::query(sql).bind(outbox_id).fetch_one(connection).await?.try_get(0)
}

/// The longest due lesson that waits, by the reader's clock.
pub async fn oldest_due(connection: &mut Connection) -> Result<Option<Timestamp>, sqlx::Error> {
    let row = sqlx::query("SELECT min(due) FROM enrolment WHERE state = 1").fetch_one(connection).await?;
    Ok(row.try_get::<Option<i64>, _>(0)?.map(from_ms))
}

fn damaged(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("this {what} can't be read; run `dripline verify`").into())
}
