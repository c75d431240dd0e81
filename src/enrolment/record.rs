//! One subscriber in one course, one run: everything that decides what comes next and when.

use crate::enrolment::Progress;
use crate::enrolment::State;
use jiff::Timestamp;
use jiff::civil::Date;

/// An enrolment as stored. All instants are of the reader's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolment {
    pub id: i64,
    pub subscriber_id: i64,
    pub course: String,
    /// Counted from 1: who starts again after the end makes a new run.
    pub run: i64,
    pub state: State,
    /// What a person's act asked for while a message was on the wire.
    pub after: Option<State>,
    /// Messages recorded and acts done so far; whoever writes compares it first.
    pub serial: i64,
    /// The lesson that comes next, or is in flight.
    pub lesson: String,
    /// Counted from 1: which time this lesson goes to this person.
    pub occurrence: i64,
    /// When the person confirmed; before that, when they signed up.
    pub confirmed: Timestamp,
    /// When the previous lesson was accepted; for the first lesson, the same as `confirmed`.
    pub basis: Timestamp,
    pub floor: Option<Timestamp>,
    /// A cache of what the rules say; recomputed when they change.
    pub due: Timestamp,
    pub why: String,
    pub progress: Progress,
    pub pace: f64,
    /// The latest local date that a lesson of this enrolment used, and how many used it.
    pub last_date: Option<Date>,
    pub last_count: u32,
    /// How many times in a row the lesson expired unsent.
    pub expired: u32,
    pub paused_at: Option<Timestamp>,
    /// `None` while paused: until the person says.
    pub paused_until: Option<Timestamp>,
    pub held_why: Option<String>,
}

impl Enrolment {
    /// Whether no lesson was accepted yet in this run.
    pub fn is_new(&self) -> bool {
        self.progress.accepted().is_empty()
    }
}
