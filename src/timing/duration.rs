//! Waits, spans of time and ranges of dates, as people write them. Knows no zone and no calendar rule.

use jiff::SignedDuration;
use jiff::civil::Date;
use std::fmt;
use std::str::FromStr;

/// No wait, spread or limit is longer.
const LONGEST_DAYS: i64 = 3_660;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// The time between the acceptance of a lesson and the next: elapsed hours, or local calendar days. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    Hours(u32),
    Days(u32),
}

/// Local dates, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    pub first: Date,
    pub last: Date,
}

/// A whole number and a unit: `min`, `hour(s)`, `day(s)`, `week(s)`, and `s` where `allow_seconds` says so. Zero is
/// good; a day counts 24 hours.
///
/// # Errors
/// A sentence that says what can't be read, for the person who wrote it.
pub fn parse_duration(text: &str, allow_seconds: bool) -> Result<SignedDuration, String> {
    let units = if allow_seconds { "s, min, hours, days or weeks" } else { "min, hours, days or weeks" };
    let (number, unit) = number_and_unit(text, units)?;
    let seconds = match unit {
        "s" if allow_seconds => 1,
        "min" => MINUTE,
        "hour" | "hours" => HOUR,
        "day" | "days" => DAY,
        "week" | "weeks" => WEEK,
        _ => return Err(unknown_unit(unit, units)),
    };
    within_longest(text, number, seconds).map(SignedDuration::from_secs)
}

impl DateRange {
    pub fn contains(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }
}

impl FromStr for Wait {
    type Err = String;

    fn from_str(text: &str) -> Result<Wait, String> {
        let units = "hours, days or weeks";
        let (number, unit) = number_and_unit(text, units)?;
        let seconds = match unit {
            "hour" | "hours" => HOUR,
            "day" | "days" => DAY,
            "week" | "weeks" => WEEK,
            "min" => return Err("a wait is at least an hour: it has no `min`".to_string()),
            _ => return Err(unknown_unit(unit, units)),
        };
        if number == 0 {
            return Err("a wait of 0 would send lessons all at once; the shortest is 1 hour".to_string());
        }
        let seconds = within_longest(text, number, seconds)?;
        let count = |unit: i64| u32::try_from(seconds / unit).map_err(|_| too_long(text));
        if unit.starts_with("hour") { count(HOUR).map(Wait::Hours) } else { count(DAY).map(Wait::Days) }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wait::Hours(1) => f.write_str("1 hour"),
            Wait::Hours(n) => write!(f, "{n} hours"),
            Wait::Days(1) => f.write_str("1 day"),
            Wait::Days(n) => write!(f, "{n} days"),
        }
    }
}

impl FromStr for DateRange {
    type Err = String;

    fn from_str(text: &str) -> Result<DateRange, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (date(first)?, date(last)?);
        if last < first {
            return Err(format!("`{}` ends before it begins", text.trim()));
        }
        Ok(DateRange { first, last })
    }
}

impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}..{}", self.first, self.last) }
    }
}

fn number_and_unit<'t>(text: &'t str, units: &str) -> Result<(i64, &'t str), String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    if digits.is_empty() || unit.trim().is_empty() || unit.starts_with(['.', ',']) {
        return Err(format!("`{text}` isn't a whole number and a unit ({units})"));
    }
    let number = digits.parse().map_err(|_| too_long(text))?;
    Ok((number, unit.trim_start()))
}

fn within_longest(text: &str, number: i64, unit_seconds: i64) -> Result<i64, String> {
    number.checked_mul(unit_seconds).filter(|seconds| *seconds <= LONGEST_DAYS * DAY).ok_or_else(|| too_long(text))
}

fn too_long(text: &str) -> String {
    format!("`{}` is longer than {LONGEST_DAYS} days", text.trim())
}

fn unknown_unit(unit: &str, units: &str) -> String {
    format!("`{unit}` isn't a unit of time here; write {units}")
}

fn date(text: &str) -> Result<Date, String> {
    let text = text.trim();
    // jiff reads more than a calendar date; a skip has no hour and no zone.
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let parsed = if plain { text.parse().ok() } else { None };
    parsed.ok_or_else(|| format!("`{text}` isn't a date like 2026-12-24"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::DateRange;
    use super::Wait;
    use super::parse_duration;
    use jiff::SignedDuration;
    use jiff::civil::date;

    #[test]
    fn a_wait_is_whole_hours_days_or_weeks() {
        let good = [
            ("1 hour", Wait::Hours(1)),
            ("36 hours", Wait::Hours(36)),
            ("1 day", Wait::Days(1)),
            ("2 days", Wait::Days(2)),
            (" 3  days ", Wait::Days(3)),
            ("1 week", Wait::Days(7)),
            ("2 weeks", Wait::Days(14)),
        ];
        for (text, wait) in good {
            assert_eq!(text.parse(), Ok(wait), "{text}");
        }
        let bad = [
            ("0 days", "a wait of 0"),
            ("20 min", "at least an hour"),
            ("2 d", "isn't a unit"),
            ("2", "whole number and a unit"),
            ("", "whole number and a unit"),
            ("two days", "whole number and a unit"),
            ("-1 days", "whole number and a unit"),
            ("1.5 days", "isn't a whole number"),
            ("99999999999999999999 days", "longer than"),
            ("600 weeks", "longer than"),
        ];
        for (text, part) in bad {
            let error = text.parse::<Wait>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_duration_may_be_zero_and_has_seconds_only_where_allowed() {
        assert_eq!(parse_duration("20 min", false), Ok(SignedDuration::from_mins(20)));
        assert_eq!(parse_duration("0 min", false), Ok(SignedDuration::ZERO));
        assert_eq!(parse_duration("24 hours", false), Ok(SignedDuration::from_hours(24)));
        assert_eq!(parse_duration("1 week", false), Ok(SignedDuration::from_hours(168)));
        assert_eq!(parse_duration("10s", true), Ok(SignedDuration::from_secs(10)));
        assert!(parse_duration("10 s", false).unwrap_err().contains("isn't a unit"));
        assert!(parse_duration("min", false).unwrap_err().contains("whole number and a unit"));
    }

    #[test]
    fn a_range_of_dates_includes_both_ends() {
        let range: DateRange = "2026-12-24..2027-01-02".parse().unwrap();
        assert_eq!(range, DateRange { first: date(2026, 12, 24), last: date(2027, 1, 2) });
        assert!(range.contains(date(2026, 12, 24)) && range.contains(date(2027, 1, 2)));
        assert!(!range.contains(date(2026, 12, 23)) && !range.contains(date(2027, 1, 3)));
        assert_eq!("2026-05-01".parse::<DateRange>().unwrap().to_string(), "2026-05-01");
        assert!("2027-01-02..2026-12-24".parse::<DateRange>().unwrap_err().contains("ends before it begins"));
        for text in ["2026-02-30", "24.12.2026", "2026-12-24T09:00:00", "2026-12-24..", ""] {
            assert!(text.parse::<DateRange>().unwrap_err().contains("isn't a date like"), "{text}");
        }
    }
}
