//! `/`: whose site this is, and its courses.

use crate::course::Kind;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::visitor::Visitor;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;
use serde_json::json;

pub fn routes() -> Router<Web> {
    Router::new().route("/", get(show))
}

/// Search engines may keep it.
async fn show(State(web): State<Web>, visitor: Visitor) -> Result<Response, Failure> {
    let shelf = web.app.shelf.read().await.clone();
    let of = |kind: Kind| -> Vec<Value> {
        let courses = shelf.courses.values().map(|shelved| &shelved.course).filter(|course| course.kind == kind);
        let entry = |course: &crate::course::Course| json!({ "id": course.id, "title": course.title, "summary": course.summary, "language": course.language });
        courses.map(entry).collect()
    };
    let page = json!({ "courses": of(Kind::Course), "newsletters": of(Kind::Newsletter) });
    Ok(([("x-robots-tag", "all")], web.speak(&visitor, None, None).page("web/home.html", &page)?).into_response())
}
