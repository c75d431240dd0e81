//! A cron line said in words, for the coach who wrote it and the reader who waits for it.

use super::field::MONTHS;
use super::field::Values;
use super::weekdays;
use std::collections::BTreeSet;

/// More times of a day than these are said field by field.
pub const MOST_TIMES: usize = 4;

/// "at 08:30, Monday to Friday", from minute, hour, day-of-month, month and weekday.
pub fn describe(fields: &[Values; 5]) -> String {
    let [minutes, hours, days, months, weekdays] = fields;
    format!("{}, {}", time(minutes, hours), dates(days, months, weekdays))
}

fn time(minutes: &Values, hours: &Values) -> String {
    if let (Some(minutes), Some(hours)) = (minutes, hours)
        && minutes.len() * hours.len() <= MOST_TIMES
    {
        let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| format!("{hour:02}:{minute:02}")));
        return format!("at {}", list(times.collect()));
    }
    let minutes = match minutes {
        None => "every minute".to_string(),
        Some(minutes) => format!("at minute {}", numbers(minutes)),
    };
    match hours {
        None => format!("{minutes} of every hour"),
        Some(hours) => format!("{minutes} of hour {}", numbers(hours)),
    }
}

fn dates(days: &Values, months: &Values, weekdays: &Values) -> String {
    let months = months.as_ref().map(|months| {
        let names = months.iter().filter_map(|month| MONTHS.get(usize::from(*month).checked_sub(1)?));
        list(names.map(|name| (*name).to_string()).collect())
    });
    let weekdays = weekdays.as_ref().map(weekdays::in_words);
    match (days, months, weekdays) {
        (None, None, None) => "every day".to_string(),
        (None, None, Some(weekdays)) => weekdays,
        (None, Some(months), None) => format!("every day in {months}"),
        (None, Some(months), Some(weekdays)) => format!("{weekdays} in {months}"),
        (Some(days), months, weekdays) => {
            let of = months.map_or("every month".to_string(), |months| months);
            let when = weekdays.map_or(String::new(), |weekdays| format!(" when it is {weekdays}"));
            format!("on day {} of {of}{when}", numbers(days))
        }
    }
}

fn numbers(values: &BTreeSet<u8>) -> String {
    let run = values.iter().zip(values.iter().skip(1)).all(|(a, b)| *b == *a + 1);
    match (values.first(), values.last()) {
        (Some(first), Some(last)) if run && values.len() > 2 => format!("{first} to {last}"),
        _ => list(values.iter().map(u8::to_string).collect()),
    }
}

fn list(mut items: Vec<String>) -> String {
    match items.pop() {
        Some(last) if !items.is_empty() => format!("{} and {last}", items.join(", ")),
        Some(only) => only,
        None => String::new(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use crate::timing::Cron;

    #[test]
    fn a_line_is_said_in_words() {
        let table = [
            ("30 8 * * Mon-Fri", "at 08:30, Monday to Friday"),
            ("0 9 * * *", "at 09:00, every day"),
            ("0 18 * * Sun", "at 18:00, Sunday"),
            ("0 8,18 * * Sat,Sun", "at 08:00 and 18:00, Saturday and Sunday"),
            ("0 9 1 * *", "at 09:00, on day 1 of every month"),
            ("0 9 24 12 *", "at 09:00, on day 24 of December"),
            ("0 9 13 * Fri", "at 09:00, on day 13 of every month when it is Friday"),
            ("0 9 1,15 Jan,Jul *", "at 09:00, on day 1 and 15 of January and July"),
            ("0 9 * 3 *", "at 09:00, every day in March"),
            ("0 9 * 3 Mon", "at 09:00, Monday in March"),
            ("*/15 * * * *", "at minute 0, 15, 30 and 45 of every hour, every day"),
            ("* 8-17 * * *", "every minute of hour 8 to 17, every day"),
        ];
        for (line, words) in table {
            assert_eq!(line.parse::<Cron>().unwrap().in_words(), words, "{line}");
        }
    }
}
