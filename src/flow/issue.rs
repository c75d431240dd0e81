//! Issues of newsletters: when one is due for anybody, its recipients are fixed and each gets a delivery of their own.

use crate::clock::Now;
use crate::course::Course;
use crate::course::Kind;
use crate::course::Newsletter;
use crate::course::Reach;
use crate::delivery::State as DeliveryState;
use crate::enrolment::CLOSING;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::shelf::Shelved;
use crate::flow::stop;
use crate::ids::next_id;
use crate::store::Connection;
use crate::store::calendar;
use crate::store::enrolments;
use crate::store::issues;
use crate::store::issues::Fate;
use crate::store::issues::Issue;
use crate::store::meta;
use crate::store::outbox;
use crate::store::outbox::Delivery;
use crate::store::outbox::Lane;
use crate::store::outbox::Meant;
use crate::subscriber::Subscriber;
use crate::timing;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// Recipients that are written in one transaction: others may write in between.
const PAGE: i64 = 1000;
/// How long the dates that issues used are kept: no zone is further from another.
const KEPT: SignedDuration = SignedDuration::from_hours(72);

/// Fixes the recipients of every issue that is due by now. How many deliveries that made.
pub async fn step(app: &App) -> Result<usize> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    stop::lower_passed(app, now).await?;
    let mut made = 0;
    for shelved in shelf.courses.values().filter(|it| it.course.kind == Kind::Newsletter) {
        fix_due(app, shelved, now).await?;
        let open = issues::of(&mut *app.store.read().await?, &shelved.course.id).await?;
        for issue in open.into_iter().filter(|it| it.after_id.is_some()) {
            while let Some(written) = address_page(app, shelved, &issue.lesson, now).await? {
                made += written;
            }
        }
    }
    Ok(made)
}

/// The earliest instant, by the reader's clock, at which an issue may be due for somebody: a past one when [`step`] has
/// something to do that fell due since it last looked, or that it couldn't end.
pub async fn next(app: &App, connection: &mut Connection, now: Now) -> Result<Option<Timestamp>> {
    let shelf = app.shelf.read().await.clone();
    let mut earliest: Option<Timestamp> = None;
    for shelved in shelf.courses.values() {
        let Some(newsletter) = &shelved.course.newsletter else { continue };
        let fixed = issues::of(connection, &shelved.course.id).await?;
        if fixed.iter().any(|issue| issue.after_id.is_some()) {
            return Ok(Some(now.reader));
        }
        let known = names(&fixed, shelved);
        let dated = shelved.course.dated_issues().filter(|(id, _)| !known.contains(*id)).map(|(_, moment)| moment);
        let cursor = cursor(app, connection, shelved, now).await?;
        let moments: Vec<civil::DateTime> = dated.chain(newsletter.next_moment(cursor)).collect();
        for moment in moments {
            let mut instant = newsletter.earliest(moment);
            if instant <= now.reader {
                instant = newsletter.span(moment, &reach(app, connection, shelved).await?).0;
            }
            earliest = Some(earliest.map_or(instant, |known| known.min(instant)));
        }
    }
    Ok(earliest)
}

/// What was dated before its newsletter first came into force is archive, and cron lines count from now.
pub async fn begin(app: &App, connection: &mut Connection, shelved: &Shelved, now: Now) -> Result<()> {
    let Some(newsletter) = &shelved.course.newsletter else { return Ok(()) };
    for (id, moment) in shelved.course.dated_issues() {
        let first = newsletter.instant(moment, &app.settings.site.time_zone);
        if first <= now.reader {
            let fixed = now.wall;
            let issue = Issue { lesson: id.to_string(), fate: Fate::Archive, moment, first, fixed, after_id: None };
            issues::add(connection, &shelved.course.id, &issue).await?;
        }
    }
    meta::set(connection, &began_key(shelved), &now.reader.to_string()).await?;
    set_cursor(connection, shelved, civil_now(app, newsletter, now)).await
}

