//! `/healthz` and `/readyz`: whether the process lives, and whether it can work. For machines.

use crate::flow::journal;
use crate::web::Web;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;

pub fn routes() -> Router<Web> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}

async fn ready(State(web): State<Web>) -> Response {
    match journal::is_readable(&web.app).await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "the database can't be read");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready: the database can't be read\n").into_response()
        }
    }
}
