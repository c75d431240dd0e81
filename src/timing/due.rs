//! `next_due`: the rules of one lesson, what it counts from and a person's settings become one instant and the reason
//! for it. The same values always give the same answer.

use super::cron::Cron;
use super::duration::DateRange;
use super::duration::Wait;
use super::search::Found;
use super::search::Search;
use super::weekdays::Weekdays;
use super::zone::later;
use super::zone::resolve;
use jiff::SignedDuration;
use jiff::Span;
use jiff::Timestamp;
use jiff::civil;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// A wait of days never ends sooner than this after its basis, however late in the evening that was.
const SHORTEST_REST: SignedDuration = SignedDuration::from_hours(12);

/// When one lesson may leave, as its coach says.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    pub wait: Wait,
    pub send: &'a Cron,
    /// `send` is the lesson's own and not the schedule's: a person's weekdays don't change it.
    pub own_send: bool,
    pub spread: SignedDuration,
    pub skip: &'a [DateRange],
    /// The lesson's own moment; a first lesson keeps it too, unless it has passed.
    pub fixed: Option<civil::DateTime>,
    /// A cohort's first date.
    pub starts: Option<Date>,
}

/// What a person has set.
#[derive(Debug, Clone)]
pub struct Person {
    pub zone: TimeZone,
    /// Replaces minute and hour of every `send`.
    pub hour: Option<civil::Time>,
    /// Replace the weekday field of the schedule's `send`.
    pub weekdays: Option<Weekdays>,
    /// 1.5 makes every wait half as long again. Above zero.
    pub pace: f64,
}

/// What a lesson counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// It is the first lesson; when the sign-up was confirmed.
    Confirmed(Timestamp),
    /// When the previous lesson (of this stage) was accepted.
    Accepted(Timestamp),
    /// There is nothing to wait for: the next moment of `send` from then on, and why.
    From(Timestamp, &'static str),
}

/// When a lesson leaves, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Before the person's share of the spread.
    pub instant: Timestamp,
    /// How long the people who share this moment are spread over; zero where the rule allows none.
    pub spread: SignedDuration,
    /// A short English sentence without a full stop.
    pub why: String,
}

/// When the lesson leaves: never before `floor`, and by a moment of `send` on no date of `used`. `None` when there is
/// no such moment within five years.
///
/// ```
/// use dripline::timing::{Basis, Cron, Person, Rules, Wait, next_due, zone};
///
/// let send: Cron = "30 8 * * Mon-Fri".parse()?;
/// let wait: Wait = "2 days".parse()?;
/// let spread = jiff::SignedDuration::ZERO;
/// let rules = Rules { wait, send: &send, own_send: false, spread, skip: &[], fixed: None, starts: None };
/// let person = Person { zone: zone("Europe/Berlin")?, hour: None, weekdays: None, pace: 1.0 };
/// let friday = Basis::Accepted("2026-03-27T07:30:00Z".parse().map_err(|_| "no instant")?);
///
/// let due = next_due(&rules, friday, None, &person, &Default::default()).ok_or("no moment")?;
///
/// assert_eq!(due.instant.to_string(), "2026-03-30T06:30:00Z");
/// assert_eq!(due.why, "2 days after the previous lesson, next at 08:30, Monday to Friday");
/// # Ok::<(), String>(())
/// ```
pub fn next_due(
    rules: &Rules<'_>,
    basis: Basis,
    floor: Option<Timestamp>,
    person: &Person,
    used: &BTreeSet<Date>,
) -> Option<Due> {
    let planner = Planner { rules, send: person_send(rules, person)?, floor, person, used };
    match basis {
        Basis::Confirmed(at) => planner.first(at),
        Basis::Accepted(at) => match (rules.fixed, rules.wait) {
            (Some(fixed), _) => planner.fixed(fixed, at),
            (None, Wait::Hours(hours)) => Some(planner.elapsed(at, hours)),
            (None, Wait::Days(days)) => planner.calendar(at, days),
        },
        Basis::From(at, why) => match rules.fixed {
            Some(fixed) => planner.fixed(fixed, at),
            None => planner.next_moment(at, why),
        },
    }
}