/// Another cron line counts from now, as the first one did, and an issue that was retired goes to nobody any more.
pub async fn follow_edit(app: &App, connection: &mut Connection, old: &Course, new: &Shelved, now: Now) -> Result<()> {
    let Some(newsletter) = &new.course.newsletter else { return Ok(()) };
    let line = |newsletter: &Newsletter| newsletter.issues.as_ref().map(|cron| cron.as_str().to_string());
    if old.newsletter.as_ref().and_then(line) != line(newsletter) {
        let known = meta::get(connection, &cursor_key(new)).await?.and_then(|text| text.parse().ok());
        let moment = civil_now(app, newsletter, now);
        set_cursor(connection, new, known.map_or(moment, |known: civil::DateTime| known.max(moment))).await?;
    }
    for issue in issues::of(connection, &new.course.id).await? {
        if !new.course.lessons.contains_key(new.called_now(&issue.lesson)) {
            stop::retire(connection, &new.course.id, &issue, now).await?;
        }
    }
    Ok(())
}

async fn fix_due(app: &App, shelved: &Shelved, now: Now) -> Result<()> {
    let Some(newsletter) = &shelved.course.newsletter else { return Ok(()) };
    let mut connection = app.store.read().await?;
    let known = names(&issues::of(&mut connection, &shelved.course.id).await?, shelved);
    let cursor = cursor(app, &mut connection, shelved, now).await?;
    let may_be_due = |moment: civil::DateTime| newsletter.earliest(moment) <= now.reader;
    let dated: Vec<(&str, civil::DateTime)> =
        shelved.course.dated_issues().filter(|(id, moment)| !known.contains(*id) && may_be_due(*moment)).collect();
    let by_cron = newsletter.next_moment(cursor).is_some_and(may_be_due);
    if dated.is_empty() && !by_cron {
        return Ok(());
    }
    let reach = reach(app, &mut connection, shelved).await?;
    drop(connection);
    let mut transaction = app.store.begin().await?;
    // Somebody may have stopped one meanwhile.
    let known = names(&issues::of(&mut transaction, &shelved.course.id).await?, shelved);
    for (id, moment) in dated.into_iter().filter(|(id, _)| !known.contains(*id)) {
        fix(&mut transaction, shelved, newsletter, id, moment, &reach, now).await?;
    }
    if let Some(moment) = newsletter.latest_moment(cursor, &reach, now.reader) {
        set_cursor(&mut transaction, shelved, moment).await?;
        if let Some(id) = shelved.course.next_undated_issue(|id| known.contains(id)) {
            fix(&mut transaction, shelved, newsletter, id, moment, &reach, now).await?;
        }
    }
    transaction.commit().await?;
    Ok(())
}

async fn fix(
    connection: &mut Connection,
    shelved: &Shelved,
    newsletter: &Newsletter,
    id: &str,
    moment: civil::DateTime,
    reach: &Reach,
    now: Now,
) -> Result<()> {
    let course = &shelved.course.id;
    let (first, last) = newsletter.span(moment, reach);
    if first > now.reader {
        return Ok(());
    }
    let late = last.duration_until(now.reader);
    let fate = if is_past(connection, shelved, id, newsletter.instant(moment, &reach.site)).await? {
        Fate::Archive
    } else if late > newsletter.late_limit {
        Fate::Late
    } else {
        Fate::Sent
    };
    let after_id = Some(0).filter(|_| fate != Fate::Archive);
    let issue = Issue { lesson: id.to_string(), fate, moment, first, fixed: now.wall, after_id };
    let is_new = issues::add(connection, course, &issue).await?;
    let before = now.reader.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
    calendar::forget_dates(connection, before.to_zoned(TimeZone::UTC).date()).await?;
    if is_new && fate == Fate::Late {
        let what = what(course, id);
        let at = now.wall.as_millisecond();
        let why = format!("it was due {} hours ago, which is more than late_limit", late.as_hours());
        meta::hold(connection, &what, &why, at).await?;
        let text =
            format!("issue {course}/{id} is held: {why}; `dripline release {course}/{id}` sends it all the same");
        meta::raise(connection, &format!("hold/{what}"), &text, at).await?;
    }
    Ok(())
}

