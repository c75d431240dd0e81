//! `/c/{course}`: what a course is, in the visitor's language, and the form that asks for it.

use crate::clock::Now;
use crate::course::Course;
use crate::course::Kind;
use crate::course::Late;
use crate::enrolment::Enrolment;
use crate::enrolment::Reader;
use crate::flow::shelf::Shelved;
use crate::link::KeyRing;
use crate::site::Site;
use crate::text::Page;
use crate::text::fill;
use crate::timing::Cron;
use crate::timing::Wait;
use crate::web::Web;
use crate::web::form::Around;
use crate::web::form::Entered;
use crate::web::form::Form;
use crate::web::guard::Failure;
use crate::web::guard::is_json;
use crate::web::guard::with_our_script;
use crate::web::pages::Voice;
use crate::web::sign_up;
use crate::web::sign_up::Posted;
use crate::web::visitor::Visitor;
use axum::Router;
use axum::body::Bytes;
use axum::extract::FromRequest as _;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;

pub fn routes() -> Router<Web> {
    Router::new().route("/c/{course}", get(show).post(take))
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some(shelved) = web.app.shelf.read().await.get(&id).cloned() else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let voice = web.speak(&visitor, None, Some(&shelved.course.language));
    let page = page(&web.house(), voice, &shelved, Entered::default())?;
    Ok(([("x-robots-tag", "all")], page).into_response())
}

async fn take(
    State(web): State<Web>,
    visitor: Visitor,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let Some(shelved) = web.app.shelf.read().await.get(&id).cloned() else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let voice = web.speak(&visitor, None, Some(&shelved.course.language));
    if is_json(request.headers()) {
        return match Bytes::from_request(request, &()).await {
            Ok(body) => sign_up::by_json(&web, &visitor, voice, &shelved, &body).await,
            Err(refused) => Ok(refused.into_response()),
        };
    }
    let values = match axum::Form::<BTreeMap<String, String>>::from_request(request, &()).await {
        Ok(axum::Form(values)) => values,
        Err(refused) => return Ok(refused.into_response()),
    };
    let here = format!("/c/{}", shelved.course.id);
    Ok(match sign_up::by_form(&web, &visitor, voice, &shelved, here, values).await? {
        Posted::Page(page) => page,
        Posted::Again(status, entered) => (status, page(&web.house(), voice, &shelved, entered)?).into_response(),
    })
}

/// Whose page it is, and when it is looked at.
pub struct House<'a> {
    pub site: &'a Site,
    /// Sign what the form brings along.
    pub keys: &'a KeyRing,
    pub now: Now,
}

impl Web {
    pub fn house(&self) -> House<'_> {
        House { site: &self.app.settings.site, keys: &self.app.keys, now: self.app.clock.now() }
    }
}

/// The form as it stands on a page that speaks so.
pub fn form(house: &House<'_>, voice: Voice<'_>, shelved: &Shelved, entered: Entered) -> Form {
    let zone = house.site.time_zone.iana_name().unwrap_or("UTC");
    let around = Around { keys: house.keys, zone, language: voice.language, now: house.now.wall };
    Form::new(shelved, &around, entered)
}

/// Whether the course has begun and takes nobody any more.
pub fn is_closed(house: &House<'_>, shelved: &Shelved) -> bool {
    let schedule = &shelved.course.schedule;
    let today = house.now.reader.to_zoned(house.site.time_zone.clone()).date();
    schedule.late == Late::Closed && schedule.starts.is_some_and(|starts| today >= starts)
}

/// The whole page.
pub fn page(house: &House<'_>, voice: Voice<'_>, shelved: &Shelved, entered: Entered) -> Result<Response, Failure> {
    let edition = shelved.in_language(voice.language);
    let course = &edition.course;
    let page = voice.page(
        "web/course.html",
        &json!({
            "id": course.id,
            "title": course.title,
            "summary": course.summary,
            "language": course.language,
            "newsletter": course.kind == Kind::Newsletter,
            "expect": expect(&shelved.course, voice.words),
            "about": edition.page.about,
            "disclaimer": edition.page.disclaimer,
            "invite": course.invite.as_ref().map(|invite| json!({ "text": invite.text, "url": invite.url })),
            "closed": is_closed(house, shelved),
            "again": !entered.wrong.is_empty(),
            "form": form(house, voice, shelved, entered),
        }),
    )?;
    Ok(with_our_script(page))
}

/// What a reader may expect: how much, how often, from when.
fn expect(course: &Course, words: &Page) -> Vec<String> {
    if course.kind == Kind::Newsletter {
        return vec![words.issues.to_string(), words.pace.to_string()];
    }
    let (reader, now) = (Reader::anybody(&course.language), Timestamp::UNIX_EPOCH);
    let (_, count) = Enrolment::new(0, 0, &course.id, 1, now).count(course, &reader, "", now);
    let when = when(&course.schedule.send, words);
    let lessons = if count == 1 { words.lessons_one } else { words.lessons };
    let (rhythm, every) = match course.schedule.wait {
        Wait::Days(1) => (words.rhythm_days_one, String::new()),
        Wait::Days(days) => (words.rhythm_days, days.to_string()),
        Wait::Hours(hours) => (words.rhythm_hours, hours.to_string()),
    };
    let mut expect =
        vec![fill(lessons, &[("count", &count.to_string())]), fill(rhythm, &[("count", &every), ("when", &when)])];
    let date = course.schedule.starts.map(|date| words.dates.date(date));
    expect.extend(date.map(|date| fill(words.starts, &[("date", &date)])));
    expect.push(words.pace.to_string());
    expect
}

/// At what time and on which days lessons come. What is rarer than weekly is said by its time alone.
fn when(send: &Cron, words: &Page) -> String {
    let Some(times) = send.times() else { return send.in_words() };
    let times: Vec<String> = times.iter().map(|time| time.strftime("%H:%M").to_string()).collect();
    let times = times.join(", ");
    let places = send.weekdays();
    let days: Vec<&str> = places.iter().filter_map(|day| words.dates.weekdays.get(*day).copied()).collect();
    let one_run = places.windows(2).all(|pair| pair[1] == pair[0] + 1);
    match days.as_slice() {
        [] => fill(words.send_daily, &[("times", &times)]),
        [first, _, .., last] if one_run => {
            fill(words.send_span, &[("times", &times), ("first", first), ("last", last)])
        }
        days => fill(words.send_on, &[("times", &times), ("days", &days.join(", "))]),
    }
}
