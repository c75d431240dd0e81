//! `/`: every course with its lessons in order, and how much is wrong with each; `/problems`: what is wrong with the site
//! itself.

use crate::flow::preview::Book;
use crate::problem::Problem;
use crate::web::preview::Preview;
use crate::web::preview::course;
use crate::web::preview::source;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

pub fn routes() -> Router<Preview> {
    Router::new().route("/", get(show)).route("/problems", get(problems))
}

async fn show(State(preview): State<Preview>) -> Response {
    let state = preview.state();
    let entry = |book: &Book| {
        let problems = state.problems_of(book);
        json!({
            "course": course::facts(book),
            "count": source::count(&problems),
            "looking": book.unseen().is_some(),
            "groups": course::groups(book, &problems),
        })
    };
    let books: Vec<Value> = state.books.values().map(|book| entry(book)).collect();
    preview.page("home.html", None, &json!({ "books": books, "count": source::count(&state.problems) }))
}

async fn problems(State(preview): State<Preview>) -> Response {
    let state = preview.state();
    let files = by_file(&state.problems);
    let page = json!({ "files": files, "folder": state.ground.settings.courses.display().to_string() });
    preview.page("problems.html", None, &page)
}

/// Each file with its lines, where it has any, else its problems alone.
fn by_file(problems: &[Problem]) -> Vec<Value> {
    let mut files: BTreeMap<&str, Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        files.entry(problem.file()).or_default().push(problem);
    }
    let shown = files.into_iter().map(|(name, own)| {
        let text = own.first().map(|problem| problem.source.text.as_str()).unwrap_or_default();
        let lines = if text.is_empty() { Vec::new() } else { source::lines(name, text, problems) };
        let all: Vec<Value> = own.iter().map(|problem| source::problem(problem)).collect();
        json!({ "name": name, "lines": lines, "problems": all })
    });
    shown.collect()
}