/// Whether an issue of this instant is archive: it says so, or the instant lies before its newsletter first came into
/// force, however late the file was added.
async fn is_past(connection: &mut Connection, shelved: &Shelved, id: &str, instant: Timestamp) -> Result<bool> {
    if shelved.course.lessons.get(id).is_some_and(|lesson| lesson.archive) {
        return Ok(true);
    }
    let began = meta::get(connection, &began_key(shelved)).await?;
    let began: Option<Timestamp> = began.and_then(|text| text.parse().ok());
    Ok(began.is_some_and(|began| instant <= began))
}

/// Writes the deliveries of the next recipients. How many; `None` when everybody was looked at before, or the issue
/// was stopped.
async fn address_page(app: &App, shelved: &Shelved, lesson: &str, now: Now) -> Result<Option<usize>> {
    let course = &shelved.course.id;
    let mut transaction = app.store.begin().await?;
    let Some(issue) = issues::get(&mut transaction, course, lesson).await? else { return Ok(None) };
    let Some(after) = issue.after_id else { return Ok(None) };
    let page = enrolments::of_course(&mut transaction, course, after, PAGE).await?;
    let next = page.last().map(|(last, _)| last.id);
    let mut readers = Vec::new();
    for (enrolment, person) in page {
        let on_time = enrolment.state == State::Awaiting && enrolment.confirmed <= issue.first;
        if on_time && is_meant(app, &mut transaction, shelved, &person).await? {
            readers.push((enrolment, person));
        }
    }
    let written = write(app, &mut transaction, shelved, &issue, readers, now).await?;
    issues::advance(&mut transaction, course, lesson, next).await?;
    let told = if next.is_none() { stop::leave_time(app, &mut transaction, course, &issue, now).await? } else { None };
    transaction.commit().await?;
    if let Some(text) = told {
        tracing::warn!("{text}");
    }
    Ok(Some(written))
}

/// A delivery for each of these readers who has none yet, and the date that it uses. How many will be sent.
async fn write(
    app: &App,
    connection: &mut Connection,
    shelved: &Shelved,
    issue: &Issue,
    readers: Vec<(Enrolment, Subscriber)>,
    now: Now,
) -> Result<usize> {
    let Some(newsletter) = &shelved.course.newsletter else { return Ok(0) };
    let mut rows = Vec::new();
    let mut missed = BTreeSet::new();
    for (enrolment, person) in &readers {
        let own = newsletter.instant(issue.moment, &app.zone(person));
        let row = delivery(app, shelved, issue, enrolment, own, now);
        if issue.fate == Fate::Sent && own.duration_until(now.reader) > newsletter.late_limit {
            missed.insert(row.id);
        }
        rows.push(row);
    }
    let new: BTreeSet<i64> = outbox::insert(connection, &rows, now.wall).await?.into_iter().collect();
    let (mut used, mut made) = (Vec::new(), 0);
    for (row, (_, person)) in rows.iter().zip(readers).filter(|(row, _)| new.contains(&row.id)) {
        if missed.contains(&row.id) {
            let why = "its moment had passed for too long";
            outbox::set_state(connection, row.id, row.state, DeliveryState::Expired, why, now.wall).await?;
            continue;
        }
        made += 1;
        // One that is held for being late may wait for ever: it uses no day.
        if issue.fate != Fate::Late {
            used.push((person.id, app.local_date(&person, row.due.max(now.reader))));
        }
    }
    calendar::use_dates(connection, &used).await?;
    Ok(made)
}

/// Whether the newsletter's `audience` and the site's quiet during courses let a person have its issues.
async fn is_meant(app: &App, connection: &mut Connection, shelved: &Shelved, person: &Subscriber) -> Result<bool> {
    let audience = shelved.course.newsletter.as_ref().and_then(|newsletter| newsletter.audience.as_ref());
    let quiet = app.settings.site.quiet_during_course;
    if audience.is_none() && !quiet {
        return Ok(true);
    }
    let all = enrolments::of_subscriber(connection, person.id).await?;
    // Of a course that only says goodbye all lessons are sent.
    // Who leaves after that has had them too.
    let is_over = |it: &&Enrolment| match it.state {
        State::Completed => true,
        State::Left => it.progress.mark(CLOSING).is_some(),
        State::Waiting | State::InFlight | State::Pending | State::Paused | State::Held | State::Awaiting => {
            it.lesson == CLOSING
        }
    };
    let completed = all.iter().filter(is_over).map(|it| it.course.clone()).collect();
    let busy = all.iter().filter(|it| !is_over(it)).any(|it| match it.state {
        State::Waiting | State::InFlight => true,
        // In a course that asks; in a newsletter no lesson is next.
        State::Awaiting => !it.lesson.is_empty(),
        State::Pending | State::Paused | State::Held | State::Completed | State::Left => false,
    });
    Ok(audience.is_none_or(|audience| audience.admits(&completed)) && !(quiet && busy))
}

