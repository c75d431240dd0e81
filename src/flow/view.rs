//! A lesson in a browser: the mail that its token names, made again from what it was made from.

use crate::flow::App;
use crate::flow::deliver;
use crate::flow::deliver::Inputs;
use crate::link::Subjects;
use crate::picture;
use crate::store::outbox;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::sync::Arc;

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

/// An image of a course in force, or the logo, by the hash of the coach's file: its bytes as readers get them, and what
/// they are. Old mails name it by the same hash, whatever has been made of it since.
pub async fn image(app: &Arc<App>, hash: &str) -> Result<Option<(&'static str, Vec<u8>)>> {
    let (app, hash) = (Arc::clone(app), hash.to_string());
    let shelf = Arc::clone(&*app.shelf.read().await);
    // Preparing takes long, the first time.
    Ok(tokio::task::spawn_blocking(move || {
        let logo = app.templates.theme().logo.as_ref().filter(|logo| logo.hash == hash);
        let own = || shelf.courses.values().find_map(|shelved| shelved.file(&hash));
        let (path, bytes) = logo.map(|logo| (logo.file.as_str(), logo.bytes.as_slice())).or_else(own)?;
        as_shown(path, bytes)
    })
    .await?)
}

/// The coach's file as readers get it, and what it is. The first time this takes as long as preparing it does. `None` for
/// files that are no images.
pub fn as_shown(path: &str, bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let content_type = by_ending(path)?;
    Some(match picture::prepared(bytes) {
        Ok(picture) => (picture.format.content_type(), picture.bytes.clone()),
        // In force since before anybody asked whether it can be shown, or a drawing.
        Err(_) => (content_type, bytes.to_vec()),
    })
}

/// `None` for a course's other files: they are nobody's business.
fn by_ending(path: &str) -> Option<&'static str> {
    let (_, ending) = path.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "png" => Some("image/png"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "gif" => Some("image/gif"),
        "webp" => Some("image/webp"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}
