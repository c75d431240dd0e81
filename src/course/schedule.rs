//! Reads when things leave: `[schedule]` of a course, `[newsletter]` of a newsletter. Doesn't compute any moment.

use crate::course::Audience;
use crate::course::Kind;
use crate::course::Late;
use crate::course::Newsletter;
use crate::course::Schedule;
use crate::course::names;
use crate::course::settings::Mention;
use crate::keys::Keys;
use crate::keys::date_meant;
use crate::timing;
use crate::timing::Cron;
use crate::timing::DateRange;
use crate::timing::Wait;
use jiff::SignedDuration;
use jiff::Span;
use jiff::civil;
use jiff::tz::TimeZone;
use jiff::tz::TimeZoneDatabase;
use std::ops::Range;
use toml::Spanned;

const WAIT_HELP: &str = "write a number and a unit, like \"2 days\" or \"36 hours\"";
const SEND_HELP: &str = "write five fields (minute hour day month weekday), like \"30 8 * * Mon-Fri\"";

/// What one of the two tables says.
pub struct Timing {
    /// Absent where it couldn't be read.
    pub schedule: Option<Schedule>,
    pub newsletter: Option<Newsletter>,
    /// Courses that `audience` names.
    pub audience: Vec<Mention>,
    /// No `issues`: each issue must have its own `date`.
    pub by_dates: bool,
    /// Where `send` stands.
    pub send: Option<Range<usize>>,
}

/// Reads the table that fits the kind, and reports the other one.
pub fn read(keys: &Keys<'_>, kind: Kind) -> Timing {
    let (schedule, newsletter) = (keys.table("schedule"), keys.table("newsletter"));
    match kind {
        Kind::Course => {
            if let Some(table) = newsletter {
                let help = "write kind = \"newsletter\", or [schedule] instead";
                keys.error(table.span(), "[newsletter] is only for kind = \"newsletter\"", help);
            }
            let send = schedule.as_ref().and_then(|table| Some(table.string("send")?.span()));
            let schedule = schedule.and_then(|table| course(&table));
            if !keys.has("schedule") {
                keys.error(keys.span(), "`schedule.wait` is missing", WAIT_HELP);
                keys.error(keys.span(), "`schedule.send` is missing", SEND_HELP);
            }
            Timing { schedule, newsletter: None, audience: Vec::new(), by_dates: false, send }
        }
        Kind::Newsletter => {
            if let Some(table) = schedule {
                let help = "write [newsletter] with `issues`, or a `date` in each issue";
                keys.error(table.span(), "[schedule] is only for kind = \"course\"", help);
            }
            match newsletter {
                Some(table) => issues(&table),
                None => by_dates(),
            }
        }
    }
}

fn course(keys: &Keys<'_>) -> Option<Schedule> {
    keys.missing("wait", WAIT_HELP);
    keys.missing("send", SEND_HELP);
    let wait = keys.parsed::<Wait>("wait", WAIT_HELP);
    let send = keys.parsed::<Cron>("send", SEND_HELP);
    let spread = duration(keys, "spread", "write a number and a unit, like \"20 min\"").unwrap_or_default();
    let skip = skip(keys);
    if let Some(send) = &send {
        endless(keys, send, &skip);
    }
    let starts = starts(keys);
    let late = names::one_of(keys, "late", &[("next", Late::Next), ("closed", Late::Closed)]).unwrap_or(Late::Next);
    let keep_dates = keys.boolean("keep_dates").is_some_and(Spanned::into_inner);
    if !keys.has("starts") {
        only_cohorts(keys, "late", late == Late::Closed);
        only_cohorts(keys, "keep_dates", keep_dates);
    }
    let (slowest, fastest) = pace(keys);
    keys.finish();
    let (wait, send) = (wait?.into_inner(), send?.into_inner());
    Some(Schedule { wait, send, spread, skip, starts, late, keep_dates, slowest, fastest })
}

