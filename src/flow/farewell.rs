//! Leaving by the link in a mail, and what may follow it: a word why, and for a day the way back.

use crate::clock::Now;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::answer;
use crate::flow::preferences;
use crate::flow::preferences::Act;
use crate::flow::preferences::Which;
use crate::flow::undo::Before;
use crate::flow::undo::UNDO;
use crate::store::Connection;
use crate::store::acts;
use crate::store::enrolments;
use crate::store::farewells;
use crate::store::farewells::Farewell;
use crate::store::subscribers;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::Timestamp;

/// Whose leave-link it is, and of which course.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaver {
    pub person: Subscriber,
    pub course: String,
    /// `None` when there is no such course any more: its title, and the language that this is in.
    pub title: Option<(String, String)>,
}

/// What became of a farewell.
#[derive(Debug, Clone, PartialEq)]
pub struct Gone {
    pub leaver: Leaver,
    /// The act by which they left, while it can be undone: until when by the wall clock.
    pub undo: Option<(i64, Timestamp)>,
    /// Their reason is stored.
    pub heard: bool,
}

/// `None`: that person was erased. Links work for ever.
pub async fn look_at(app: &App, enrolment: i64) -> Result<Option<Leaver>> {
    let mut connection = app.store.read().await?;
    let Some(found) = enrolments::by_id(&mut connection, enrolment).await? else { return Ok(None) };
    let Some(person) = subscribers::by_id(&mut connection, found.subscriber_id).await? else { return Ok(None) };
    drop(connection);
    let shelf = app.shelf.read().await.clone();
    let title = shelf.get(&found.course).map(|shelved| {
        let own = person.language.as_deref().unwrap_or(&shelved.course.language);
        let course = &shelved.in_language(own).course;
        (course.title.clone(), course.language.clone())
    });
    Ok(Some(Leaver { person, course: found.course, title }))
}

/// Ends the course that a leave-link names, or all of that person's. The link of an earlier run ends the present one
/// too: links work for ever, and who presses one wants no more mail. Idempotent. `reason`: why, in their own words; what
/// is longer than an answer may be is cut, and the latest one counts.
pub async fn leave(app: &App, enrolment: i64, all: bool, reason: Option<&str>) -> Result<Option<Gone>> {
    let Some(leaver) = look_at(app, enrolment).await? else { return Ok(None) };
    let which = if all { Which::All } else { Which::Course(leaver.course.clone()) };
    preferences::act(app, &leaver.person.address, &which, &Act::Leave).await?;
    let now = app.clock.now();
    let heard = match reason.and_then(cleaned) {
        Some(reason) => keep(app, &leaver, reason, now).await?,
        None => false,
    };
    let undo = last_leave(&mut *app.store.read().await?, &leaver, now).await?;
    Ok(Some(Gone { leaver, undo, heard }))
}

fn cleaned(reason: &str) -> Option<String> {
    let short: String = reason.trim().chars().take(answer::TEXT_LIMIT).collect();
    answer::text(&short).ok()
}

/// With the run that they left last: false when there is none.
async fn keep(app: &App, leaver: &Leaver, reason: String, now: Now) -> Result<bool> {
    let mut transaction = app.store.begin().await?;
    let places = enrolments::of_subscriber(&mut transaction, leaver.person.id).await?;
    let is_left = |it: &Enrolment| it.course == leaver.course && it.after.unwrap_or(it.state) == State::Left;
    let Some(place) = places.iter().filter(|it| is_left(it)).max_by_key(|it| it.run) else { return Ok(false) };
    let farewell = Farewell {
        enrolment_id: place.id,
        subscriber_id: place.subscriber_id,
        course: leaver.course.clone(),
        reason,
        at: now.wall,
    };
    farewells::put(&mut transaction, &farewell).await?;
    transaction.commit().await?;
    Ok(true)
}

/// The act by which they left this course, if it is the last thing they did: only that can be undone.
async fn last_leave(connection: &mut Connection, leaver: &Leaver, now: Now) -> Result<Option<(i64, Timestamp)>> {
    let since = now.wall.saturating_sub(UNDO).unwrap_or(Timestamp::MIN);
    let Some(last) = acts::of(connection, leaver.person.id, since).await?.into_iter().next() else { return Ok(None) };
    let before: Before = serde_json::from_str(&last.before)?;
    let left = last.what == Act::Leave.name() && before.courses().contains(&leaver.course);
    Ok(left.then(|| (last.id, last.at.saturating_add(UNDO).unwrap_or(Timestamp::MAX))))
}
