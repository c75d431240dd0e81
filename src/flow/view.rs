//! A lesson in a browser: the mail that its token names, made again from what it was made from.

use crate::flow::App;
use crate::flow::deliver;
use crate::flow::deliver::Inputs;
use crate::link::Subjects;
use crate::store::outbox;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;

/// How long the links on the page act, counted from the mail's Date.
const LINKS_ACT: SignedDuration = SignedDuration::from_hours(60 * 24);

/// The page of one delivered lesson; `None` when there is no such delivery, or what it was made from was let go.
pub async fn lesson(app: &App, outbox_id: i64) -> Result<Option<String>> {
    let row = outbox::by_id(&mut *app.store.read().await?, outbox_id).await?;
    let Some(row) = row.filter(|row| !row.inputs.is_empty() && row.enrolment_id != 0) else { return Ok(None) };
    let Some((course, lesson)) = row.what.strip_prefix("lesson/").and_then(|rest| rest.split_once('/')) else {
        return Ok(None);
    };
    let shelved = deliver::course_version(app, course, &row.version).await?;
    let lesson = shelved.called_now(lesson);
    let inputs: Inputs = serde_json::from_str(&row.inputs)?;
    let Some((_, prepared)) = shelved.edition(lesson, &inputs.language).lesson(lesson) else { return Ok(None) };
    let subjects = Subjects { subscriber: row.subscriber_id, enrolment: row.enrolment_id, outbox: row.id };
    let expires = row.dated.saturating_add(LINKS_ACT).unwrap_or(Timestamp::MAX);
    let values = deliver::values(inputs, app.links().urls(subjects, Some(expires)));
    Ok(Some(prepared.page(&values)?))
}

/// An image of a course in force, or the logo, by its hash, with the file's name.
pub async fn image(app: &App, hash: &str) -> Option<(String, Vec<u8>)> {
    if let Some(logo) = app.templates.theme().logo.as_ref().filter(|logo| logo.hash == hash) {
        return Some((logo.file.clone(), logo.bytes.clone()));
    }
    let shelf = app.shelf.read().await;
    let found = shelf.courses.values().find_map(|shelved| shelved.image(hash));
    found.map(|(path, bytes)| (path.to_string(), bytes.to_vec()))
}
