//! What holds of `next_due` whatever the rules, the person and the zone.

use super::Basis;
use super::Cron;
use super::DateRange;
use super::Person;
use super::Rules;
use super::Wait;
use super::next_due;
use super::spread;
use super::zone;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::prop_assert;
use proptest::prop_assert_eq;
use proptest::prop_oneof;
use proptest::proptest;
use proptest::sample::select;
use std::collections::BTreeSet;

const ZONES: [&str; 14] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "America/Nuuk",
    "Africa/Casablanca",
    "America/Havana",
];

#[derive(Debug, Clone)]
struct Case {
    send: Cron,
    skip: Vec<DateRange>,
    basis: Timestamp,
    person: Person,
    used: BTreeSet<Date>,
}

impl Case {
    fn due(&self, wait: Wait, pace: f64, floor: Option<Timestamp>) -> Timestamp {
        let spread = SignedDuration::ZERO;
        let (send, skip) = (&self.send, self.skip.as_slice());
        let rules = Rules { wait, send, own_send: false, spread, skip, fixed: None, starts: None };
        let person = Person { pace, ..self.person.clone() };
        next_due(&rules, Basis::Accepted(self.basis), floor, &person, &self.used).map_or(Timestamp::MAX, |d| d.instant)
    }

    fn date(&self, instant: Timestamp) -> Date {
        self.person.zone.to_datetime(instant).date()
    }
}

#[expect(clippy::unwrap_used, reason = "the names and lines above are good")]
fn cases() -> impl Strategy<Value = Case> {
    let zones = select(ZONES.to_vec()).prop_map(|name| zone(name).unwrap());
    let weekdays = select(vec!["*", "Mon-Fri", "Sat,Sun", "Wed", "Fri-Mon"]);
    let lines = (0..60_u8, 0..24_u8, weekdays).prop_map(|(m, h, w)| format!("{m} {h} * * {w}").parse().unwrap());
    let several = select(vec!["*/20 0-3 * * *", "0 0,23 * * *", "15,45 * * * *"]).prop_map(|l| l.parse().unwrap());
    // From the end of 2025 to the middle of 2028, to the minute.
    let instants = (29_400_000..30_750_000_i64).prop_map(|minutes| Timestamp::from_second(minutes * 60).unwrap());
    let sends = prop_oneof![lines, several];
    (zones, sends, instants, proptest::collection::vec((0..30_i64, 0..9_i64), 0..3), any::<u8>()).prop_map(
        |(zone, send, basis, ranges, used): (TimeZone, Cron, Timestamp, Vec<(i64, i64)>, u8)| {
            let date = zone.to_datetime(basis).date();
            let ahead = |days: i64| date.saturating_add(jiff::Span::new().days(days));
            let skip = ranges.iter().map(|(at, len)| DateRange { first: ahead(*at), last: ahead(at + len) }).collect();
            let used = (0..8).filter(|bit| used & (1 << bit) != 0).map(ahead).collect();
            let person = Person { zone, hour: None, weekdays: None, pace: 1.0 };
            Case { send, skip, basis, person, used }
        },
    )
}

fn paces() -> impl Strategy<Value = f64> {
    select(vec![0.5, 0.75, 1.0, 1.5, 2.0, 3.0])
}

proptest! {
    #[test]
    fn a_lesson_never_leaves_on_a_used_or_skipped_date(case in cases(), days in 1..20_u32, pace in paces()) {
        let date = case.date(case.due(Wait::Days(days), pace, None));
        prop_assert!(!case.used.contains(&date));
        prop_assert!(!case.skip.iter().any(|range| range.contains(date)));
    }

    #[test]
    fn a_wait_of_days_ends_on_its_date_and_never_within_twelve_hours(
        case in cases(), days in 1..20_u32, pace in paces(),
    ) {
        let due = case.due(Wait::Days(days), pace, None);
        prop_assert!(due >= case.basis + SignedDuration::from_hours(12));
        let passed = case.date(due).since(case.date(case.basis)).map_or(0, |span| span.get_days());
        prop_assert!(f64::from(passed) >= f64::from(days) * pace);
    }

    #[test]
    fn a_longer_wait_never_ends_sooner(case in cases(), days in 1..20_u32, pace in paces()) {
        prop_assert!(case.due(Wait::Days(days), pace, None) <= case.due(Wait::Days(days + 1), pace, None));
        prop_assert!(case.due(Wait::Hours(days), pace, None) < case.due(Wait::Hours(days + 1), pace, None));
    }

    #[test]
    fn a_slower_pace_never_sends_sooner(case in cases(), days in 1..20_u32, a in paces(), b in paces()) {
        let (fast, slow) = (a.min(b), a.max(b));
        prop_assert!(case.due(Wait::Days(days), fast, None) <= case.due(Wait::Days(days), slow, None));
        prop_assert!(case.due(Wait::Hours(days), fast, None) <= case.due(Wait::Hours(days), slow, None));
    }

    #[test]
    fn a_later_floor_never_sends_sooner(case in cases(), days in 1..20_u32, a in 0..900_i64, b in 0..900_i64) {
        let floor = |hours: i64| Some(case.basis + SignedDuration::from_hours(hours));
        let due = |hours: i64| case.due(Wait::Days(days), 1.0, floor(hours));
        prop_assert!(due(a.min(b)) <= due(a.max(b)));
        prop_assert!(floor(a) <= Some(due(a)));
    }

    #[test]
    fn a_due_moment_computed_again_stays(case in cases(), days in 1..20_u32, pace in paces()) {
        let due = case.due(Wait::Days(days), pace, None);
        prop_assert_eq!(case.due(Wait::Days(days), pace, None), due);
        prop_assert_eq!(case.due(Wait::Days(days), pace, Some(due)), due);
    }

    #[test]
    fn a_spread_stays_on_the_local_date_and_within_its_length(
        case in cases(), share in 0.0..1.0_f64, minutes in 0..600_i64,
    ) {
        let due = case.due(Wait::Days(1), 1.0, None);
        let length = SignedDuration::from_mins(minutes);
        let moved = spread(due, share, length, &case.person.zone);
        prop_assert_eq!(case.date(moved), case.date(due));
        prop_assert!(due <= moved && moved <= due + length);
    }

    /// The line is run against a clock that shows every minute.
    #[test]
    #[expect(clippy::unwrap_used, reason = "the line is good")]
    fn a_cron_line_matches_what_a_clock_shows(
        minute in 0..60_i8, hour in 0..24_i8, day in 1..29_i8, start in 0..500_i64, weekdays in 0..7_i8,
    ) {
        let base = DateTime::constant(2026, 1, 1, 0, 0, 0, 0);
        let after = base + SignedDuration::from_hours(start * 7);
        for (line, matches) in [
            (format!("{minute} {hour} * * *"), -1),
            (format!("{minute} {hour} {day} * *"), day),
            (format!("{minute} {hour} * * {weekdays}"), -1 - weekdays - 1),
        ] {
            let mut expect = after.with().minute(minute).hour(hour).second(0).build().unwrap();
            let fits = |at: DateTime| match matches {
                -1 => true,
                day if day > 0 => at.day() == day,
                weekday => at.weekday().to_sunday_zero_offset() == -2 - weekday,
            };
            while expect <= after || !fits(expect) {
                expect += SignedDuration::from_hours(24);
            }
            prop_assert_eq!(line.parse::<Cron>().unwrap().next_after(after), Some(expect), "{} after {}", line, after);
        }
    }
}
