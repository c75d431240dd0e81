//! The weekdays on which a person wants lessons.

use super::field::WEEKDAY;
use super::field::WEEKDAYS;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A set of weekdays, written as in a cron line: `Mon-Fri`, `Sat,Sun`, `Fri-Mon`, `1-5`. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weekdays {
    /// 0 is Sunday.
    days: BTreeSet<u8>,
}

impl Weekdays {
    /// "Monday to Friday", "Saturday and Sunday", "every day".
    pub fn in_words(&self) -> String {
        in_words(&self.days)
    }

    /// The days by their place in a week that begins on Monday, in order.
    pub fn days(&self) -> impl Iterator<Item = usize> {
        places(&self.days)
    }
}

impl FromStr for Weekdays {
    type Err = String;

    fn from_str(text: &str) -> Result<Weekdays, String> {
        let compact: String = text.split_whitespace().collect();
        let values = WEEKDAY.parse(&compact)?;
        Ok(Weekdays { days: values.unwrap_or_else(|| (0..7).collect()) })
    }
}

/// As a cron line's weekday field.
impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days.len() == 7 {
            return f.write_str("*");
        }
        let short: Vec<&str> = from_monday(&self.days).map(|day| &WEEKDAYS[usize::from(day)][..3]).collect();
        f.write_str(&short.join(","))
    }
}

/// Days by number, 0 for Sunday, by their place in a week that begins on Monday.
pub fn places(days: &BTreeSet<u8>) -> impl Iterator<Item = usize> {
    from_monday(days).map(|day| (usize::from(day) + 6) % 7)
}

/// Days by number, 0 for Sunday, as a person says them.
pub fn in_words(days: &BTreeSet<u8>) -> String {
    let names: Vec<&str> = from_monday(days).map(|day| WEEKDAYS[usize::from(day)]).collect();
    let [first, .., last] = names.as_slice() else { return names.concat() };
    if names.len() == 7 {
        return "every day".to_string();
    }
    let positions: Vec<u8> = from_monday(days).map(|day| (day + 6) % 7).collect();
    let one_run = positions.windows(2).all(|pair| pair[1] == pair[0] + 1);
    if one_run && names.len() > 2 {
        return format!("{first} to {last}");
    }
    format!("{} and {last}", names[..names.len() - 1].join(", "))
}

fn from_monday(days: &BTreeSet<u8>) -> impl Iterator<Item = u8> {
    [1, 2, 3, 4, 5, 6, 0].into_iter().filter(|day| days.contains(day))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::Weekdays;

    #[test]
    fn weekdays_are_names_or_numbers_and_wrap() {
        let table = [
            ("Mon-Fri", "Mon,Tue,Wed,Thu,Fri", "Monday to Friday"),
            ("1-5", "Mon,Tue,Wed,Thu,Fri", "Monday to Friday"),
            ("Sat,Sun", "Sat,Sun", "Saturday and Sunday"),
            ("Sat, Sun", "Sat,Sun", "Saturday and Sunday"),
            ("6-7", "Sat,Sun", "Saturday and Sunday"),
            ("0", "Sun", "Sunday"),
            ("7", "Sun", "Sunday"),
            ("Fri-Mon", "Mon,Fri,Sat,Sun", "Monday, Friday, Saturday and Sunday"),
            ("monday,WED", "Mon,Wed", "Monday and Wednesday"),
            ("0-7", "*", "every day"),
            ("*", "*", "every day"),
        ];
        for (text, stored, words) in table {
            let days: Weekdays = text.parse().unwrap();
            assert_eq!((days.to_string().as_str(), days.in_words().as_str()), (stored, words), "{text}");
            assert_eq!(days.to_string().parse::<Weekdays>().unwrap(), days, "{text}");
        }
        for text in ["", "8", "Mo", "Mon-", "Funday"] {
            assert!(text.parse::<Weekdays>().unwrap_err().starts_with("in the weekday field"), "{text}");
        }
    }
}
