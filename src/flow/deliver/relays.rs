//! The relays with their breakers: who may take a message now. Knows no message.

use crate::pace::Breaker;
use crate::relay::Connector;
use jiff::Timestamp;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;

/// All relays, in the order in which the operator named them. The first that works takes everything.
pub struct Relays {
    all: Vec<Relay>,
    /// Rung when a breaker changed.
    pub changed: Notify,
    /// Some relay has answered since the start.
    answered: AtomicBool,
}

struct Relay {
    connector: Connector,
    connections: usize,
    breaker: Mutex<Health>,
}

#[derive(Debug)]
struct Health {
    breaker: Breaker,
    /// Since when it takes nothing.
    down_since: Option<Timestamp>,
    /// Refusals in a row that may mean us rather than the message.
    suspicious: u32,
}

/// What `status` shows of one relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayState {
    pub url: String,
    pub state: &'static str,
}

impl Relays {
    pub fn new(connectors: Vec<(Connector, usize)>) -> Relays {
        let all = connectors.into_iter().map(|(connector, connections)| Relay {
            connector,
            connections,
            breaker: Mutex::new(Health { breaker: Breaker::new(), down_since: None, suspicious: 0 }),
        });
        Relays { all: all.collect(), changed: Notify::new(), answered: AtomicBool::new(false) }
    }

    pub fn connections(&self) -> usize {
        self.all.iter().map(|relay| relay.connections).max().unwrap_or(1)
    }

    /// Every seat at which a session can sit: relay and place.
    pub fn seats(&self) -> Vec<(usize, usize)> {
        let seats = self.all.iter().enumerate();
        seats.flat_map(|(relay, it)| (0..it.connections).map(move |seat| (relay, seat))).collect()
    }

    pub fn connector(&self, relay: usize) -> &Connector {
        &self.all[relay].connector
    }

    /// How many connections may work now, over all relays.
    pub fn ready_connections(&self, now: Timestamp) -> usize {
        (0..self.all.len()).map(|relay| self.allowed(relay, now)).sum()
    }

    /// Whether the session at this seat may take a message: its relay works, none named before it does, and the relay
    /// has recovered far enough.
    pub fn may_take(&self, relay: usize, seat: usize, now: Timestamp) -> bool {
        seat < self.allowed(relay, now)
    }

    /// Whether waiting too long can be laid to a message: some relay has answered since the start, and works.
    pub fn are_heard(&self, now: Timestamp) -> bool {
        self.answered.load(Ordering::SeqCst) && self.all.iter().any(|relay| lock(relay).breaker.state(now) == "closed")
    }

    /// Until some breaker lets a probe through; a long time when all are closed, or a probe is under way: its end rings
    /// `changed`.
    pub fn until_probe(&self, now: Timestamp) -> Duration {
        let probes = self.all.iter().filter_map(|relay| lock(relay).breaker.next_probe());
        let soonest = probes.filter(|probe| *probe > now).min().unwrap_or(Timestamp::MAX);
        Duration::try_from(now.duration_until(soonest))
            .unwrap_or_default()
            .clamp(Duration::from_millis(20), Duration::from_secs(600))
    }

    /// Has seats look again at whether they may take a message: the time for a probe may have come.
    pub fn wake(&self) {
        if self.all.iter().any(|relay| lock(relay).breaker.next_probe().is_some()) {
            self.changed.notify_waiters();
        }
    }

    /// The relay failed us. `hard`: our account or sender is refused.
    pub fn trouble(&self, relay: usize, now: Timestamp, hard: bool) {
        let mut health = lock(&self.all[relay]);
        health.breaker.trouble(now, hard);
        if health.breaker.allowed(now, 1) == 0 && health.down_since.is_none() {
            health.down_since = Some(now);
        }
        drop(health);
        self.changed.notify_waiters();
    }

    /// For how long this relay took nothing, when an answer now ends that.
    pub fn outage(&self, relay: usize, now: Timestamp) -> Option<jiff::SignedDuration> {
        let health = lock(&self.all[relay]);
        let ends = health.breaker.state(now) == "half-open";
        health.down_since.filter(|_| ends).map(|since| since.duration_until(now))
    }

    /// The relay answered about a message.
    pub fn success(&self, relay: usize, now: Timestamp, accepted: bool) {
        self.answered.store(true, Ordering::SeqCst);
        let mut health = lock(&self.all[relay]);
        health.breaker.success(now);
        if accepted {
            health.suspicious = 0;
        }
        let over = health.breaker.state(now) == "closed" && health.down_since.take().is_some();
        drop(health);
        if over {
            self.changed.notify_waiters();
        }
    }

    /// A refusal that may mean us (5.7.1): whether it is the third in a row.
    pub fn is_suspicious(&self, relay: usize) -> bool {
        let mut health = lock(&self.all[relay]);
        health.suspicious += 1;
        health.suspicious >= 3
    }

    pub fn states(&self, now: Timestamp) -> Vec<RelayState> {
        let states = self.all.iter().map(|relay| RelayState {
            url: relay.connector.label().to_string(),
            state: lock(relay).breaker.state(now),
        });
        states.collect()
    }

    fn allowed(&self, relay: usize, now: Timestamp) -> usize {
        let works = |relay: &Relay| lock(relay).breaker.state(now) == "closed";
        if self.all[..relay].iter().any(works) {
            return 0;
        }
        let it = &self.all[relay];
        lock(it).breaker.allowed(now, it.connections)
    }
}

fn lock(relay: &Relay) -> MutexGuard<'_, Health> {
    relay.breaker.lock().unwrap_or_else(PoisonError::into_inner)
}
