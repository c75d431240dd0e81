//! `/lesson/{course}/{lesson}`: one lesson as a sample person gets it, in every dress, with its file and what is wrong with
//! it; and a form that sends it to one address.

use crate::course::Course;
use crate::course::Kind;
use crate::enrolment::BACK;
use crate::enrolment::CLOSING;
use crate::flow::preview::Book;
use crate::flow::preview::Mail;
use crate::flow::preview::State as Files;
use crate::flow::preview::Trouble;
use crate::message::MAIL_LIMIT;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Severity;
use crate::text;
use crate::web::preview::Preview;
use crate::web::preview::chosen::Chosen;
use crate::web::preview::chosen::View;
use crate::web::preview::course;
use crate::web::preview::people;
use crate::web::preview::send;
use crate::web::preview::send::Sent;
use crate::web::preview::shown::Look;
use crate::web::preview::source;
use axum::Form;
use axum::Router;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Octets of a mail's source that a page shows.
const MOST_SOURCE: usize = 400_000;
/// How long a page waits for what is wrong with its lesson; what is found later is told to it.
const GLANCE: Duration = Duration::from_millis(60);
/// From this share of the limit on a mail's size is worth a word.
const NEAR: usize = MAIL_LIMIT / 10 * 8;

type Pairs = BTreeMap<String, String>;

pub fn routes() -> Router<Preview> {
    Router::new().route("/lesson/{course}/{lesson}", get(show).post(send_it))
}

async fn show(
    State(preview): State<Preview>,
    Path((course, lesson)): Path<(String, String)>,
    Query(query): Query<Pairs>,
) -> Response {
    page(&preview, &course, &lesson, &query, None).await
}

async fn send_it(
    State(preview): State<Preview>,
    Path((course, lesson)): Path<(String, String)>,
    Query(query): Query<Pairs>,
    Form(form): Form<Pairs>,
) -> Response {
    let sent = send::send(&preview, &course, &lesson, &Chosen::read(&query), &form).await;
    let page = page(&preview, &course, &lesson, &query, Some(&sent)).await;
    if page.status().is_success() { (sent.status(), page).into_response() } else { page }
}

async fn page(preview: &Preview, id: &str, lesson: &str, query: &Pairs, sent: Option<&Sent>) -> Response {
    let state = preview.state();
    let Some(book) = state.books.get(id) else { return preview.gone(Some(id), course::NO_COURSE) };
    let Some(whole) = book.course.as_deref() else {
        return preview.gone(Some(id), "This course can’t be read at all at the moment; its own page says why.");
    };
    let chosen = Chosen::read(query);
    let (person, gets_it) = chosen.person(whole, whole.lessons.get(lesson));
    let edition = book.edition(lesson, &person.language).unwrap_or(whole);
    let file = book.lesson(lesson, &person.language);
    let is_own = whole.kind == Kind::Course && [BACK, CLOSING].contains(&lesson);
    if file.is_none() && !is_own {
        return preview.gone(Some(id), "This course has no such lesson now. If it comes back, this page shows it.");
    }
    preview.desk.glance(id, &edition.language, lesson, GLANCE).await;
    let made = preview.mail(id, lesson, person.clone(), None).await;
    let problems = problems(&state, book, file.map(|it| it.source.name.as_str()), made.as_ref().err());
    let lines = file.map(|it| source::lines(&it.source.name, &it.source.text, &problems)).unwrap_or_default();
    let mut chooser = people::chooser(whole, whole.lessons.get(lesson).or(file), &chosen, &person);
    tell_errors(&mut chooser, &state, book, lesson);
    let values = json!({
        "course": course::facts(book),
        "lesson": lesson,
        "language": edition.language,
        "direction": text::direction(&edition.language),
        "title": title(edition, lesson, made.as_ref().ok()),
        "place": place(book, whole, lesson, &chosen),
        "when": file.and_then(|it| it.when.as_ref()).map(|when| when.text.as_str()),
        "gets_it": gets_it,
        "chooser": chooser,
        "views": views(lesson, &chosen, made.is_ok()),
        "view": chosen.view.word(),
        "frames": made.as_ref().ok().map(|_| frames(id, lesson, &chosen)),
        "mail": made.as_ref().ok().map(facts),
        "trouble": made.as_ref().err().map(sentence),
        "problems": problems.iter().map(source::problem).collect::<Vec<_>>(),
        "file": file.map(|it| it.source.name.as_str()),
        "lines": if chosen.view == View::File || made.is_err() { lines } else { Vec::new() },
        "query": chosen.query(),
        "relay": state.ground.relay.as_ref().map_err(String::as_str).err(),
        "sent": sent.map(Sent::values),
    });
    preview.page("lesson.html", Some(id), &values)
}

