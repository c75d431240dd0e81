//! The coach's own pages: what a reader will see, for sample people, as the files say it now. Served on loopback only, to
//! whoever sits at this machine. Nothing here changes anything; one button sends one mail to one address.

mod calendar;
mod changes;
mod chosen;
mod course;
mod desk;
mod gate;
mod home;
mod lesson;
mod mail;
mod people;
mod plan;
mod send;
mod shown;
mod site;
mod source;

use crate::flow::preview::Desk;
use crate::flow::preview::State;
use crate::web::guard;
use anyhow::Result;
use axum::Router;
use axum::middleware::from_fn;
use desk::Pages;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub use gate::is_loopback;

/// How long one answer may take; a relay may take its time.
const PATIENCE: Duration = Duration::from_secs(40);

/// What every page may need.
#[derive(Clone)]
pub struct Preview {
    desk: Arc<Desk>,
    pages: Arc<Pages>,
    looks: Arc<site::Looks>,
    /// Ends what would go on for ever.
    stop: CancellationToken,
}

impl Preview {
    fn state(&self) -> Arc<State> {
        self.desk.state()
    }
}

/// The pages, until the token is cancelled.
///
/// # Errors
/// When a built-in template can't be used.
pub fn router(desk: Arc<Desk>, stop: CancellationToken) -> Result<Router> {
    let preview = Preview { desk, pages: Arc::new(Pages::load()?), looks: Arc::default(), stop };
    let routes = Router::new()
        .merge(home::routes())
        .merge(course::routes())
        .merge(lesson::routes())
        .merge(mail::routes())
        .merge(plan::routes())
        .merge(site::routes())
        .merge(changes::routes())
        .merge(desk::routes())
        .fallback(desk::nothing_here);
    let routes = guard::hurry(routes, PATIENCE);
    Ok(routes.layer(from_fn(gate::keep)).with_state(preview))
}
