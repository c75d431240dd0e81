//! What happens to everybody: courses and their edits, days on which nothing leaves, clocks that are set back.

use crate::simulation::chance::Chance;
use crate::simulation::draft::Draft;
use crate::simulation::edits;
use dripline::course::Course;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub const ZONES: [&str; 12] = [
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kolkata",
    "America/St_Johns",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
    "America/New_York",
    "Europe/Berlin",
    "America/Santiago",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Shanghai",
];

/// After an outage nobody waits longer for their turn.
pub const LONGEST_QUEUE: SignedDuration = SignedDuration::from_mins(90);

pub struct World {
    pub start: Timestamp,
    pub end: Timestamp,
    /// Each course's versions, by when they came into force.
    pub courses: Vec<Vec<Version>>,
    pub outages: Vec<(Timestamp, Timestamp)>,
    /// When the clock is set back, and by how much.
    pub set_back: Vec<(Timestamp, SignedDuration)>,
}

pub struct Version {
    pub from: Timestamp,
    pub draft: Draft,
    pub course: Course,
}

impl World {
    pub fn random(seed: u64, days: i64) -> World {
        let mut chance = Chance::new(seed, 1);
        let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let start = first + hours(24 * chance.between(0, 420));
        let end = start + hours(24 * days);
        let courses = (0..10).map(|n| versions(&mut chance, n, start, end)).collect();
        let mut outages = Vec::new();
        let mut at = start + hours(chance.between(24, 400));
        while at < end {
            let length = if chance.one_in(3) { chance.between(20, 9 * 24) } else { chance.between(1, 12) };
            outages.push((at, at + hours(length)));
            at += hours(length + chance.between(100, 1200));
        }
        let jump = |chance: &mut Chance| {
            (start + hours(chance.between(24, 24 * days)), SignedDuration::from_mins(chance.between(1, 180)))
        };
        let mut set_back: Vec<_> = (0..days / 60).map(|_| jump(&mut chance)).collect();
        set_back.sort();
        World { start, end, courses, outages, set_back }
    }

    /// When what is due at `at` can be taken up; `late`: this person's place in the queue after an outage.
    pub fn opens(&self, at: Timestamp, late: SignedDuration) -> Timestamp {
        let outage = self.outages.iter().find(|(from, until)| *from <= at && at < *until);
        outage.map_or(at, |(_, until)| *until + late)
    }

    /// Whether so late a mail has its excuse.
    pub fn excuses(&self, due: Timestamp, sent: Timestamp) -> bool {
        self.outages.iter().any(|(from, until)| *from <= sent && due <= *until + LONGEST_QUEUE)
    }
}

pub fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

pub fn utc_date(instant: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(instant).date()
}

fn versions(chance: &mut Chance, n: usize, start: Timestamp, end: Timestamp) -> Vec<Version> {
    let mut draft = Draft::random(chance, &format!("c{n}"), utc_date(start));
    let mut versions = vec![Version { from: Timestamp::MIN, course: draft.course(), draft: draft.clone() }];
    let mut at = start + SignedDuration::from_secs(chance.between(0, 30 * 86_400));
    while !n.is_multiple_of(3) && at < end {
        draft = edits::edited(&draft, chance, utc_date(at));
        versions.push(Version { from: at, course: draft.course(), draft: draft.clone() });
        at += SignedDuration::from_secs(chance.between(3600, 40 * 86_400));
    }
    versions
}
