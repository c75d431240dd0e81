//! `/`: whose site this is, and its courses.

use crate::course::Course;
use crate::course::Kind;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
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
    let courses: Vec<&Course> = shelf.courses.values().map(|shelved| &shelved.course).collect();
    Ok(([("x-robots-tag", "all")], page(web.speak(&visitor, None, None), &courses)?).into_response())
}

/// The whole page.
pub fn page(voice: Voice<'_>, courses: &[&Course]) -> Result<Response, Failure> {
    let of = |kind: Kind| -> Vec<Value> {
        let entry = |course: &&Course| json!({ "id": course.id, "title": course.title, "summary": course.summary, "language": course.language });
        courses.iter().filter(|course| course.kind == kind).map(entry).collect()
    };
    voice.page("web/home.html", &json!({ "courses": of(Kind::Course), "newsletters": of(Kind::Newsletter) }))
}