fn only_cohorts(keys: &Keys<'_>, key: &str, set: bool) {
    if !set {
        return;
    }
    let at = keys.names().into_iter().find(|name| name.get_ref() == key).map_or(keys.span(), |name| name.span());
    let message = format!("`{}` is for a cohort, and `starts` isn't set", keys.path(key));
    keys.error(at, message, "write starts = 2027-01-11, or remove it");
}

fn duration(keys: &Keys<'_>, key: &str, help: &str) -> Option<SignedDuration> {
    let text = keys.string(key)?;
    match timing::parse_duration(text.get_ref(), false) {
        Ok(duration) => Some(duration),
        Err(error) => {
            keys.error(text.span(), format!("`{}`: {error}", keys.path(key)), help);
            None
        }
    }
}

fn skip(keys: &Keys<'_>) -> Vec<DateRange> {
    let mut ranges = Vec::new();
    for text in keys.strings("skip").map(Spanned::into_inner).unwrap_or_default() {
        match text.get_ref().parse() {
            Ok(range) => ranges.push(range),
            Err(error) => {
                let help = "write the first and the last date, like \"2026-12-24..2027-01-02\"";
                keys.error(text.span(), format!("`{}`: {error}", keys.path("skip")), help);
            }
        }
    }
    ranges
}

/// So long nobody waits for a lesson: what has no moment for these years has none at all.
const LONGEST_GAP_YEARS: i16 = 5;

/// Reports dates to skip that leave `send` no moment.
fn endless(keys: &Keys<'_>, send: &Spanned<Cron>, skip: &[DateRange]) {
    // By itself it may come too seldom: `dates.rs` says so.
    if let Some(first) = all_skipped(send.get_ref(), skip).filter(|_| !is_too_rare(send.get_ref())) {
        let at = keys.names().into_iter().find(|name| name.get_ref() == "skip").map_or(keys.span(), |name| name.span());
        let message =
            format!("`schedule.skip` leaves `schedule.send` no moment for {LONGEST_GAP_YEARS} years from {first}");
        keys.error(at, message, "shorten what is skipped: lessons would never come");
    }
}

/// Whether a line leaves more than [`LONGEST_GAP_YEARS`] between two moments. Weekdays and leap years come round in 28 years.
pub fn is_too_rare(send: &Cron) -> bool {
    (2000..2028).any(|year| {
        let begins = civil::date(year, 1, 1).at(0, 0, 0, 0);
        let last = civil::date(year + LONGEST_GAP_YEARS, 1, 1).at(0, 0, 0, 0);
        send.next_after(begins).is_none_or(|moment| moment > last)
    })
}

/// The first skipped date behind which a line has no moment left for [`LONGEST_GAP_YEARS`].
pub fn all_skipped(send: &Cron, skip: &[DateRange]) -> Option<civil::Date> {
    let stuck = skip.iter().find(|range| {
        let begins = range.first.at(0, 0, 0, 0);
        let Ok(last) = begins.checked_add(Span::new().years(LONGEST_GAP_YEARS)) else { return false };
        let mut at = begins;
        loop {
            match send.next_after(at).filter(|moment| *moment <= last) {
                None => return true,
                Some(moment) => match skip.iter().find(|range| range.contains(moment.date())) {
                    None => return false,
                    Some(range) => at = range.last.at(23, 59, 59, 0),
                },
            }
        }
    });
    stuck.map(|range| range.first)
}

fn starts(keys: &Keys<'_>) -> Option<civil::Date> {
    let help = |text: &str| match date_meant(text) {
        Some(meant) => format!("write starts = {}", meant.date()),
        None => "write a date without quotes, like 2027-01-11".to_string(),
    };
    let written = keys.datetime("starts", help)?;
    let moment = written.get_ref();
    if moment.date.is_none() && moment.time.is_none() {
        // Not a moment even for TOML, which said so.
        return None;
    }
    let only_date = if moment.time.is_none() && moment.offset.is_none() { moment.date } else { None };
    let date = only_date.and_then(|date| date.to_string().parse().ok());
    if date.is_none() {
        let help = "write a date alone, like 2027-01-11: the hour comes from `send`";
        keys.error(written.span(), "`schedule.starts` is no date", help);
    }
    date
}

