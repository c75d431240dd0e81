//! `/archive/{newsletter}`: the issues that have appeared, one of them as a page, and a feed of them. For everybody: no
//! person is known here.

use crate::course::Course;
use crate::course::Kind;
use crate::flow::archive;
use crate::flow::archive::Listed;
use crate::flow::shelf::Shelved;
use crate::text::fill;
use crate::web::Web;
use crate::web::feed;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use crate::web::view;
use crate::web::visitor::Visitor;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;

/// Search engines may keep it, and everybody's caches for five minutes: one for each language.
const PUBLIC: [(HeaderName, &str); 3] = [
    (HeaderName::from_static("x-robots-tag"), "all"),
    (header::CACHE_CONTROL, "public, max-age=300"),
    (header::VARY, "accept-language"),
];

pub fn routes() -> Router<Web> {
    Router::new()
        .route("/archive/{newsletter}", get(list))
        .route("/archive/{newsletter}/feed.xml", get(follow))
        .route("/archive/{newsletter}/{issue}", get(show))
}

/// As [`super::samples`], of this page.
pub fn samples() -> [(&'static str, Value); 1] {
    let issue = json!({
        "url": "https://learn.example.org/archive/notes/one", "title": "One", "preview": "What it is.", "language": "en",
        "date": "2026-03-05",
    });
    [("web/archive.html", json!({ "id": "notes", "title": "Earlier issues of “Notes”", "issues": [issue] }))]
}

async fn list(State(web): State<Web>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some(shelved) = newsletter(&web, &id).await else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let voice = web.speak(&visitor, None, Some(&shelved.course.language));
    let issues = archive::list(&web.app, &shelved, voice.language).await?;
    Ok((PUBLIC, list_page(voice, &shelved.in_language(voice.language).course, &issues)?).into_response())
}

/// The list of a newsletter's issues; the course is in the page's language where it can be.
pub fn list_page(voice: Voice<'_>, course: &Course, issues: &[Listed]) -> Result<Response, Failure> {
    let page = json!({
        "id": course.id,
        "title": fill(voice.words.archive.title, &[("course", &course.title)]),
        "issues": issues.iter().map(entry).collect::<Vec<Value>>(),
    });
    voice.page("web/archive.html", &page)
}

async fn follow(State(web): State<Web>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some(shelved) = newsletter(&web, &id).await else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let language = web.speak(&visitor, None, Some(&shelved.course.language)).language;
    let course = &shelved.in_language(language).course;
    let sender = course.sender.as_ref().unwrap_or(&web.app.settings.sender);
    let author = if sender.name.trim().is_empty() { &web.app.settings.site.name } else { &sender.name };
    let url = archive::list_url(&web.app.settings.site, &shelved);
    let feed = feed::atom(course, author, &url, &archive::list(&web.app, &shelved, language).await?);
    Ok((PUBLIC, [(header::CONTENT_TYPE, feed::TYPE)], feed).into_response())
}

async fn show(
    State(web): State<Web>,
    visitor: Visitor,
    Path((id, issue)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let Some(shelved) = newsletter(&web, &id).await else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let language = web.speak(&visitor, None, Some(&shelved.course.language)).language;
    Ok(match archive::page(&web.app, &shelved, &issue, language).await? {
        Some(html) => (PUBLIC, [(header::CONTENT_SECURITY_POLICY, view::POLICY)], Html(html)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

async fn newsletter(web: &Web, id: &str) -> Option<Arc<Shelved>> {
    web.app.shelf.read().await.get(id).filter(|shelved| shelved.course.kind == Kind::Newsletter).cloned()
}

fn entry(issue: &Listed) -> Value {
    json!({
        "url": issue.url, "title": issue.title, "preview": issue.preview, "language": issue.language,
        "date": issue.date.to_string(),
    })
}
