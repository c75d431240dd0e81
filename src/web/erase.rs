//! `/my/{token}/erase`: says what erasing does, and does it at the press of the button.

use crate::flow::preferences;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::owner;
use crate::web::visitor::Visitor;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

pub fn routes() -> Router<Web> {
    Router::new().route("/my/{token}/erase", get(show).post(erase))
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let person = owner::owner(&web, &token).await?;
    let voice = owner::voice(&web, &visitor, person.as_ref());
    match person {
        Some(_) => voice.page("web/erase.html", &json!({ "token": token })),
        None => owner::gone(&web, voice),
    }
}

async fn erase(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let person = owner::owner(&web, &token).await?;
    let voice = owner::voice(&web, &visitor, person.as_ref());
    let Some(person) = person else { return owner::gone(&web, voice) };
    preferences::erase(&web.app, &person.address).await?;
    let own = &voice.words.own;
    voice.notice(own.erased_title, &[own.erased, own.erased_links, voice.words.close])
}
