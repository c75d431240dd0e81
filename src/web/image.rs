//! `/image/{hash}`: an image of a course in force, as readers get it. The address is a hash of the coach's file, so an
//! answer is good for ever.

use crate::flow::view;
use crate::web::Web;
use crate::web::guard::Failure;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;

/// Nothing in an image loads or runs anything, should somebody open it as a page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'";
/// A page that may hold scripts: it is saved, not opened.
const DRAWING: &str = "image/svg+xml";

pub fn routes() -> Router<Web> {
    Router::new().route("/image/{hash}", get(show))
}

async fn show(State(web): State<Web>, Path(hash): Path<String>) -> Result<Response, Failure> {
    let found = view::image(&web.app, &hash).await?;
    Ok(found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |(kind, bytes)| answer(kind, bytes)))
}

/// An image as a browser gets it.
pub fn answer(content_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_DISPOSITION, if content_type == DRAWING { "attachment" } else { "inline" }),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, bytes).into_response()
}
