//! Of what is ready, what may go now and what waits in its domain's own queue, so that a slow domain never fills the line.
//! Knows no statement but those of that queue.

use crate::address::Address;
use crate::flow::App;
use crate::flow::deliver::claim::Claimed;
use crate::flow::deliver::claim::Job;
use crate::flow::deliver::relays::Relays;
use crate::flow::deliver::ticket::Ticket;
use crate::store::Transaction;
use crate::store::outbox;
use crate::store::outbox::Parked;
use anyhow::Result;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// One claim, as it grows.
pub struct Sorting<'a> {
    pub now: Timestamp,
    pub unfinished: bool,
    app: &'a App,
    relays: &'a Arc<Relays>,
    room: usize,
    jobs: Vec<(Job, Ticket)>,
    parked: Vec<Parked>,
}

impl<'a> Sorting<'a> {
    /// At most `room` messages may go.
    pub fn new(app: &'a App, relays: &'a Arc<Relays>, now: Timestamp, room: usize) -> Sorting<'a> {
        Sorting { now, unfinished: false, app, relays, room, jobs: Vec::new(), parked: Vec::new() }
    }

    pub fn room(&self) -> usize {
        self.room - self.jobs.len()
    }

    /// How many may go now to the domain of this address.
    pub fn room_to(&self, to: &Address) -> usize {
        self.room_to_domain(self.domain(to))
    }

    /// How many of those that wait for this domain may go now.
    pub fn room_to_domain(&self, domain: &str) -> usize {
        let relay = self.relays.active(self.now);
        self.relays.traffic(relay, |it| it.room_to(domain, self.now, self.room()))
    }

    /// Which of those who are due to take: see [`Choice::takes`].
    pub fn choice(&self) -> Choice<'_> {
        Choice { sorting: self, room: self.room(), rooms: HashMap::new() }
    }

    /// Where a message to this address really goes.
    fn domain<'d>(&'d self, to: &'d Address) -> &'d str {
        self.app.settings.redirect_to.as_ref().unwrap_or(to).domain()
    }

    /// Takes those of leased messages that may go. How many these are; the others wait for their domain.
    pub fn sort(&mut self, found: Vec<Job>) -> usize {
        let before = self.jobs.len();
        for job in found {
            let domain = self.domain(&job.to).to_string();
            // A domain may have begun to take mail again since those were chosen who wait for it.
            let ticket = (self.room() > 0).then(|| Ticket::claim(self.relays, &domain, self.now)).flatten();
            match ticket {
                Some(ticket) => self.jobs.push((job, ticket)),
                None => self.parked.push(Parked { id: job.delivery.id, epoch: job.delivery.epoch, domain }),
            }
        }
        self.jobs.len() - before
    }

    /// Writes down what waits, and ends the claim. When those may go that wait is asked only where nothing else went.
    pub async fn finish(self, mut transaction: Transaction) -> Result<Claimed> {
        outbox::park(&mut transaction, &self.parked).await?;
        let domains = if self.jobs.is_empty() { outbox::parked_domains(&mut transaction).await? } else { Vec::new() };
        transaction.commit().await?;
        let relay = self.relays.active(self.now);
        let next = |domain: &String| self.relays.traffic(relay, |it| it.next_to(domain, self.now));
        // Those that could go already are held back by something else.
        let parked = domains.iter().filter_map(next).filter(|place| *place > self.now).min();
        let unfinished = self.unfinished || !self.parked.is_empty();
        Ok(Claimed { jobs: self.jobs, parked, unfinished })
    }
}

/// Of many who are due, those that this claim takes.
pub struct Choice<'s> {
    sorting: &'s Sorting<'s>,
    room: usize,
    /// Of each domain: how many may go there, and how many more.
    rooms: HashMap<String, (usize, usize)>,
}

impl Choice<'_> {
    /// Whether the next of them is taken: there is room for them, or none for anybody at their domain, in whose queue they
    /// wait then.
    pub fn takes(&mut self, to: &Address) -> bool {
        let sorting = self.sorting;
        let domain = sorting.domain(to);
        if !self.rooms.contains_key(domain) {
            let room = sorting.room_to_domain(domain);
            self.rooms.insert(domain.to_string(), (room, room));
        }
        let Some((all, left)) = self.rooms.get_mut(domain) else { return false };
        if self.room > 0 && *left > 0 {
            (self.room, *left) = (self.room - 1, *left - 1);
            return true;
        }
        self.room > 0 || *all == 0
    }
}
