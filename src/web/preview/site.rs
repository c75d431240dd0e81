//! The public pages of a course as they will look, below `/site`, and `/pages/{course}` around them. Made by the code and
//! from the templates of the pages themselves; their forms do nothing here.

use crate::course::Course;
use crate::course::Kind;
use crate::flow::archive;
use crate::flow::archive::Listed;
use crate::flow::preview::RENDER_TIME;
use crate::flow::preview::State as Files;
use crate::flow::shelf::Shelved;
use crate::site::Site;
use crate::text;
use crate::web::archive as archive_page;
use crate::web::course as course_page;
use crate::web::course::House;
use crate::web::form::Entered;
use crate::web::guard::Failure;
use crate::web::home as home_page;
use crate::web::pages::Pages;
use crate::web::preview::Preview;
use crate::web::preview::course;
use crate::web::preview::mail;
use anyhow::Context as _;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// What the paths of these pages begin with.
const ROOT: &str = "/site";
/// Their forms do nothing, and their script proposes nothing.
const POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' https:; form-action 'none'; \
     frame-ancestors 'self'; base-uri 'none'";

/// The pages' own script, which runs in no frame.
const SCRIPT: &str = "<script src=\"/site/assets/zone.js\" defer></script>";

type Pairs = BTreeMap<String, String>;

/// The parsed templates of the pages, of the state with this number.
#[derive(Default)]
pub struct Looks(Mutex<Option<(u64, Arc<Pages>)>>);

pub fn routes() -> Router<Preview> {
    Router::new()
        .route("/pages/{course}", get(around))
        .route("/site/", get(home))
        .route("/site/c/{course}", get(sign_up))
        .route("/site/archive/{newsletter}", get(list))
        .route("/site/archive/{newsletter}/{issue}", get(issue))
        .route("/site/assets/style.css", get(style))
        .route("/site/image/{hash}", get(mail::picture))
}

/// The page with the frames.
async fn around(State(preview): State<Preview>, Path(id): Path<String>, Query(query): Query<Pairs>) -> Response {
    let state = preview.state();
    let Some(book) = state.books.get(&id) else { return preview.gone(Some(&id), course::NO_COURSE) };
    let newsletter = book.course.as_ref().is_some_and(|course| course.kind == Kind::Newsletter);
    let own = book.languages().first().map_or("en", |tag| *tag);
    let language = query.get("language").map_or(own, String::as_str);
    let frame = |title: &str, path: String| json!({ "title": title, "src": format!("{ROOT}{path}?language={}", encoded(language)) });
    let mut frames = vec![frame("Sign-up page", format!("/c/{id}"))];
    if newsletter {
        frames.push(frame("Earlier issues", format!("/archive/{id}")));
    }
    let languages = text::languages().map(|(tag, name)| {
        let current = text::base(tag).eq_ignore_ascii_case(text::base(language));
        json!({ "tag": tag, "label": name, "href": format!("?language={tag}"), "current": current })
    });
    let values = json!({
        "course": course::facts(book), "frames": frames, "languages": languages.collect::<Vec<_>>(),
        "readable": book.course.is_some(),
    });
    preview.page("pages.html", Some(&id), &values)
}

async fn home(State(preview): State<Preview>, Query(query): Query<Pairs>) -> Response {
    shown(preview, move |preview, state| {
        let courses: Vec<&Course> = state.books.values().filter_map(|book| book.course.as_deref()).collect();
        let pages = preview.looks(state)?;
        home_page::page(pages.voice(text::words(language(&query, &state.ground.settings.site.language))), &courses)
    })
    .await
}

async fn sign_up(State(preview): State<Preview>, Path(id): Path<String>, Query(query): Query<Pairs>) -> Response {
    shown(preview, move |preview, state| {
        let course = course_of(state, &id)?;
        let site = here(state);
        let shelved = Shelved::of_pages(&state.templates, &site, course, "");
        let pages = preview.looks(state)?;
        let voice = pages.voice(text::words(language(&query, &course.language)));
        let house = House { site: &site, keys: &preview.desk.keys, now: preview.desk.clock.now() };
        course_page::page(&house, voice, &shelved, Entered::default())
    })
    .await
}

