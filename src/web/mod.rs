//! The pages that mails link to: one file a page, each a thin translation into a verb. GET and HEAD change nothing;
//! pages have one big button that POSTs, and no script but the one that proposes a zone.

mod act;
mod address;
mod answer;
mod answered;
mod archive;
mod assets;
mod chart;
mod check;
mod confirm;
mod course;
mod doing;
mod embed;
mod erase;
mod export;
mod feed;
mod form;
mod guard;
mod health;
mod home;
mod image;
mod join;
mod leave;
mod link;
mod limits;
mod my;
mod network;
mod owner;
mod pages;
pub mod preview;
mod samples;
mod serve;
mod settings;
mod sign_up;
mod view;
mod visitor;

pub use check::check;

use crate::flow::App;
use crate::site::Site;
use crate::text;
use crate::text::Words;
use anyhow::Result;
use axum::Router;
use axum::middleware::from_fn;
use limits::Limits;
use pages::Pages;
use pages::Voice;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use visitor::Visitor;

pub use network::Network;
pub use serve::serve;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every page may need.
#[derive(Clone)]
struct Web {
    app: Arc<App>,
    pages: Arc<Pages>,
    /// Who may say where a request came from.
    proxies: Arc<Vec<Network>>,
    limits: Arc<Limits>,
}

impl Web {
    /// What the paths of links on our pages begin with.
    fn root(&self) -> &str {
        pages::root(&self.app.settings.site.url)
    }

    /// Pages in the language that was chosen, else in the first of the browser's that there are words in, else in that of
    /// what the page is about, else in the site's.
    fn speak(&self, visitor: &Visitor, chosen: Option<&str>, subject: Option<&str>) -> Voice<'_> {
        let wanted = chosen.into_iter().chain(visitor.languages.iter().map(String::as_str)).chain(subject);
        self.pages.voice(best(wanted, &self.app.settings.site))
    }
}

/// The words of the first of these languages that there are any in, or of the site's.
fn best<'a>(mut wanted: impl Iterator<Item = &'a str>, site: &Site) -> &'static Words {
    wanted.find_map(text::known).unwrap_or_else(|| text::words(&site.language))
}

/// The public pages. `overrides` are the coach's files by path below the templates folder; those below `web/` take the
/// place of the built-in ones of the same path. `proxies` may say where a request came from.
///
/// # Errors
/// When a template isn't Tera; the error names it.
pub fn router(app: Arc<App>, overrides: &BTreeMap<String, Vec<u8>>, proxies: &[Network]) -> Result<Router> {
    let pages = Arc::new(Pages::load(&app.settings.site, overrides)?);
    let proxies = Arc::new(proxies.to_vec());
    let web = Web { app: Arc::clone(&app), pages: Arc::clone(&pages), proxies, limits: Arc::default() };
    let shown = Router::new()
        .merge(home::routes())
        .merge(course::routes())
        .merge(embed::routes())
        .merge(assets::routes())
        .merge(confirm::routes())
        .merge(leave::routes())
        .merge(act::routes())
        .merge(my::routes())
        .merge(settings::routes())
        .merge(join::routes())
        .merge(link::routes())
        .merge(address::routes())
        .merge(export::routes())
        .merge(erase::routes())
        .merge(view::routes())
        .merge(answer::routes())
        .merge(archive::routes())
        .merge(image::routes())
        .merge(pages::routes())
        .fallback(guard::not_found);
    let shown = guard::protect(shown, pages, app.settings.site.clone(), PATIENCE);
    let probed = guard::hurry(health::routes(), PATIENCE);
    Ok(shown.merge(probed).layer(from_fn(guard::add_headers)).with_state(web))
}
