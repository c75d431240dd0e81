//! `/view/{token}`: one mail in a browser, with the styles it brings along and without scripts.

use crate::flow;
use crate::link::Scope;
use crate::web::Web;
use crate::web::guard::Failure;
use crate::web::visitor::Visitor;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;

/// Mails carry their styles inside.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

pub fn routes() -> Router<Web> {
    Router::new().route("/view/{token}", get(show))
}

async fn show(State(web): State<Web>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, Failure> {
    let delivery = web.app.keys.verify(Scope::View, &token, web.app.clock.now().wall);
    let lesson = match delivery {
        Some(delivery) => flow::view::lesson(&web.app, delivery).await?,
        None => None,
    };
    let voice = web.speak(&visitor, None, None);
    let words = voice.words;
    match lesson {
        Some(html) => Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response()),
        None => voice.nothing_here(words.view_gone_title, &[words.view_gone, words.view_gone_next]),
    }
}
