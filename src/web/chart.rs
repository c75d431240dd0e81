//! Where the lines, points and words of a small picture of a scale stand. `web/answers.html` draws it, without script and
//! style of its own. Knows no question and no person.

use jiff::civil::Date;
use serde::Serialize;

/// The picture as its template sees it, in the units of its own view box.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chart {
    width: f64,
    height: f64,
    /// Both ends of the scale.
    ends: [End; 2],
    /// From where to where a line at an end of the scale goes.
    left: f64,
    right: f64,
    /// `x,y x,y …`
    line: String,
    points: Vec<Point>,
    /// The first and the last.
    dates: Vec<Label>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct End {
    number: i64,
    /// Where the number stands, and on which side of that place.
    x: f64,
    anchor: &'static str,
    y: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Point {
    x: f64,
    y: f64,
    /// Empty where the points are too many for it.
    number: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Label {
    x: f64,
    text: String,
}

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 150.0;
/// Room for the numbers of the scale's ends beside the picture.
const SIDE: f64 = 36.0;
const TOP: f64 = 24.0;
/// Room for the dates below the picture.
const BOTTOM: f64 = 34.0;
/// Half the width of a date, so that none is cut.
const HALF_DATE: f64 = 40.0;
/// From more points on, their numbers would stand in each other's way.
const NUMBERS: usize = 8;

/// The picture of what was given on a scale from `min` to `max`, oldest first. Time runs as its readers read: from right to
/// left, too.
pub fn scale(min: i64, max: i64, given: &[(Date, f64)], right_to_left: bool) -> Chart {
    let turned = |x: f64| round(if right_to_left { WIDTH - x } else { x });
    let height = |number: f64| {
        // What lies beyond the ends stands at them: the scale may have been another once.
        let share = ((number - min as f64) / (max - min).max(1) as f64).clamp(0.0, 1.0);
        round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share)
    };
    // At equal distances: that two answers lie far apart in time says nothing about them.
    let last = given.len().saturating_sub(1);
    let across = |n: usize| {
        let share = if last == 0 { 0.5 } else { n as f64 / last as f64 };
        turned(SIDE + HALF_DATE + (WIDTH - SIDE - 2.0 * HALF_DATE) * share)
    };
    let number = |number: f64| if given.len() > NUMBERS { String::new() } else { number.to_string() };
    let points: Vec<Point> = given
        .iter()
        .enumerate()
        .map(|(n, (_, it))| Point { x: across(n), y: height(*it), number: number(*it) })
        .collect();
    let anchor = if right_to_left { "start" } else { "end" };
    let end = |number: i64| End { number, x: turned(SIDE - 10.0), anchor, y: height(number as f64) };
    let mut dates: Vec<Label> = Vec::new();
    for (point, (date, _)) in points.iter().zip(given) {
        dates.truncate(1);
        dates.push(Label { x: point.x, text: date.to_string() });
    }
    Chart {
        width: WIDTH,
        height: HEIGHT,
        ends: [end(min), end(max)],
        left: if right_to_left { 0.0 } else { SIDE },
        right: if right_to_left { WIDTH - SIDE } else { WIDTH },
        line: points.iter().map(|it| format!("{},{}", it.x, it.y)).collect::<Vec<_>>().join(" "),
        points,
        dates,
    }
}

/// A tenth is finer than anybody sees.
fn round(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(numbers: &[f64], right_to_left: bool) -> Chart {
        let day = |n: usize| Date::constant(2026, 3, 1).saturating_add(jiff::Span::new().days(n as i64));
        let given: Vec<(Date, f64)> = numbers.iter().enumerate().map(|(n, number)| (day(n), *number)).collect();
        scale(0, 10, &given, right_to_left)
    }

    #[test]
    fn points_lie_between_the_ends_and_time_runs_as_its_readers_read() {
        let check = |numbers: &[f64], right_to_left: bool, line: &str| {
            assert_eq!(chart(numbers, right_to_left).line, line, "{numbers:?}");
        };
        check(&[], false, "");
        check(&[5.0], false, "178,70");
        check(&[0.0, 10.0], false, "76,116 280,24");
        check(&[0.0, 10.0], true, "244,116 40,24");
        check(&[1.0, 2.0, 3.0], false, "76,106.8 178,97.6 280,88.4");
        check(&[-4.0, 99.0], false, "76,116 280,24");
    }

    #[test]
    fn the_first_and_the_last_date_are_told_and_numbers_while_there_is_room() {
        let check = |count: usize, dates: &[&str], numbers: usize| {
            let chart = chart(&vec![1.0; count], false);
            let told: Vec<&str> = chart.dates.iter().map(|it| it.text.as_str()).collect();
            assert_eq!(told, dates, "{count}");
            assert_eq!(chart.points.iter().filter(|it| !it.number.is_empty()).count(), numbers, "{count}");
        };
        check(0, &[], 0);
        check(1, &["2026-03-01"], 1);
        check(2, &["2026-03-01", "2026-03-02"], 2);
        check(8, &["2026-03-01", "2026-03-08"], 8);
        check(20, &["2026-03-01", "2026-03-20"], 0);
    }
}
