//! Where a person stands in a course, and what comes next: progress by lesson id, pause and pace, and what an edit of
//! the course does to people who are in it. Knows no database, no mail and no clock.
//!
//! ```
//! use dripline::enrolment::{Mark, Progress};
//!
//! let mut progress = Progress::default();
//! progress.accept("welcome", jiff::Timestamp::UNIX_EPOCH, 1);
//! progress.set("for-singers", Mark::Skipped);
//!
//! let stored = progress.to_text();
//! assert_eq!(stored, r#"{"accepted":[["welcome",0]],"other":{"for-singers":"skipped"}}"#);
//! assert_eq!(Progress::from_text(&stored)?.last_lesson(), Some("welcome"));
//! # Ok::<(), String>(())
//! ```

mod acts;
#[cfg(test)]
mod example;
mod next;
mod offer;
mod progress;
mod reader;
mod reconcile;
mod record;
mod requests;
mod simulate;
mod state;
mod together;
mod track;

pub use acts::Refused;
pub use acts::clamp_pace;
pub use next::Comes;
pub use next::Planner;
pub use progress::BACK;
pub use progress::CLOSING;
pub use progress::Mark;
pub use progress::Progress;
pub use progress::Sent;
pub use progress::is_lesson;
pub use reader::Judged;
pub use reader::Reader;
pub use reader::UNANSWERED_AFTER;
pub use reconcile::Edited;
pub use reconcile::Followed;
pub use reconcile::Known;
pub use reconcile::Reconciled;
pub use reconcile::reconcile;
pub use record::Enrolment;
pub use record::NO_MOMENT;
pub use requests::Again;
pub use requests::Requests;
pub use requests::StageRest;
pub use simulate::Planned;
pub use simulate::Simulation;
pub use simulate::simulate;
pub use state::State;
pub use together::Life;
pub use together::forecast;
pub use together::slid;
