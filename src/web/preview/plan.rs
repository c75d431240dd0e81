//! `/plan/{course}`: what a sample person gets when, as a calendar and in the words of the rules. The plan itself is that of
//! `simulate`.

use crate::enrolment::Planned;
use crate::flow::preview::Person;
use crate::flow::preview::written;
use crate::flow::simulate;
use crate::flow::simulate::Reader;
use crate::problem::Severity;
use crate::timing;
use crate::timing::DateRange;
use crate::web::form::zones;
use crate::web::preview::Preview;
use crate::web::preview::calendar;
use crate::web::preview::chosen::Chosen;
use crate::web::preview::course;
use crate::web::preview::people;
use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

type Pairs = BTreeMap<String, String>;

pub fn routes() -> Router<Preview> {
    Router::new().route("/plan/{course}", get(show))
}

/// When somebody signs up, where they live, and what they do; what can't be meant is told.
struct Wish {
    signup: DateTime,
    zone: TimeZone,
    pace: f64,
    pause: Option<DateRange>,
    wrong: Vec<&'static str>,
}

async fn show(State(preview): State<Preview>, Path(id): Path<String>, Query(query): Query<Pairs>) -> Response {
    let state = preview.state();
    let Some(book) = state.books.get(&id) else { return preview.gone(Some(&id), course::NO_COURSE) };
    let Some(whole) = book.course.clone() else {
        return preview.gone(Some(&id), "This course can’t be read at all at the moment; its own page says why.");
    };
    let chosen = Chosen::read(&query);
    let (person, _) = chosen.person(&whole, None);
    let site = &state.ground.settings.site;
    let wish =
        wish(&query, &site.time_zone, preview.desk.clock.now().reader.to_zoned(site.time_zone.clone()).datetime());
    let reader = reader(&wish, &person);
    let planning = tokio::task::spawn_blocking({
        let whole = whole.clone();
        move || simulate::simulate(&whole, &reader)
    });
    // Rules rely on a course without errors; this one may have some.
    let plan = planning.await.unwrap_or_default();
    let titles: Pairs = whole.lessons.values().map(|lesson| (lesson.id.clone(), course::title_of(lesson))).collect();
    let skipped: Vec<&String> = whole.order.iter().filter(|id| !plan.iter().any(|it| it.lesson == **id)).collect();
    let pauses: Vec<DateRange> = wish.pause.into_iter().collect();
    let values = json!({
        "course": course::facts(book),
        "broken": state.problems_of(book).iter().any(|it| it.severity == Severity::Error),
        "wish": values(&query, &wish),
        "chooser": { "answers": people::choices(&whole, &chosen), "said": !chosen.said.is_empty(), "who": chosen.sample.word(), "language": person.language },
        "zones": zones(wish.zone.iana_name().unwrap_or("UTC")),
        "months": calendar::months(&plan, &titles, &pauses, &whole.schedule.skip),
        "plan": plan.iter().map(|it| line(&id, it, &titles, &chosen)).collect::<Vec<_>>(),
        "skipped": skipped.iter().map(|id| titles.get(*id).unwrap_or(id)).collect::<Vec<_>>(),
        "query": chosen.query(),
    });
    preview.page("plan.html", Some(&id), &values)
}

fn wish(query: &Pairs, zone: &TimeZone, now: DateTime) -> Wish {
    let said = |name: &str| query.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let mut wrong = Vec::new();
    let mut read = |text: Option<&str>, why: &'static str| {
        if text.is_some() {
            wrong.push(why);
        }
    };
    let signup = said("signup").and_then(|text| text.parse::<DateTime>().ok());
    read(said("signup").filter(|_| signup.is_none()), "The moment of sign-up can’t be read; it is now instead.");
    let own = said("zone").and_then(|text| timing::zone(text).ok());
    read(said("zone").filter(|_| own.is_none()), "There is no such time zone; it is the site’s instead.");
    let pace = said("pace").and_then(|text| text.parse::<f64>().ok()).filter(|pace| pace.is_finite() && *pace > 0.0);
    read(said("pace").filter(|_| pace.is_none()), "A pace is a number above 0; it is 1 instead.");
    let date = |name: &str| said(name).and_then(|text| text.parse::<Date>().ok());
    let pause = date("pause_from").zip(date("pause_to")).filter(|(first, last)| first <= last);
    let asked = said("pause_from").or(said("pause_to"));
    read(asked.filter(|_| pause.is_none()), "A pause needs its first and its last date; there is none.");
    Wish {
        signup: signup.unwrap_or(now),
        zone: own.unwrap_or_else(|| zone.clone()),
        pace: pace.unwrap_or(1.0),
        pause: pause.map(|(first, last)| DateRange { first, last }),
        wrong,
    }
}

fn reader(wish: &Wish, person: &Person) -> Reader {
    Reader {
        signup: wish.signup,
        person: timing::Person { zone: wish.zone.clone(), hour: None, weekdays: None, pace: wish.pace },
        language: person.language.clone(),
        answers: person.answers.iter().map(|(id, said)| (id.clone(), written(said))).collect(),
        pauses: wish.pause.into_iter().collect(),
    }
}

fn values(query: &Pairs, wish: &Wish) -> Value {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    json!({
        "signup": wish.signup.strftime("%Y-%m-%dT%H:%M").to_string(),
        "zone": wish.zone.iana_name().unwrap_or("UTC"),
        "pace": wish.pace,
        "pause_from": text("pause_from"),
        "pause_to": text("pause_to"),
        "wrong": wish.wrong,
    })
}

fn line(course: &str, planned: &Planned, titles: &Pairs, chosen: &Chosen) -> Value {
    json!({
        "date": planned.local.strftime("%A, %-d %B %Y").to_string(),
        "time": planned.local.strftime("%H:%M").to_string(),
        "utc": planned.utc.to_string(),
        "title": titles.get(&planned.lesson).unwrap_or(&planned.lesson),
        "href": format!("/lesson/{course}/{}{}", planned.lesson, chosen.query()),
        "why": planned.why,
    })
}
