//! Where a person stands in a course, and what comes next: progress by lesson id, pause and pace, and what an edit of
//! the course does to people who are in it. Knows no database, no mail and no clock.
//!
//! ```
//! use dripline::enrolment::{Mark, Progress};
//!
//! let mut progress = Progress::default();
//! progress.set("welcome", Mark::Accepted);
//! progress.set("for-singers", Mark::Skipped);
//!
//! let stored = progress.to_text();
//! assert_eq!(stored, r#"{"accepted":["welcome"],"other":{"for-singers":"skipped"}}"#);
//! assert_eq!(Progress::from_text(&stored)?.last_accepted(), Some("welcome"));
//! # Ok::<(), String>(())
//! ```

#[cfg(test)]
mod example;
mod next;
mod pace;
mod progress;
mod reconcile;
mod record;
mod simulate;
mod state;

pub use next::Condition;
pub use next::Next;
pub use next::due;
pub use next::kept_basis;
pub use next::next;
pub use next::rules;
pub use pace::clamp_pace;
pub use pace::floor_on_resume;
pub use pace::remaining_on_pause;
pub use pace::scale_remaining;
pub use progress::Mark;
pub use progress::Progress;
pub use reconcile::Known;
pub use reconcile::Reconciled;
pub use reconcile::reconcile;
pub use record::Enrolment;
pub use simulate::Planned;
pub use simulate::Simulation;
pub use simulate::UNANSWERED_AFTER;
pub use simulate::simulate;
pub use state::State;