fn delivery(app: &App, shelved: &Shelved, issue: &Issue, enrolment: &Enrolment, own: Timestamp, now: Now) -> Delivery {
    let not_before = by_wall(app, own, now).max(stop::in_time_until(issue));
    // From when it can leave, however long ago its moment was.
    let patience = app.settings.delivery.lesson_expires;
    let newsletter = shelved.course.newsletter.as_ref();
    let meant = Meant {
        what: what(&shelved.course.id, &issue.lesson),
        whom: enrolment.subscriber_id,
        occurrence: 1,
        subscriber_id: enrolment.subscriber_id,
        enrolment_id: enrolment.id,
        lane: Lane::Issue,
    };
    Delivery {
        expires: not_before.saturating_add(patience).unwrap_or(Timestamp::MAX),
        due: own,
        why: newsletter.map(|newsletter| newsletter.in_words(issue.moment)).unwrap_or_default(),
        ..Delivery::new(next_id(now.wall), meant, not_before)
    }
}

/// When the reader's clock shows `instant`; now, where that is past.
pub fn by_wall(app: &App, instant: Timestamp, now: Now) -> Timestamp {
    now.wall.saturating_add(app.clock.until_reader(instant)).unwrap_or(Timestamp::MAX)
}

/// What the deliveries of an issue are of, as the outbox names it.
pub fn what(course: &str, issue: &str) -> String {
    format!("lesson/{course}/{issue}")
}

/// What the issues are called now.
fn names(issues: &[Issue], shelved: &Shelved) -> BTreeSet<String> {
    issues.iter().map(|issue| shelved.called_now(&issue.lesson).to_string()).collect()
}

/// The zones that matter: those that people live in, none where everybody gets it at one instant.
async fn reach(app: &App, connection: &mut Connection, shelved: &Shelved) -> Result<Reach> {
    let site = app.settings.site.time_zone.clone();
    if shelved.course.newsletter.as_ref().is_none_or(|newsletter| newsletter.time_zone.is_some()) {
        return Ok(Reach { readers: Vec::new(), site });
    }
    let zones = issues::zones(connection, &shelved.course.id).await?;
    let zone = |name: &str| timing::zone(name).unwrap_or_else(|_| site.clone());
    Ok(Reach { readers: zones.iter().map(|(name, since)| (zone(name), *since)).collect(), site })
}

/// Up to which moment the cron line has been followed.
async fn cursor(app: &App, connection: &mut Connection, shelved: &Shelved, now: Now) -> Result<civil::DateTime> {
    let Some(newsletter) = shelved.course.newsletter.as_ref().filter(|it| it.issues.is_some()) else {
        return Ok(civil::DateTime::MAX);
    };
    let stored = meta::get(connection, &cursor_key(shelved)).await?;
    let stored = stored.and_then(|text| text.parse().ok());
    Ok(stored.unwrap_or_else(|| civil_now(app, newsletter, now)))
}

async fn set_cursor(connection: &mut Connection, shelved: &Shelved, moment: civil::DateTime) -> Result<()> {
    Ok(meta::set(connection, &cursor_key(shelved), &moment.to_string()).await?)
}

fn cursor_key(shelved: &Shelved) -> String {
    format!("issues/{}", shelved.course.id)
}

/// Since when a newsletter is in force, by the reader's clock.
fn began_key(shelved: &Shelved) -> String {
    format!("began/{}", shelved.course.id)
}

/// What a newsletter's clock shows.
pub fn civil_now(app: &App, newsletter: &Newsletter, now: Now) -> civil::DateTime {
    let zone = newsletter.time_zone.as_ref().unwrap_or(&app.settings.site.time_zone);
    now.reader.to_zoned(zone.clone()).datetime()
}
