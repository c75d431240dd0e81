//! What follows when a visitor signs up, by a form on a page of ours or elsewhere, or as a program by JSON. Everybody gets
//! the same answer, known or not.

use crate::course::Course;
use crate::flow::shelf::Shelved;
use crate::flow::sign_up;
use crate::flow::sign_up::Request;
use crate::flow::sign_up::SignedUp;
use crate::flow::sign_up::Visit;
use crate::flow::sign_up::Word;
use crate::text::fill;
use crate::web::Web;
use crate::web::form;
use crate::web::form::Entered;
use crate::web::form::FIELD;
use crate::web::guard::Failure;
use crate::web::limits::Manner;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Json;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// What became of a sign-up, as far as its sender may know.
enum Answer {
    Asked,
    /// Too many came from this network; the next may come after so long.
    TooMany(SignedDuration),
    /// The course isn't what the form showed.
    Edited,
    Closed,
}

/// What a form leads to that was filled in on a page.
pub enum Posted {
    /// An answer of its own.
    Page(Response),
    /// The form once more, with what is wrong.
    Again(StatusCode, Entered),
}

/// A sign-up as a program sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default)]
    email: String,
    first_name: Option<String>,
    zone: Option<String>,
    language: Option<String>,
    #[serde(default)]
    agree: bool,
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

/// Takes the form on the page `here`.
pub async fn by_form(
    web: &Web,
    visitor: &Visitor,
    voice: Voice<'_>,
    shelved: &Shelved,
    here: String,
    values: BTreeMap<String, String>,
) -> Result<Posted, Failure> {
    let words = voice.words;
    let trapped = form::is_trapped(&values);
    let hasty = form::manner(&values, &web.app.keys, web.app.clock.now().wall);
    let manner = if trapped { Manner::Hasty } else { hasty };
    let request = match form::read(&shelved.course, words, word(visitor, voice, here), values) {
        Ok(request) => request,
        Err(entered) => return Ok(Posted::Again(StatusCode::UNPROCESSABLE_ENTITY, entered)),
    };
    let answer = match admit(web, visitor, manner) {
        Err(wait) => Answer::TooMany(wait),
        Ok(()) if trapped => Answer::Asked,
        Ok(()) => enter(web, request).await?,
    };
    Ok(Posted::Page(match answer {
        Answer::Asked => voice.notice(words.asked_title, &[words.asked, words.asked_lost, words.asked_again])?,
        Answer::TooMany(wait) => too_many(voice, wait)?,
        Answer::Edited => return Ok(Posted::Again(StatusCode::CONFLICT, Entered::default())),
        Answer::Closed => voice.notice(&shelved.course.title, &[words.closed])?,
    }))
}

/// Counts a form that leads to a mail against the visitor's network.
///
/// # Errors
/// How long the network has to wait.
pub fn admit(web: &Web, visitor: &Visitor, manner: Manner) -> Result<(), SignedDuration> {
    web.limits.admit(visitor.ip, manner, web.app.clock.now().wall)
}

/// The page for who has to wait.
pub fn too_many(voice: Voice<'_>, wait: SignedDuration) -> Result<Response, Failure> {
    let words = &voice.words.door;
    let page = voice.notice(words.too_many_title, &[words.too_many, words.too_many_next])?;
    Ok((StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds(wait))], page).into_response())
}

/// Takes the JSON of a program.
pub async fn by_json(
    web: &Web,
    visitor: &Visitor,
    voice: Voice<'_>,
    shelved: &Shelved,
    body: &[u8],
) -> Result<Response, Failure> {
    let words = voice.words;
    let body: Body = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(error) => {
            let sentence = fill(words.door.wrong_json, &[("why", &error.to_string())]);
            return Ok(refuse(StatusCode::BAD_REQUEST, &sentence));
        }
    };
    let unknown = unknown_fields(&shelved.course, &body, words.door.wrong_unknown);
    let read = form::read(&shelved.course, words, word(visitor, voice, "json".to_string()), values(body));
    let request = match read {
        Ok(request) if unknown.is_empty() => request,
        read => {
            let mut wrong = read.err().map(|entered| entered.wrong).unwrap_or_default();
            wrong.extend(unknown);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "errors": wrong }))).into_response());
        }
    };
    let answer = match admit(web, visitor, Manner::Calm) {
        Err(wait) => Answer::TooMany(wait),
        Ok(()) => enter(web, request).await?,
    };
    Ok(match answer {
        Answer::Asked => (StatusCode::ACCEPTED, Json(json!({ "status": "asked" }))).into_response(),
        Answer::TooMany(wait) => {
            let page = refuse(StatusCode::TOO_MANY_REQUESTS, words.door.too_many);
            ([(header::RETRY_AFTER, seconds(wait))], page).into_response()
        }
        Answer::Edited => refuse(StatusCode::CONFLICT, words.door.edited),
        Answer::Closed => refuse(StatusCode::CONFLICT, words.closed),
    })
}

async fn enter(web: &Web, request: Request) -> Result<Answer, Failure> {
    Ok(match sign_up::add(&web.app, request).await? {
        SignedUp::Asked
        | SignedUp::AskedBefore
        | SignedUp::AlreadyEnrolled
        | SignedUp::Suppressed(_)
        | SignedUp::Enrolled => Answer::Asked,
        SignedUp::NoSuchCourse | SignedUp::UnknownField(_) | SignedUp::MissingField(_) => Answer::Edited,
        SignedUp::Closed => Answer::Closed,
    })
}

fn word(visitor: &Visitor, voice: Voice<'_>, page: String) -> Word {
    Word::Visitor(Visit { evidence: visitor.evidence(page), language: voice.language.to_string() })
}

fn unknown_fields(course: &Course, body: &Body, sentence: &'static str) -> BTreeMap<String, &'static str> {
    let unknown = body.fields.keys().filter(|name| !course.fields.contains_key(*name));
    unknown.map(|name| (format!("{FIELD}{name}"), sentence)).collect()
}

/// As a form has them.
fn values(body: Body) -> BTreeMap<String, String> {
    let fields = body.fields.into_iter().map(|(name, text)| (format!("{FIELD}{name}"), text));
    let mut values: BTreeMap<String, String> = fields.collect();
    values.insert("email".to_string(), body.email);
    let others = [("first_name", body.first_name), ("zone", body.zone), ("language", body.language)];
    values.extend(others.into_iter().filter_map(|(name, text)| Some((name.to_string(), text?))));
    if body.agree {
        values.insert("agree".to_string(), "1".to_string());
    }
    values
}

fn refuse(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({ "error": sentence }))).into_response()
}

/// Whole seconds, of which the last may have begun (RFC 9110 §10.2.3).
fn seconds(wait: SignedDuration) -> String {
    (wait.as_millis() / 1000 + 1).to_string()
}
