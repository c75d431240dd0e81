//! Whether moments come at all, and the lessons' own dates can be kept one after another. Knows no clock.

use crate::course::lesson::LessonFile;
use crate::course::schedule;
use crate::course::settings::CourseFile;
use crate::problem::Problem;
use crate::problem::Source;
use jiff::civil::DateTime;
use std::ops::Range;
use std::sync::Arc;

/// Every `send` must come, and in a list of lessons a date never lies in front of an earlier lesson's.
pub fn check(file: &CourseFile, source: &Arc<Source>, lessons: &[LessonFile]) -> Vec<Problem> {
    let mut problems: Vec<Problem> = lessons.iter().filter_map(|lesson| own_moments(file, lesson)).collect();
    problems.extend(rare(file, source));
    let lists = std::iter::once(&file.lessons).chain(file.stages.iter().map(|stage| &stage.lessons));
    for list in lists {
        let mut last: Option<(&str, DateTime)> = None;
        for id in list {
            let found = lessons.iter().find(|lesson| lesson.lesson.id == *id.get_ref());
            let Some((lesson, date)) = found.and_then(|lesson| Some((lesson, lesson.lesson.date?))) else { continue };
            if let Some((before, earlier)) = last.filter(|(_, earlier)| *earlier >= date) {
                let message = format!("{} is dated {date}, but {before}, which comes first, {earlier}", id.get_ref());
                let help = "let dates follow the order of the lessons, or change the order";
                problems.push(Problem::error(&lesson.lesson.source, place(lesson, "date"), message, help));
            }
            last = Some((id.get_ref(), date));
        }
    }
    problems
}

fn rare(file: &CourseFile, source: &Arc<Source>) -> Option<Problem> {
    let schedule = file.timing.schedule.as_ref().filter(|schedule| schedule::is_too_rare(&schedule.send))?;
    let message =
        format!("`schedule.send` has no moment for more than five years on end: {}", schedule.send.in_words());
    let help = "choose moments that come more often";
    Some(Problem::error(source, file.timing.send.clone()?, message, help))
}

/// A lesson's own `send` must come, and not only on dates that are skipped.
fn own_moments(file: &CourseFile, lesson: &LessonFile) -> Option<Problem> {
    let send = lesson.lesson.send.as_ref()?;
    let skip = file.timing.schedule.as_ref().map_or(&[][..], |schedule| &schedule.skip);
    let (message, help) = if schedule::is_too_rare(send) {
        ("`send` has no moment for more than five years on end".to_string(), "choose moments that come more often")
    } else {
        let first = schedule::all_skipped(send, skip)?;
        let message = format!("`schedule.skip` of course.toml leaves `send` no moment for 5 years from {first}");
        (message, "choose other moments, or shorten what is skipped: this lesson would never come")
    };
    Some(Problem::error(&lesson.lesson.source, place(lesson, "send"), message, help))
}

fn place(lesson: &LessonFile, key: &str) -> Range<usize> {
    let date = lesson.timing.iter().find(|(known, _)| *known == key);
    date.map_or(lesson.front..lesson.front, |(_, at)| at.clone())
}
