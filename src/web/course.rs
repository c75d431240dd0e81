//! `/c/{course}`: what a course is, and the form that asks for it. Everybody gets the same answer, known or not.

use crate::address::Address;
use crate::address::clean_line;
use crate::course::Course;
use crate::course::Field;
use crate::course::Kind;
use crate::course::Late;
use crate::enrolment::Enrolment;
use crate::enrolment::Reader;
use crate::flow::shelf::Shelved;
use crate::flow::sign_up;
use crate::flow::sign_up::Request;
use crate::flow::sign_up::SignedUp;
use crate::flow::sign_up::Word;
use crate::text::Page;
use crate::text::fill;
use crate::timing;
use crate::timing::Wait;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Form;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

/// What the form's names of own fields begin with, as in the header of an import.
const FIELD: &str = "field:";

/// Every zone that a person may live in, by region: part before the slash → (whole name, part behind it).
static ZONES: LazyLock<BTreeMap<String, Vec<(String, String)>>> = LazyLock::new(|| {
    let mut regions: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for name in timing::zone_names() {
        let Some((region, place)) = name.split_once('/') else { continue };
        if region != "Etc" {
            let place = place.replace('_', " ").replace('/', ", ");
            regions.entry(region.to_string()).or_default().push((name.clone(), place));
        }
    }
    regions
});

pub fn routes() -> Router<Web> {
    Router::new().route("/c/{course}", get(show).post(sign_up))
}

/// What a visitor entered, and what is wrong with it, by the name of the input.
#[derive(Debug, Default, Serialize)]
struct Entered {
    values: BTreeMap<String, String>,
    wrong: BTreeMap<String, &'static str>,
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some(shelved) = web.app.shelf.read().await.get(&id).cloned() else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let voice = web.speak(&visitor, None, Some(&shelved.course.language));
    let page = course_page(&web, voice, &shelved, Entered::default())?;
    Ok(([("x-robots-tag", "all")], page).into_response())
}

async fn sign_up(
    State(web): State<Web>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(values): Form<BTreeMap<String, String>>,
) -> Result<Response, Failure> {
    let Some(shelved) = web.app.shelf.read().await.get(&id).cloned() else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let voice = web.speak(&visitor, None, Some(&shelved.course.language));
    let words = voice.words;
    let request = match read(&shelved.course, words, values) {
        Ok(request) => request,
        Err(entered) => {
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, course_page(&web, voice, &shelved, entered)?).into_response());
        }
    };
    match sign_up::add(&web.app, request).await? {
        SignedUp::Asked
        | SignedUp::AskedBefore
        | SignedUp::AlreadyEnrolled
        | SignedUp::Suppressed(_)
        | SignedUp::Enrolled => voice.notice(words.asked_title, &[words.asked, words.asked_lost, words.asked_again]),
        SignedUp::NoSuchCourse | SignedUp::UnknownField(_) | SignedUp::MissingField(_) => {
            // The course was edited between its page and the press of the button.
            Ok((StatusCode::CONFLICT, course_page(&web, voice, &shelved, Entered::default())?).into_response())
        }
        SignedUp::Closed => voice.notice(&shelved.course.title, &[words.closed]),
    }
}

/// Parses the form; all that is wrong is told at once.
fn read(course: &Course, words: &'static Page, values: BTreeMap<String, String>) -> Result<Request, Entered> {
    let mut wrong = BTreeMap::new();
    let line = |name: &str| values.get(name).and_then(|text| clean_line(text));
    let address = values.get("email").and_then(|text| text.parse::<Address>().ok());
    if address.is_none() {
        wrong.insert("email".to_string(), words.wrong_email);
    }
    let zone = line("zone");
    if zone.as_ref().is_some_and(|name| timing::zone(name).is_err()) {
        wrong.insert("zone".to_string(), words.wrong_zone);
    }
    if course.consent.is_some() && !values.contains_key("agree") {
        wrong.insert("agree".to_string(), words.wrong_agree);
    }
    let fields = entered_fields(course, words, &values, &mut wrong);
    let first_name = line("first_name");
    match address {
        Some(address) if wrong.is_empty() => {
            let course = course.id.clone();
            Ok(Request { address, course, first_name, zone, language: None, fields, word: Word::Visitor })
        }
        Some(_) | None => Err(Entered { values, wrong }),
    }
}

