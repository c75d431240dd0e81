//! Stopping an issue of a newsletter, and the time that there is to do so. Knows nothing of who its readers are.

use crate::clock::Now;
use crate::course::Kind;
use crate::delivery::State;
use crate::flow::App;
use crate::flow::issue;
use crate::store::Connection;
use crate::store::issues;
use crate::store::issues::Fate;
use crate::store::issues::Issue;
use crate::store::meta;
use crate::store::report;
use crate::text::counted;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Serialize;

/// An issue for more people than this can be stopped for a while before the first of them has it.
const UNDO_ABOVE: i64 = 100;
/// How long, from when its recipients were fixed, by the wall clock.
const UNDO: SignedDuration = SignedDuration::from_mins(10);

/// What stopping an issue came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    Now(Counts),
    /// It had been stopped before; as it stands today.
    Before(Counts),
    /// It was dated before its newsletter began, so nobody gets it anyway.
    Archive,
    /// A course's lessons aren't issues.
    NoNewsletter,
    /// Neither in the newsletter nor sent by it before.
    Unknown,
}

/// Deliveries of an issue that was stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Relays had taken them already.
    pub sent: i64,
    /// Nobody gets these any more.
    pub cancelled: i64,
    /// On the wire: what the relay says to them is heard, and none is tried again.
    pub in_flight: i64,
    /// Nobody knows whether these arrived; they aren't sent again.
    pub in_doubt: i64,
}

/// Stops an issue for good: what isn't on the wire is cancelled, nobody further is addressed, and one that isn't due yet
/// never is. What is on the wire when this returns was so before.
pub async fn stop(app: &App, newsletter: &str, name: &str) -> Result<Stopped> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let Some(shelved) = shelf.get(newsletter) else { return Ok(Stopped::Unknown) };
    let Some(rules) = shelved.course.newsletter.as_ref().filter(|_| shelved.course.kind == Kind::Newsletter) else {
        return Ok(Stopped::NoNewsletter);
    };
    let mut transaction = app.store.begin().await?;
    let known = issues::of(&mut transaction, newsletter).await?;
    let known = known.into_iter().find(|it| it.lesson == name || shelved.called_now(&it.lesson) == name);
    let Some(fixed) = known else {
        if !shelved.course.order.iter().any(|id| id == name) {
            return Ok(Stopped::Unknown);
        }
        let own = shelved.course.lessons.get(name).and_then(|lesson| lesson.date);
        let moment = own.unwrap_or_else(|| issue::civil_now(app, rules, now));
        let first = own.map_or(now.reader, |moment| rules.instant(moment, &app.settings.site.time_zone));
        let fate = Fate::Stopped;
        let never = Issue { lesson: name.to_string(), fate, moment, first, fixed: now.wall, after_id: None };
        issues::add(&mut transaction, newsletter, &never).await?;
        transaction.commit().await?;
        return Ok(Stopped::Now(Counts::default()));
    };
    let what = issue::what(newsletter, &fixed.lesson);
    match fixed.fate {
        Fate::Archive => return Ok(Stopped::Archive),
        Fate::Stopped => return Ok(Stopped::Before(counts(&mut transaction, &what).await?)),
        Fate::Sent | Fate::Late => {}
    }
    issues::stop(&mut transaction, newsletter, &fixed.lesson).await?;
    call_off(&mut transaction, newsletter, &fixed.lesson, "the issue was stopped", now).await?;
    let counts = counts(&mut transaction, &what).await?;
    transaction.commit().await?;
    Ok(Stopped::Now(counts))
}

/// Stops an issue whose file is withdrawn. One that everybody has stays as it is.
pub async fn retire(connection: &mut Connection, course: &str, fixed: &Issue, now: Now) -> Result<()> {
    let what = issue::what(course, &fixed.lesson);
    let deliveries = report::issue_counts(connection, &[what]).await?;
    if fixed.after_id.is_some() || deliveries.iter().any(|row| !row.state.has_ended()) {
        call_off(connection, course, &fixed.lesson, "the issue was retired", now).await?;
    }
    Ok(())
}

