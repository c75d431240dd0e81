//! How fast mails to one place may follow each other: as fast as the operator set, halved when the place says that it is
//! too much, and given back minute by minute. Knows no clock and no place.
//!
//! ```
//! use dripline::pace::Speed;
//! use jiff::SignedDuration;
//! use jiff::Timestamp;
//!
//! let (now, second) = (Timestamp::UNIX_EPOCH, SignedDuration::from_secs(1));
//! let mut speed = Speed::new(Some((2, second)), SignedDuration::ZERO);
//! assert_eq!([speed.take(now), speed.take(now)], [now, now + SignedDuration::from_millis(500)]);
//! speed.too_fast(now + second, now);
//! assert_eq!(speed.take(now + second), now + second * 2);
//! ```

use jiff::SignedDuration;
use jiff::Timestamp;

/// However often a place says that we are too fast: so many a minute are left.
const LEAST: f64 = 1.0;
/// What a place was given before it complained comes back in so many steps of a minute.
const STEPS: f64 = 10.0;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Steady pacing (the generic cell rate algorithm) under a rate that halves and recovers (additive increase,
/// multiplicative decrease).
#[derive(Debug, Clone)]
pub struct Speed {
    /// A minute, as the operator set it. `None`: as fast as it goes.
    set: Option<f64>,
    /// So much sooner than its place a mail may leave, where places are closer together than that.
    early: SignedDuration,
    /// The next place.
    next: Timestamp,
    slowed: Option<Slowed>,
    counted: Minute,
}

/// We were too fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slowed {
    pub since: Timestamp,
    /// To how many a minute it was halved last.
    pub left: f64,
    halved: Timestamp,
    /// To how many it comes back.
    whole: f64,
}

/// How many places were taken in this minute and in the one before.
#[derive(Debug, Clone, Copy)]
struct Minute {
    start: Timestamp,
    count: u32,
    before: u32,
}

impl Speed {
    /// `set`: so many in that time; never more in any such span. `early` lets what comes a little late catch up.
    pub fn new(set: Option<(u32, SignedDuration)>, early: SignedDuration) -> Speed {
        let per_minute = |(count, per): (u32, SignedDuration)| {
            let minutes = per.as_secs_f64().max(f64::MIN_POSITIVE) / 60.0;
            let catch_up = (f64::from(count) * early.as_secs_f64() / (minutes * 60.0)).floor();
            (f64::from(count) - catch_up).max(1.0) / minutes
        };
        let counted = Minute { start: Timestamp::MIN, count: 0, before: 0 };
        Speed { set: set.map(per_minute), early, next: Timestamp::MIN, slowed: None, counted }
    }

    /// When the `n`th mail from now on may leave; 0 is the next one.
    pub fn place(&self, now: Timestamp, n: usize) -> Timestamp {
        let Some(every) = self.every(now) else { return now };
        let ahead = every.saturating_mul(i32::try_from(n).unwrap_or(i32::MAX)) - self.early_by(every);
        later(self.next.max(now), ahead).max(now)
    }

    /// How many may leave up to an instant, at most `most`.
    pub fn room(&self, now: Timestamp, until: Timestamp, most: usize) -> usize {
        let Some(every) = self.every(now) else { return most };
        let span = later(self.next.max(now), -self.early_by(every)).duration_until(until);
        if span.is_negative() {
            return 0;
        }
        let places = span.as_nanos() / every.as_nanos().max(1) + 1;
        usize::try_from(places).unwrap_or(usize::MAX).min(most)
    }

    /// Takes the next place, and says when it is.
    pub fn take(&mut self, now: Timestamp) -> Timestamp {
        self.counted.add(now);
        let place = self.place(now, 0);
        if let Some(every) = self.every(now) {
            self.next = later(self.next.max(now), every);
        }
        place
    }

    /// The place says that what was offered at that instant came too fast. What was offered before the last halving
    /// tells nothing new. Whether the rate was halved.
    pub fn too_fast(&mut self, now: Timestamp, offered: Timestamp) -> bool {
        if self.slowed.is_some_and(|slowed| offered <= slowed.halved) {
            return false;
        }
        let before = self.slowed(now);
        let whole = before.map(|it| it.whole).or(self.set).unwrap_or_else(|| self.counted.seen(now));
        let whole = whole.max(2.0 * LEAST);
        let rate = before.map_or(whole, |it| it.per_minute(now));
        let (since, left) = (before.map_or(now, |it| it.since), (rate / 2.0).max(LEAST));
        self.slowed = Some(Slowed { since, halved: now, left, whole });
        self.next = later(now, interval(left));
        true
    }

    /// Since when it goes slower than it was set, if it still does.
    pub fn slowed(&self, now: Timestamp) -> Option<Slowed> {
        self.slowed.filter(|slowed| slowed.per_minute(now) < slowed.whole)
    }

    /// How many a minute leave now; `None`: as many as can.
    pub fn per_minute(&self, now: Timestamp) -> Option<f64> {
        self.slowed(now).map(|slowed| slowed.per_minute(now)).or(self.set)
    }

    /// Nothing would be lost if it were made anew.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.slowed(now).is_none() && self.next <= now && self.counted.seen(now) == 0.0
    }

    fn every(&self, now: Timestamp) -> Option<SignedDuration> {
        self.per_minute(now).map(interval)
    }

    fn early_by(&self, every: SignedDuration) -> SignedDuration {
        if every < self.early { self.early } else { SignedDuration::ZERO }
    }
}

impl Slowed {
    fn per_minute(&self, now: Timestamp) -> f64 {
        let minutes = self.halved.duration_until(now).as_secs_f64().max(0.0) / MINUTE.as_secs_f64();
        self.left + self.whole / STEPS * minutes
    }
}

