//! When a lesson leaves: waits, cron lines over civil time, and `next_due`, the one pure function that decides.
//! Knows no course, no database and no clock.

mod cron;
mod duration;

pub use cron::Cron;
pub use duration::DateRange;
pub use duration::Wait;