/// What a pace may be at all: beyond it dates come that no calendar has.
const SLOWEST: f64 = 100.0;
const FASTEST: f64 = 0.01;

/// The bounds of a person's pace: three times slower and twice as fast, where nothing is said.
fn pace(keys: &Keys<'_>) -> (f64, f64) {
    let (mut slowest, mut fastest) = (3.0, 0.5);
    let Some(table) = keys.table("pace") else { return (slowest, fastest) };
    if let Some(number) = table.number("slowest") {
        slowest = *number.get_ref();
        if !(1.0..=SLOWEST).contains(&slowest) {
            let help = "it multiplies waits: 3.0 lets a person take three times as long";
            table.error(number.span(), format!("`schedule.pace.slowest` isn't from 1 to {SLOWEST}"), help);
        }
    }
    if let Some(number) = table.number("fastest") {
        fastest = *number.get_ref();
        if !(FASTEST..=1.0).contains(&fastest) {
            let help = "it multiplies waits: 0.5 lets a person take half as long";
            table.error(number.span(), format!("`schedule.pace.fastest` isn't from {FASTEST} to 1"), help);
        }
    }
    table.finish();
    (slowest, fastest)
}

const LATE_LIMIT: SignedDuration = SignedDuration::from_hours(24);

fn by_dates() -> Timing {
    let newsletter = Newsletter { issues: None, time_zone: None, late_limit: LATE_LIMIT, audience: None };
    Timing { schedule: stand_in(), newsletter: Some(newsletter), audience: Vec::new(), by_dates: true, send: None }
}

fn issues(keys: &Keys<'_>) -> Timing {
    let issues = keys.parsed::<Cron>("issues", "write five fields, like \"0 9 1 * *\"").map(Spanned::into_inner);
    let time_zone = time_zone(keys);
    let late_limit = duration(keys, "late_limit", "write a number and a unit, like \"24 hours\"").unwrap_or(LATE_LIMIT);
    let (audience, mentions) = audience(keys);
    keys.finish();
    let newsletter = Newsletter { issues, time_zone, late_limit, audience };
    let by_dates = !keys.has("issues");
    Timing { schedule: stand_in(), newsletter: Some(newsletter), audience: mentions, by_dates, send: None }
}

fn time_zone(keys: &Keys<'_>) -> Option<TimeZone> {
    let name = keys.text("time_zone")?;
    if name.get_ref() == "subscriber" {
        return None;
    }
    let zone = TimeZoneDatabase::bundled().get(name.get_ref()).ok();
    if zone.is_none() {
        let help = "write \"subscriber\", or a name like \"Europe/Berlin\"";
        keys.error(name.span(), format!("there is no time zone `{}`", name.get_ref()), help);
    }
    zone
}

fn audience(keys: &Keys<'_>) -> (Option<Audience>, Vec<Mention>) {
    let Some(text) = keys.text("audience") else { return (None, Vec::new()) };
    let place = |at| names::inside(keys.source(), &text.span(), text.get_ref(), at);
    match Audience::parse(text.get_ref()) {
        Err(fault) => {
            keys.error(place(fault.at), format!("`newsletter.audience`: {}", fault.message), fault.help);
            (None, Vec::new())
        }
        Ok(audience) => {
            let named = audience.courses().into_iter();
            let mentions =
                named.map(|part| Mention { course: part.course.clone(), at: place(part.at.clone()) }).collect();
            (Some(audience), mentions)
        }
    }
}

/// What the schedule of a newsletter, or of a course whose own has errors, is filled with; nothing reads it.
pub fn stand_in() -> Option<Schedule> {
    Some(Schedule {
        wait: Wait::Days(1),
        send: "0 8 * * *".parse().ok()?,
        spread: SignedDuration::ZERO,
        skip: Vec::new(),
        starts: None,
        late: Late::Next,
        keep_dates: false,
        slowest: 3.0,
        fastest: 0.5,
    })
}
