//! When a relay in trouble is left alone and how it is taken up again: a breaker as a pure state machine; and rates and
//! quotas.
//! Knows no relay and no clock.
//!
//! ```
//! use dripline::pace::Breaker;
//! use jiff::SignedDuration;
//! use jiff::Timestamp;
//!
//! let now = Timestamp::UNIX_EPOCH;
//! let mut breaker = Breaker::new();
//! (0..3).for_each(|_| breaker.trouble(now, false));
//! assert_eq!(breaker.allowed(now, 8), 0);
//! assert_eq!(breaker.allowed(now + SignedDuration::from_secs(30), 8), 1);
//! ```

mod quota;
mod rate;
mod speed;

pub use quota::Quota;
pub use quota::day;
pub use rate::Keyed;
pub use rate::Place;
pub use rate::Rate;
pub use speed::Slowed;
pub use speed::Speed;

use jiff::SignedDuration;
use jiff::Timestamp;

/// Troubles in a row, with no success between them, that open the breaker.
pub const TROUBLES: u32 = 3;
/// The first wait for a probe; it doubles with each that fails.
pub const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// The longest wait for a probe, and the only one after a hard trouble.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// Above this many connections at once a recovery counts as complete.
const RECOVERED: usize = 1024;

/// Closed (all connections) → open (none) → half-open (one probe) → closed, with 1, 2, 4 … connections at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Closed { troubles: u32, ramp: Ramp },
    Open { probe_at: Timestamp, wait: SignedDuration },
}

/// How many connections a recovering relay gets. It doubles when every one of them has seen a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ramp {
    Done,
    Limit { connections: usize, successes: usize },
}

impl Breaker {
    /// Closed, and nothing to recover from.
    pub fn new() -> Breaker {
        Breaker { state: State::Closed { troubles: 0, ramp: Ramp::Done } }
    }

    /// The relay failed us. A hard trouble (our account or sender is refused) opens at once, and only every ten minutes
    /// is it worth trying again. What late sessions report while the breaker waits changes nothing, unless it is hard.
    pub fn trouble(&mut self, now: Timestamp, hard: bool) {
        let wait = match &mut self.state {
            State::Closed { .. } | State::Open { .. } if hard => LONGEST_WAIT,
            State::Closed { troubles, .. } => {
                *troubles += 1;
                if *troubles < TROUBLES {
                    return;
                }
                FIRST_WAIT
            }
            State::Open { probe_at, .. } if now < *probe_at => return,
            State::Open { wait, .. } => LONGEST_WAIT.min(*wait + *wait),
        };
        self.state = State::Open { probe_at: now.checked_add(wait).unwrap_or(Timestamp::MAX), wait };
    }

    /// The relay did its work. Before the probe is due this is an old session's last word and changes nothing.
    pub fn success(&mut self, now: Timestamp) {
        match &mut self.state {
            State::Closed { troubles, ramp } => {
                *troubles = 0;
                *ramp = ramp.after_success();
            }
            State::Open { probe_at, .. } if now < *probe_at => {}
            State::Open { .. } => {
                let ramp = Ramp::Limit { connections: 1, successes: 0 }.after_success();
                self.state = State::Closed { troubles: 0, ramp };
            }
        }
    }

    /// How many of the configured connections may be used now.
    pub fn allowed(&self, now: Timestamp, connections: usize) -> usize {
        match &self.state {
            State::Closed { ramp: Ramp::Done, .. } => connections,
            State::Closed { ramp: Ramp::Limit { connections: limit, .. }, .. } => connections.min(*limit),
            State::Open { probe_at, .. } if now < *probe_at => 0,
            State::Open { .. } => connections.min(1),
        }
    }

    /// When an open breaker lets one connection through; in the past while that probe is under way.
    pub fn next_probe(&self) -> Option<Timestamp> {
        match &self.state {
            State::Closed { .. } => None,
            State::Open { probe_at, .. } => Some(*probe_at),
        }
    }

    /// `closed`, `open` or `half-open`, for status pages and logs.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match &self.state {
            State::Closed { .. } => "closed",
            State::Open { probe_at, .. } if now < *probe_at => "open",
            State::Open { .. } => "half-open",
        }
    }
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker::new()
    }
}

impl Ramp {
    fn after_success(self) -> Ramp {
        match self {
            Ramp::Done => Ramp::Done,
            Ramp::Limit { connections, .. } if connections >= RECOVERED => Ramp::Done,
            Ramp::Limit { connections, successes } if successes + 1 >= connections => {
                Ramp::Limit { connections: connections * 2, successes: 0 }
            }
            Ramp::Limit { connections, successes } => Ramp::Limit { connections, successes: successes + 1 },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    fn opened_at_zero() -> Breaker {
        let mut breaker = Breaker::new();
        (0..TROUBLES).for_each(|_| breaker.trouble(at(0), false));
        breaker
    }

    #[test]
    fn only_three_troubles_in_a_row_open_it() {
        let mut breaker = Breaker::new();
        for trouble in [true, true, false, true, true] {
            if trouble { breaker.trouble(at(0), false) } else { breaker.success(at(0)) }
        }
        assert_eq!((breaker.allowed(at(0), 5), breaker.state(at(0)), breaker.next_probe()), (5, "closed", None));
        breaker.trouble(at(0), false);
        assert_eq!((breaker.allowed(at(0), 5), breaker.state(at(0)), breaker.next_probe()), (0, "open", Some(at(30))));
    }

    #[test]
    fn the_wait_doubles_with_each_failed_probe_up_to_ten_minutes() {
        let mut breaker = opened_at_zero();
        let mut waits = vec![];
        for _ in 0..7 {
            let probe = breaker.next_probe().unwrap();
            assert_eq!((breaker.allowed(probe, 5), breaker.state(probe)), (1, "half-open"));
            breaker.trouble(probe, false);
            waits.push((breaker.next_probe().unwrap() - probe).get_seconds());
        }
        assert_eq!(waits, [60, 120, 240, 480, 600, 600, 600]);
    }

    #[test]
    fn recovery_ramps_by_doubling_until_all_are_allowed() {
        let mut breaker = opened_at_zero();
        let mut allowed = vec![];
        for second in 30..62 {
            allowed.push(breaker.allowed(at(second), 10));
            breaker.success(at(second));
        }
        assert_eq!(allowed[..16], [1, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8, 10]);
        assert_eq!(breaker.state(at(99)), "closed");
    }

    #[test]
    fn a_hard_trouble_opens_at_once_and_probes_every_ten_minutes() {
        let mut breaker = Breaker::new();
        breaker.trouble(at(0), true);
        assert_eq!(breaker.next_probe(), Some(at(600)));
        breaker.trouble(at(600), true);
        assert_eq!(breaker.next_probe(), Some(at(1200)));
        let mut soft = opened_at_zero();
        soft.trouble(at(1), true);
        assert_eq!(soft.next_probe(), Some(at(601)));
    }

    #[test]
    fn late_reports_while_it_waits_change_nothing() {
        let mut breaker = opened_at_zero();
        let before = breaker.clone();
        breaker.success(at(1));
        breaker.trouble(at(29), false);
        assert_eq!(breaker, before);
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let mut breaker = Breaker::new();
        breaker.trouble(Timestamp::MAX, true);
        assert_eq!(breaker.next_probe(), Some(Timestamp::MAX));
    }
}