/// Every issue, as if all had appeared: the latest first.
async fn list(State(preview): State<Preview>, Path(id): Path<String>, Query(query): Query<Pairs>) -> Response {
    shown(preview, move |preview, state| {
        let course = course_of(state, &id)?;
        let site = here(state);
        let language = language(&query, &course.language);
        let issues = issues(preview, state, course, language);
        let shelved = Shelved::of_pages(&state.templates, &site, course, "");
        let pages = preview.looks(state)?;
        archive_page::list_page(pages.voice(text::words(language)), &shelved.in_language(language).course, &issues)
    })
    .await
}

async fn issue(
    State(preview): State<Preview>,
    Path((id, issue)): Path<(String, String)>,
    Query(query): Query<Pairs>,
) -> Response {
    shown(preview, move |preview, state| {
        let course = course_of(state, &id)?;
        let site = here(state);
        let shelved = Shelved::of_pages(&state.templates, &site, course, &issue);
        let all = issues(preview, state, course, language(&query, &course.language));
        let at = all.iter().position(|it| it.name == issue).context("there is no such issue, or it can't be shown")?;
        Ok(Html(archive::html(&site, &shelved, &all, at)?).into_response())
    })
    .await
}

/// What of a newsletter can be shown, newest first, as if all had appeared.
fn issues(preview: &Preview, state: &Files, course: &Course, language: &str) -> Vec<Listed> {
    let site = here(state);
    let now = preview.desk.clock.now().reader.to_zoned(site.time_zone.clone()).datetime();
    let shown = dates(course, now).into_iter().rev().filter_map(|(issue, date)| {
        let shelved = Shelved::of_pages(&state.templates, &site, course, &issue);
        archive::entry(&site, &shelved, &issue, language, date, Timestamp::UNIX_EPOCH).ok()
    });
    shown.collect()
}

async fn style(State(preview): State<Preview>) -> Response {
    match preview.looks(&preview.state()) {
        Ok(pages) => ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], pages.style().to_vec()).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Makes a page off the runtime, within the time that a mail may take, and lets it act on nothing.
async fn shown(
    preview: Preview,
    make: impl FnOnce(&Preview, &Files) -> Result<Response, Failure> + Send + 'static,
) -> Response {
    let making = tokio::task::spawn_blocking(move || make(&preview, &preview.state()));
    let sentence = "This page can’t be made as the files stand; the preview’s page of the course says what is wrong.\n";
    let page = match tokio::time::timeout(RENDER_TIME, making).await {
        Ok(Ok(Ok(page))) => to_bytes(page.into_body(), usize::MAX).await.ok(),
        Ok(Ok(Err(_)) | Err(_)) | Err(_) => None,
    };
    let mut response = match page {
        Some(html) => Html(String::from_utf8_lossy(&html).replace(SCRIPT, "")).into_response(),
        None => (StatusCode::NOT_FOUND, sentence).into_response(),
    };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

impl Preview {
    /// The templates of the pages; the built-in ones where the coach's can't be used.
    fn looks(&self, state: &Files) -> anyhow::Result<Arc<Pages>> {
        let mut known = self.looks.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, pages)) = known.as_ref()
            && *number == state.number
        {
            return Ok(Arc::clone(pages));
        }
        let site = here(state);
        let pages = Pages::load(&site, &state.overrides).or_else(|_| Pages::load(&site, &BTreeMap::new()))?;
        let pages = Arc::new(pages);
        *known = Some((state.number, Arc::clone(&pages)));
        Ok(pages)
    }
}

/// The site as if it stood here, so that its links lead here.
fn here(state: &Files) -> Site {
    Site { url: ROOT.to_string(), ..state.ground.settings.site.clone() }
}

fn course_of<'s>(state: &'s Files, id: &str) -> anyhow::Result<&'s Course> {
    state.books.get(id).and_then(|book| book.course.as_deref()).context("there is no such course")
}

fn language<'q>(query: &'q Pairs, own: &'q str) -> &'q str {
    query.get("language").map_or(own, String::as_str)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The date of each issue: its own, or the cron line's next after the one before.
fn dates(course: &Course, now: DateTime) -> Vec<(String, Date)> {
    let mut next = now;
    let mut dated: Vec<(String, Date)> = Vec::new();
    for id in course.order.iter().filter(|id| course.lessons.contains_key(*id)) {
        let own = course.lessons.get(id).and_then(|lesson| lesson.date);
        let moment = own.or_else(|| {
            next = course.newsletter.as_ref().and_then(|newsletter| newsletter.next_moment(next)).unwrap_or(next);
            Some(next)
        });
        dated.extend(moment.map(|moment| (id.clone(), moment.date())));
    }
    dated.sort_by_key(|(_, date)| *date);
    dated
}