/// The line that counts for this person.
fn person_send(rules: &Rules<'_>, person: &Person) -> Option<Cron> {
    let weekdays = person.weekdays.as_ref().filter(|_| !rules.own_send);
    let send = match weekdays {
        Some(weekdays) => rules.send.with_weekdays(weekdays).ok()?,
        None => rules.send.clone(),
    };
    match person.hour {
        Some(hour) => send.with_time(hour).ok(),
        None => Some(send),
    }
}

struct Planner<'a> {
    rules: &'a Rules<'a>,
    send: Cron,
    floor: Option<Timestamp>,
    person: &'a Person,
    used: &'a BTreeSet<Date>,
}

impl Planner<'_> {
    fn first(&self, confirmed: Timestamp) -> Option<Due> {
        if let Some(fixed) = self.rules.fixed.map(|fixed| resolve(fixed, &self.person.zone))
            && fixed >= self.not_before(confirmed)
        {
            return Some(at_once(fixed, "fixed date".to_string()));
        }
        let instant = self.not_before(confirmed);
        let Some(starts) = self.rules.starts else {
            let held = self.held(instant, confirmed);
            return Some(at_once(instant, format!("first lesson answers the confirmation at once{held}")));
        };
        // The cohort's own first moment: dates to skip and dates already used don't count for a first lesson.
        let free = BTreeSet::new();
        let search = Search { send: &self.send, zone: &self.person.zone, skip: &[], used: &free };
        let midnight = self.midnight(starts);
        let opening = search.first_from(midnight)?;
        if opening.instant < confirmed {
            let held = self.held(instant, confirmed);
            let why = format!("first lesson, at once: the cohort has started on {starts}{held}");
            return Some(at_once(instant, why));
        }
        let opening = search.first_from(self.not_before(midnight))?;
        let why = format!("first lesson of the cohort that starts on {starts}, {}", self.send.in_words());
        Some(self.by_send(opening, why))
    }

    fn fixed(&self, fixed: civil::DateTime, accepted: Timestamp) -> Option<Due> {
        let zone = &self.person.zone;
        let instant = resolve(fixed, zone);
        let next = self.not_before(accepted);
        if instant >= next && !self.used.contains(&zone.to_datetime(instant).date()) {
            return Some(at_once(instant, "fixed date".to_string()));
        }
        let found = self.search().first_from(instant.max(next))?;
        let date = minute(fixed);
        let reason = if instant < next { "had already passed" } else { "is on a day that has its lesson" };
        let why = format!("fixed date {date} {reason}, next {}", self.send.in_words());
        Some(self.by_send(found, why))
    }

    fn elapsed(&self, accepted: Timestamp, hours: u32) -> Due {
        let pace = self.person.pace;
        let millis = (f64::from(hours) * pace * 3_600_000.0).round() as i64;
        let own = later(accepted, SignedDuration::from_millis(millis));
        let instant = self.not_before(own);
        let held = self.held(instant, own);
        at_once(instant, format!("{}{} after the previous lesson{held}", self.rules.wait, paced(pace)))
    }

    fn calendar(&self, accepted: Timestamp, days: u32) -> Option<Due> {
        let pace = self.person.pace;
        let basis = self.person.zone.to_datetime(accepted).date();
        let date = basis.checked_add(Span::new().days(scaled_days(days, pace))).ok()?;
        let own = self.midnight(date).max(later(accepted, SHORTEST_REST));
        let earliest = self.not_before(own);
        let found = self.search().first_from(earliest)?;
        let mut why = format!("{}{} after the previous lesson, ", self.rules.wait, paced(pace));
        why += &format!("next {}", self.send.in_words());
        why += &self.rested(self.midnight(date), own);
        why += &self.held(earliest, own);
        Some(self.by_send(found, why))
    }

    fn next_moment(&self, from: Timestamp, why: &str) -> Option<Due> {
        let earliest = self.not_before(from);
        let found = self.search().first_from(earliest)?;
        let held = self.held(earliest, from);
        Some(self.by_send(found, format!("{why}, next {}{held}", self.send.in_words())))
    }

    fn search(&self) -> Search<'_> {
        Search { send: &self.send, zone: &self.person.zone, skip: self.rules.skip, used: self.used }
    }

    fn midnight(&self, date: Date) -> Timestamp {
        resolve(date.at(0, 0, 0, 0), &self.person.zone)
    }

    fn not_before(&self, instant: Timestamp) -> Timestamp {
        self.floor.map_or(instant, |floor| floor.max(instant))
    }

    /// Says so when the twelve hours of rest, not the date, put the lesson off.
    fn rested(&self, midnight: Timestamp, own: Timestamp) -> String {
        let put_off = own > midnight && self.search().first_from(midnight).is_some_and(|sooner| sooner.instant < own);
        if put_off { "; at least 12 hours after it".to_string() } else { String::new() }
    }

    fn held(&self, instant: Timestamp, own: Timestamp) -> String {
        if instant > own {
            format!("; not before {}", minute(self.person.zone.to_datetime(instant)))
        } else {
            String::new()
        }
    }

    fn by_send(&self, found: Found, mut why: String) -> Due {
        if let [first, .., last] = found.skipped.as_slice() {
            why += &format!("; {first} to {last} skipped");
        } else if let [only] = found.skipped.as_slice() {
            why += &format!("; {only} skipped");
        }
        for date in &found.taken {
            why += &format!("; {date} has its lesson");
        }
        if let Some(civil) = found.shifted_from {
            why += &format!("; the clock skips {}", minute(civil));
        }
        Due { instant: found.instant, spread: self.rules.spread, why }
    }
}

