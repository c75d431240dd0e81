//! All courses beside each other: what one says about another. Knows no lesson.

use crate::course::Course;
use crate::course::Kind;
use crate::course::Lesson;
use crate::course::settings::CourseFile;
use crate::course::settings::Mention;
use crate::keys::nearest;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Source;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One folder after reading: the course when no file has an error, and every problem.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub id: String,
    pub course: Option<Course>,
    /// The course as far as its files can be read, also where they have errors: to look for more of them.
    pub sketch: Option<Course>,
    /// Lessons that stand in no list, drafts and what was retired, as far as their heads can be read. Nobody gets them.
    pub unlisted: Vec<Lesson>,
    pub problems: Vec<Problem>,
    /// Some of its files, or a part of course.toml, couldn't be read: what they name isn't known.
    pub is_vague: bool,
    /// What it says about other courses, also where it has errors; absent when no file could be read.
    pub(in crate::course) named: Option<Named>,
}

#[derive(Debug, Clone)]
pub struct Named {
    source: Arc<Source>,
    /// Absent where course.toml can't be read.
    kind: Option<Kind>,
    next: Vec<Mention>,
    audience: Vec<Mention>,
}

impl Loaded {
    /// A folder that couldn't be read from where it is kept.
    pub fn unreadable(id: impl Into<String>, problems: Vec<Problem>) -> Loaded {
        Loaded {
            id: id.into(),
            course: None,
            sketch: None,
            unlisted: Vec::new(),
            problems,
            is_vague: true,
            named: None,
        }
    }

    /// What of it [`check_shelf`] looks at, without problems of its own.
    pub fn beside_others(&self) -> Loaded {
        Loaded { named: self.named.clone(), ..Loaded::unreadable(&self.id, Vec::new()) }
    }

    /// The same where files are missing from it because they couldn't be read: no course, and what seems not to be there
    /// may be among them.
    pub fn as_part(mut self, unreadable: Vec<Problem>) -> Loaded {
        self.problems.retain(|problem| {
            !problem.message.starts_with("there is no ") && !problem.message.starts_with("this folder has no ")
        });
        self.problems.extend(unreadable);
        problem::sort(&mut self.problems);
        Loaded { course: None, is_vague: true, ..self }
    }
}

impl Named {
    pub fn new(file: &CourseFile, source: &Arc<Source>, reads: bool) -> Named {
        let next = file.next.iter().map(|id| Mention { course: id.get_ref().clone(), at: id.span() }).collect();
        let kind = reads.then_some(file.kind);
        Named { source: Arc::clone(source), kind, next, audience: file.timing.audience.clone() }
    }
}

/// Adds to each folder the problems of its `next` and `audience`: a course that isn't there, a newsletter that nobody
/// completes, a cycle. A folder that gets an error loses its course.
pub fn check_shelf(shelf: &mut [Loaded]) {
    let kinds: BTreeMap<String, Option<Kind>> =
        shelf.iter().map(|one| (one.id.clone(), one.named.as_ref().and_then(|named| named.kind))).collect();
    let next: BTreeMap<String, Vec<String>> = shelf.iter().map(|one| (one.id.clone(), one.next())).collect();
    for loaded in shelf {
        let Some(named) = &loaded.named else { continue };
        let found = named.problems(&loaded.id, &kinds, &next);
        if !found.is_empty() {
            loaded.problems.extend(found);
            problem::sort(&mut loaded.problems);
            loaded.course = None;
        }
    }
}

impl Loaded {
    fn next(&self) -> Vec<String> {
        let named = self.named.iter().flat_map(|named| &named.next);
        named.map(|mention| mention.course.clone()).collect()
    }
}

impl Named {
    fn problems(
        &self,
        id: &str,
        kinds: &BTreeMap<String, Option<Kind>>,
        next: &BTreeMap<String, Vec<String>>,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut report = |mention: &Mention, message: String, help: String| {
            problems.push(Problem::error(&self.source, mention.at.clone(), message, help));
        };
        for mention in &self.next {
            if !kinds.contains_key(&mention.course) {
                report(mention, format!("`next` names no course: `{}`", mention.course), meant(&mention.course, kinds));
            } else if let Some(way) = way(&mention.course, id, next) {
                let message = format!("a cycle of `next`: `{id}` → {}", way.join(" → "));
                report(mention, message, "take out one of them: after the last course nothing is offered".to_string());
            }
        }
        for mention in &self.audience {
            match kinds.get(&mention.course) {
                Some(Some(Kind::Course) | None) => {}
                Some(Some(Kind::Newsletter)) => {
                    let message =
                        format!("`audience` names `{}`, a newsletter, which nobody completes", mention.course);
                    report(mention, message, "name a course".to_string());
                }
                None => {
                    let message = format!("`audience` names no course: `{}`", mention.course);
                    report(mention, message, meant(&mention.course, kinds));
                }
            }
        }
        problems
    }
}

fn meant(name: &str, kinds: &BTreeMap<String, Option<Kind>>) -> String {
    match nearest(name, kinds.keys().map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "name the folder of a course".to_string(),
    }
}

/// The courses from one to another along `next`, both included and in quotes.
fn way(from: &str, to: &str, next: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    let mut ways = vec![vec![from]];
    let mut seen = BTreeSet::from([from]);
    while let Some(way) = ways.pop() {
        let last = *way.last()?;
        if last == to {
            return Some(way.into_iter().map(|id| format!("`{id}`")).collect());
        }
        for id in next.get(last).into_iter().flatten() {
            if seen.insert(id) {
                ways.push(way.iter().copied().chain([id.as_str()]).collect());
            }
        }
    }
    None
}
