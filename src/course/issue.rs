//! When the issues of a newsletter leave: at their own dates, or one at each moment of its cron line. Knows no clock and
//! no recipient.

use crate::course::Course;
use crate::course::Newsletter;
use crate::timing::resolve;
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::Offset;
use jiff::tz::TimeZone;

/// Moments of a cron line that are looked at in one go; a line for every minute has as many in a week.
const MOST_MOMENTS: usize = 10_080;
/// Nobody's clock is further ahead of UTC (Pacific/Kiritimati).
const FARTHEST_AHEAD: Offset = Offset::constant(14);
/// Nor further behind it (on ships, by the military zone Y).
const FARTHEST_BEHIND: Offset = Offset::constant(-12);

/// Where a newsletter's readers live. Who came after their own hour doesn't bring an issue forward for the others.
#[derive(Debug, Clone)]
pub struct Reach {
    /// Each zone, and since when somebody there waits for issues.
    pub readers: Vec<(TimeZone, Timestamp)>,
    /// What counts where nobody waits.
    pub site: TimeZone,
}

impl Newsletter {
    /// When an issue of this moment is due for somebody in `zone`.
    pub fn instant(&self, moment: civil::DateTime, zone: &TimeZone) -> Timestamp {
        resolve(moment, self.time_zone.as_ref().unwrap_or(zone))
    }

    /// The earliest instant at which an issue of this moment can be due for anybody, wherever they live.
    pub fn earliest(&self, moment: civil::DateTime) -> Timestamp {
        self.instant(moment, &FARTHEST_AHEAD.to_time_zone())
    }

    /// The instant by which an issue of this moment was due for everybody, wherever they live.
    pub fn latest(&self, moment: civil::DateTime) -> Timestamp {
        self.instant(moment, &FARTHEST_BEHIND.to_time_zone())
    }

    /// The first and the last instant at which an issue of this moment is due for anybody who was there by then.
    pub fn span(&self, moment: civil::DateTime, reach: &Reach) -> (Timestamp, Timestamp) {
        let own = reach.readers.iter().map(|(zone, since)| (self.instant(moment, zone), *since));
        let instants = own.filter(|(instant, since)| since <= instant).map(|(instant, _)| instant);
        let site = self.instant(moment, &reach.site);
        (instants.clone().min().unwrap_or(site), instants.max().unwrap_or(site))
    }

    /// The last moment of the cron line after `after` that has come for somebody by `now`: those before it
    /// were missed, and only the latest counts.
    pub fn latest_moment(&self, after: civil::DateTime, reach: &Reach, now: Timestamp) -> Option<civil::DateTime> {
        let cron = self.issues.as_ref()?;
        let has_come = |moment: &civil::DateTime| self.span(*moment, reach).0 <= now;
        let moments = std::iter::successors(cron.next_after(after), |moment| cron.next_after(*moment));
        moments.take(MOST_MOMENTS).take_while(has_come).last()
    }

    /// Which issue it is, for people: "issue of 2026-12-01 09:00, Europe/Paris".
    pub fn in_words(&self, moment: civil::DateTime) -> String {
        let place = self.time_zone.as_ref().map_or("where they live", |zone| zone.iana_name().unwrap_or("UTC"));
        format!("issue of {}, {place}", moment.strftime("%Y-%m-%d %H:%M"))
    }

    /// The first moment of the cron line after `after`.
    pub fn next_moment(&self, after: civil::DateTime) -> Option<civil::DateTime> {
        self.issues.as_ref()?.next_after(after)
    }
}

impl Course {
    /// The issues with a date of their own, in the order of the file.
    pub fn dated_issues(&self) -> impl Iterator<Item = (&str, civil::DateTime)> {
        self.order.iter().filter_map(|id| Some((id.as_str(), self.lessons.get(id)?.date?)))
    }

    /// Those of them that leave at their date: what is only for the archive goes to nobody.
    pub fn dated_issues_to_send(&self) -> impl Iterator<Item = (&str, civil::DateTime)> {
        self.dated_issues().filter(|(id, _)| self.lessons.get(*id).is_some_and(|lesson| !lesson.archive))
    }

    /// The first issue without a date that `is_sent` doesn't know: it leaves at the cron line's next moment.
    pub fn next_undated_issue(&self, is_sent: impl Fn(&str) -> bool) -> Option<&str> {
        let undated = self.order.iter().filter(|id| self.lessons.get(*id).is_some_and(|lesson| lesson.date.is_none()));
        undated.map(String::as_str).find(|id| !is_sent(id))
    }
}