fn course_page(web: &Web, voice: Voice<'_>, shelved: &Arc<Shelved>, entered: Entered) -> Result<Response, Failure> {
    let course = &shelved.course;
    let words = voice.words;
    let here = web.app.settings.site.time_zone.iana_name().unwrap_or("UTC");
    let today = web.app.clock.now().reader.to_zoned(web.app.settings.site.time_zone.clone()).date();
    let starts = course.schedule.starts;
    let closed = course.schedule.late == Late::Closed && starts.is_some_and(|starts| today >= starts);
    let invite = course.invite.as_ref().map(|invite| json!({ "text": invite.text, "url": invite.url }));
    let zone = entered.values.get("zone").map(String::as_str).filter(|zone| timing::zone(zone).is_ok());
    let zone = zone.unwrap_or(here);
    voice.page(
        "web/course.html",
        &json!({
            "id": course.id,
            "title": course.title,
            "summary": course.summary,
            "language": course.language,
            "newsletter": course.kind == Kind::Newsletter,
            "expect": expect(course, words),
            "about": shelved.page.about,
            "disclaimer": shelved.page.disclaimer,
            "consent": shelved.page.consent,
            "invite": invite,
            "closed": closed,
            "fields": fields_of(course),
            "zones": zones(zone),
            "zone": zone,
            "entered": entered,
        }),
    )
}

/// The zones to choose from, by region. One that is chosen and stands in no region comes first: of a list in which nothing is
/// selected a browser takes whatever stands at the top.
pub fn zones(chosen: &str) -> Vec<(String, Vec<(String, String)>)> {
    let is_listed = ZONES.values().flatten().any(|(name, _)| name == chosen);
    let apart = (chosen.to_string(), vec![(chosen.to_string(), chosen.to_string())]);
    let apart = Some(apart).filter(|_| !is_listed);
    apart.into_iter().chain(ZONES.iter().map(|(region, places)| (region.clone(), places.clone()))).collect()
}

/// The course's own fields, as a form asks for them.
pub fn fields_of(course: &Course) -> Vec<Value> {
    let of = |(name, field): (&String, &Field)| json!({ "input": format!("{FIELD}{name}"), "label": field.label, "required": field.required });
    course.fields.iter().map(of).collect()
}

/// What was entered into them; what is missing is told.
pub fn entered_fields(
    course: &Course,
    words: &'static Page,
    values: &BTreeMap<String, String>,
    wrong: &mut BTreeMap<String, &'static str>,
) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (name, field) in &course.fields {
        let input = format!("{FIELD}{name}");
        match values.get(&input).and_then(|text| clean_line(text)) {
            Some(text) => drop(fields.insert(name.clone(), text)),
            None if field.required => drop(wrong.insert(input, words.wrong_field)),
            None => {}
        }
    }
    fields
}

/// What a reader may expect: how much, how often, from when.
fn expect(course: &Course, words: &Page) -> Vec<String> {
    if course.kind == Kind::Newsletter {
        return vec![words.issues.to_string(), words.pace.to_string()];
    }
    let (reader, now) = (Reader::anybody(&course.language), Timestamp::UNIX_EPOCH);
    let (_, count) = Enrolment::new(0, 0, &course.id, 1, now).count(course, &reader, "", now);
    let when = course.schedule.send.in_words();
    let when = when.strip_suffix(", every day").map_or(when.clone(), str::to_string);
    let lessons = if count == 1 { words.lessons_one } else { words.lessons };
    let (rhythm, every) = match course.schedule.wait {
        Wait::Days(1) => (words.rhythm_days_one, String::new()),
        Wait::Days(days) => (words.rhythm_days, days.to_string()),
        Wait::Hours(hours) => (words.rhythm_hours, hours.to_string()),
    };
    let mut expect =
        vec![fill(lessons, &[("count", &count.to_string())]), fill(rhythm, &[("count", &every), ("when", &when)])];
    let date = course.schedule.starts.map(|date| date.to_string());
    expect.extend(date.map(|date| fill(words.starts, &[("date", &date)])));
    expect.push(words.pace.to_string());
    expect
}
