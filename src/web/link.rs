//! `/my`: asks for an address, and has the link to its owner's page mailed there. Everybody gets the same answer, at once:
//! whether anybody has the address is looked at behind their back.

use crate::address::Address;
use crate::flow::page_link;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::limits::Manner;
use crate::web::sign_up;
use crate::web::visitor::Visitor;
use axum::Form;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

pub fn routes() -> Router<Web> {
    Router::new().route("/my", get(show).post(ask))
}

async fn show(State(web): State<Web>, visitor: Visitor) -> Result<Response, Failure> {
    web.speak(&visitor, None, None).page("web/link.html", &json!({ "entered": "", "wrong": "" }))
}

async fn ask(
    State(web): State<Web>,
    visitor: Visitor,
    Form(values): Form<BTreeMap<String, String>>,
) -> Result<Response, Failure> {
    let voice = web.speak(&visitor, None, None);
    let words = voice.words;
    let entered = values.get("email").map(String::as_str).unwrap_or_default();
    let Ok(address) = entered.parse::<Address>() else {
        let page = voice.page("web/link.html", &json!({ "entered": entered, "wrong": words.wrong_email }))?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    if let Err(wait) = sign_up::admit(&web, &visitor, Manner::Calm) {
        return sign_up::too_many(voice, wait);
    }
    let app = Arc::clone(&web.app);
    tokio::spawn(async move {
        if let Err(error) = page_link::ask(&app, &address).await {
            tracing::error!("the link to somebody's page couldn't be queued: {error:#}");
        }
    });
    voice.notice(words.asked_title, &[words.own.link_sent, words.asked_lost, words.own.link_often])
}
