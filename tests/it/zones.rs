//! For each of two years and every zone in the bundled data, a daily course sends exactly once per local day; and the
//! zone of the machine changes nothing.

use dripline::timing::Basis;
use dripline::timing::Cron;
use dripline::timing::Person;
use dripline::timing::Rules;
use dripline::timing::Wait;
use dripline::timing::next_due;
use dripline::timing::resolve;
use dripline::timing::zone;
use dripline::timing::zone_names;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::Command;

const FIRST: Date = date(2026, 1, 1);
const LAST: Date = date(2027, 12, 31);

#[test]
fn a_daily_course_sends_once_per_local_day_in_every_zone() {
    let names = zone_names();
    assert!(names.len() > 500, "the bundled data has only {} zones", names.len());
    let zones: Vec<TimeZone> = distinct(&names).into_values().collect();
    let sends = ["30 2 * * *", "0 0 * * *", "30 8 * * *"];
    std::thread::scope(|scope| {
        for half in zones.chunks(zones.len().div_ceil(2)) {
            scope.spawn(move || {
                for (zone, line) in half.iter().flat_map(|zone| sends.iter().map(move |line| (zone, line))) {
                    sends_once_per_local_day(zone, &line.parse().unwrap());
                }
            });
        }
    });
}

#[test]
fn a_date_that_a_zone_skips_gets_nothing_and_its_neighbours_one_each() {
    let apia = zone("Pacific/Apia").unwrap();
    for line in ["30 2 * * *", "0 0 * * *", "30 8 * * *", "59 23 * * *"] {
        let send = line.parse().unwrap();
        let sent = daily(&apia, &send, date(2011, 12, 27), date(2012, 1, 2));
        let days: Vec<i8> = sent.iter().map(|date| date.day()).collect();
        assert_eq!(days, [27, 28, 29, 31, 1, 2], "{line}");
    }
}

#[test]
fn the_zone_of_the_machine_changes_no_plan() {
    for server in ["Pacific/Kiritimati", "America/St_Johns", "Europe/Berlin"] {
        let plans = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "plans::every_golden_plan_comes_out_as_written"])
            .env("TZ", server)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&plans.stdout).into_owned();
        assert!(plans.status.success() && said.contains("1 passed"), "TZ={server}: {said}");
    }
}

fn sends_once_per_local_day(zone: &TimeZone, send: &Cron) {
    let sent = daily(zone, send, FIRST, LAST);
    let mut expect = Vec::new();
    let mut day = FIRST;
    while day <= LAST {
        expect.push(day);
        day = day.tomorrow().unwrap();
    }
    let name = zone.iana_name().unwrap_or_default();
    let wrong = expect.iter().zip(&sent).find(|(expect, sent)| expect != sent);
    assert_eq!(wrong, None, "{name}, {}", send.as_str());
    assert_eq!(sent.len(), expect.len(), "{name}, {}", send.as_str());
}

/// The local dates of a course that waits one day, step by step from the basis before `first`.
fn daily(zone: &TimeZone, send: &Cron, first: Date, last: Date) -> Vec<Date> {
    let person = Person { zone: zone.clone(), hour: None, weekdays: None, pace: 1.0 };
    let spread = SignedDuration::ZERO;
    let rules = Rules { wait: Wait::Days(1), send, own_send: false, spread, skip: &[], fixed: None, starts: None };
    let mut basis = resolve(first.yesterday().unwrap().at(0, 0, 0, 0), zone);
    let mut sent: Vec<Date> = Vec::new();
    let mut used = BTreeSet::new();
    loop {
        let due = next_due(&rules, Basis::Accepted(basis), None, &person, &used).unwrap();
        assert!(due.instant > basis);
        basis = due.instant;
        let date = zone.to_datetime(basis).date();
        if date > last {
            return sent;
        }
        used.insert(date);
        sent.push(date);
    }
}

/// One zone for each way in which clocks run over the years looked at: most names share theirs with others.
fn distinct(names: &[String]) -> BTreeMap<Vec<(Timestamp, i32)>, TimeZone> {
    let start = resolve(FIRST.at(0, 0, 0, 0), &TimeZone::UTC) - SignedDuration::from_hours(72);
    let end = resolve(LAST.at(0, 0, 0, 0), &TimeZone::UTC) + SignedDuration::from_hours(96);
    let mut distinct = BTreeMap::new();
    for name in names {
        let zone = zone(name).unwrap();
        let mut clock = vec![(start, zone.to_offset(start).seconds())];
        let changes = zone.following(start).take_while(|change| change.timestamp() < end);
        clock.extend(changes.map(|change| (change.timestamp(), change.offset().seconds())));
        distinct.insert(clock, zone);
    }
    distinct
}
