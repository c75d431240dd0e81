//! `/assets/zone.js`: the one script there is, which proposes a visitor's zone on the sign-up form. All works without it.

use crate::web::Web;
use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;

const ZONE: &str = include_str!("../../templates/web/zone.js");

pub fn routes() -> Router<Web> {
    Router::new().route("/assets/zone.js", get(zone))
}

async fn zone() -> Response {
    let kind = (header::CONTENT_TYPE, "text/javascript; charset=utf-8");
    ([kind, (header::CACHE_CONTROL, "public, max-age=86400")], ZONE).into_response()
}
