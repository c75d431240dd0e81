//! One field of a cron line: which values it allows, and what is wrong with it. Knows nothing of the other fields.

use std::collections::BTreeSet;

/// The values that a field allows; `None` is every value.
pub type Values = Option<BTreeSet<u8>>;

/// What may stand in a field.
pub struct Field {
    pub name: &'static str,
    first: u8,
    last: u8,
    /// Words for the values, the first for `first`.
    words: &'static [&'static str],
}

pub const MINUTE: Field = Field { name: "minute", first: 0, last: 59, words: &[] };
pub const HOUR: Field = Field { name: "hour", first: 0, last: 23, words: &[] };
pub const DAY: Field = Field { name: "day-of-month", first: 1, last: 31, words: &[] };
pub const MONTH: Field = Field { name: "month", first: 1, last: 12, words: &MONTHS };
/// 0 and 7 are both Sunday, as in crontab.
pub const WEEKDAY: Field = Field { name: "weekday", first: 0, last: 7, words: &WEEKDAYS };

pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Field {
    /// Lists, ranges and steps: `*`, `5`, `1-5`, `*/15`, `1-9/2`, `1,3,Fri`. Only weekdays wrap: `Fri-Mon`.
    ///
    /// # Errors
    /// A sentence that names the field.
    pub fn parse(&self, text: &str) -> Result<Values, String> {
        if text == "*" {
            return Ok(None);
        }
        let mut values = BTreeSet::new();
        for part in text.split(',') {
            values.extend(self.part(part)?);
        }
        let all = usize::from(self.wrap(self.last - self.first)) + 1;
        let full = if self.wraps() { 7 } else { all };
        Ok(if values.len() == full { None } else { Some(values) })
    }

    fn part(&self, part: &str) -> Result<Vec<u8>, String> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None if range == "*" => (self.first, if self.wraps() { 6 } else { self.last }),
            None if step.is_some() => {
                return Err(format!("in the {} field, the step in `{part}` needs `*` or a range before it", self.name));
            }
            None => (self.value(range)?, self.value(range)?),
        };
        if first > last && !self.wraps() {
            return Err(format!("in the {} field, `{range}` ends before it begins", self.name));
        }
        let end = if first > last { last + 7 } else { last };
        Ok((first..=end).step_by(step.unwrap_or(1)).map(|value| self.wrap(value)).collect())
    }

    fn step(&self, text: &str) -> Result<usize, String> {
        let step = text.parse().ok().filter(|step| *step > 0);
        step.ok_or_else(|| format!("in the {} field, the step `{text}` isn't a number from 1 up", self.name))
    }

    fn value(&self, text: &str) -> Result<u8, String> {
        let named = self.words.iter().position(|word| {
            word.eq_ignore_ascii_case(text) || text.len() == 3 && word[..3].eq_ignore_ascii_case(text)
        });
        if let Some(at) = named.and_then(|at| u8::try_from(at).ok()) {
            return Ok(self.first + at);
        }
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number.filter(|n| (self.first..=self.last).contains(n)).ok_or_else(|| {
            let name = self.words.get(1).map(|word| format!(" or a name like {}", &word[..3])).unwrap_or_default();
            format!("in the {} field, `{text}` isn't a number from {} to {}{name}", self.name, self.first, self.last)
        })
    }

    fn wraps(&self) -> bool {
        self.last == 7
    }

    fn wrap(&self, value: u8) -> u8 {
        if self.wraps() { value % 7 } else { value }
    }
}
