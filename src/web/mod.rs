//! The pages that mails link to: one file a page, each a thin translation into a verb. GET and HEAD change nothing;
//! pages have one big button that POSTs, and no script.

mod confirm;
mod guard;
mod health;
mod home;
mod image;
mod leave;
mod pages;
mod view;

use crate::flow::App;
use anyhow::Result;
use axum::Router;
use axum::middleware::from_fn;
use pages::Pages;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every page may need.
#[derive(Clone)]
struct Web {
    app: Arc<App>,
    pages: Arc<Pages>,
}

/// The public pages. `overrides` are the coach's files by path below the templates folder; those below `web/` take the
/// place of the built-in ones of the same path.
///
/// # Errors
/// When a template isn't Tera; the error names it.
pub fn router(app: Arc<App>, overrides: &BTreeMap<String, Vec<u8>>) -> Result<Router> {
    let pages = Arc::new(Pages::load(&app.settings.site, overrides)?);
    let web = Web { app, pages: Arc::clone(&pages) };
    let shown = Router::new()
        .merge(home::routes())
        .merge(confirm::routes())
        .merge(leave::routes())
        .merge(view::routes())
        .merge(image::routes())
        .merge(pages::routes())
        .fallback(guard::not_found);
    let shown = guard::protect(shown, pages, PATIENCE);
    let probed = guard::hurry(health::routes(), PATIENCE);
    Ok(shown.merge(probed).layer(from_fn(guard::add_headers)).with_state(web))
}
