//! `/healthz` and `/readyz`: whether the process lives, and whether it can work. For machines.

use crate::store::meta;
use crate::web::Web;
use anyhow::Result;
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
    match read_something(&web).await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "the database can't be read");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready: the database can't be read\n").into_response()
        }
    }
}

async fn read_something(web: &Web) -> Result<()> {
    meta::get(&mut *web.app.store.read().await?, "epoch").await?;
    Ok(())
}
