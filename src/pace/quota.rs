//! How many mails a place takes in a day: a count that begins anew at midnight UTC. Knows no clock and no place.
//!
//! ```
//! use dripline::pace::Quota;
//!
//! let now = "2026-11-21T23:59:00Z".parse().unwrap();
//! let mut quota = Quota::new(Some(1));
//! quota.begin();
//! assert_eq!(quota.left(now), 0, "it may be taken");
//! quota.end(Some(now));
//! assert_eq!(quota.taken(now), 1);
//! assert_eq!(quota.again(now), Some("2026-11-22T00:00:00Z".parse().unwrap()));
//! assert_eq!(quota.left("2026-11-22T00:00:00Z".parse().unwrap()), 1);
//! ```

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A day's count. What is under way counts as taken until it is known.
#[derive(Debug, Clone)]
pub struct Quota {
    daily: Option<u64>,
    day: Date,
    taken: u64,
    under_way: u64,
}

impl Quota {
    /// `daily`: at most so many a day; `None`: they are counted all the same.
    pub fn new(daily: Option<u64>) -> Quota {
        Quota { daily, day: Date::MIN, taken: 0, under_way: 0 }
    }

    /// What was taken on that day, as it was stored.
    pub fn resume(&mut self, day: Date, taken: u64) {
        (self.day, self.taken) = (day, taken);
    }

    /// Whether a day has only so many, and how many these are.
    pub fn daily(&self) -> Option<u64> {
        self.daily
    }

    /// How many may still be begun.
    pub fn left(&self, now: Timestamp) -> usize {
        let Some(daily) = self.daily else { return usize::MAX };
        usize::try_from(daily.saturating_sub(self.taken(now) + self.under_way)).unwrap_or(usize::MAX)
    }

    /// How many were taken on this day.
    pub fn taken(&self, now: Timestamp) -> u64 {
        if self.day == day(now) { self.taken } else { 0 }
    }

    /// One is under way.
    pub fn begin(&mut self) {
        self.under_way += 1;
    }

    /// One that was under way has ended; the instant at which it was taken, if it was.
    pub fn end(&mut self, taken: Option<Timestamp>) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(now) = taken {
            (self.taken, self.day) = (self.taken(now) + 1, day(now));
        }
    }

    /// When the day's count is full: the instant at which it begins anew.
    pub fn again(&self, now: Timestamp) -> Option<Timestamp> {
        self.daily.filter(|daily| self.taken(now) >= *daily)?;
        let tomorrow = day(now).tomorrow().and_then(|day| day.to_zoned(TimeZone::UTC));
        Some(tomorrow.map_or(Timestamp::MAX, |midnight| midnight.timestamp()))
    }
}

/// The day that an instant counts for. UTC, so that every relay's day is the same and none has 23 or 25 hours.
pub fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    #[test]
    fn a_day_has_so_many_and_the_next_begins_anew() {
        let mut quota = Quota::new(Some(3));
        let now = Timestamp::UNIX_EPOCH;
        quota.resume(day(now), 1);
        for (taken, left) in [(false, 2), (true, 1), (false, 1), (true, 0)] {
            quota.begin();
            quota.end(taken.then_some(now));
            assert_eq!(quota.left(now), left);
        }
        assert_eq!((quota.taken(now), quota.again(now)), (3, Some(now + DAY)));
        assert_eq!((quota.taken(now + DAY), quota.left(now + DAY), quota.again(now + DAY)), (0, 3, None));
    }

    #[test]
    fn what_is_under_way_over_midnight_counts_for_the_day_on_which_it_is_taken() {
        let mut quota = Quota::new(Some(2));
        let (now, next) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + DAY);
        quota.begin();
        assert_eq!(quota.left(next), 1);
        quota.end(Some(next));
        assert_eq!((quota.taken(now), quota.taken(next), quota.left(next)), (0, 1, 1));
    }

    #[test]
    fn without_a_limit_they_are_counted_all_the_same() {
        let mut quota = Quota::new(None);
        let now = Timestamp::UNIX_EPOCH;
        quota.begin();
        quota.end(Some(now));
        assert_eq!((quota.left(now), quota.taken(now), quota.again(now)), (usize::MAX, 1, None));
    }
}
