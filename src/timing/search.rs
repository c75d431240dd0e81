//! The first moment of a cron line that a person may get, in their zone. Knows no wait and no basis.

use super::cron::Cron;
use super::duration::DateRange;
use super::zone::resolve;
use jiff::SignedDuration;
use jiff::Span;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// A lesson that can't leave for so long never leaves.
const HORIZON_YEARS: i16 = 5;

/// Which moments count.
pub struct Search<'a> {
    pub send: &'a Cron,
    pub zone: &'a TimeZone,
    pub skip: &'a [DateRange],
    pub used: &'a BTreeSet<Date>,
}

/// The moment, and what was passed over on the way to it.
#[derive(Debug, Default)]
pub struct Found {
    pub instant: Timestamp,
    pub skipped: Vec<Date>,
    pub taken: Vec<Date>,
    /// The time on the wall that the zone doesn't have on that day.
    pub shifted_from: Option<DateTime>,
}

impl Search<'_> {
    /// The first match whose instant isn't before `earliest` and whose local date is free.
    pub fn first_from(&self, earliest: Timestamp) -> Option<Found> {
        let mut civil = self.start(earliest)?;
        let last = civil.checked_add(Span::new().years(HORIZON_YEARS)).ok()?;
        let mut found = Found::default();
        loop {
            civil = self.send.next_after(civil).filter(|civil| *civil <= last)?;
            let instant = resolve(civil, self.zone);
            if instant < earliest {
                continue;
            }
            let local = self.zone.to_datetime(instant);
            let date = local.date();
            if self.skip.iter().any(|range| range.contains(date)) {
                note(&mut found.skipped, date);
            } else if self.used.contains(&date) {
                note(&mut found.taken, date);
            } else {
                found.instant = instant;
                found.shifted_from = (local != civil).then_some(civil);
                return Some(found);
            }
            civil = self.end_of_refused(civil, date);
        }
    }

    /// Just before every civil moment that can resolve to `earliest` or later: a moment that the zone skips resolves
    /// to a later reading of the clock than its own.
    fn start(&self, earliest: Timestamp) -> Option<DateTime> {
        let day_before = earliest.checked_sub(SignedDuration::from_hours(24)).ok()?;
        let now = self.zone.to_offset(earliest).seconds();
        let skipped = (now - self.zone.to_offset(day_before).seconds()).max(0);
        let local = self.zone.to_datetime(earliest);
        local.checked_sub(SignedDuration::from_secs(i64::from(skipped) + 1)).ok()
    }

    /// Where to go on after a refused date: its end, unless a change of the clock carries its last moments into the
    /// next date.
    fn end_of_refused(&self, civil: DateTime, refused: Date) -> DateTime {
        let end = refused.at(23, 59, 59, 0);
        let stays = self.zone.to_datetime(resolve(end, self.zone)).date() == refused;
        if stays && end > civil { end } else { civil }
    }
}

fn note(dates: &mut Vec<Date>, date: Date) {
    if dates.last() != Some(&date) {
        dates.push(date);
    }
}
