//! `/`: whose site this is.

use crate::web::Web;
use crate::web::guard::Failure;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;

pub fn routes() -> Router<Web> {
    Router::new().route("/", get(show))
}

/// The one page that search engines may keep.
async fn show(State(web): State<Web>) -> Result<Response, Failure> {
    let words = web.pages.words;
    let page = web.pages.notice(words.home_title, &[words.home])?;
    Ok(([("x-robots-tag", "all")], page).into_response())
}