impl Minute {
    fn add(&mut self, now: Timestamp) {
        let passed = self.start.duration_until(now);
        if passed >= MINUTE || passed.is_negative() {
            self.before = if passed < MINUTE * 2 && !passed.is_negative() { self.count } else { 0 };
            (self.start, self.count) = (now, 0);
        }
        self.count = self.count.saturating_add(1);
    }

    /// A minute: what was seen lately.
    fn seen(&self, now: Timestamp) -> f64 {
        if self.start.duration_until(now) >= MINUTE * 2 { 0.0 } else { f64::from(self.count.max(self.before)) }
    }
}

fn interval(per_minute: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(60.0 / per_minute).unwrap_or(MINUTE)
}

fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    let nearest = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    instant.saturating_add(by).unwrap_or(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: SignedDuration = SignedDuration::from_secs(1);

    fn at(ms: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(ms)
    }

    fn steady(count: u32) -> Speed {
        Speed::new(Some((count, SECOND)), SignedDuration::ZERO)
    }

    fn unlimited() -> Speed {
        Speed::new(None, SignedDuration::ZERO)
    }

    #[test]
    fn places_follow_each_other_steadily_and_what_wasnt_used_is_gone() {
        let mut speed = steady(10);
        let mut takes = |now: i64| (speed.take(at(now)) - at(0)).total(jiff::Unit::Millisecond).unwrap_or_default();
        assert_eq!([0, 0, 0, 150, 10_000, 10_000].map(&mut takes), [0.0, 100.0, 200.0, 300.0, 10_000.0, 10_100.0]);
    }

    #[test]
    fn what_there_is_room_for_is_what_can_be_taken_until_then() {
        for early in [SignedDuration::ZERO, SignedDuration::from_millis(50)] {
            for count in [1, 7, 14, 100, 1000] {
                let mut speed = Speed::new(Some((count, SECOND)), early);
                for now in [0, 0, 3, 250, 260, 2000] {
                    let until = at(now + 250);
                    let room = speed.room(at(now), until, usize::MAX);
                    let last = speed.place(at(now), room);
                    let places: Vec<Timestamp> = (0..room).map(|_| speed.take(at(now))).collect();
                    assert!(places.iter().all(|place| *place <= until), "{count} {now} {places:?}");
                    assert!(last > until && speed.place(at(now), 0) == last, "{count} at {now}: {last} {until}");
                }
            }
        }
    }

    #[test]
    fn in_no_second_there_are_more_than_were_set_however_much_catches_up() {
        for count in [1, 20, 100, 1000] {
            let mut speed = Speed::new(Some((count, SECOND)), SignedDuration::from_millis(50));
            let mut taken = Vec::new();
            for now in (0..4000).step_by(30) {
                let room = speed.room(at(now), at(now), usize::MAX);
                taken.extend((0..room).map(|_| speed.take(at(now))));
            }
            for start in &taken {
                let span = taken.iter().filter(|it| (*start..*start + SECOND).contains(it)).count();
                assert!(span <= count as usize, "{span} of {count}");
            }
            assert!(taken.len() * 10 >= count as usize * 4 * 8, "{} of {count}", taken.len());
        }
    }

    #[test]
    fn a_complaint_halves_the_rate_and_a_minute_gives_a_tenth_back() {
        let mut speed = steady(10);
        speed.take(at(0));
        assert!(speed.too_fast(at(10), at(0)));
        assert!(!speed.too_fast(at(20), at(0)), "offered before the halving");
        let rates = |speed: &Speed| [1, 2, 3, 4, 5, 6].map(|n| speed.per_minute(at(10 + (n - 1) * 60_000)));
        assert_eq!(rates(&speed), [300.0, 360.0, 420.0, 480.0, 540.0, 600.0].map(Some));
        assert_eq!(speed.slowed(at(10)).map(|it| it.since), Some(at(10)));
        assert_eq!(speed.slowed(at(300_010)), None);
        assert_eq!(speed.place(at(10), 0), at(210));
        assert!(speed.too_fast(at(60_010), at(60_000)));
        assert_eq!(speed.per_minute(at(60_010)), Some(180.0));
        assert_eq!(speed.slowed(at(60_010)).map(|it| it.since), Some(at(10)));
    }

    #[test]
    fn where_nothing_is_set_half_of_what_was_seen_is_left_and_all_comes_back() {
        let mut speed = unlimited();
        (0..600).for_each(|n| assert_eq!(speed.take(at(n * 10)), at(n * 10)));
        assert!(speed.too_fast(at(6000), at(5990)));
        assert_eq!(speed.per_minute(at(6000)), Some(300.0));
        assert_eq!(speed.per_minute(at(6000 + 299_000)).map(f64::round), Some(599.0));
        assert_eq!(speed.per_minute(at(6000 + 300_000)), None, "as fast as it goes");
        assert!(!speed.is_idle(at(6000)) && speed.is_idle(at(400_000)));
    }

    #[test]
    fn the_least_is_one_a_minute_and_it_is_left_again() {
        let mut speed = unlimited();
        for n in 0..20 {
            let now = speed.take(at(n * 60_000));
            speed.too_fast(now, now);
        }
        let now = at(19 * 60_000);
        assert_eq!(speed.per_minute(now), Some(1.0));
        assert_eq!(speed.place(now, 0), at(20 * 60_000));
    }

    #[test]
    fn the_ends_of_time_are_no_panic() {
        let mut speed = Speed::new(Some((u32::MAX, SignedDuration::ZERO)), SignedDuration::MAX);
        for now in [Timestamp::MAX, Timestamp::MIN, Timestamp::MAX] {
            speed.take(now);
            speed.too_fast(now, now);
            speed.place(now, usize::MAX);
            speed.room(now, Timestamp::MAX, 5);
        }
    }
}
