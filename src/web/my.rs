//! `/my/{token}`: a person's own page, with what comes next, what they had, and the way to everything they can change; and
//! the pages of what they ask of a course from there.

use crate::course::Kind;
use crate::enrolment::State as Stands;
use crate::flow::answer::history;
use crate::flow::my;
use crate::flow::my::Mine;
use crate::flow::my::Place;
use crate::link::Scope;
use crate::link::Token;
use crate::text::fill;
use crate::web::Web;
use crate::web::act;
use crate::web::answered::answered;
use crate::web::doing::Ask;
use crate::web::doing::Doing;
use crate::web::doing::moments;
use crate::web::doing::pace_words;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Form;
use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

/// What a page of one's own begins with: the person, or the page that says why there is none.
pub type Own = Result<Box<Mine>, Result<Response, Failure>>;

pub fn routes() -> Router<Web> {
    Router::new().route("/my/{token}", get(show)).route("/my/{token}/{course}/{action}", get(ask).post(press))
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let mine = match own(&web, &visitor, &token).await? {
        Ok(mine) => mine,
        Err(page) => return page,
    };
    let voice = web.speak(&visitor, mine.person.language.as_deref(), None);
    let words = &voice.words.my;
    let path = path(&web, &token);
    let places = mine.places.iter().map(|it| place(&web, voice, &mine, it, &path));
    let others = mine.others.iter().map(|it| {
        let course = &it.in_language(voice.language).course;
        json!({ "id": it.course.id, "title": course.title, "summary": course.summary, "language": course.language })
    });
    let undo = mine.last_act.as_ref().map(|(it, until)| {
        let until = voice.words.dates.moment(mine.zone.to_datetime(*until));
        json!({
            "url": web.app.links().undo(it.id, Some(act::expires(&web))),
            "what": fill(words.undo_about, &[("what", act::what_words(voice, &it.what))]),
            "until": fill(words.undo_until, &[("moment", &until)]),
        })
    });
    let days = mine.person.weekdays.as_deref().and_then(|days| days.parse::<crate::timing::Weekdays>().ok());
    let days = days.map(|days| days.days().map(|day| voice.words.dates.weekdays[day]).collect::<Vec<_>>().join(", "));
    let history = history(&web.app, mine.person.id).await?;
    let page = json!({
        "path": path,
        "answers": answered(voice.words, voice.language, &history),
        "places": places.collect::<Vec<Value>>(),
        "others": others.collect::<Vec<Value>>(),
        "undo": undo,
        "name": mine.person.first_name,
        "zone": mine.zone.iana_name().unwrap_or("UTC").replace('_', " "),
        "hour": mine.person.hour.map(|hour| fill(words.settings_now_hour, &[("hour", &hour.strftime("%H:%M").to_string())])),
        "days": days.map(|days| fill(words.settings_now_days, &[("days", &days)])),
    });
    voice.page("web/my.html", &page)
}