/// Nobody gets it any more, and it is no trouble to anybody.
async fn call_off(connection: &mut Connection, course: &str, name: &str, why: &str, now: Now) -> Result<()> {
    let what = issue::what(course, name);
    issues::stop(connection, course, name).await?;
    issues::cancel(connection, &what, why, now.wall).await?;
    // As it was held for being late.
    meta::release(connection, &what).await?;
    for alarm in [undo_alarm(course, name), format!("hold/{what}")] {
        meta::lower(connection, &alarm).await?;
    }
    Ok(meta::remove(connection, &undo_key(course, name)).await?)
}

/// Until when an issue whose recipients are fixed can be stopped before anybody has it, if they are many.
pub fn in_time_until(fixed: &Issue) -> Timestamp {
    fixed.fixed.saturating_add(UNDO).unwrap_or(Timestamp::MAX)
}

/// Every delivery was written so that the operator has time to stop it. Where they are few each leaves at its own moment
/// all the same; else an alarm tells the operator, whose text is returned.
pub async fn leave_time(
    app: &App,
    connection: &mut Connection,
    course: &str,
    fixed: &Issue,
    now: Now,
) -> Result<Option<String>> {
    let (name, what) = (format!("{course}/{}", fixed.lesson), issue::what(course, &fixed.lesson));
    let (people, from) = issues::waiting(connection, &what).await?;
    if people <= UNDO_ABOVE {
        let moments = issues::moments(connection, &what).await?.into_iter();
        let own: Vec<(i64, Timestamp)> = moments.map(|(id, due)| (id, issue::by_wall(app, due, now))).collect();
        issues::leave_from(connection, &own).await?;
        return Ok(None);
    }
    let Some(from) = from.filter(|_| fixed.fate == Fate::Sent) else { return Ok(None) };
    let text = format!(
        "issue {name} goes to {} from {} on; `dripline stop {name}` cancels it",
        counted(people, "person", "people"),
        from.strftime("%H:%M UTC")
    );
    meta::raise(connection, &undo_alarm(course, &fixed.lesson), &text, now.wall.as_millisecond()).await?;
    meta::set(connection, &undo_key(course, &fixed.lesson), &from.as_millisecond().to_string()).await?;
    Ok(Some(text))
}

/// Takes back what the operator was told of issues that leave now. One that is held can still be stopped in time.
pub async fn lower_passed(app: &App, now: Now) -> Result<()> {
    let mut connection = app.store.read().await?;
    let mut passed = Vec::new();
    for alarm in meta::alarms(&mut connection).await? {
        let Some((course, name)) = alarm.name.strip_prefix("issue/").and_then(|name| name.split_once('/')) else {
            continue;
        };
        let from = meta::get(&mut connection, &undo_key(course, name)).await?.and_then(|ms| ms.parse().ok());
        let holds = meta::holds(&mut connection).await?;
        let is_held = holds.iter().any(|hold| hold.covers(&issue::what(course, name)));
        if from.is_none_or(|from: i64| from <= now.wall.as_millisecond()) && !is_held {
            passed.push((undo_alarm(course, name), undo_key(course, name)));
        }
    }
    drop(connection);
    if passed.is_empty() {
        return Ok(());
    }
    let mut transaction = app.store.begin().await?;
    for (alarm, key) in passed {
        meta::lower(&mut transaction, &alarm).await?;
        meta::remove(&mut transaction, &key).await?;
    }
    Ok(transaction.commit().await?)
}

async fn counts(connection: &mut Connection, what: &str) -> Result<Counts> {
    let mut counts = Counts::default();
    for row in report::issue_counts(connection, &[what.to_string()]).await? {
        match row.state {
            State::Accepted => counts.sent += row.count,
            State::Sending => counts.in_flight += row.count,
            State::InDoubt => counts.in_doubt += row.count,
            State::Cancelled if row.may_have_arrived => counts.in_doubt += row.count,
            State::Cancelled => counts.cancelled += row.count,
            State::Ready | State::Deferred | State::Leased | State::Held | State::Quarantined => {}
            State::Refused | State::Expired => {}
        }
    }
    Ok(counts)
}

/// Tells the operator what is about to leave.
fn undo_alarm(course: &str, issue: &str) -> String {
    format!("issue/{course}/{issue}")
}

/// From when on it leaves, in milliseconds of the wall clock.
fn undo_key(course: &str, issue: &str) -> String {
    format!("undo/{course}/{issue}")
}
