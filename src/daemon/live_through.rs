//! Time that is lived through at once, on a clock that is moved by hand. Knows no page and no socket but the relay's.

use crate::flow::App;
use crate::flow::deliver::Line;
use crate::flow::deliver::Stepped;
use crate::flow::issue;
use crate::flow::preferences;
use crate::relay::Connector;
use crate::relay::Limits;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::sync::Arc;

/// Lives through the time up to `end` at once, on a clock that is moved by hand: everything that falls due on the way is
/// sent as it would have been. For people who are to be on their way already.
///
/// # Errors
/// When the database can't be read or written, or no relay takes mail.
pub async fn live_through(app: &Arc<App>, connectors: Vec<(Connector, Limits)>, end: Timestamp) -> Result<()> {
    let line = Line::start(Arc::clone(app), connectors);
    let mut now = app.clock.now().wall;
    while now < end {
        preferences::step(app).await?;
        issue::step(app).await?;
        match line.step().await? {
            Stepped::Claimed(_) => line.settled().await,
            Stepped::Waiting => anyhow::bail!("the relay takes no mail"),
            Stepped::Idle(next) => now = moved(app, now, next.map_or(end, |next| next.min(end))),
            Stepped::Paced(next) => now = moved(app, now, next.min(end)),
        }
    }
    line.stop().await;
    Ok(())
}

/// Moves a clock on to an instant. Where it stands then.
fn moved(app: &App, now: Timestamp, target: Timestamp) -> Timestamp {
    app.clock.advance(now.duration_until(target).max(SignedDuration::from_millis(1)));
    app.clock.now().wall
}
