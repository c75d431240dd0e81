//! The outbox row's states, which change is allowed, and when to try again. Knows no database and no relay.

use jiff::SignedDuration;
use jiff::Timestamp;

/// Where one message stands. The numbers are stored.
///
/// ```text
/// ready ─┬─> leased ──> sending ─┬─> accepted
/// deferred ┘   │  ^              ├─> deferred (asked to come later)
///              │  └─ start-up    ├─> refused
///              v                 └─> in doubt ─> sending again, once ─> held
///        quarantined, expired, cancelled
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Ready = 0,
    Deferred = 1,
    Leased = 2,
    Sending = 3,
    InDoubt = 4,
    Held = 5,
    Quarantined = 6,
    Accepted = 10,
    Refused = 11,
    Expired = 12,
    Cancelled = 13,
}

pub const STATES: [State; 11] = [
    State::Ready,
    State::Deferred,
    State::Leased,
    State::Sending,
    State::InDoubt,
    State::Held,
    State::Quarantined,
    State::Accepted,
    State::Refused,
    State::Expired,
    State::Cancelled,
];

impl State {
    pub fn stored(self) -> i64 {
        self as i64
    }

    pub fn from_stored(number: i64) -> Option<State> {
        STATES.into_iter().find(|state| state.stored() == number)
    }

    /// The name in JSON, on pages and in logs.
    pub fn name(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Deferred => "deferred",
            State::Leased => "leased",
            State::Sending => "sending",
            State::InDoubt => "in_doubt",
            State::Held => "held",
            State::Quarantined => "quarantined",
            State::Accepted => "accepted",
            State::Refused => "refused",
            State::Expired => "expired",
            State::Cancelled => "cancelled",
        }
    }

    /// Whether the row has ended: nothing happens to it any more.
    pub fn has_ended(self) -> bool {
        self.stored() >= State::Accepted.stored()
    }

    /// Whether the row may go from here to `next`.
    pub fn may_become(self, next: State) -> bool {
        use State::*;
        match self {
            Ready | Deferred => matches!(next, Leased | Expired | Cancelled | Quarantined | Held),
            Leased => matches!(next, Ready | Deferred | Sending | Refused | Expired | Cancelled | Quarantined | Held),
            Sending => matches!(next, Ready | Deferred | InDoubt | Accepted | Refused | Held),
            InDoubt => matches!(next, Ready | Held | Cancelled | Accepted),
            Held | Quarantined => matches!(next, Ready | Cancelled),
            Accepted | Refused | Expired | Cancelled => false,
        }
    }
}

/// Most copies of one message that may leave without a human saying so.
pub const MAX_COPIES: i64 = 2;

/// Claims without a finished message after which a row is tried with nothing else leased.
pub const MAX_CLAIMS: i64 = 3;

/// Claims alone that must end the program before a row is given up. More than one: a kill that hits the moment in
/// which an innocent message is made looks just the same.
pub const MAX_CLAIMS_ALONE: i64 = 3;

/// Connections lost before the message was handed over, after which it rests for a minute.
pub const MAX_LOSSES: i64 = 3;

/// When to try again after the `attempts`-th time a relay asked to come later (counted from 1), with up to a fifth
/// more or less by `chance` from 0 to 1, so that a thousand messages don't return as one: 1, 5, 15, 30 min, 1, 2 and
/// then every 4 hours.
///
/// ```
/// use dripline::delivery::retry_at;
/// let now = "2026-11-21T08:00:00Z".parse().unwrap();
/// assert_eq!(retry_at(now, 1, 0.5), "2026-11-21T08:01:00Z".parse().unwrap());
/// assert_eq!(retry_at(now, 9, 0.5), "2026-11-21T12:00:00Z".parse().unwrap());
/// ```
pub fn retry_at(now: Timestamp, attempts: i64, chance: f64) -> Timestamp {
    const MINUTES: [i64; 7] = [1, 5, 15, 30, 60, 120, 240];
    let step = usize::try_from(attempts.max(1) - 1).unwrap_or(usize::MAX).min(MINUTES.len() - 1);
    let jitter = 0.8 + 0.4 * chance.clamp(0.0, 1.0);
    let seconds = (MINUTES[step] * 60) as f64 * jitter;
    now.saturating_add(SignedDuration::from_secs(seconds as i64)).unwrap_or(Timestamp::MAX)
}

/// When to ask again for a mailbox that is full or switched off: after 24 and after 72 hours, then never.
pub fn soft_retry_at(now: Timestamp, attempts: i64) -> Option<Timestamp> {
    let hours = match attempts {
        i64::MIN..=1 => 24,
        2 => 72,
        3.. => return None,
    };
    Some(now.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_row_never_moves_again() {
        for from in STATES.into_iter().filter(|state| state.has_ended()) {
            for to in STATES {
                assert!(!from.may_become(to), "{} -> {}", from.name(), to.name());
            }
        }
    }

    #[test]
    fn a_row_on_the_wire_is_never_cancelled_or_expired() {
        assert!(!State::Sending.may_become(State::Cancelled));
        assert!(!State::Sending.may_become(State::Expired));
    }

    #[test]
    fn every_stored_number_reads_back() {
        for state in STATES {
            assert_eq!(State::from_stored(state.stored()), Some(state));
        }
        assert_eq!(State::from_stored(7), None);
    }

    #[test]
    fn retries_stay_within_a_fifth_of_their_step() {
        let now = Timestamp::UNIX_EPOCH;
        for (attempts, minutes) in [(1, 1), (2, 5), (3, 15), (4, 30), (5, 60), (6, 120), (7, 240), (50, 240)] {
            for chance in [0.0, 0.3, 1.0] {
                let seconds = retry_at(now, attempts, chance).as_second();
                assert!((minutes * 48..=minutes * 72).contains(&seconds), "attempt {attempts}: {seconds} s");
            }
        }
        assert_eq!(soft_retry_at(now, 3), None);
    }
}
