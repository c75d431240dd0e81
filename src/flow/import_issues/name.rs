//! What an imported issue is called and when it appeared, by its file's name and what its head says. Knows no file.

use crate::course::is_id;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::Time;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use unicode_normalization::UnicodeNormalization as _;

/// Where a head says only the day.
const HOUR: i8 = 9;
/// Characters of a name that stands in links.
const LONGEST: usize = 80;

/// How days are written, besides 2024-01-05.
const DAYS: [&str; 8] =
    ["%Y-%m-%d", "%Y/%m/%d", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%a, %d %b %Y", "%a %b %d %Y"];
const TIMES: [&str; 2] = [" %H:%M:%S", " %H:%M"];

/// A file's name without its date, and the date: `2024-01-05-some-title`, `20240105_103000_some-title` or `2024-01-05`.
pub fn dated(stem: &str) -> (Option<DateTime>, &str) {
    let separators = ['-', '_', ' '];
    for length in [10, 8] {
        let date = stem.get(..length).and_then(|text| text.parse::<Date>().ok());
        let rest = stem.get(length..).filter(|rest| rest.is_empty() || rest.starts_with(separators));
        let (Some(date), Some(rest)) = (date, rest) else { continue };
        let rest = rest.trim_start_matches(separators);
        let (time, after) = rest.split_once('_').unwrap_or((rest, ""));
        let is_time = length == 8 && time.len() == 6;
        return match Time::strptime("%H%M%S", time).ok().filter(|_| is_time) {
            Some(time) => (Some(date.to_datetime(time)), after.trim_start_matches(separators)),
            None => (Some(date.at(HOUR, 0, 0, 0)), rest),
        };
    }
    (None, stem)
}

/// The local moment that a text names, to the second: of one with an offset the hour in `zone`.
pub fn moment(text: &str, zone: &TimeZone) -> Option<DateTime> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let joined = text.replace(" +", "+").replace(" -", "-").replace(" Z", "Z").replace(" UTC", "Z");
    if let Some(date) = joined.parse::<Date>().ok().filter(|_| matches!(joined.len(), 8 | 10)) {
        return Some(date.at(HOUR, 0, 0, 0));
    }
    let instant = joined.parse::<Timestamp>().ok().or_else(|| Some(rfc2822::parse(&text).ok()?.timestamp()));
    let instant = instant.or_else(|| {
        let offsets = DAYS.iter().flat_map(|day| TIMES.iter().map(move |time| format!("{day}{time} %z")));
        offsets.filter_map(|format| Timestamp::strptime(format, &text).ok()).next()
    });
    let moment = match instant {
        Some(instant) => instant.to_zoned(zone.clone()).datetime(),
        None => joined.parse::<DateTime>().ok().or_else(|| written_out(&text))?,
    };
    moment.with().subsec_nanosecond(0).build().ok()
}

fn written_out(text: &str) -> Option<DateTime> {
    DAYS.iter().find_map(|day| {
        let date = || Some(Date::strptime(day, text).ok()?.at(HOUR, 0, 0, 0));
        TIMES.iter().find_map(|time| DateTime::strptime(format!("{day}{time}"), text).ok()).or_else(date)
    })
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
    use jiff::civil::date;

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
        check("2024-1-5", "2024-01-05T09:00:00");
        check("20240105", "2024-01-05T09:00:00");
        check("2024/01/05", "2024-01-05T09:00:00");
        check("2024/1/5 10:30", "2024-01-05T10:30:00");
        check("2024-01-05\t5:06:07", "2024-01-05T05:06:07");
        check("2024-01-05 5:06:07 +0200", "2024-01-05T04:06:07");
        check("Jan 05, 2024", "2024-01-05T09:00:00");
        check("January 5, 2024", "2024-01-05T09:00:00");
        check("5 January 2024", "2024-01-05T09:00:00");
        check("Fri, 05 Jan 2024 10:00:00 GMT", "2024-01-05T11:00:00");
        check("Fri Jan 05 2024", "2024-01-05T09:00:00");
        check("01/05/2024", "");
        check("last spring", "");
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
        check("20240105-name", Some("2024-01-05"), "name");
        check("20240105_103000_my-name", Some("2024-01-05"), "my-name");
        check("20240105_999999_name", Some("2024-01-05"), "999999-name");
        check("20241305-name", None, "20241305-name");
        check("2024-01-055", None, "2024-01-055");
        check("2024-13-05-x", None, "2024-13-05-x");
        check("Größe & mehr!", None, "grosse-mehr");
        check("שלום", None, "");
        assert_eq!(dated("20240105_103000_x").0, Some(date(2024, 1, 5).at(10, 30, 0, 0)));
        assert_eq!(id(&"a-".repeat(60)).len(), 79);
        assert_eq!(subject("some-old_title"), "Some old title");
    }
}
