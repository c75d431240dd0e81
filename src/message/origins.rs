//! Where the templates of a lesson came from: finds the tag that a complaint of Tera is about, and says it at its place.
//! Makes no template and fills in nothing.

use crate::keys::nearest;
use crate::message::RENDER_LIMIT;
use crate::message::Templates;
use crate::message::blocks;
use crate::message::branches::stand_in;
use crate::message::look::compile::Compiled;
use crate::message::marked::Filled;
use crate::message::marked::Marked;
use crate::message::proof::brief;
use crate::message::templates;
use crate::message::templates::Complaint;
use crate::problem::Problem;
use crate::problem::Source;
use std::collections::BTreeMap;
use std::sync::Arc;
use tera::ErrorKind;

pub const HTML: &str = "lesson.html";
pub const TEXT: &str = "lesson.txt";
/// An issue's words alone, for a feed.
pub const FEED: &str = "feed.html";
pub const SUBJECT: &str = "subject.txt";
pub const PREVIEW: &str = "preview.txt";

/// Why a mail couldn't be made of these values. Its text holds no value of the person.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{place} can't be filled in for this person; run `dripline check` and give every optional value an `or`")]
pub struct RenderError {
    /// `file:line:column`
    place: String,
    pub(super) problem: Box<Problem>,
    /// The tag of the body at fault, where something can stand in for it so that the rest can be looked at.
    pub(super) tag: Option<usize>,
}

/// Where the templates of a lesson came from, for problems.
pub struct Origins {
    pub id: String,
    pub source: Arc<Source>,
    pub body: Arc<Marked>,
    pub html: Filled,
    pub text: Filled,
    pub feed: Filled,
    pub subject: String,
    pub preview: String,
    pub templates: BTreeMap<String, Arc<Compiled>>,
}

impl RenderError {
    pub(super) fn new(problem: Problem, tag: Option<usize>) -> RenderError {
        let (line, column) = problem.position();
        RenderError { place: format!("{}:{line}:{column}", problem.file()), problem: Box::new(problem), tag }
    }

    /// What went wrong in one of the program's own templates.
    pub(super) fn of_template(error: &tera::Error, templates: &Templates) -> RenderError {
        let text = |path: &str| templates.files.get(path).map(|compiled| compiled.template.as_str());
        let complaint = templates::complaint(error, text).unwrap_or_else(|| Complaint {
            template: String::new(),
            at: 0..0,
            message: templates::sentence(error),
        });
        RenderError::new(templates::in_template(complaint, &templates.files), None)
    }
}

impl Origins {
    /// Finds the tag that a complaint of Tera is about.
    pub fn explain(&self, error: &tera::Error) -> RenderError {
        if let ErrorKind::Io(_) = error.kind() {
            let span = self.source.text.len()..self.source.text.len();
            let message = format!("this lesson grows beyond {} KiB", RENDER_LIMIT >> 10);
            let help = "look for a `for` that repeats too often";
            return RenderError::new(Problem::error(&self.source, span, message, help), None);
        }
        let Some(complaint) = templates::complaint(error, |name| self.text_of(name)) else {
            let problem = Problem::error(&self.source, 0..0, templates::sentence(error), "correct the tag");
            return RenderError::new(problem, None);
        };
        let filled = match complaint.template.as_str() {
            HTML => &self.html,
            TEXT => &self.text,
            FEED => &self.feed,
            key @ (SUBJECT | PREVIEW) => {
                let span = blocks::key_span(&self.source.text, key.trim_end_matches(".txt"));
                return RenderError::new(in_tag(&complaint.message, &self.source, span), None);
            }
            _ => return RenderError::new(templates::in_template(complaint, &self.templates), None),
        };
        let tag = filled.tag_at(complaint.at.start);
        if tag.is_none() {
            // Before the first tag stands only what leads to the template.
            let part = if complaint.template == HTML { "HTML part" } else { "text part" };
            let message = format!("the {part} of `{}` can't be made: {}", self.id, complaint.message);
            let help = "correct the mail's template in templates/mail, or remove it";
            let whole = self.source.text.len()..self.source.text.len();
            return RenderError::new(Problem::error(&self.source, whole, message, help), None);
        }
        let span = tag.map_or(0..0, |n| self.body.tags[n].span.clone());
        let replaceable = tag.filter(|n| stand_in(&self.body.tags[*n]).is_some());
        RenderError::new(in_tag(&complaint.message, &self.source, span), replaceable)
    }

    pub fn text_of(&self, template: &str) -> Option<&str> {
        match template {
            HTML => Some(&self.html.template),
            TEXT => Some(&self.text.template),
            FEED => Some(&self.feed.template),
            SUBJECT => Some(&self.subject),
            PREVIEW => Some(&self.preview),
            path => self.templates.get(path).map(|compiled| compiled.template.as_str()),
        }
    }
}

fn in_tag(message: &str, source: &Arc<Source>, span: std::ops::Range<usize>) -> Problem {
    let tag = brief(source.text.get(span.clone()).unwrap_or_default());
    if message.contains("undefined") || message.contains("not defined") {
        if tag.starts_with("{%") {
            let help = "not everyone has this value: begin with … is answered and …, or … is defined and …";
            let message = format!("`{tag}` needs a value that may be missing for a subscriber");
            return Problem::error(source, span, message, help);
        }
        let help = "not everyone has this value: write {{ … or \"something else\" }}, or ask for it with `if`";
        return Problem::error(source, span, format!("`{tag}` may be missing for a subscriber"), help);
    }
    let message = message.lines().last().unwrap_or(message);
    Problem::error(source, span, format!("`{tag}`: {message}"), next_step(message))
}

const FILTERS: [&str; 36] = [
    "default",
    "upper",
    "lower",
    "wordcount",
    "escape",
    "escape_html",
    "escape_xml",
    "newlines_to_br",
    "pluralize",
    "trim",
    "trim_start",
    "trim_end",
    "replace",
    "capitalize",
    "title",
    "truncate",
    "indent",
    "str",
    "int",
    "float",
    "length",
    "reverse",
    "split",
    "abs",
    "round",
    "first",
    "last",
    "nth",
    "join",
    "sort",
    "unique",
    "get",
    "values",
    "keys",
    "pairs",
    "group_by",
];
const TESTS: [&str; 18] = [
    "answered",
    "defined",
    "undefined",
    "none",
    "string",
    "number",
    "integer",
    "float",
    "bool",
    "array",
    "map",
    "iterable",
    "odd",
    "even",
    "divisible_by",
    "starting_with",
    "ending_with",
    "containing",
];
const FUNCTIONS: [&str; 5] = ["ask", "crisis", "button", "audio", "range"];

/// What to do about a complaint of Tera.
fn next_step(message: &str) -> String {
    let kinds: [(&str, &[&str]); 3] =
        [("Unknown filter `", &FILTERS), ("Unknown test `", &TESTS), ("Unknown function `", &FUNCTIONS)];
    for (begins, known) in kinds {
        let Some(name) = message.strip_prefix(begins).and_then(|rest| rest.split('`').next()) else { continue };
        return match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", known.join(", ")),
        };
    }
    if message.starts_with("Found `=`") {
        return "compare with two of them: ==".to_string();
    }
    if message.starts_with("Found ") {
        return "something is missing in front of it, or too much: compare with the tags in docs/coach.md".to_string();
    }
    "correct the tag".to_string()
}
