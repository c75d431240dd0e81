//! What the files of one course say about each other: ids, stages, questions, conditions. Reads no file itself.

use crate::course::Ask;
use crate::course::Kind;
use crate::course::ask::AskFile;
use crate::course::lesson::LessonFile;
use crate::course::names;
use crate::course::settings::CourseFile;
use crate::course::settings::StageFile;
use crate::course::when::Vocabulary;
use crate::course::when::When;
use crate::keys::nearest;
use crate::problem::Problem;
use crate::problem::Source;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What is known of the files besides what stands in them.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Every listed lesson is here.
    pub complete: bool,
    /// An earlier version of the program has found them good.
    pub was_in_force: bool,
}

/// Checks the files against each other and gives each lesson its condition.
pub fn check(file: &CourseFile, source: &Arc<Source>, lessons: &mut [LessonFile], known: Known) -> Vec<Problem> {
    let mut problems = Vec::new();
    ids(file, source, lessons, &mut problems);
    stages(&file.stages, source, &mut problems);
    repeated_questions(lessons, &mut problems);
    if file.kind == Kind::Newsletter {
        lessons.iter().for_each(|lesson| issue(lesson, file.timing.by_dates, &mut problems));
    } else {
        lessons.iter().for_each(|lesson| problems.extend(archive_in_course(lesson)));
    }
    conditions(file, lessons, known, &mut problems);
    problems
}

/// An id stands in one place only of `lessons`, `retired` and `was`.
fn ids(file: &CourseFile, source: &Arc<Source>, lessons: &[LessonFile], problems: &mut Vec<Problem>) {
    let mut places: BTreeMap<&str, &str> = BTreeMap::new();
    let list = if file.stages.is_empty() { "`lessons`" } else { "a stage's `lessons`" };
    let in_order = file.listed().map(|id| (id, source, list));
    let retired = file.retired.iter().map(|id| (id, source, "`retired`"));
    let was = lessons.iter().flat_map(|l| l.was.iter().map(|id| (id, &l.lesson.source, "a lesson's `was`")));
    for (id, source, place) in in_order.chain(retired).chain(was) {
        if place != list && !names::is_id(id.get_ref()) {
            let message = format!("`{}` can't be a lesson's id", id.get_ref());
            problems.push(Problem::error(source, id.span(), message, names::ID_HELP));
        }
        if let Some(first) = places.insert(id.get_ref(), place) {
            let where_else = if first == place { "twice".to_string() } else { format!("in {first} and") };
            let message = format!("duplicate id: `{}` stands {where_else} in {place}", id.get_ref());
            let help = "an id stands in one place only: leave it where it belongs now";
            problems.push(Problem::error(source, id.span(), message, help));
        }
    }
}

fn stages(stages: &[StageFile], source: &Arc<Source>, problems: &mut Vec<Problem>) {
    let holds = |stage: &StageFile, lesson: &str| stage.lessons.iter().any(|id| id.get_ref() == lesson);
    for (n, stage) in stages.iter().enumerate() {
        if stages[..n].iter().any(|earlier| earlier.id.get_ref() == stage.id.get_ref()) {
            let message = format!("duplicate id: there are two stages `{}`", stage.id.get_ref());
            problems.push(Problem::error(source, stage.id.span(), message, "give one of them another id"));
        }
        let Some(after) = &stage.after else { continue };
        let lesson = after.get_ref().as_str();
        if holds(stage, lesson) {
            let message = format!("`{lesson}` is a lesson of this stage itself");
            problems.push(Problem::error(source, after.span(), message, "name a lesson of another stage"));
        } else if !stages.iter().any(|other| holds(other, lesson)) {
            let known = stages.iter().flat_map(|other| &other.lessons).map(|id| id.get_ref().as_str());
            let help = match nearest(lesson, known) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "name a lesson of another stage".to_string(),
            };
            problems.push(Problem::error(source, after.span(), format!("no stage has a lesson `{lesson}`"), help));
        } else if let Some(way) = circle(stages, n) {
            let message = format!("a cycle: stage {way}, so none of them ever begins");
            problems.push(Problem::error(source, after.span(), message, "let one of them begin without `after`"));
        }
    }
}

/// The way from a stage back to itself, if what it waits for leads there.
fn circle(stages: &[StageFile], start: usize) -> Option<String> {
    let mut way = format!("`{}`", stages[start].id.get_ref());
    let mut at = start;
    for step in 0..stages.len() {
        let lesson = stages[at].after.as_ref()?.get_ref();
        at = stages.iter().position(|stage| stage.lessons.iter().any(|id| id.get_ref() == lesson))?;
        let which = if step == 0 { "" } else { ", which" };
        way.push_str(&format!("{which} waits for `{}`", stages[at].id.get_ref()));
        if at == start {
            return Some(way);
        }
    }
    None
}

