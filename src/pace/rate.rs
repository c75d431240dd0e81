//! How often something may happen, for one thing or for each of many: the generic cell rate algorithm (ITU-T I.371) over
//! values. Knows no clock, and not what it counts.
//!
//! ```
//! use dripline::pace::Keyed;
//! use dripline::pace::Rate;
//! use jiff::SignedDuration;
//! use jiff::Timestamp;
//!
//! let rate = Rate { burst: 2, every: SignedDuration::from_secs(60) };
//! let mut visitors = Keyed::new(rate, 1000);
//! let now = Timestamp::UNIX_EPOCH;
//! assert_eq!(visitors.admit("one", 2, now), Ok(()));
//! assert_eq!(visitors.admit("one", 1, now), Err(SignedDuration::from_secs(60)));
//! assert_eq!(visitors.admit("another", 1, now), Ok(()));
//! ```

use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;

/// So many at once, and then one each `every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub every: SignedDuration,
}

/// A place in a rate: when it may happen, and from when on the whole burst is there again if it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub at: Timestamp,
    pub whole: Timestamp,
}

impl Rate {
    /// The next place for something that counts `cost` times. `whole`: from when on the whole burst is there as things
    /// stand; in the past for what never happened.
    pub fn next(self, whole: Timestamp, cost: u32, now: Timestamp) -> Place {
        let whole = later(whole.max(now), self.times(cost));
        let at = whole.saturating_sub(self.times(self.burst)).unwrap_or(Timestamp::MIN).max(now);
        Place { at, whole }
    }

    /// How long an empty bucket takes to hold so many again.
    pub fn times(self, count: u32) -> SignedDuration {
        self.every.saturating_mul(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

/// One rate for each of many keys, of which it remembers `most`.
#[derive(Debug)]
pub struct Keyed<K> {
    rate: Rate,
    most: usize,
    /// From when on the whole burst is there again; who isn't in here has it.
    whole: HashMap<K, Timestamp>,
}

impl<K: Eq + Hash> Keyed<K> {
    /// `most` bounds the memory: beyond it, those who have used least are forgotten.
    pub fn new(rate: Rate, most: usize) -> Keyed<K> {
        Keyed { rate, most, whole: HashMap::new() }
    }

    /// Lets it happen now, or says after how long it may be asked for again; a refusal costs nothing.
    ///
    /// # Errors
    /// How long to wait.
    pub fn admit(&mut self, key: K, cost: u32, now: Timestamp) -> Result<(), SignedDuration> {
        // More than an empty bucket needs is what a clock left that was set back since.
        let whole = self.whole(&key).min(later(now, self.rate.times(self.rate.burst)));
        let place = self.rate.next(whole, cost, now);
        let admitted = place.at <= now;
        self.keep(key, if admitted { place.whole } else { whole }, now);
        if admitted { Ok(()) } else { Err(now.duration_until(place.at)) }
    }

    /// Lets it happen in its turn: at the instant returned.
    pub fn queue(&mut self, key: K, now: Timestamp) -> Timestamp {
        let place = self.rate.next(self.whole(&key), 1, now);
        self.keep(key, place.whole, now);
        place.at
    }

    fn whole(&self, key: &K) -> Timestamp {
        self.whole.get(key).copied().unwrap_or(Timestamp::MIN)
    }

    fn keep(&mut self, key: K, whole: Timestamp, now: Timestamp) {
        if self.whole.len() >= self.most && !self.whole.contains_key(&key) {
            self.make_room(now);
        }
        self.whole.insert(key, whole);
    }

    /// Forgets whoever has the whole burst, and where that isn't half of all, the half that will have it soonest: so
    /// the search is worth its time.
    fn make_room(&mut self, now: Timestamp) {
        self.whole.retain(|_, whole| *whole > now);
        if self.whole.len() > self.most / 2 {
            let mut all: Vec<Timestamp> = self.whole.values().copied().collect();
            let middle = all.len() / 2;
            let (_, middle, above) = all.select_nth_unstable(middle);
            let middle = *middle;
            let mut room = (self.most / 2).saturating_sub(above.iter().filter(|whole| **whole > middle).count());
            self.whole.retain(|_, whole| {
                let stays = *whole > middle || (*whole == middle && room > 0);
                room -= usize::from(stays && *whole == middle);
                stays
            });
        }
    }
}

fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "an instant that can't be is a failed test")]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    const RATE: Rate = Rate { burst: 3, every: SignedDuration::from_secs(60) };

    #[test]
    fn a_burst_at_once_and_then_one_a_minute() {
        // Asked for at (seconds), how often it counts → how long it has to wait; 0: it may happen.
        let table = [
            (0, 1, 0),
            (0, 1, 0),
            (0, 1, 0),
            (0, 1, 60),
            (30, 1, 30),
            (60, 1, 0),
            (60, 1, 60),
            (240, 1, 0),
            (240, 2, 0),
            (240, 1, 60),
            (300, 2, 60),
            (10_000, 3, 0),
            (20_000, 4, 60),
            (20_000, 3, 0),
        ];
        let mut visitors = Keyed::new(RATE, 10);
        for (second, cost, wait) in table {
            let expect = if wait == 0 { Ok(()) } else { Err(SignedDuration::from_secs(wait)) };
            assert_eq!(visitors.admit("one", cost, at(second)), expect, "{second} {cost}");
        }
    }

    #[test]
    fn what_queues_leaves_in_its_turn() {
        let mut domains = Keyed::new(RATE, 10);
        let mut turns = |key: &'static str, second: i64| domains.queue(key, at(second)) - at(0);
        let seconds: Vec<i64> = (0..6).map(|_| turns("example.org", 0).get_seconds()).collect();
        assert_eq!(seconds, [0, 0, 0, 60, 120, 180]);
        assert_eq!(turns("example.net", 0).get_seconds(), 0, "another's queue is another");
        assert_eq!(turns("example.org", 100).get_seconds(), 240);
        assert_eq!(turns("example.org", 1000).get_seconds(), 1000);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_out_for_longer_than_a_burst_takes() {
        let mut visitors = Keyed::new(RATE, 10);
        (0..3).for_each(|_| visitors.admit("one", 1, at(1_000_000)).unwrap());
        assert_eq!(visitors.admit("one", 1, at(0)), Err(SignedDuration::from_secs(60)));
        assert_eq!(visitors.admit("one", 1, at(60)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_who_used_most_is_remembered() {
        let mut visitors = Keyed::new(RATE, 100);
        (0..3).for_each(|_| visitors.admit(0, 1, at(0)).unwrap());
        for visitor in 1..10_000 {
            visitors.admit(visitor, 1, at(0)).unwrap();
            assert!(visitors.whole.len() <= 100, "{}", visitors.whole.len());
        }
        assert!(visitors.admit(0, 1, at(0)).is_err());
        visitors.admit(10_001, 1, at(500)).unwrap();
        (20_000..20_060).for_each(|visitor| visitors.admit(visitor, 1, at(500)).unwrap());
        assert_eq!(visitors.admit(0, 3, at(500)), Ok(()), "whole again");
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let mut visitors = Keyed::new(Rate { burst: u32::MAX, every: SignedDuration::MAX }, 1);
        assert_eq!(visitors.admit("one", u32::MAX, Timestamp::MAX), Ok(()));
        assert!(visitors.queue("two", Timestamp::MIN) >= Timestamp::MIN);
    }
}
