//! Tags in words of a course that are shown as they are: titles, names, labels, questions. Only a lesson's subject, preview
//! and text are filled in. Knows where such words stand, not what else is wrong with them.

use crate::course::Course;
use crate::course::Lesson;
use crate::keys::texts;
use crate::message::blocks::key_span;
use crate::message::blocks::untagged;
use crate::problem::Problem;
use crate::problem::Source;
use std::sync::Arc;

/// Keys whose text is shown as it is, below whichever table.
const SHOWN: [&str; 8] = ["title", "summary", "name", "label", "text", "question", "low", "high"];

/// Those of course.toml, in one language.
pub fn of_course(course: &Course) -> Vec<Problem> {
    look(&course.source, 0, &course.source.text)
}

/// Those of a lesson's front matter.
pub fn of_lesson(lesson: &Lesson) -> Vec<Problem> {
    let note = lesson.content_note.as_ref().and_then(|note| untagged(note, "content_note", &lesson.source));
    let span = key_span(&lesson.source.text[..lesson.body], "content_note");
    let mut problems: Vec<Problem> = note.map(|problem| Problem { span, ..problem }).into_iter().collect();
    let front = &lesson.source.text[..lesson.body];
    let begins = front.find('\n').map_or(front.len(), |end| end + 1);
    let ends = front.trim_end().rfind('\n').map_or(begins, |end| end + 1).max(begins);
    problems.extend(look(&lesson.source, begins, &front[begins..ends]));
    problems
}

/// `offset`: where the TOML begins in the source.
fn look(source: &Arc<Source>, offset: usize, toml: &str) -> Vec<Problem> {
    let shown = texts(toml).into_iter().filter(|it| SHOWN.contains(&it.key.as_str()) || it.table == "options");
    let faulty = shown.filter_map(|it| Some((untagged(&it.text, &it.key, source)?, it.at)));
    faulty.map(|(problem, at)| Problem { span: offset + at.start..offset + at.end, ..problem }).collect()
}
