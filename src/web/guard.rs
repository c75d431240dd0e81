//! What holds for every answer: the headers that protect readers, and kind pages where something failed. Logs name the
//! route, never the path: tokens stand in paths.

use crate::web::pages::Pages;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use std::any::Any;
use std::sync::Arc;

/// For every answer that doesn't say otherwise.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// Our inability to make a page: logged once, and shown as a page that says what to do.
#[derive(Debug)]
pub struct Failure(anyhow::Error);

/// The reason, on its way from the handler to the log.
#[derive(Clone)]
struct Reason(Arc<anyhow::Error>);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Reason(Arc::new(self.0)));
        response
    }
}

pub async fn not_found() -> StatusCode {
    StatusCode::NOT_FOUND
}

/// The payload stays unread: what a panic says may hold what a reader sent.
pub fn panicked(_payload: Box<dyn Any + Send>) -> Response {
    Failure(anyhow::anyhow!("the page's code panicked; please report this")).into_response()
}

/// Puts a page in the place of every error that hasn't one.
pub async fn dress_errors(State(pages): State<Arc<Pages>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_string());
    let bare = next.run(request).await;
    let status = bare.status();
    let is_page =
        bare.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page || !(status.is_client_error() || status.is_server_error()) {
        return bare;
    }
    let words = pages.words;
    let (title, paragraphs) = if status.is_server_error() {
        log(&route.unwrap_or_default(), bare.extensions().get::<Reason>());
        (words.failure_title, [words.failure, words.failure_next])
    } else {
        (words.not_found_title, [words.not_found, words.not_found_next])
    };
    // Words alone where even the page can't be made: a template of the coach may ask for what isn't there.
    let page = pages
        .notice(title, &paragraphs)
        .unwrap_or_else(|_| format!("{title}\n\n{}\n", paragraphs.join("\n")).into_response());
    let mut dressed = (status, page).into_response();
    if let Some(allow) = bare.headers().get(header::ALLOW) {
        dressed.headers_mut().insert(header::ALLOW, allow.clone());
    }
    dressed
}

pub async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn log(route: &str, reason: Option<&Reason>) {
    match reason {
        Some(Reason(error)) => tracing::error!(route, error = format!("{error:#}"), "a page couldn't be made"),
        None => tracing::error!(route, "a page took too long; look at the machine's load and at the database's disk"),
    }
}
