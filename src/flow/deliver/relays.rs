//! The relays with their breakers and what each is given: which of them takes messages now, and how many. Knows no
//! message.

use crate::flow::deliver::traffic::Traffic;
use crate::pace::Breaker;
use crate::pace::Slowed;
use crate::relay::Connector;
use crate::relay::Limits;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;

/// Where what hinders will pass within a moment, nobody knows when.
const MOMENT: SignedDuration = SignedDuration::from_millis(20);

/// All relays, in the order in which the operator named them. The first that works and has some of its daily quota left
/// takes everything.
pub struct Relays {
    all: Vec<Relay>,
    /// Rung when a breaker or a quota changed: for sessions that wait.
    pub changed: Notify,
    /// The same, and when a connection to a domain is free that has a limit of them: for the one who claims, who may be
    /// looking elsewhere.
    news: Notify,
    /// Some relay has answered since the start.
    answered: AtomicBool,
    /// A message may be with a session for so long before its place in the relay's rate has come.
    ahead: SignedDuration,
}

struct Relay {
    connector: Connector,
    connections: usize,
    health: Mutex<Health>,
}

#[derive(Debug)]
pub struct Health {
    breaker: Breaker,
    /// Since when it takes nothing.
    down_since: Option<Timestamp>,
    /// The operator is to be told that it is down, once.
    is_told: bool,
    /// It has answered since the start.
    has_answered: bool,
    /// Seats that wait for a message.
    sitting: usize,
    /// Refusals in a row that may mean us rather than the message.
    suspicious: u32,
    pub traffic: Traffic,
}

/// How one relay is.
#[derive(Debug, Clone, PartialEq)]
pub struct RelayState {
    pub url: String,
    /// Of its breaker: `closed`, `open` or `half-open`.
    pub state: &'static str,
    /// An earlier one takes everything.
    pub is_spare: bool,
    /// Since when it takes nothing.
    pub down_since: Option<Timestamp>,
    /// When it is tried again.
    pub probe_at: Option<Timestamp>,
    /// How many mails it takes in a day.
    pub daily: Option<u64>,
    /// When that begins anew, if it is used up.
    pub quota_until: Option<Timestamp>,
    pub slowed: Option<Slowed>,
    /// Domains that asked for less.
    pub domains: BTreeMap<String, Slowed>,
}

impl Relays {
    pub fn new(connectors: Vec<(Connector, Limits)>, ahead: SignedDuration) -> Relays {
        let all = connectors.into_iter().map(|(connector, limits)| Relay {
            connector,
            connections: limits.connections,
            health: Mutex::new(Health {
                breaker: Breaker::new(),
                down_since: None,
                is_told: false,
                has_answered: false,
                sitting: 0,
                suspicious: 0,
                traffic: Traffic::new(&limits),
            }),
        });
        let (changed, news) = (Notify::new(), Notify::new());
        Relays { all: all.collect(), changed, news, answered: AtomicBool::new(false), ahead }
    }

    /// What each took on that day, by its URL: as it was stored.
    pub fn resume(&self, day: Date, taken: &[(String, u64)]) {
        for relay in &self.all {
            if let Some((_, taken)) = taken.iter().find(|(url, _)| url == relay.connector.label()) {
                lock(relay).traffic.quota.resume(day, *taken);
            }
        }
        self.changed.notify_waiters();
    }

    /// How many there are.
    pub fn all(&self) -> usize {
        self.all.len()
    }

    /// Whether it isn't even to be tried.
    pub fn is_resting(&self, relay: usize, now: Timestamp) -> bool {
        lock(&self.all[relay]).breaker.allowed(now, 1) == 0
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

    /// A seat waits for a message until this is dropped: of a relay that is to be tried again, the next one is its.
    pub fn sit(&self, relay: usize) -> Sitting<'_> {
        lock(&self.all[relay]).sitting += 1;
        Sitting { relays: self, relay }
    }

    /// The relay that takes messages now; the first when none does.
    pub fn active(&self, now: Timestamp) -> usize {
        (0..self.all.len()).find(|relay| self.allowed(*relay, now) > 0).unwrap_or(0)
    }

