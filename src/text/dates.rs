//! Dates and moments as people of a language write them.

use crate::text::fill;
use jiff::civil::Date;
use jiff::civil::DateTime;
use serde::Serialize;

/// How dates are written.
#[derive(Debug, Serialize)]
pub struct Dates {
    /// From Monday.
    pub weekdays: [&'static str; 7],
    /// From January, as they stand in a date.
    pub months: [&'static str; 12],
    /// `{weekday}`, `{day}`, `{month}`, `{year}`
    pub date: &'static str,
    /// With its year: `{day}`, `{month}`, `{year}`
    pub day_of_year: &'static str,
    /// `{date}`, `{time}`
    pub moment: &'static str,
}

impl Dates {
    /// A date without its year: what people look at lies close to today.
    pub fn date(&self, date: Date) -> String {
        self.written(self.date, date)
    }

    /// A date with its year and without its weekday: of what may lie years back.
    pub fn with_year(&self, date: Date) -> String {
        self.written(self.day_of_year, date)
    }

    fn written(&self, sentence: &str, date: Date) -> String {
        let weekday = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        let month = usize::from(date.month().unsigned_abs()).saturating_sub(1);
        let values = [
            ("weekday", self.weekdays.get(weekday).copied().unwrap_or_default()),
            ("day", &date.day().to_string()),
            ("month", self.months.get(month).copied().unwrap_or_default()),
            ("year", &date.year().to_string()),
        ];
        fill(sentence, &values)
    }

    pub fn moment(&self, at: DateTime) -> String {
        let time = at.strftime("%H:%M").to_string();
        fill(self.moment, &[("date", &self.date(at.date())), ("time", &time)])
    }
}

#[cfg(test)]
mod tests {
    use crate::text::words;
    use jiff::civil::date;

    #[test]
    fn dates_are_written_as_people_write_them() {
        let dates = &words("en").page.dates;
        assert_eq!(dates.date(date(2026, 3, 1)), "Sunday, 1 March");
        assert_eq!(dates.with_year(date(2024, 3, 1)), "1 March 2024");
        assert_eq!(words("pt").page.dates.with_year(date(2024, 3, 1)), "1 de março de 2024");
        assert_eq!(dates.moment(date(2026, 11, 23).at(8, 5, 0, 0)), "Monday, 23 November, 08:05");
    }
}
