//! `/embed/{course}`: the sign-up form alone, made to stand in a frame of another site, or to be copied there.

use crate::flow::shelf::Shelved;
use crate::web::Web;
use crate::web::course;
use crate::web::form::Entered;
use crate::web::guard::Failure;
use crate::web::guard::in_any_frame;
use crate::web::pages::Voice;
use crate::web::sign_up;
use crate::web::sign_up::Posted;
use crate::web::visitor::Visitor;
use axum::Form;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use std::collections::BTreeMap;

pub fn routes() -> Router<Web> {
    Router::new().route("/embed/{course}", get(show).post(take))
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some(shelved) = web.app.shelf.read().await.get(&id).cloned() else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let voice = web.speak(&visitor, None, Some(&shelved.course.language));
    Ok(in_any_frame(page(&web, voice, &shelved, Entered::default())?))
}

async fn take(
    State(web): State<Web>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(values): Form<BTreeMap<String, String>>,
) -> Result<Response, Failure> {
    let Some(shelved) = web.app.shelf.read().await.get(&id).cloned() else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let voice = web.speak(&visitor, None, Some(&shelved.course.language));
    let here = format!("/embed/{}", shelved.course.id);
    let answer = match sign_up::by_form(&web, &visitor, voice, &shelved, here, values).await? {
        Posted::Page(page) => page,
        Posted::Again(status, entered) => (status, page(&web, voice, &shelved, entered)?).into_response(),
    };
    Ok(in_any_frame(answer))
}

fn page(web: &Web, voice: Voice<'_>, shelved: &Shelved, entered: Entered) -> Result<Response, Failure> {
    let edition = shelved.in_language(voice.language);
    let mut form = course::form(&web.house(), voice, shelved, entered);
    // Whole, for who copies it; with its language, which another page's visitors may not have set.
    form.action = format!("{}/embed/{}?language={}", web.app.settings.site.url, shelved.course.id, voice.language);
    voice.page(
        "web/embed.html",
        &json!({
            "id": shelved.course.id,
            "title": edition.course.title,
            "language": edition.course.language,
            "disclaimer": edition.page.disclaimer,
            "closed": course::is_closed(&web.house(), shelved),
            "form": form,
        }),
    )
}
