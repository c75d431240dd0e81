//! Carries a mail that isn't for a reader, over a session of its own, by the first relay that takes it. It keeps to rate and
//! quota, and no reader's mail waits for it. Knows no row.

use crate::flow::App;
use crate::flow::deliver::aftermath;
use crate::flow::deliver::relays::Relays;
use crate::flow::deliver::ticket::Ticket;
use crate::relay::Envelope;
use crate::relay::Offer;
use crate::relay::Outcome;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long one relay has for it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Made by the line that it goes beside.
pub struct Courier {
    pub(super) app: Arc<App>,
    pub(super) relays: Arc<Relays>,
    pub(super) stop: CancellationToken,
}

impl Courier {
    /// The URL of the relay that took it; `None` when none did.
    pub async fn carry(&self, envelope: &Envelope, body: &[u8]) -> Option<String> {
        for relay in 0..self.relays.all() {
            let taken = tokio::select! {
                taken = tokio::time::timeout(PATIENCE, self.carry_by(relay, envelope, body)) => taken.unwrap_or(false),
                () = self.stop.cancelled() => return None,
            };
            if taken {
                return Some(self.relays.connector(relay).label().to_string());
            }
        }
        None
    }

    /// Whether this relay took it.
    async fn carry_by(&self, relay: usize, envelope: &Envelope, body: &[u8]) -> bool {
        let now = self.app.clock.now().wall;
        if self.relays.is_resting(relay, now) {
            return false;
        }
        let Some(mut ticket) = Ticket::claim(&self.relays, envelope.to.domain(), now) else { return false };
        let Some(at) = ticket.admit(relay, now) else { return false };
        tokio::time::sleep(Duration::try_from(now.duration_until(at)).unwrap_or_default()).await;
        let Ok(mut session) = self.relays.connector(relay).open().await else {
            self.relays.trouble(relay, now, false);
            return false;
        };
        let outcome = match session.offer(envelope).await {
            Offer::Ready(offered) => offered.body(body).await,
            Offer::Said(..) | Offer::Lost(_) => return false,
        };
        session.quit().await;
        let taken = matches!(outcome, Outcome::Said(reply) if reply.class() == 2);
        if taken {
            ticket.accepted(self.app.clock.now().wall);
            aftermath::relay_works(&self.app, &self.relays, relay, true).await;
        }
        taken
    }
}
