//! A five-field cron line over civil time. The one file that knows the cron crate, which is never given a zone: at a
//! change of the clock it would skip some moments and double others.

use super::field;
use super::field::Values;
use super::weekdays;
use super::weekdays::Weekdays;
use super::words;
use chrono::Datelike as _;
use chrono::TimeZone as _;
use chrono::Timelike as _;
use jiff::civil;
use std::str::FromStr;

/// A cron line that has at least one moment. Day-of-month and weekday must both match, unlike in crontab.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    fields: [Values; 5],
    schedule: cron::Schedule,
}

impl Cron {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// "at 08:30, Monday to Friday".
    pub fn in_words(&self) -> String {
        words::describe(&self.fields)
    }

    /// The times of the day, when there are few enough to be named.
    pub fn times(&self) -> Option<Vec<civil::Time>> {
        let (Some(minutes), Some(hours)) = (&self.fields[0], &self.fields[1]) else { return None };
        let named = minutes.len() * hours.len() <= words::MOST_TIMES;
        let pairs = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (*hour, *minute)));
        let time = |(hour, minute): (u8, u8)| civil::Time::new(hour.cast_signed(), minute.cast_signed(), 0, 0).ok();
        pairs.filter(|_| named).map(time).collect::<Option<Vec<_>>>().filter(|times| !times.is_empty())
    }

    /// The weekdays, by their place in a week that begins on Monday; none where every day fits.
    pub fn weekdays(&self) -> Vec<usize> {
        self.fields[4].iter().flat_map(weekdays::places).collect()
    }

    /// The first moment after `after`, both by the clock on the wall; `None` when there is none up to the year 2100.
    pub fn next_after(&self, after: civil::DateTime) -> Option<civil::DateTime> {
        // UTC is only the carrier: no zone, so nothing is skipped and nothing comes twice.
        let carrier = chrono::Utc
            .with_ymd_and_hms(
                after.year().into(),
                after.month().unsigned_abs().into(),
                after.day().unsigned_abs().into(),
                after.hour().unsigned_abs().into(),
                after.minute().unsigned_abs().into(),
                after.second().unsigned_abs().into(),
            )
            .single()?;
        let next = self.schedule.after(&carrier).next()?;
        civil::DateTime::new(
            i16::try_from(next.year()).ok()?,
            i8::try_from(next.month()).ok()?,
            i8::try_from(next.day()).ok()?,
            i8::try_from(next.hour()).ok()?,
            i8::try_from(next.minute()).ok()?,
            0,
            0,
        )
        .ok()
    }

    /// The same days at one time of the day: a person's own hour.
    ///
    /// # Errors
    /// None that a good line can cause; the sentence is the parser's.
    pub fn with_time(&self, time: civil::Time) -> Result<Cron, String> {
        let [_, _, day, month, weekday] = self.words();
        format!("{} {} {day} {month} {weekday}", time.minute(), time.hour()).parse()
    }

    /// The same line on a person's own weekdays.
    ///
    /// # Errors
    /// As of [`Cron::with_time`].
    pub fn with_weekdays(&self, weekdays: &Weekdays) -> Result<Cron, String> {
        let [minute, hour, day, month, _] = self.words();
        format!("{minute} {hour} {day} {month} {weekdays}").parse()
    }

    fn words(&self) -> [&str; 5] {
        let mut words = self.text.split_whitespace();
        std::array::from_fn(|_| words.next().unwrap_or("*"))
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Cron) -> bool {
        self.fields == other.fields
    }
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Cron, String> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts.as_slice() else {
            let found = parts.len();
            let fields = if found == 1 { "field" } else { "fields" };
            return Err(format!(
                "`{text}` has {found} {fields}, and five are needed: minute, hour, day-of-month, month, weekday"
            ));
        };
        let fields = [
            field::MINUTE.parse(minute)?,
            field::HOUR.parse(hour)?,
            field::DAY.parse(day)?,
            field::MONTH.parse(month)?,
            field::WEEKDAY.parse(weekday)?,
        ];
        let unreadable = |_| format!("`{text}` can't be read as a cron line");
        let schedule = carried(&fields).parse().map_err(unreadable)?;
        let line = Cron { text: parts.join(" "), fields, schedule };
        match line.next_after(civil::DateTime::constant(2000, 1, 1, 0, 0, 0, 0)) {
            Some(_) => Ok(line),
            None => Err(format!("`{text}` has no moment at all: no month has that day")),
        }
    }
}

