//! `/course/{course}`: one course, its lessons as they stand in its stages, and its own file with what is wrong with it.

use crate::course::Kind;
use crate::course::Lesson;
use crate::enrolment::BACK;
use crate::enrolment::CLOSING;
use crate::flow::preview::Book;
use crate::message::own_mails;
use crate::problem::Problem;
use crate::web::preview::Preview;
use crate::web::preview::source;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use serde_json::json;

/// Said of what isn't in the folder, or isn't there any more.
pub const NO_COURSE: &str = "There is no course of this name in the folder. If it comes back, this page shows it.";

pub fn routes() -> Router<Preview> {
    Router::new().route("/course/{course}", get(show))
}

async fn show(State(preview): State<Preview>, Path(id): Path<String>) -> Response {
    let state = preview.state();
    let Some(book) = state.books.get(&id) else { return preview.gone(Some(&id), NO_COURSE) };
    let problems = state.problems_of(book);
    let (groups, of_lessons) = (groups(book, &problems), files_of_lessons(book));
    let own: Vec<Problem> =
        problems.iter().filter(|it| !of_lessons.iter().any(|file| file == it.file())).cloned().collect();
    let manifest = book.course.as_ref().map(|course| &course.source);
    let lines = manifest.map(|it| source::lines(&it.name, &it.text, &own)).unwrap_or_default();
    let page = json!({
        "course": facts(book),
        "looking": book.unseen().is_some(),
        "groups": groups,
        "count": source::count(&problems),
        "file": manifest.map(|it| &it.name),
        "lines": lines,
        "problems": own.iter().map(source::problem).collect::<Vec<_>>(),
    });
    preview.page("course.html", Some(&id), &page)
}

/// What every page says of a course.
pub fn facts(book: &Book) -> Value {
    let course = book.course.as_deref();
    let title = course.map(|course| course.title.as_str()).filter(|title| !title.is_empty());
    let languages = book.languages();
    json!({
        "id": book.id,
        "title": title.unwrap_or(&book.id),
        "summary": course.map(|course| course.summary.as_str()).unwrap_or_default(),
        "language": languages.first().filter(|tag| !tag.is_empty()).unwrap_or(&"en"),
        "languages": languages,
        "newsletter": course.is_some_and(|course| course.kind == Kind::Newsletter),
        "readable": course.is_some(),
    })
}

/// The lessons as a reader comes to them, then what nobody gets, then the program's own mails.
pub fn groups(book: &Book, problems: &[Problem]) -> Vec<Value> {
    let Some(course) = book.course.as_deref() else { return Vec::new() };
    let row = |id: &String| row(book, id, problems);
    let group = |title: &str, note: &str, ids: &[String]| {
        let rows: Vec<Value> = ids.iter().map(row).collect();
        json!({ "title": title, "note": note, "lessons": rows })
    };
    let mut groups: Vec<Value> = course
        .stages
        .iter()
        .map(|stage| {
            let note = stage.after.as_ref().map(|after| format!("begins after {after}")).unwrap_or_default();
            group(if stage.title.is_empty() { &stage.id } else { &stage.title }, &note, &stage.lessons)
        })
        .collect();
    if course.stages.is_empty() {
        let is_kept = |id: &String| course.lessons.get(id).is_some_and(|lesson| lesson.archive);
        let (kept, sent): (Vec<String>, Vec<String>) = course.order.iter().cloned().partition(is_kept);
        let title = if course.kind == Kind::Newsletter { "Issues" } else { "Lessons" };
        groups.push(group(title, "", &sent));
        if !kept.is_empty() {
            groups.push(group("Only for the archive", "sent to nobody", &kept));
        }
    }
    let is_retired = |id: &&String| course.retired.contains(id);
    let drafts: Vec<String> = book.unlisted.keys().filter(|id| !is_retired(id)).cloned().collect();
    if !drafts.is_empty() {
        groups.push(group("Drafts", "in no list: nobody gets them", &drafts));
    }
    if !course.retired.is_empty() {
        groups.push(group("Retired", "sent once, and sent no more", &course.retired));
    }
    if course.kind == Kind::Course && !course.lessons.is_empty() {
        let ids = [BACK, CLOSING].map(String::from);
        groups.push(group("The program’s own mails", "to who comes back, and to who is through", &ids));
    }
    groups
}

/// Every lesson that has a mail to look at, in the order of the groups.
pub fn order(book: &Book) -> Vec<String> {
    let groups = groups(book, &[]);
    let rows = groups.iter().filter_map(|group| group["lessons"].as_array()).flatten();
    let there = rows.filter(|row| row["there"] == true);
    there.filter_map(|row| row["id"].as_str().map(String::from)).collect()
}

/// What a lesson is called where nobody's values can be filled in.
pub fn title_of(lesson: &Lesson) -> String {
    match lesson.id.as_str() {
        BACK => return "Back after a pause".to_string(),
        CLOSING => return "The end".to_string(),
        _ => {}
    }
    let subject = &lesson.subject;
    if subject.is_empty() || subject.contains('{') { lesson.id.replace('-', " ") } else { subject.clone() }
}

fn row(book: &Book, id: &str, problems: &[Problem]) -> Value {
    let own = book.course.iter().flat_map(|course| own_mails(course)).find(|own| own.id == *id);
    let lesson = book.course.as_ref().and_then(|course| course.lessons.get(id)).or_else(|| book.unlisted.get(id));
    let lesson = lesson.or(own.as_ref());
    let title = lesson.map(title_of);
    let files = files_of(book, id);
    let when = lesson.and_then(|lesson| lesson.when.as_ref()).map(|when| when.text.as_str());
    let asks = lesson.map_or(0, |lesson| lesson.asks.len());
    json!({
        "id": id,
        "title": title.unwrap_or_else(|| id.to_string()),
        "there": lesson.is_some(),
        "own": id.starts_with('@'),
        "when": when,
        "date": lesson.and_then(|lesson| lesson.date).map(|date| date.strftime("%Y-%m-%d %H:%M").to_string()),
        "asks": asks,
        "count": source::count(problems.iter().filter(|it| files.iter().any(|file| file == it.file()))),
    })
}

/// The files of one lesson, in each of its languages.
pub fn files_of(book: &Book, id: &str) -> Vec<String> {
    let course = book.course.as_deref();
    let editions = course.iter().flat_map(|course| course.translations.values());
    let translated = editions.filter(|it| it.lessons.contains(id)).filter_map(|it| it.course.lessons.get(id));
    let own = course.and_then(|course| course.lessons.get(id)).or_else(|| book.unlisted.get(id));
    own.into_iter().chain(translated).map(|lesson| lesson.source.name.clone()).collect()
}

fn files_of_lessons(book: &Book) -> Vec<String> {
    let listed = book.course.iter().flat_map(|course| course.lessons.keys());
    listed.chain(book.unlisted.keys()).flat_map(|id| files_of(book, id)).collect()
}
