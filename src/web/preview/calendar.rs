//! A plan as months: seven columns, and each lesson on its date. Knows no rule of timing.

use crate::enrolment::Planned;
use crate::timing::DateRange;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::civil::Weekday;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

/// Months that a page shows; a plan goes on behind them in words.
const MOST_MONTHS: usize = 36;

/// The months in which something comes. `titles` are those of lessons; `paused` and `skipped` are dates without any.
pub fn months(
    plan: &[Planned],
    titles: &BTreeMap<String, String>,
    paused: &[DateRange],
    skipped: &[DateRange],
) -> Vec<Value> {
    let mut by_month: BTreeMap<(i16, i8), Vec<&Planned>> = BTreeMap::new();
    for one in plan {
        let date = one.local.date();
        by_month.entry((date.year(), date.month())).or_default().push(one);
    }
    let months = by_month.into_iter().take(MOST_MONTHS).filter_map(|((year, month), planned)| {
        let first = Date::new(year, month, 1).ok()?;
        let day = |date: Date| {
            let here: Vec<Value> =
                planned.iter().filter(|it| it.local.date() == date).map(|it| entry(it, titles)).collect();
            let rests = |ranges: &[DateRange]| ranges.iter().any(|range| range.contains(date));
            let why = if rests(paused) {
                "paused"
            } else if rests(skipped) {
                "skipped"
            } else {
                ""
            };
            json!({ "number": date.day(), "date": date.to_string(), "lessons": here, "rest": why })
        };
        Some(json!({ "name": first.strftime("%B %Y").to_string(), "weeks": weeks(first, day) }))
    });
    months.collect()
}

/// The weeks of a month, Monday first; days of other months are null.
fn weeks(first: Date, day: impl Fn(Date) -> Value) -> Vec<Vec<Value>> {
    let lead = usize::try_from(first.weekday().since(Weekday::Monday)).unwrap_or(0);
    let mut cells = vec![Value::Null; lead];
    let dates = std::iter::successors(Some(first), |date| date.checked_add(1.day()).ok());
    cells.extend(dates.take_while(|date| date.month() == first.month()).map(day));
    while !cells.len().is_multiple_of(7) {
        cells.push(Value::Null);
    }
    cells.chunks(7).map(<[Value]>::to_vec).collect()
}

fn entry(planned: &Planned, titles: &BTreeMap<String, String>) -> Value {
    let title = titles.get(&planned.lesson).unwrap_or(&planned.lesson);
    json!({ "time": planned.local.strftime("%H:%M").to_string(), "title": title })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_month_begins_on_its_weekday_and_has_whole_weeks() {
        let check = |first: Date, lead: usize, rows: usize| {
            let weeks = weeks(first, |date| json!(date.day()));
            assert!(weeks.iter().all(|week| week.len() == 7), "{first}");
            assert_eq!(weeks.len(), rows, "{first}");
            assert_eq!(weeks[0].iter().position(|cell| *cell == json!(1)), Some(lead), "{first}");
        };
        check(date(2027, 2, 1), 0, 4);
        check(date(2026, 3, 1), 6, 6);
        check(date(2026, 11, 1), 6, 6);
        check(date(2024, 2, 1), 3, 5);
    }
}
