//! What an imported issue is called and when it appeared, by its file's name and what its head says. Knows no file.

use crate::course::is_id;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use unicode_normalization::UnicodeNormalization as _;

/// Where a head says only the day.
const HOUR: i8 = 9;
/// Characters of a name that stands in links.
const LONGEST: usize = 80;

/// A file's name without its date, and the date: `2024-01-05-some-title` or `2024-01-05`.
pub fn dated(stem: &str) -> (Option<DateTime>, &str) {
    let date = stem.get(..10).and_then(|text| text.parse::<Date>().ok());
    let rest = stem.get(10..).filter(|rest| rest.is_empty() || rest.starts_with(['-', '_', ' ']));
    match (date, rest) {
        (Some(date), Some(rest)) => (Some(date.at(HOUR, 0, 0, 0)), rest.trim_start_matches(['-', '_', ' '])),
        _ => (None, stem),
    }
}

/// The local moment that a text names, to the second: of one with an offset the hour in `zone`.
pub fn moment(text: &str, zone: &TimeZone) -> Option<DateTime> {
    let text = text.trim().replace(" +", "+").replace(" -", "-").replace(" Z", "Z").replace(" UTC", "Z");
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        return Some(date.at(HOUR, 0, 0, 0));
    }
    let moment = match text.parse::<Timestamp>() {
        Ok(instant) => instant.to_zoned(zone.clone()).datetime(),
        Err(_) => text.parse::<DateTime>().ok()?,
    };
    moment.with().subsec_nanosecond(0).build().ok()
}

/// A text as an id; empty where nothing of it can stand in one.
pub fn id(text: &str) -> String {
    let mut id = String::new();
    for c in text.nfkd().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => id.push(c),
            'ß' => id.push_str("ss"),
            // An accent, and the apostrophe of "it's".
            '\u{300}'..='\u{36f}' | '\'' | '’' => {}
            _ if id.is_empty() || id.ends_with('-') => {}
            _ => id.push('-'),
        }
    }
    id.truncate(LONGEST);
    let id = id.trim_end_matches('-').to_string();
    if is_id(&id) { id } else { String::new() }
}

/// A file's name as a subject, where nothing else is said.
pub fn subject(stem: &str) -> String {
    let words = stem.replace(['-', '_'], " ");
    let mut chars = words.trim().chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_other_programs_write_it() {
        let paris = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC);
        let check = |text: &str, expect: &str| {
            let found = moment(text, &paris).map(|moment| moment.to_string()).unwrap_or_default();
            assert_eq!(found, expect, "{text}");
        };
        check("2024-01-05", "2024-01-05T09:00:00");
        check("2024-01-05 10:30", "2024-01-05T10:30:00");
        check("2024-01-05T10:30:15", "2024-01-05T10:30:15");
        check("2024-01-05T10:30:15Z", "2024-01-05T11:30:15");
        check("2024-01-05T10:30:15.123Z", "2024-01-05T11:30:15");
        check("2024-01-05 10:30:15 +0200", "2024-01-05T09:30:15");
        check("2024-07-05T10:30:15-05:00", "2024-07-05T17:30:15");
        check("2024-07-05 10:30:00 UTC", "2024-07-05T12:30:00");
        check("5 January 2024", "");
        check("2024-13-05", "");
        check("true", "");
    }

    #[test]
    fn a_name_is_an_id_without_its_date() {
        let check = |stem: &str, date: Option<&str>, expect: &str| {
            let (found, rest) = dated(stem);
            assert_eq!((found.map(|it| it.date().to_string()).as_deref(), id(rest).as_str()), (date, expect), "{stem}");
        };
        check("2024-01-05-some-title", Some("2024-01-05"), "some-title");
        check("2024-01-05_Été à l'eau", Some("2024-01-05"), "ete-a-leau");
        check("2024-01-05", Some("2024-01-05"), "");
        check("2024-01-055", None, "2024-01-055");
        check("2024-13-05-x", None, "2024-13-05-x");
        check("Größe & mehr!", None, "grosse-mehr");
        check("שלום", None, "");
        assert_eq!(id(&"a-".repeat(60)).len(), 79);
        assert_eq!(subject("some-old_title"), "Some old title");
    }
}