/// Puts beside each language how many errors the lesson has in it.
fn tell_errors(chooser: &mut Value, state: &Files, book: &Book, lesson: &str) {
    let problems = state.problems_of(book);
    for choice in chooser["languages"].as_array_mut().into_iter().flatten() {
        let tag = choice["tag"].as_str().unwrap_or_default();
        let file = book.lesson(lesson, tag).map(|lesson| lesson.source.name.as_str());
        let own = problems.iter().filter(|it| it.severity == Severity::Error && file == Some(it.file()));
        choice["errors"] = json!(own.count());
    }
}

/// What is wrong with this file, as `check` says it; of a mail that can't be made, why.
fn problems(state: &Files, book: &Book, file: Option<&str>, trouble: Option<&Trouble>) -> Vec<Problem> {
    let mut all = state.problems_of(book);
    all.retain(|problem| file.is_some_and(|file| file == problem.file()));
    if let Some(Trouble::Problems(more)) = trouble
        && !problem::any_error(&all)
    {
        all.extend(more.iter().cloned());
        problem::sort(&mut all);
    }
    all
}

fn sentence(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Nothing => "There is no such lesson.".to_string(),
        Trouble::Problems(_) => "No mail can be made of this lesson as it stands.".to_string(),
        Trouble::Sentence(sentence) => sentence.clone(),
    }
}

fn title(edition: &Course, lesson: &str, mail: Option<&Mail>) -> String {
    let subject = mail.map(|mail| mail.subject.clone());
    let known = || edition.lessons.get(lesson).map(course::title_of);
    subject.or_else(known).unwrap_or_else(|| lesson.replace('-', " "))
}

/// Where it stands among the others, and the way to its neighbours.
fn place(book: &Book, whole: &Course, lesson: &str, chosen: &Chosen) -> Value {
    let order = course::order(book);
    let at = order.iter().position(|id| id == lesson);
    let way = |id: &String| json!({ "id": id, "href": format!("/lesson/{}/{id}{}", book.id, chosen.query()) });
    let before = at.and_then(|at| order.get(at.checked_sub(1)?));
    let behind = at.and_then(|at| order.get(at + 1));
    let kind = if lesson.starts_with('@') {
        "the program’s own"
    } else if whole.retired.iter().any(|id| id == lesson) {
        "retired"
    } else if book.unlisted.contains_key(lesson) {
        "a draft"
    } else if whole.lessons.get(lesson).is_some_and(|it| it.archive) {
        "only for the archive: it is sent to nobody"
    } else {
        ""
    };
    json!({ "before": before.map(way), "behind": behind.map(way), "kind": kind })
}

fn views(lesson: &str, chosen: &Chosen, is_made: bool) -> Vec<Value> {
    // Without a mail the file is all there is to look at.
    let shown = if is_made { chosen.view } else { View::File };
    let meant = View::ALL.into_iter().filter(|view| *view != View::File || !lesson.starts_with('@'));
    let link = |view: View| {
        let href = Chosen { view, ..chosen.clone() }.query();
        let href = if href.is_empty() { "?".to_string() } else { href };
        json!({ "label": view.label(), "href": href, "current": view == shown })
    };
    meant.map(link).collect()
}

fn frames(course: &str, lesson: &str, chosen: &Chosen) -> Vec<Value> {
    let query = Chosen { view: View::Together, ..chosen.clone() }.query();
    let frame = |look: Look, width: &str, title: &str| json!({ "src": format!("/mail/{}/{course}/{lesson}{query}", look.word()), "width": width, "title": title });
    let wide = frame(Look::Light, "wide", "Wide, 640 pixels");
    let phone = frame(Look::Light, "phone", "Phone, 320 pixels");
    let dark = frame(Look::Dark, "phone", "Phone, dark");
    match chosen.view {
        View::Together => vec![wide, phone, dark],
        View::Wide => vec![wide],
        View::Phone => vec![phone],
        View::Dark => vec![frame(Look::Dark, "wide", "Wide, dark"), dark],
        View::NoImages => vec![frame(Look::NoImages, "wide", "Wide, without images")],
        View::Text | View::Source | View::File => Vec::new(),
    }
}

/// What an inbox and a meter say of a mail, and its texts.
fn facts(mail: &Mail) -> Value {
    let source = String::from_utf8_lossy(&mail.bytes);
    let cut = source.char_indices().map(|(at, _)| at).find(|at| *at >= MOST_SOURCE).unwrap_or(source.len());
    let kilobytes = |octets: usize| octets.div_ceil(1000);
    let weight = match mail.bytes.len() {
        over if over > MAIL_LIMIT => "over",
        near if near > NEAR => "near",
        _ => "",
    };
    json!({
        "from": mail.from, "subject": mail.subject, "preview": mail.preview, "text": mail.text,
        "source": source[..cut], "cut": cut < source.len(),
        "size": kilobytes(mail.bytes.len()), "html": kilobytes(mail.html.len()), "weight": weight,
    })
}
