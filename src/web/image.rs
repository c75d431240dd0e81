//! `/image/{hash}`: an image of a course in force. The address is a hash of the bytes, so an answer is good for ever.

use crate::flow::view;
use crate::web::Web;
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

/// How a browser treats an image.
struct Image {
    content_type: &'static str,
    /// SVG is a page that may hold scripts: it is saved, not opened.
    disposition: &'static str,
}

pub fn routes() -> Router<Web> {
    Router::new().route("/image/{hash}", get(show))
}

async fn show(State(web): State<Web>, Path(hash): Path<String>) -> Response {
    let found = view::image(&web.app, &hash).await;
    let Some((image, bytes)) = found.and_then(|(path, bytes)| Some((by_ending(&path)?, bytes))) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, image.content_type),
        (header::CONTENT_DISPOSITION, image.disposition),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, bytes).into_response()
}

/// `None` for a course's other files: they are nobody's business.
fn by_ending(path: &str) -> Option<Image> {
    let (_, ending) = path.rsplit_once('.')?;
    let shown = |content_type| Some(Image { content_type, disposition: "inline" });
    match ending.to_ascii_lowercase().as_str() {
        "png" => shown("image/png"),
        "jpg" | "jpeg" => shown("image/jpeg"),
        "gif" => shown("image/gif"),
        "webp" => shown("image/webp"),
        "svg" => Some(Image { content_type: "image/svg+xml", disposition: "attachment" }),
        _ => None,
    }
}