fn at_once(instant: Timestamp, why: String) -> Due {
    Due { instant, spread: SignedDuration::ZERO, why }
}

/// Whole local days, rounded up; a hair above a whole number is the error of binary fractions.
fn scaled_days(days: u32, pace: f64) -> i64 {
    ((f64::from(days) * pace - 1e-9).ceil() as i64).max(1)
}

fn paced(pace: f64) -> String {
    if pace == 1.0 { String::new() } else { format!(" × {pace}") }
}

/// "2026-12-01 09:00".
pub fn minute(civil: civil::DateTime) -> String {
    civil.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::Basis;
    use super::Due;
    use super::Person;
    use super::Rules;
    use super::next_due;
    use crate::timing::Cron;
    use crate::timing::Wait;
    use crate::timing::zone;
    use jiff::SignedDuration;
    use jiff::Timestamp;
    use std::collections::BTreeSet;

    fn instant(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn berlin() -> Person {
        Person { zone: zone("Europe/Berlin").unwrap(), hour: None, weekdays: None, pace: 1.0 }
    }

    /// A lesson a day at 08:30 in Berlin with 20 minutes of spread, changed by `change`.
    fn due(basis: Basis, floor: Option<&str>, change: impl Fn(&mut Rules<'_>, &mut Person)) -> Option<Due> {
        let send: Cron = "30 8 * * *".parse().unwrap();
        let mut rules = Rules {
            wait: Wait::Days(1),
            send: &send,
            own_send: false,
            spread: SignedDuration::from_mins(20),
            skip: &[],
            fixed: None,
            starts: None,
        };
        let mut person = berlin();
        change(&mut rules, &mut person);
        next_due(&rules, basis, floor.map(instant), &person, &BTreeSet::new())
    }

    #[test]
    fn only_a_moment_of_send_is_spread() {
        let accepted = Basis::Accepted(instant("2026-05-04T08:00:00Z"));
        let confirmed = Basis::Confirmed(instant("2026-05-04T08:00:00Z"));
        let minutes = |due: Option<Due>| due.unwrap().spread.as_mins();
        assert_eq!(minutes(due(accepted, None, |_, _| {})), 20);
        assert_eq!(minutes(due(accepted, None, |rules, _| rules.wait = Wait::Hours(5))), 0);
        assert_eq!(minutes(due(confirmed, None, |_, _| {})), 0);
        assert_eq!(minutes(due(accepted, None, |rules, _| rules.fixed = "2026-05-09T09:00:00".parse().ok())), 0);
        assert_eq!(minutes(due(accepted, None, |rules, _| rules.fixed = "2026-05-01T09:00:00".parse().ok())), 20);
        assert_eq!(minutes(due(confirmed, None, |rules, _| rules.starts = "2026-05-11".parse().ok())), 20);
    }

    #[test]
    fn a_floor_holds_every_kind_of_lesson() {
        let accepted = Basis::Accepted(instant("2026-05-04T08:00:00Z"));
        let confirmed = Basis::Confirmed(instant("2026-05-04T08:00:00Z"));
        let floor = Some("2026-05-20T10:00:00Z");
        let at = |due: Option<Due>| due.unwrap().instant.to_string();
        assert_eq!(at(due(accepted, floor, |_, _| {})), "2026-05-21T06:30:00Z");
        assert_eq!(at(due(accepted, floor, |rules, _| rules.wait = Wait::Hours(5))), "2026-05-20T10:00:00Z");
        assert_eq!(at(due(confirmed, floor, |_, _| {})), "2026-05-20T10:00:00Z");
        let fixed = |date: &'static str| move |rules: &mut Rules<'_>, _: &mut Person| rules.fixed = date.parse().ok();
        assert_eq!(at(due(accepted, floor, fixed("2026-05-20T09:00:00"))), "2026-05-21T06:30:00Z");
        assert_eq!(at(due(accepted, floor, fixed("2026-05-22T09:00:00"))), "2026-05-22T07:00:00Z");
        // A cohort's first lesson that was held waits for the next send; a late joiner's doesn't.
        let starts = |date: &'static str| move |rules: &mut Rules<'_>, _: &mut Person| rules.starts = date.parse().ok();
        assert_eq!(at(due(confirmed, floor, starts("2026-05-11"))), "2026-05-21T06:30:00Z");
        assert_eq!(at(due(confirmed, floor, starts("2026-05-01"))), "2026-05-20T10:00:00Z");
    }

    #[test]
    fn own_weekdays_leave_a_lesson_its_own_send() {
        let accepted = Basis::Accepted(instant("2026-05-04T08:00:00Z"));
        let at = |own_send: bool| {
            let due = due(accepted, None, |rules, person| {
                rules.own_send = own_send;
                person.weekdays = "Sat".parse().ok();
            });
            due.unwrap().instant.to_string()
        };
        assert_eq!(at(false), "2026-05-09T06:30:00Z");
        assert_eq!(at(true), "2026-05-05T06:30:00Z");
    }

    #[test]
    fn a_lesson_without_a_moment_in_five_years_is_never_due() {
        let accepted = Basis::Accepted(instant("2026-05-04T08:00:00Z"));
        let until = |last: &str| {
            let skip = [format!("2026-05-01..{last}").parse().unwrap()];
            let send: Cron = "30 8 * * *".parse().unwrap();
            let spread = SignedDuration::ZERO;
            let wait = Wait::Days(1);
            let rules = Rules { wait, send: &send, own_send: false, spread, skip: &skip, fixed: None, starts: None };
            next_due(&rules, accepted, None, &berlin(), &BTreeSet::new()).map(|due| due.instant.to_string())
        };
        assert_eq!(until("2031-05-03").as_deref(), Some("2031-05-04T06:30:00Z"));
        assert_eq!(until("2031-12-31"), None);
    }

    #[test]
    fn a_pace_that_makes_whole_days_is_not_rounded_up_by_binary_fractions() {
        let accepted = Basis::Accepted(instant("2026-05-04T08:00:00Z"));
        let on = |days: u32, pace: f64| {
            let due = due(accepted, None, |rules, person| {
                rules.wait = Wait::Days(days);
                person.pace = pace;
            });
            berlin().zone.to_datetime(due.unwrap().instant).date().to_string()
        };
        // 10 × 1.1 is 11.000000000000002 to the machine.
        assert_eq!(on(10, 1.1), "2026-05-15");
        assert_eq!(on(10, 1.11), "2026-05-16");
        assert_eq!(on(1, 0.5), "2026-05-05");
    }
}
