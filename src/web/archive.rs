//! `/archive/{newsletter}`: the issues that have appeared, one of them as a page, and a feed of them. For everybody: no
//! person is known here.

use crate::course::Course;
use crate::course::Kind;
use crate::flow::archive;
use crate::flow::archive::Listed;
use crate::flow::shelf::Shelved;
use crate::text::Dates;
use crate::text::fill;
use crate::web::Web;
use crate::web::feed;
use crate::web::feed::escaped;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use crate::web::view;
use crate::web::visitor::Visitor;
use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;
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
        "date": "2026-03-05", "day": "5 March 2026",
    });
    let years = json!([{ "year": 2026, "issues": [issue] }]);
    let page = json!({ "id": "notes", "title": "Earlier issues of “Notes”", "summary": "", "issues": [issue], "years": years });
    [("web/archive.html", page)]
}

async fn list(
    State(web): State<Web>,
    visitor: Visitor,
    asked: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let Some(shelved) = newsletter(&web, &id).await else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let voice = web.speak(&visitor, None, Some(&shelved.course.language));
    let issues = archive::list(&web.app, &shelved, voice.language).await?;
    let page = list_page(voice, &shelved.in_language(voice.language).course, &issues)?;
    unless_known(&asked, (PUBLIC, page).into_response()).await
}

/// The list of a newsletter's issues, newest first; the course is in the page's language where it can be.
pub fn list_page(voice: Voice<'_>, course: &Course, issues: &[Listed]) -> Result<Response, Failure> {
    let page = json!({
        "id": course.id,
        "title": fill(voice.words.archive.title, &[("course", &course.title)]),
        "summary": course.summary,
        "issues": issues.iter().map(|it| entry(it, &voice.words.dates)).collect::<Vec<Value>>(),
        "years": years(issues, &voice.words.dates),
    });
    voice.page("web/archive.html", &page)
}

async fn follow(
    State(web): State<Web>,
    visitor: Visitor,
    asked: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let Some(shelved) = newsletter(&web, &id).await else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let language = web.speak(&visitor, None, Some(&shelved.course.language)).language;
    let course = &shelved.in_language(language).course;
    let sender = course.sender.as_ref().unwrap_or(&web.app.settings.sender);
    let author = if sender.name.trim().is_empty() { &web.app.settings.site.name } else { &sender.name };
    let site = &web.app.settings.site;
    let url = archive::list_url(site, &shelved);
    let issues = archive::list(&web.app, &shelved, language).await?;
    let words = archive::words_of(site, &shelved, &issues[..issues.len().min(feed::MOST)])?;
    let words: Vec<String> = words.iter().map(|html| without_looks(html)).collect();
    let feed = feed::atom(course, author, &url, &issues, &words);
    unless_known(&asked, (PUBLIC, [(header::CONTENT_TYPE, feed::TYPE)], feed).into_response()).await
}

async fn show(
    State(web): State<Web>,
    visitor: Visitor,
    asked: HeaderMap,
    Path((id, issue)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let Some(shelved) = newsletter(&web, &id).await else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let language = web.speak(&visitor, None, Some(&shelved.course.language)).language;
    let page = archive::page(&web.app, &shelved, &issue, language).await?;
    let Some((issue, html)) = page else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let site = &web.app.settings.site;
    let head = head(&site.name, &archive::list_url(site, &shelved), &issue);
    let html = html.replacen("</head>", &format!("{head}</head>"), 1);
    unless_known(&asked, (PUBLIC, [(header::CONTENT_SECURITY_POLICY, view::POLICY)], Html(html)).into_response()).await
}

/// What programs that meet the page want to know: where it stands for good, the feed, and a title for who links to it.
fn head(site: &str, list: &str, issue: &Listed) -> String {
    let (url, title, preview) = (escaped(&issue.url), escaped(&issue.title), escaped(&issue.preview));
    let mut head = format!(
        "<link rel=\"canonical\" href=\"{url}\">\n\
         <link rel=\"alternate\" type=\"application/atom+xml\" href=\"{}/feed.xml\">\n\
         <meta property=\"og:type\" content=\"article\">\n<meta property=\"og:site_name\" content=\"{}\">\n\
         <meta property=\"og:url\" content=\"{url}\">\n<meta property=\"og:title\" content=\"{title}\">\n\
         <meta property=\"article:published_time\" content=\"{}\">\n",
        escaped(list),
        escaped(site),
        issue.date
    );
    if !preview.is_empty() {
        head += &format!(
            "<meta name=\"description\" content=\"{preview}\">\n<meta property=\"og:description\" content=\"{preview}\">\n"
        );
    }
    head
}

/// Words and tags of a mail without the mail's own styles.
fn without_looks(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for (n, part) in html.split('<').enumerate() {
        let (tag, text) = part.split_once('>').filter(|_| n > 0).map_or(("", part), |(tag, text)| (tag, text));
        if n > 0 && tag.is_empty() {
            out.push('<');
        } else if n > 0 {
            let looks =
                tag.find(" style=\"").map(|at| (at, tag[at + 8..].find('"').map_or(tag.len(), |end| at + 9 + end)));
            let bare = looks.map_or(tag.to_string(), |(at, end)| format!("{}{}", &tag[..at], &tag[end..]));
            out.push_str(&format!("<{bare}>"));
        }
        out.push_str(text);
    }
    out
}

/// The answer with a tag of its bytes (RFC 9110 §8.8.3); without the bytes where the visitor has them already.
async fn unless_known(asked: &HeaderMap, answer: Response) -> Result<Response, Failure> {
    let (mut head, body) = answer.into_parts();
    let bytes = to_bytes(body, usize::MAX).await?;
    let digest: String = Sha256::digest(&bytes).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{digest}\"");
    let known = asked.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok()).unwrap_or_default();
    head.headers.insert(header::ETAG, HeaderValue::from_str(&tag)?);
    if known.split(',').any(|it| it.trim().trim_start_matches("W/") == tag) {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(header::CONTENT_TYPE);
        return Ok(Response::from_parts(head, Body::empty()));
    }
    Ok(Response::from_parts(head, Body::from(bytes)))
}

/// The issues year by year, newest first.
fn years(issues: &[Listed], dates: &Dates) -> Vec<Value> {
    let years = issues.chunk_by(|a, b| a.date.year() == b.date.year());
    let year = |all: &[Listed]| {
        json!({
            "year": all[0].date.year(),
            "issues": all.iter().map(|it| entry(it, dates)).collect::<Vec<Value>>(),
        })
    };
    years.map(year).collect()
}

async fn newsletter(web: &Web, id: &str) -> Option<Arc<Shelved>> {
    web.app.shelf.read().await.get(id).filter(|shelved| shelved.course.kind == Kind::Newsletter).cloned()
}

fn entry(issue: &Listed, dates: &Dates) -> Value {
    json!({
        "url": issue.url, "title": issue.title, "preview": issue.preview, "language": issue.language,
        "date": issue.date.to_string(), "day": dates.with_year(issue.date),
    })
}
