//! One message's share of what a relay is given, from its claim to its outcome: taken once, given back when it is
//! dropped. Knows no row.

use crate::flow::deliver::relays::Relays;
use jiff::Timestamp;
use std::sync::Arc;

/// A message's share.
pub struct Ticket {
    relays: Arc<Relays>,
    /// Which relay it counts at: the one it was claimed for, later the one whose session has it.
    relay: usize,
    domain: String,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Claimed,
    Admitted { at: Timestamp, accepted: Option<Timestamp> },
    Ended,
}

impl Ticket {
    /// The share of a message to this domain at the relay that takes messages now; `None` when the domain has none to
    /// give.
    pub fn claim(relays: &Arc<Relays>, domain: &str, now: Timestamp) -> Option<Ticket> {
        let relay = relays.active(now);
        if !relays.traffic(relay, |it| it.claim(domain, now)) {
            return None;
        }
        Some(Ticket { relays: Arc::clone(relays), relay, domain: domain.to_string(), stage: Stage::Claimed })
    }

    /// A session of this relay has the message: at which instant it may offer it. `None` when the relay or the domain
    /// has no share for it now.
    pub fn admit(&mut self, relay: usize, now: Timestamp) -> Option<Timestamp> {
        if let Stage::Admitted { at, .. } = self.stage
            && self.relay == relay
        {
            return Some(at);
        }
        self.give_back();
        let until = self.relays.horizon(now);
        let (at, left) = self.relays.traffic(relay, |it| (it.admit(&self.domain, now, until), it.quota.left(now)));
        let at = at?;
        if left == 0 {
            self.relays.ring();
        }
        (self.relay, self.stage) = (relay, Stage::Admitted { at, accepted: None });
        Some(at)
    }

    /// The relay took it.
    pub fn accepted(&mut self, now: Timestamp) {
        if let Stage::Admitted { accepted, .. } = &mut self.stage {
            *accepted = Some(now);
        }
    }

    /// It came too fast: for the whole relay, or for its domain alone. When the next may go.
    pub fn too_fast(&self, now: Timestamp, for_the_relay: bool) -> Timestamp {
        let offered = match self.stage {
            Stage::Admitted { at, .. } => at,
            Stage::Claimed | Stage::Ended => now,
        };
        let domain = (!for_the_relay).then_some(self.domain.as_str());
        self.relays.traffic(self.relay, |it| it.too_fast(domain, now, offered))
    }

    fn give_back(&mut self) {
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Claimed => self.relays.traffic(self.relay, |it| it.unclaim(&self.domain)),
            Stage::Admitted { accepted, .. } => {
                let rings = self.relays.traffic(self.relay, |it| {
                    it.end(&self.domain, accepted);
                    (it.counts_connections(&self.domain), it.quota.daily().is_some())
                });
                if rings.0 {
                    self.relays.free();
                }
                if rings.1 && accepted.is_none() {
                    // The last of the day is there again for somebody.
                    self.relays.ring();
                }
            }
            Stage::Ended => {}
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.give_back();
    }
}