async fn ask(
    State(web): State<Web>,
    visitor: Visitor,
    Path((token, course, action)): Path<(String, String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Failure> {
    match doing(&web, &visitor, &token, &course, &action, &query).await? {
        Ok(doing) => act::page_of(&web, web.speak(&visitor, doing.person.language.as_deref(), None), &doing).await,
        Err(page) => page,
    }
}

async fn press(
    State(web): State<Web>,
    visitor: Visitor,
    Path((token, course, action)): Path<(String, String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Response, Failure> {
    match doing(&web, &visitor, &token, &course, &action, &query).await? {
        Ok(doing) => {
            let voice = web.speak(&visitor, doing.person.language.as_deref(), None);
            act::done_page(&web, voice, &doing, form.get("choice").map(String::as_str)).await
        }
        Err(page) => page,
    }
}

/// The person whose page this token opens.
pub async fn own(web: &Web, visitor: &Visitor, token: &str) -> Result<Own, Failure> {
    let read = web.app.keys.read(Scope::My, token, web.app.clock.now().wall);
    let mine = match read {
        Token::Good(subscriber) => my::page(&web.app, subscriber).await?,
        Token::Expired | Token::Bad => None,
    };
    let stale = || act::stale(web.speak(visitor, None, None), read == Token::Expired);
    Ok(mine.map(Box::new).ok_or_else(stale))
}

/// The page's own path, for links on it.
pub fn path(web: &Web, token: &str) -> String {
    format!("{}/my/{token}", web.root())
}

async fn doing(
    web: &Web,
    visitor: &Visitor,
    token: &str,
    course: &str,
    action: &str,
    query: &BTreeMap<String, String>,
) -> Result<Result<Doing, Result<Response, Failure>>, Failure> {
    let mine = match own(web, visitor, token).await? {
        Ok(mine) => mine,
        Err(page) => return Ok(Err(page)),
    };
    let voice = web.speak(visitor, mine.person.language.as_deref(), None);
    let place = mine.places.into_iter().find(|place| place.enrolment.course == course);
    let (Some(place), Some(ask)) = (place, Ask::from_path(action, query)) else {
        let words = voice.words;
        return Ok(Err(voice.nothing_here(words.not_found_title, &[words.not_found, words.not_found_next])));
    };
    let home = Some(path(web, token));
    let (person, enrolment, course) = (mine.person, place.enrolment, place.shelved);
    Ok(Ok(Doing { person, enrolment, course, ask, zone: mine.zone, home }))
}

/// One course as the page shows it.
fn place(web: &Web, voice: Voice<'_>, mine: &Mine, it: &Place, path: &str) -> Value {
    let words = &voice.words.my;
    let dates = &voice.words.dates;
    let edition = &it.shelved.in_language(voice.language).course;
    let newsletter = it.shelved.course.kind == Kind::Newsletter;
    let title = |lesson: &str| it.shelved.title_of(lesson, voice.language);
    let links = web.app.links();
    let got = it.got.iter().map(|got| {
        json!({
            "id": got.lesson, "title": title(&got.lesson), "url": links.web_view(got.delivery),
            "on": fill(words.on_date, &[("date", &dates.date(got.at.date()))]),
        })
    });
    let requests = &it.enrolment.requests.stages;
    let stages = edition.stages.iter().map(|stage| {
        let rests = requests.get(&stage.id).is_some_and(|rest| rest.paused.is_some());
        let begun = stage.lessons.iter().any(|id| it.enrolment.progress.done().contains(&id.as_str()));
        json!({ "id": stage.id, "title": stage.title, "rests": rests, "begun": begun })
    });
    let offered = it.offered.iter().map(|id| json!({ "id": id, "title": title(id) }));
    let state = it.enrolment.after.unwrap_or(it.enrolment.state);
    let ended = it.enrolment.is_completed() || state == Stands::Left;
    let paused = state == Stands::Paused;
    let goes = matches!(state, Stands::Waiting | Stands::InFlight | Stands::Awaiting) && !ended;
    let progress = match (newsletter, it.done) {
        (false, _) => fill(words.progress, &[("number", &it.done.to_string()), ("of", &it.of.to_string())]),
        (true, 0) => String::new(),
        (true, 1) => words.issues_one.to_string(),
        (true, done) => fill(words.issues, &[("count", &done.to_string())]),
    };
    let schedule = &it.shelved.course.schedule;
    let pace = it.enrolment.pace;
    json!({
        "id": it.shelved.course.id,
        "path": format!("{path}/{}", it.shelved.course.id),
        "title": edition.title,
        "language": edition.language,
        "newsletter": newsletter,
        "progress": progress,
        "state": state_words(voice, mine, it, state),
        "plan": moments(voice, &it.shelved, &it.plan, false),
        "goes": goes,
        "paused": paused,
        "ended": ended,
        "slower": goes && !newsletter && pace < schedule.slowest,
        "faster": goes && !newsletter && pace > schedule.fastest,
        "pace": (pace != 1.0 && !newsletter).then(|| fill(words.pace_now, &[("pace", &pace_words(words, pace))])),
        "got": got.collect::<Vec<Value>>(),
        "offered": offered.collect::<Vec<Value>>(),
        "stages": stages.collect::<Vec<Value>>(),
        "leave": (state != Stands::Left).then(|| links.leave(it.enrolment.id)),
        "left": state == Stands::Left,
    })
}

/// How it stands where nothing simply comes.
fn state_words(voice: Voice<'_>, mine: &Mine, it: &Place, state: Stands) -> String {
    let words = &voice.words.my;
    let until = it.enrolment.paused_until.map(|until| mine.zone.to_datetime(until).date());
    match state {
        Stands::Pending => words.state_pending.to_string(),
        Stands::Paused => match until {
            Some(date) => fill(words.state_paused_until, &[("date", &voice.words.dates.date(date))]),
            None => words.state_paused.to_string(),
        },
        Stands::Held => words.state_held.to_string(),
        Stands::Left => words.state_left.to_string(),
        Stands::Completed => words.state_completed.to_string(),
        Stands::Waiting if it.enrolment.is_completed() => words.state_completed.to_string(),
        Stands::InFlight => words.on_its_way.to_string(),
        Stands::Awaiting if it.shelved.course.kind == Kind::Course => words.waits_for_answer.to_string(),
        Stands::Waiting | Stands::Awaiting if !it.plan.is_empty() => String::new(),
        // Of a newsletter whose issues have no dates.
        Stands::Awaiting => voice.words.issues.to_string(),
        Stands::Waiting => words.nothing_next.to_string(),
    }
}
