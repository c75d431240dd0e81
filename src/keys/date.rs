//! Reads a date as TOML writes it, and which one most likely was meant where it is written like a person would. Knows no
//! clock.

use crate::keys::Keys;
use crate::keys::Raw;
use jiff::civil::Date;
use jiff::civil::DateTime;
use toml::Spanned;
use toml::de::DeValue;
use toml::value::Datetime;

/// Ways to write a date that can be read in one way only.
const WRITTEN: [&str; 9] =
    ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%B %d %Y", "%b %d, %Y", "%b %d %Y"];

impl Keys<'_> {
    /// A date or date-time as TOML writes it, without quotes. `help` says how to write what was found instead.
    pub fn datetime(&self, key: &str, help: impl Fn(&str) -> String) -> Option<Spanned<Datetime>> {
        match self.raw(key)? {
            Raw::Override(text) => match text.parse() {
                Ok(value) => Some(Spanned::new(0..0, value)),
                Err(_) => self.wrong_override(key, "a date"),
            },
            Raw::File(DeValue::Datetime(value), span) => Some(Spanned::new(span, *value)),
            Raw::File(other, span) => {
                let help = help(other.as_str().unwrap_or_default());
                self.refused(key, "a date without quotes", other, span, help)
            }
        }
    }
}

/// The date that a text means, and its time where it has one.
pub fn meant(text: &str) -> Option<DateTime> {
    let text = text.trim().trim_end_matches('Z');
    let date = |text: &str| WRITTEN.iter().find_map(|format| Date::strptime(format, text).ok());
    if let Some(date) = date(text) {
        return Some(date.at(0, 0, 0, 0));
    }
    let behind = |(day, time): (&str, &str)| {
        let time = ["%H:%M:%S", "%H:%M"].iter().find_map(|format| jiff::civil::Time::strptime(format, time).ok())?;
        Some(date(day.trim().trim_end_matches(','))?.to_datetime(time))
    };
    text.rsplit_once(['T', ' ']).and_then(behind)
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn a_date_is_read_however_a_person_writes_it() {
        let check = |text, expect: &str| assert_eq!(meant(text).map(|it| it.to_string()).unwrap_or_default(), expect);
        check("1 April 2027", "2027-04-01T00:00:00");
        check("April 1, 2027", "2027-04-01T00:00:00");
        check("2027-04-01", "2027-04-01T00:00:00");
        check("2027-04-01 18:30", "2027-04-01T18:30:00");
        check("2027-04-01T18:30:00Z", "2027-04-01T18:30:00");
        check("1 Apr 2027, 18:30", "2027-04-01T18:30:00");
        check("01.04.2027", "2027-04-01T00:00:00");
        check("01/04/2027", "");
        check("soon", "");
    }
}
