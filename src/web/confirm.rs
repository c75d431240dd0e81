//! `/confirm/{token}`: shows what was asked for, and begins it at the press of the button.

use crate::course::Kind;
use crate::flow;
use crate::flow::confirm::AskedCourse;
use crate::flow::confirm::Link;
use crate::text::Page;
use crate::text::fill;
use crate::web::Web;
use crate::web::address;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::json;

/// How long the link to one's own page works that is shown here.
const OWN_PAGE: SignedDuration = SignedDuration::from_hours(24 * 60);

pub fn routes() -> Router<Web> {
    Router::new().route("/confirm/{token}", get(show).post(confirm))
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let gone = || gone(web.speak(&visitor, None, None));
    match flow::confirm::look_at(&web.app, &token).await? {
        Link::Asks(asks) => {
            let titles: Vec<&str> = asks.courses.iter().map(|course| course.title.as_str()).collect();
            let voice = web.speak(&visitor, asks.language.as_deref(), None);
            voice.page("web/confirm.html", &json!({ "titles": titles }))
        }
        Link::Used => used(web.speak(&visitor, None, None)),
        Link::Gone => address::look_at(&web, &visitor, &token).await?.map_or_else(gone, Ok),
    }
}

async fn confirm(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let evidence = visitor.evidence("/confirm".to_string());
    let gone = || gone(web.speak(&visitor, None, None));
    match flow::confirm::confirm(&web.app, &token, &evidence).await? {
        Link::Asks(asks) => {
            let voice = web.speak(&visitor, asks.language.as_deref(), None);
            let courses = asks.courses.iter().map(|it| json!({ "title": it.title, "next": next(it, voice.words) }));
            let expires = web.app.clock.now().wall.saturating_add(OWN_PAGE).unwrap_or(Timestamp::MAX);
            let own_page = web.app.links().my_course(asks.subscriber, Some(expires));
            let courses: Vec<_> = courses.collect();
            voice.page("web/confirmed.html", &json!({ "courses": courses, "own_page": own_page }))
        }
        Link::Used => used(web.speak(&visitor, None, None)),
        Link::Gone => address::confirm(&web, &visitor, &token).await?.map_or_else(gone, Ok),
    }
}

/// What a person may expect of a course that begins.
fn next(course: &AskedCourse, words: &Page) -> String {
    match (course.kind, course.starts) {
        (Kind::Newsletter, _) => words.door.next_issue.to_string(),
        (Kind::Course, Some(date)) => fill(words.door.next_starts, &[("date", &words.dates.date(date))]),
        (Kind::Course, None) => words.door.next_lesson.to_string(),
    }
}

fn used(voice: Voice<'_>) -> Result<Response, Failure> {
    let words = voice.words;
    voice.notice(words.used_title, &[words.used, words.used_again])
}

/// With the same status as a link that works: a program that asks learns nothing from the number.
fn gone(voice: Voice<'_>) -> Result<Response, Failure> {
    let words = voice.words;
    voice.notice(words.gone_title, &[words.gone, words.gone_next])
}
