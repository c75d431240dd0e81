//! The pages that mails link to. Knows no SQL and no wire: each page is one verb of `flow`.

use crate::flow::App;
use axum::Router;
use axum::routing::get;
use std::sync::Arc;

/// Every public page.
pub fn router(app: Arc<App>) -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" })).with_state(app)
}
