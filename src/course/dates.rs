//! Whether the lessons' own dates can be kept one after another. Knows no clock.

use crate::course::lesson::LessonFile;
use crate::course::settings::CourseFile;
use crate::problem::Problem;
use jiff::civil::DateTime;
use std::ops::Range;

/// In a list of lessons a date never lies in front of an earlier lesson's.
pub fn check(file: &CourseFile, lessons: &[LessonFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let lists = std::iter::once(&file.lessons).chain(file.stages.iter().map(|stage| &stage.lessons));
    for list in lists {
        let mut last: Option<(&str, DateTime)> = None;
        for id in list {
            let found = lessons.iter().find(|lesson| lesson.lesson.id == *id.get_ref());
            let Some((lesson, date)) = found.and_then(|lesson| Some((lesson, lesson.lesson.date?))) else { continue };
            if let Some((before, earlier)) = last.filter(|(_, earlier)| *earlier >= date) {
                let message = format!("{} is dated {date}, but {before}, which comes first, {earlier}", id.get_ref());
                let help = "let dates follow the order of the lessons, or change the order";
                problems.push(Problem::error(&lesson.lesson.source, place(lesson), message, help));
            }
            last = Some((id.get_ref(), date));
        }
    }
    problems
}

fn place(lesson: &LessonFile) -> Range<usize> {
    let date = lesson.timing.iter().find(|(key, _)| *key == "date");
    date.map_or(lesson.front..lesson.front, |(_, at)| at.clone())
}