    /// Until when a session may wait for a message's place.
    pub fn horizon(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// How many messages may be claimed now as far as rate and quota go.
    pub fn room(&self, now: Timestamp) -> usize {
        self.traffic(self.active(now), |it| it.room(now, self.horizon(now)))
    }

    /// Where rate or quota leave no room: when it is worth looking again.
    pub fn paced_until(&self, now: Timestamp) -> Timestamp {
        let place = self.traffic(self.active(now), |it| it.next(now));
        let early = place.saturating_sub(self.ahead).unwrap_or(place);
        let moment = now.saturating_add(MOMENT).unwrap_or(now);
        if early > now { early.max(moment).min(place) } else { moment }
    }

    /// What one relay is given.
    pub fn traffic<T>(&self, relay: usize, look: impl FnOnce(&mut Traffic) -> T) -> T {
        look(&mut lock(&self.all[relay]).traffic)
    }

    /// A connection to a domain is free again.
    pub fn free(&self) {
        self.news.notify_one();
    }

    /// A relay takes more or less than before.
    pub fn ring(&self) {
        self.changed.notify_waiters();
        self.news.notify_one();
    }

    /// Until a relay fails or works again, or a connection to a domain is free.
    pub async fn change(&self) {
        self.news.notified().await;
    }

    /// Whether waiting too long can be laid to a message: some relay has answered since the start, and works.
    pub fn are_heard(&self, now: Timestamp) -> bool {
        self.answered.load(Ordering::SeqCst) && self.all.iter().any(|relay| lock(relay).breaker.state(now) == "closed")
    }

    /// Until some breaker lets a probe through or a quota begins anew; a long time when there is nothing of that kind to
    /// wait for, or a probe is under way: its end rings `changed`.
    pub fn until_probe(&self, now: Timestamp) -> Duration {
        let times = self.all.iter().flat_map(|relay| {
            let health = lock(relay);
            [health.breaker.next_probe(), health.traffic.quota.again(now)]
        });
        let soonest = times.flatten().filter(|time| *time > now).min().unwrap_or(Timestamp::MAX);
        Duration::try_from(now.duration_until(soonest))
            .unwrap_or_default()
            .clamp(Duration::from_millis(20), Duration::from_secs(600))
    }

    /// Has seats look again at whether they may take a message: the time for a probe may have come, or another day.
    pub fn wake(&self) {
        let waits = |health: &Health| health.breaker.next_probe().is_some() || health.traffic.quota.daily().is_some();
        if self.all.iter().any(|relay| waits(&lock(relay))) {
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
        self.ring();
    }

    /// For how long this relay took nothing, when an answer now ends that.
    pub fn outage(&self, relay: usize, now: Timestamp) -> Option<SignedDuration> {
        let health = lock(&self.all[relay]);
        let ends = health.breaker.state(now) == "half-open";
        health.down_since.filter(|_| ends).map(|since| since.duration_until(now))
    }

    /// Those that have taken nothing for `patience`, each once in an outage: its URL, and since when.
    pub fn long_away(&self, now: Timestamp, patience: SignedDuration) -> Vec<(String, Timestamp)> {
        let away = self.all.iter().filter_map(|relay| {
            let mut health = lock(relay);
            let since = health.down_since.filter(|since| since.duration_until(now) >= patience && !health.is_told)?;
            health.is_told = true;
            Some((relay.connector.label().to_string(), since))
        });
        away.collect()
    }

    /// Whether the answer of this relay is its first since the start, and it works: what was said of it before is over.
    pub fn is_first_answer(&self, relay: usize, now: Timestamp) -> bool {
        let mut health = lock(&self.all[relay]);
        let first = !health.has_answered && health.breaker.state(now) == "closed";
        health.has_answered |= first;
        first
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
        health.is_told &= !over;
        drop(health);
        if over {
            self.ring();
        }
    }

    /// A refusal that may mean us (5.7.1): whether it is the third in a row.
    pub fn is_suspicious(&self, relay: usize) -> bool {
        let mut health = lock(&self.all[relay]);
        health.suspicious += 1;
        health.suspicious >= 3
    }

    pub fn states(&self, now: Timestamp) -> Vec<RelayState> {
        let active = self.active(now);
        let states = self.all.iter().enumerate().map(|(n, relay)| {
            let health = lock(relay);
            RelayState {
                url: relay.connector.label().to_string(),
                state: health.breaker.state(now),
                is_spare: n > active,
                down_since: health.down_since,
                probe_at: health.breaker.next_probe(),
                daily: health.traffic.quota.daily(),
                quota_until: health.traffic.quota.again(now),
                slowed: health.traffic.slowed(now),
                domains: health.traffic.slowed_domains(now),
            }
        });
        states.collect()
    }

    fn allowed(&self, relay: usize, now: Timestamp) -> usize {
        let works = |relay: &Relay| {
            let health = lock(relay);
            health.breaker.state(now) == "closed" && health.traffic.quota.left(now) > 0
        };
        // One that is to be tried again, and has a seat for that, comes before those that work: else few mails would
        // never come to it.
        let is_tried = |relay: &Relay| {
            let health = lock(relay);
            health.breaker.state(now) == "half-open" && health.sitting > 0 && health.traffic.quota.left(now) > 0
        };
        if self.all[..relay].iter().any(|relay| works(relay) || is_tried(relay)) {
            return 0;
        }
        let it = &self.all[relay];
        let health = lock(it);
        if health.traffic.quota.left(now) == 0 { 0 } else { health.breaker.allowed(now, it.connections) }
    }
}

/// A seat that waits for a message.
pub struct Sitting<'a> {
    relays: &'a Relays,
    relay: usize,
}

impl Drop for Sitting<'_> {
    fn drop(&mut self) {
        let mut health = lock(&self.relays.all[self.relay]);
        health.sitting = health.sitting.saturating_sub(1);
        let is_tried = health.breaker.next_probe().is_some();
        drop(health);
        if is_tried {
            // Others may take what comes next.
            self.relays.changed.notify_waiters();
        }
    }
}

fn lock(relay: &Relay) -> MutexGuard<'_, Health> {
    relay.health.lock().unwrap_or_else(PoisonError::into_inner)
}