fn repeated_questions(lessons: &[LessonFile], problems: &mut Vec<Problem>) {
    let mut first: BTreeMap<&str, (&Ask, &str)> = BTreeMap::new();
    for lesson in lessons {
        for AskFile { id, at, ask, .. } in &lesson.asks {
            let Some(ask) = ask else { continue };
            let (earlier, place) = *first.entry(id).or_insert((ask, &lesson.lesson.id));
            if place == lesson.lesson.id {
                continue;
            }
            let different = if earlier.question != ask.question {
                "other words"
            } else if earlier.kind != ask.kind {
                "another kind or other options"
            } else {
                continue;
            };
            let message = format!("`{id}` is asked with {different} than in `{place}`");
            let help = "the same id asks the same question again: make them equal, or choose another id";
            problems.push(Problem::error(&lesson.lesson.source, at.clone(), message, help));
        }
    }
}

fn issue(file: &LessonFile, by_dates: bool, problems: &mut Vec<Problem>) {
    let source = &file.lesson.source;
    let mut dated = false;
    for (key, at) in &file.timing {
        if matches!(*key, "date" | "archive") {
            dated |= *key == "date";
            continue;
        }
        let help = "an issue leaves by `issues` of course.toml or by its own `date`: remove this";
        problems.push(Problem::error(source, at.clone(), format!("an issue of a newsletter has no `{key}`"), help));
    }
    if !by_dates && !dated && file.lesson.archive {
        let help = "write date = 2026-12-01T09:00:00, when it was sent: it stands in the archive from then on";
        problems.push(Problem::error(source, place(file, "archive"), "`archive` needs a `date`", help));
    }
    if by_dates && !dated && file.readable {
        let help = "write date = 2026-12-01T09:00:00 here, or `issues` in [newsletter] of course.toml";
        let at = file.front..file.front;
        problems.push(Problem::error(source, at, "`date` is missing", help));
    }
}

/// Only a newsletter has an archive.
fn archive_in_course(file: &LessonFile) -> Option<Problem> {
    file.timing.iter().find(|(key, _)| *key == "archive")?;
    let help = "remove it; a lesson that nobody shall get any more goes to `retired`";
    Some(Problem::error(
        &file.lesson.source,
        place(file, "archive"),
        "only an issue of a newsletter has `archive`",
        help,
    ))
}

fn place(file: &LessonFile, key: &str) -> Range<usize> {
    let known = file.timing.iter().find(|(name, _)| *name == key);
    known.map_or(file.front..file.front, |(_, at)| at.clone())
}

fn conditions(file: &CourseFile, lessons: &mut [LessonFile], known: Known, problems: &mut Vec<Problem>) {
    let mut vocabulary = Vocabulary {
        fields: file.fields.keys().cloned().collect(),
        was_in_force: known.was_in_force,
        incomplete: !known.complete || lessons.iter().any(|lesson| !lesson.readable),
        ..Vocabulary::default()
    };
    for ask in lessons.iter().flat_map(|lesson| &lesson.asks) {
        let kind = ask.ask.as_ref().map(|ask| ask.kind.clone());
        vocabulary.questions.entry(ask.id.clone()).or_insert(kind);
    }
    let mut asking: Asking = BTreeMap::new();
    for lesson in lessons.iter() {
        for ask in &lesson.asks {
            asking.entry(ask.id.clone()).or_default().push(lesson.lesson.id.clone());
        }
    }
    for lesson in lessons {
        let Some(when) = &lesson.when else { continue };
        let source = &lesson.lesson.source;
        let place = |at: Range<usize>| names::inside(source, &when.span(), when.get_ref(), at);
        match When::parse(when.get_ref(), &vocabulary) {
            Ok(parsed) => {
                problems.extend(asked_later(file, &asking, lesson, &parsed));
                lesson.lesson.when = Some(parsed);
            }
            Err(faults) => problems.extend(faults.into_iter().map(|fault| {
                Problem::error(source, place(fault.at), format!("`when`: {}", fault.message), fault.help)
            })),
        }
    }
}

/// The lessons that ask a question, by its id.
type Asking = BTreeMap<String, Vec<String>>;

/// A condition on a question that nobody can have been asked by then would always count it as unanswered. Lessons of
/// another stage may come first.
fn asked_later(file: &CourseFile, asking: &Asking, lesson: &LessonFile, when: &When) -> Vec<Problem> {
    let order: Vec<&str> = file.listed().map(|id| id.get_ref().as_str()).collect();
    let stage_of = |id: &str| file.stages.iter().position(|stage| stage.lessons.iter().any(|it| it.get_ref() == id));
    let place = |id: &str| order.iter().position(|listed| *listed == id);
    let own = lesson.lesson.id.as_str();
    let Some(here) = place(own) else { return Vec::new() };
    let comes_first = |id: &String| match place(id) {
        Some(there) => there <= here || stage_of(id) != stage_of(own),
        // A draft or a retired lesson: whoever got it was asked.
        None => file.retired.iter().any(|retired| retired.get_ref() == id),
    };
    let late = when.questions().into_iter().filter_map(|question| Some((question, asking.get(question)?)));
    let late = late.filter(|(_, lessons)| !lessons.iter().any(comes_first));
    let span = lesson.when.as_ref().map(|it| it.span()).unwrap_or_default();
    late.map(|(question, lessons)| {
        let message = format!("`when` depends on `{question}`, which is asked only in {}", lessons.join(", "));
        let help = format!("ask it in a lesson in front of {own}, or move {own} behind");
        Problem::error(&lesson.lesson.source, span.clone(), message, help)
    })
    .collect()
}
