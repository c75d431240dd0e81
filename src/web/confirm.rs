//! `/confirm/{token}`: shows what was asked for, and begins it at the press of the button.

use crate::flow;
use crate::flow::confirm::Link;
use crate::web::Web;
use crate::web::address;
use crate::web::guard::Failure;
use crate::web::pages::Voice;
use crate::web::visitor::Visitor;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

pub fn routes() -> Router<Web> {
    Router::new().route("/confirm/{token}", get(show).post(confirm))
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let voice = web.speak(&visitor, None, None);
    match flow::confirm::look_at(&web.app, &token).await? {
        Link::Asks(titles) => voice.page("web/confirm.html", &json!({ "titles": titles })),
        Link::Used => used(voice),
        Link::Gone => address::look_at(&web, &visitor, &token).await?.map_or_else(|| gone(voice), Ok),
    }
}

async fn confirm(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let voice = web.speak(&visitor, None, None);
    let words = voice.words;
    match flow::confirm::confirm(&web.app, &token).await? {
        Link::Asks(_) => voice.notice(words.confirmed_title, &[words.confirmed, words.confirmed_lost, words.close]),
        Link::Used => used(voice),
        Link::Gone => address::confirm(&web, &visitor, &token).await?.map_or_else(|| gone(voice), Ok),
    }
}

fn used(voice: Voice<'_>) -> Result<Response, Failure> {
    let words = voice.words;
    voice.notice(words.used_title, &[words.used, words.used_again])
}

/// With the same status as a link that works: a program that asks learns nothing from the number.
fn gone(voice: Voice<'_>) -> Result<Response, Failure> {
    let words = voice.words;
    voice.notice(words.gone_title, &[words.gone, words.gone_next])
}
