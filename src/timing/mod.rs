//! When a lesson leaves: waits, cron lines over civil time, and `next_due`, the one pure function that decides.
//! Knows no course, no database and no clock.

mod cron;
mod due;
mod duration;
mod field;
#[cfg(test)]
mod properties;
mod search;
mod spread;
mod weekdays;
mod words;
mod zone;

pub use cron::Cron;
pub use due::Basis;
pub use due::Due;
pub use due::Person;
pub use due::Rules;
pub use due::minute;
pub use due::next_due;
pub use duration::DateRange;
pub use duration::Wait;
pub use duration::parse_duration;
pub use spread::spread;
pub use weekdays::Weekdays;
pub use zone::later;
pub use zone::resolve;
pub use zone::zone;
pub use zone::zone_data;
pub use zone::zone_names;
