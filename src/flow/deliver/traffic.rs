//! How much mail one relay is given: its rate and its daily quota, and each recipient domain's own rate and connections.
//! Knows no session and no row.

use crate::pace::Quota;
use crate::pace::Slowed;
use crate::pace::Speed;
use crate::relay::DomainLimit;
use crate::relay::Limits;
use crate::relay::Rate;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::collections::HashMap;

/// Of a domain's places so much may be made up for that the line missed: it looks at them one transaction at a time.
const CATCH_UP: SignedDuration = SignedDuration::from_millis(50);
/// Domains that are remembered; beyond it, those that nothing is to be remembered of are forgotten.
const MOST_DOMAINS: usize = 4096;

/// What one relay is given, and what of that is on the line.
#[derive(Debug)]
pub struct Traffic {
    speed: Speed,
    pub quota: Quota,
    /// Claimed, and not with a session yet.
    waiting: usize,
    limits: BTreeMap<String, DomainLimit>,
    groups: HashMap<String, Group>,
}

/// One recipient domain.
#[derive(Debug)]
struct Group {
    speed: Speed,
    connections: usize,
    waiting: usize,
    busy: usize,
}

impl Traffic {
    pub fn new(limits: &Limits) -> Traffic {
        Traffic {
            speed: Speed::new(limits.rate.map(pair), SignedDuration::ZERO),
            quota: Quota::new(limits.daily),
            waiting: 0,
            limits: limits.domains.clone(),
            groups: HashMap::new(),
        }
    }

    /// How many more may be claimed for it, if sessions wait for a message's place until `until`.
    pub fn room(&self, now: Timestamp, until: Timestamp) -> usize {
        let room = self.speed.room(now, until, usize::MAX).min(self.quota.left(now));
        room.saturating_sub(self.waiting)
    }

    /// The place of the next message that isn't claimed yet.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        self.speed.place(now, self.waiting)
    }

    /// Whether a message to this domain may be claimed now. If so it waits for a session from here on.
    pub fn claim(&mut self, domain: &str, now: Timestamp) -> bool {
        let group = self.group(domain, now);
        let free = group.busy + group.waiting < group.connections;
        if !free || group.speed.room(now, now, group.waiting + 1) <= group.waiting {
            return false;
        }
        group.waiting += 1;
        self.waiting += 1;
        true
    }

    /// What was claimed waits no more.
    pub fn unclaim(&mut self, domain: &str) {
        self.waiting = self.waiting.saturating_sub(1);
        if let Some(group) = self.groups.get_mut(domain) {
            group.waiting = group.waiting.saturating_sub(1);
        }
    }

    /// The place of a message for which a session is there; `None` when it has none up to `until`.
    pub fn admit(&mut self, domain: &str, now: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let may_go = self.quota.left(now) > 0 && self.speed.place(now, 0) <= until;
        let group = self.group(domain, now);
        if !may_go || group.busy >= group.connections || group.speed.place(now, 0) > now {
            return None;
        }
        group.speed.take(now);
        group.busy += 1;
        self.quota.begin();
        Some(self.speed.take(now))
    }

    /// A message that was admitted has its outcome: `accepted` is when the relay took it.
    pub fn end(&mut self, domain: &str, accepted: Option<Timestamp>) {
        self.quota.end(accepted);
        if let Some(group) = self.groups.get_mut(domain) {
            group.busy = group.busy.saturating_sub(1);
        }
    }

    /// What was admitted at `offered` came too fast, for its domain or for the whole relay. When the next may go.
    pub fn too_fast(&mut self, domain: Option<&str>, now: Timestamp, offered: Timestamp) -> Timestamp {
        let speed = match domain {
            Some(domain) => &mut self.group(domain, now).speed,
            None => &mut self.speed,
        };
        speed.too_fast(now, offered);
        speed.place(now, 0)
    }

    /// When a further message to this domain may be claimed; `None` when one of its connections must be free first.
    pub fn next_to(&self, domain: &str, now: Timestamp) -> Option<Timestamp> {
        let Some(group) = self.groups.get(domain) else { return Some(now) };
        (group.busy + group.waiting < group.connections).then(|| group.speed.place(now, group.waiting))
    }

    /// How many messages to this domain may be claimed now, at most `most`.
    pub fn room_to(&self, domain: &str, now: Timestamp, most: usize) -> usize {
        let Some(group) = self.groups.get(domain) else { return most };
        let places = group.speed.room(now, now, most.saturating_add(group.waiting)).saturating_sub(group.waiting);
        places.min(group.connections.saturating_sub(group.busy + group.waiting)).min(most)
    }

    /// Whether a connection to this domain is a thing that messages wait for.
    pub fn counts_connections(&self, domain: &str) -> bool {
        self.limits.get(domain).is_some_and(|limit| limit.connections.is_some())
    }

    /// The whole relay, if it asked for less.
    pub fn slowed(&self, now: Timestamp) -> Option<Slowed> {
        self.speed.slowed(now)
    }

    /// Domains that asked for less, by name.
    pub fn slowed_domains(&self, now: Timestamp) -> BTreeMap<String, Slowed> {
        let slowed = self.groups.iter().filter_map(|(domain, it)| Some((domain.clone(), it.speed.slowed(now)?)));
        slowed.collect()
    }

    fn group(&mut self, domain: &str, now: Timestamp) -> &mut Group {
        if self.groups.len() >= MOST_DOMAINS && !self.groups.contains_key(domain) {
            self.groups.retain(|_, it| it.busy + it.waiting > 0 || !it.speed.is_idle(now));
        }
        let limit = self.limits.get(domain).copied().unwrap_or_default();
        self.groups.entry(domain.to_string()).or_insert_with(|| Group {
            speed: Speed::new(limit.rate.map(pair), CATCH_UP),
            connections: limit.connections.unwrap_or(usize::MAX),
            waiting: 0,
            busy: 0,
        })
    }
}

fn pair(rate: Rate) -> (u32, SignedDuration) {
    (rate.count, SignedDuration::try_from(rate.per).unwrap_or(SignedDuration::MAX))
}
