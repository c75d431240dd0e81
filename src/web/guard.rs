//! What holds for every answer: the headers that protect readers, and kind pages where something failed. Logs name the
//! route, never the path: tokens stand in paths.

use crate::site::Site;
use crate::web::best;
use crate::web::pages::Pages;
use crate::web::visitor::languages;
use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::middleware::from_fn;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::response::Response;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio::time::timeout_at;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

/// Octets of a form that are read: 2,000 characters of a person's own words, each of up to four octets that are written as
/// three, and room for the rest.
const BODY_LIMIT: usize = 32 * 1024;

/// How long a visitor may take to send a body; less than an answer may take, so that who is slow doesn't look like a page
/// that is.
const BODY_TIME: Duration = Duration::from_secs(5);

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

/// As above, for a page with our own script.
const SCRIPT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// As that, for a page that others may show in a frame.
const FRAME_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors *; base-uri 'none'";

/// What a page for an error is made with.
#[derive(Clone)]
struct Dress {
    pages: Arc<Pages>,
    site: Arc<Site>,
}

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

/// Lets a page run the scripts that we serve.
pub fn with_our_script(mut page: Response) -> Response {
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SCRIPT_POLICY));
    page
}

/// Lets other sites show a page in a frame, with its script.
pub fn in_any_frame(mut page: Response) -> Response {
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAME_POLICY));
    page
}

/// Whether a program sends JSON, and so reads it.
pub fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// Whatever goes wrong behind these routes, readers get a page.
pub fn protect<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    pages: Arc<Pages>,
    site: Site,
    patience: Duration,
) -> Router<S> {
    let dress = Dress { pages, site: Arc::new(site) };
    hurry(routes, patience)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(limit_body_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(dress, dress_errors))
}

/// Answers 503 when an answer takes longer.
pub fn hurry<S: Clone + Send + Sync + 'static>(routes: Router<S>, patience: Duration) -> Router<S> {
    routes.layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, patience))
}

pub async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// A body that takes longer can't be read, as one that breaks off: never is half a form taken for a whole one.
async fn limit_body_time(request: Request, next: Next) -> Response {
    let deadline = Instant::now() + BODY_TIME;
    let timed = |body: Body| {
        stream::unfold(body.into_data_stream(), move |mut pieces| async move {
            match timeout_at(deadline, pieces.next()).await {
                Ok(piece) => piece.map(|piece| (piece, pieces)),
                Err(late) => Some((Err(axum::Error::new(late)), pieces)),
            }
        })
    };
    next.run(request.map(|body| Body::from_stream(timed(body)))).await
}

/// Puts a page in the place of every error that hasn't one; JSON, where a program asked with it.
async fn dress_errors(State(dress): State<Dress>, request: Request, next: Next) -> Response {
    let wanted = languages(request.headers());
    let by_program = is_json(request.headers());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_string());
    let bare = next.run(request).await;
    let status = bare.status();
    let is_page =
        bare.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page || is_json(bare.headers()) || !(status.is_client_error() || status.is_server_error()) {
        return bare;
    }
    let voice = dress.pages.voice(best(wanted.iter().map(String::as_str), &dress.site));
    let words = voice.words;
    let (title, paragraphs) = if status.is_server_error() {
        log(&route.unwrap_or_default(), bare.extensions().get::<Reason>());
        (words.failure_title, [words.failure, words.failure_next])
    } else if matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
        (words.not_found_title, [words.not_found, words.not_found_next])
    } else {
        (words.unread_title, [words.unread, words.unread_next])
    };
    if by_program {
        return (status, Json(json!({ "error": paragraphs.join(" ") }))).into_response();
    }
    // Words alone where even the page can't be made: a template of the coach may ask for what isn't there.
    let page = voice
        .notice(title, &paragraphs)
        .unwrap_or_else(|_| format!("{title}\n\n{}\n", paragraphs.join("\n")).into_response());
    let mut dressed = (status, page).into_response();
    if let Some(allow) = bare.headers().get(header::ALLOW) {
        dressed.headers_mut().insert(header::ALLOW, allow.clone());
    }
    dressed
}

/// The payload stays unread: what a panic says may hold what a reader sent.
fn panicked(_payload: Box<dyn Any + Send>) -> Response {
    Failure(anyhow::anyhow!("the page's code panicked; please report this")).into_response()
}

fn log(route: &str, reason: Option<&Reason>) {
    match reason {
        Some(Reason(error)) => tracing::error!(route, error = format!("{error:#}"), "a page couldn't be made"),
        None => tracing::error!(route, "a page took too long; look at the machine's load and at the database's disk"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a page that can't be made is a failed test")]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use axum::routing::get;
    use std::collections::BTreeMap;
    use tower::ServiceExt as _;

    async fn check(path: &str, patience: Duration, expect: (u16, &str)) {
        let site = Site {
            name: "Steady Ground".to_string(),
            url: "https://learn.example.org".to_string(),
            postal_address: "12 Rue Exemple".to_string(),
            time_zone: jiff::tz::TimeZone::UTC,
            language: "en".to_string(),
            daily_cap: 1,
            quiet_during_course: false,
            images: crate::site::Images::Serve,
        };
        let pages = Arc::new(Pages::load(&site, &BTreeMap::new()).unwrap());
        let routes = Router::new()
            .route("/panics", get(async || panics()))
            .route("/hangs", get(std::future::pending::<StatusCode>))
            .route("/teapot", get(async || StatusCode::IM_A_TEAPOT))
            .route("/works", get(async || "words"))
            .fallback(not_found);
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = protect(routes, pages, site, patience).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(status == expect.0 && body.contains(expect.1), "{path}: {status} {body}");
    }

    fn panics() -> StatusCode {
        panic!("on purpose")
    }

    #[tokio::test]
    async fn whatever_goes_wrong_readers_get_a_page() {
        let long = Duration::from_secs(60);
        check("/panics", long, (500, "it isn&#39;t your fault</h1>")).await;
        check("/hangs", Duration::ZERO, (503, "it isn&#39;t your fault</h1>")).await;
        check("/nowhere", long, (404, "There is no page here</h1>")).await;
        check("/teapot", long, (418, "That didn&#39;t reach us whole</h1>")).await;
        check("/works", long, (200, "words")).await;
    }
}