/// The line as the cron crate reads it: seconds first, and Sunday is 1.
fn carried(fields: &[Values; 5]) -> String {
    let mut line = "0".to_string();
    for (at, values) in fields.iter().enumerate() {
        let first_weekday = u8::from(at == 4);
        let list = values.as_ref().map_or("*".to_string(), |values| {
            let numbers: Vec<String> = values.iter().map(|value| (value + first_weekday).to_string()).collect();
            numbers.join(",")
        });
        line.push(' ');
        line.push_str(&list);
    }
    line
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::Cron;
    use jiff::civil::DateTime;

    #[test]
    fn moments_follow_the_line_by_the_clock_on_the_wall() {
        let table = [
            ("30 8 * * *", "2026-03-28T08:30:00", "2026-03-29T08:30:00"),
            ("30 8 * * *", "2026-03-28T08:29:59", "2026-03-28T08:30:00"),
            ("30 8 * * Mon-Fri", "2026-03-27T09:00:00", "2026-03-30T08:30:00"),
            ("30 8 * * 1-5", "2026-03-27T09:00:00", "2026-03-30T08:30:00"),
            ("0 9 * * 0", "2026-03-27T09:00:00", "2026-03-29T09:00:00"),
            ("0 9 * * 7", "2026-03-27T09:00:00", "2026-03-29T09:00:00"),
            ("0 9 * * Fri-Mon", "2026-03-30T09:00:00", "2026-04-03T09:00:00"),
            ("0 9 1 * *", "2026-01-31T10:00:00", "2026-02-01T09:00:00"),
            ("0 9 31 * *", "2026-03-31T10:00:00", "2026-05-31T09:00:00"),
            ("0 9 13 * Fri", "2026-01-01T00:00:00", "2026-02-13T09:00:00"),
            ("0 9 29 2 *", "2026-01-01T00:00:00", "2028-02-29T09:00:00"),
            ("*/20 6-7 * * *", "2026-01-01T06:40:00", "2026-01-01T07:00:00"),
            ("0 9 * Jan,Jul *", "2026-02-01T00:00:00", "2026-07-01T09:00:00"),
            ("0 0 * * *", "2026-12-31T00:00:00", "2027-01-01T00:00:00"),
        ];
        for (line, after, next) in table {
            let after: DateTime = after.parse().unwrap();
            assert_eq!(line.parse::<Cron>().unwrap().next_after(after), next.parse().ok(), "{line} after {after}");
        }
    }

    #[test]
    fn a_bad_line_is_one_sentence_that_names_the_field() {
        let table = [
            ("30 8 * *", "has 4 fields"),
            ("0 30 8 * * Mon", "has 6 fields"),
            ("@daily", "has 1 field,"),
            ("60 8 * * *", "in the minute field, `60` isn't a number from 0 to 59"),
            ("0 25 * * *", "in the hour field, `25`"),
            ("0 8 0 * *", "in the day-of-month field, `0`"),
            ("0 8 L * *", "in the day-of-month field, `L`"),
            ("0 8 * 13 *", "in the month field, `13` isn't a number from 1 to 12 or a name like Feb"),
            ("0 8 * * 8", "in the weekday field, `8` isn't a number from 0 to 7 or a name like Mon"),
            ("0 8 * * Mo", "in the weekday field, `Mo`"),
            ("0 8 ? * *", "in the day-of-month field, `?`"),
            ("0 8-6 * * *", "in the hour field, `8-6` ends before it begins"),
            ("*/0 8 * * *", "in the minute field, the step `0`"),
            ("5/10 8 * * *", "in the minute field, the step in `5/10` needs"),
            ("0,,5 8 * * *", "in the minute field, ``"),
            ("0 8 31 2 *", "has no moment at all"),
            ("0 8 30 Feb Mon", "has no moment at all"),
        ];
        for (line, part) in table {
            let error = line.parse::<Cron>().unwrap_err();
            assert!(error.contains(part) && !error.contains('\n'), "{line}: {error}");
        }
    }

    #[test]
    fn a_person_changes_the_hour_or_the_weekdays_and_nothing_else() {
        let line: Cron = "0,30 8-9 * 3 Mon-Fri".parse().unwrap();
        let time = "07:15:00".parse().unwrap();
        assert_eq!(line.with_time(time).unwrap().as_str(), "15 7 * 3 Mon-Fri");
        let weekdays = "Sat,Sun".parse().unwrap();
        assert_eq!(line.with_weekdays(&weekdays).unwrap().as_str(), "0,30 8-9 * 3 Sat,Sun");
    }
}
