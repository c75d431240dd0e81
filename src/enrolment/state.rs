//! Where one person stands in one course.

/// The numbers are stored. `Waiting`, `InFlight` and `Awaiting` are what people call active: exactly one of a due
/// time, a delivery in flight, or an answer to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Waiting = 1,
    InFlight = 2,
    Pending = 3,
    Paused = 4,
    Held = 5,
    Completed = 6,
    Left = 7,
    Awaiting = 8,
}

impl State {
    pub fn stored(self) -> i64 {
        self as i64
    }

    pub fn from_stored(number: i64) -> Option<State> {
        use State::*;
        [Waiting, InFlight, Pending, Paused, Held, Completed, Left, Awaiting].into_iter().find(|s| s.stored() == number)
    }

    /// The name in JSON, on pages and in logs.
    pub fn name(self) -> &'static str {
        match self {
            State::Waiting | State::InFlight | State::Awaiting => "active",
            State::Pending => "pending",
            State::Paused => "paused",
            State::Held => "held",
            State::Completed => "completed",
            State::Left => "left",
        }
    }
}
