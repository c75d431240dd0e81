//! Why a mail comes when it comes, as its reader is told: the journal's sentence, which says every rule to the minute, in
//! fewer and kinder words of the reader's language.

use crate::text::Dates;
use crate::text::fill;
use jiff::civil::Date;
use serde::Serialize;

/// The sentences. Each begins small, for it stands behind a date.
#[derive(Debug, Serialize)]
pub struct Reasons {
    pub hours_one: &'static str,
    /// `{count}`
    pub hours: &'static str,
    pub days_one: &'static str,
    /// `{count}`
    pub days: &'static str,
    pub weeks_one: &'static str,
    /// `{count}`
    pub weeks: &'static str,
    /// `{wait}`
    pub waited: &'static str,
    /// `{wait}`
    pub waited_at_pace: &'static str,
    pub first: &'static str,
    pub cohort: &'static str,
    pub fixed: &'static str,
    pub fixed_passed: &'static str,
    pub again: &'static str,
    pub stage: &'static str,
    pub now: &'static str,
    pub issue: &'static str,
    /// `{date}`
    pub taken: &'static str,
    /// `{date}`
    pub skipped: &'static str,
    /// `{first}`, `{last}`
    pub skipped_span: &'static str,
}

impl Reasons {
    /// Nothing for a rule that says nothing to a reader.
    pub fn of(&self, dates: &Dates, why: &str) -> String {
        let mut parts = why.split("; ");
        let head = parts.next().unwrap_or_default();
        let notes = parts.filter_map(|note| self.note(dates, note));
        let told: Vec<String> = self.head(head).into_iter().chain(notes).collect();
        told.join("; ")
    }

    fn head(&self, head: &str) -> Option<String> {
        let rule = head.split(", next ").next().unwrap_or_default();
        if let Some(wait) = rule.strip_suffix(" after the previous lesson") {
            return self.waited(wait);
        }
        let said = match rule {
            "you asked for the next lesson now" => self.now,
            "you asked for it again" => self.again,
            "the stage begins" => self.stage,
            "fixed date" => self.fixed,
            _ if rule.starts_with("first lesson of the cohort") => self.cohort,
            _ if rule.starts_with("first lesson") => self.first,
            _ if rule.starts_with("fixed date ") => self.fixed_passed,
            _ if rule.starts_with("issue of ") => self.issue,
            _ => return None,
        };
        Some(said.to_string())
    }

    /// Of `2 days` or `2 days × 1.5`.
    fn waited(&self, wait: &str) -> Option<String> {
        let (wait, pace) = wait.split_once(" × ").map_or((wait, None), |(wait, pace)| (wait, Some(pace)));
        let (count, unit) = wait.split_once(' ')?;
        let count: f64 = count.parse().ok()?;
        let days = if unit.starts_with("week") { count * 7.0 } else { count };
        // Whole days, as the rule rounds them.
        let (one, many, count) = match (unit, pace.and_then(|pace| pace.parse::<f64>().ok())) {
            ("hour" | "hours", pace) => (self.hours_one, self.hours, count * pace.unwrap_or(1.0)),
            ("week" | "weeks", None) => (self.weeks_one, self.weeks, count),
            (_, pace) => (self.days_one, self.days, (days * pace.unwrap_or(1.0) - 1e-9).ceil().max(1.0)),
        };
        let wait = if count == 1.0 { one.to_string() } else { fill(many, &[("count", &count.to_string())]) };
        let sentence = if pace.is_some() { self.waited_at_pace } else { self.waited };
        Some(fill(sentence, &[("wait", &wait)]))
    }

    fn note(&self, dates: &Dates, note: &str) -> Option<String> {
        let date = |text: &str| text.parse::<Date>().ok().map(|date| dates.date(date));
        if let Some(taken) = note.strip_suffix(" has its lesson") {
            return Some(fill(self.taken, &[("date", &date(taken)?)]));
        }
        let skipped = note.strip_suffix(" skipped")?;
        match skipped.split_once(" to ") {
            Some((first, last)) => Some(fill(self.skipped_span, &[("first", &date(first)?), ("last", &date(last)?)])),
            None => Some(fill(self.skipped, &[("date", &date(skipped)?)])),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::text::words;

    #[test]
    fn a_reader_is_told_what_concerns_them() {
        let page = &words("en").page;
        let check = |why: &str, expect: &str| assert_eq!(page.reasons.of(&page.dates, why), expect, "{why}");
        check("2 days after the previous lesson, next at 08:30, Monday to Friday", "2 days after the lesson before it");
        check("1 day after the previous lesson, next at 08:30, every day", "a day after the lesson before it");
        check(
            "2 days × 1.5 after the previous lesson, next at 08:30, every day",
            "3 days after the lesson before it, at your pace",
        );
        check(
            "1 week × 0.5 after the previous lesson, next at 08:30, every day",
            "4 days after the lesson before it, at your pace",
        );
        check("36 hours after the previous lesson", "36 hours after the lesson before it");
        check("issue of 2026-12-01 09:00, Europe/Paris", "an issue has a date of its own");
        check("fixed date 2026-03-02 09:00 had already passed, next at 08:30, every day", "its own date had passed");
        check(
            "2 weeks after the previous lesson, next at 08:30, every day; 2026-12-24 to 2026-12-26 skipped; 2026-12-27 has its lesson; not before 2026-12-28 00:00",
            "2 weeks after the lesson before it; no mails from Thursday, 24 December to Saturday, 26 December; Sunday, 27 December has its mail already",
        );
        check("you are back after a pause: a short mail first, next at 08:30", "");
    }
}
