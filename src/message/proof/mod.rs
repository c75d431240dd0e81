//! Proves that a lesson can be filled in for every subscriber, whatever they left out and whichever branch they take:
//! follows each condition and remembers what must be there where it holds. Renders nothing; knows no person.

mod expression;
mod walk;

use crate::course::Course;
use crate::course::Lesson;
use crate::message::marked::Marked;
use crate::message::tags::Tag;
use crate::problem::Problem;
use crate::problem::Source;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// What not every subscriber has.
#[derive(Debug, Clone, Default)]
pub struct Lacks {
    paths: BTreeSet<String>,
}

/// What is sure of a text, whoever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sure {
    /// Some words of it show.
    pub words: bool,
    /// `{{ crisis() }}` is among it.
    pub crisis: bool,
}

impl Lacks {
    /// What a reader of this lesson may lack. A required field is there: nobody is added without it.
    pub fn of(course: &Course, lesson: &Lesson) -> Lacks {
        let mut paths = BTreeSet::from(["subscriber.first_name".to_string()]);
        let optional = course.fields.iter().filter(|(_, field)| !field.required);
        paths.extend(optional.map(|(id, _)| format!("subscriber.fields.{id}")));
        let asked = course.lessons.values().chain([lesson]).flat_map(|lesson| &lesson.asks);
        paths.extend(asked.map(|ask| format!("answers.{}", ask.id)));
        if lesson.content_note.is_none() {
            paths.insert("lesson.content_note".to_string());
        }
        // One with tags may come to nothing.
        if lesson.preview.as_ref().is_none_or(|preview| preview.contains('{')) {
            paths.insert("lesson.preview".to_string());
        }
        Lacks { paths }
    }

    /// Whether this name, or what it is a part of, may be missing.
    fn lacks(&self, name: &str) -> bool {
        self.paths.contains(name)
            || self.paths.iter().any(|path| name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    }
}

/// Reports every tag of a marked text that needs what may be missing, and says what is sure. `at` is the place of the
/// text in `source`.
pub fn prove(
    marked: &Marked,
    lacks: &Lacks,
    at: Range<usize>,
    source: &Arc<Source>,
    problems: &mut Vec<Problem>,
) -> Sure {
    let text = |from: usize, to: usize| source.text.get(from..to).is_some_and(|words| !words.trim().is_empty());
    let mut sure = walk::Walk::new(&marked.tags, lacks, &text, at);
    let known = sure.whole();
    problems.extend(sure.missing.iter().map(|(tag, name)| missing(tag, name, source)));
    Sure { words: known.contains(walk::WORDS), crisis: known.contains(walk::CRISIS) }
}

fn missing(tag: &Tag, name: &str, source: &Arc<Source>) -> Problem {
    let written = brief(&tag.text);
    if tag.text.starts_with("{%") {
        let message = format!("`{written}` needs a value that may be missing for a subscriber");
        let is_there = if name.starts_with("answers.") { "answered" } else { "defined" };
        let help = format!("not everyone has `{name}`: begin with {name} is {is_there} and …");
        return Problem::error(source, tag.span.clone(), message, help);
    }
    let help =
        format!("not everyone has `{name}`: write {{{{ {name} or \"something else\" }}}}, or ask for it with `if`");
    Problem::error(source, tag.span.clone(), format!("`{written}` may be missing for a subscriber"), help)
}

/// As much of a tag as a sentence can hold.
pub fn brief(tag: &str) -> String {
    const LONGEST: usize = 100;
    let tag = tag.split_whitespace().collect::<Vec<_>>().join(" ");
    if tag.chars().count() <= LONGEST {
        return tag;
    }
    tag.chars().take(LONGEST).chain(['…']).collect()
}
