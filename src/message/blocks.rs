//! The texts of a course that stand in its mails as they are: disclaimer, crisis text, questions. Written once as HTML
//! and once as plain text; no person's value is in them, but for the link behind a question.

use crate::course::Course;
use crate::course::Lesson;
use crate::message::markdown;
use crate::message::markdown::Base;
use crate::message::markdown::Document;
use crate::message::marked::Marked;
use crate::message::plain;
use crate::message::question::Question;
use crate::message::question::Way;
use crate::message::visible::visible;
use crate::problem::Problem;
use crate::problem::Source;
use crate::site::Site;
use crate::text::Mail;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use tera::Function;
use tera::Kwargs;
use tera::State;
use tera::Tera;
use tera::TeraResult;

/// What templates see of the link that opens a mail's questions; absent where it has none.
pub const ANSWER_URL: &str = "answer_url";
/// True where nobody in particular reads.
pub const FOR_ANYBODY: &str = "for_anybody";

/// One text in both forms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    pub html: String,
    pub text: String,
    /// Addresses and paths of the course's images in it.
    pub images: Vec<(String, String)>,
}

impl Block {
    fn new(document: &Document<'_>, marked: &Marked) -> Block {
        let images = document.images().map(|(address, path)| (address.to_string(), path.to_string())).collect();
        Block { html: document.html(marked), text: plain::write(marked, &document.events), images }
    }
}

/// The course's own Markdown under `key` of course.toml. Its problems are reported where it stands.
pub fn of_course(markdown: &str, key: &str, site: &Site, course: &Course, problems: &mut Vec<Problem>) -> Block {
    let written = Source::new(course.source.name.as_str(), markdown);
    let marked = Marked::untagged(markdown);
    let mut found = Vec::new();
    let document = markdown::read(&marked, Base::Course(site, course), &written, &mut found);
    found.extend(untagged(markdown, key, &written));
    let block = Block::new(&document, &marked);
    let has_words = |shown: &str| shown.chars().any(char::is_alphanumeric);
    let is_written = !markdown.trim().is_empty() && block.images.is_empty() && key != "about";
    if found.is_empty() && is_written && !(has_words(&visible(&block.html).text) && has_words(&block.text)) {
        let help = "write it in words: nobody reads what stands in a comment or is hidden";
        found.push(Problem::error(&written, 0..markdown.len(), format!("`{key}` shows no words"), help));
    }
    problems.extend(found.into_iter().map(|problem| placed(problem, course, key, markdown)));
    block
}

/// A problem of a course's own text, in the file where that stands: at its very place where it is written without escapes,
/// else at its key.
pub fn placed(problem: Problem, course: &Course, key: &str, text: &str) -> Problem {
    let (source, span) = place(course, key, text, &problem.span);
    Problem { source, span, ..problem }
}

/// The file of a text of a course, and where a part of it stands there.
pub fn place(course: &Course, key: &str, text: &str, part: &Range<usize>) -> (Arc<Source>, Range<usize>) {
    let source = course.texts.get(key).unwrap_or(&course.source);
    if source.text == text {
        return (Arc::clone(source), part.clone());
    }
    let whole = key_span(&source.text, key);
    let behind = source.text.get(whole.start..).and_then(|rest| Some((rest.find('=')?, rest)));
    let found = behind.and_then(|(equals, rest)| Some(whole.start + equals + rest[equals..].find(text)?));
    let span = found.map_or(whole, |start| start + part.start..start + part.end);
    (Arc::clone(source), span)
}

/// Markdown that belongs to no course: without images of its own. Problems are reported in `source`.
pub fn of_no_course(markdown: &str, key: &str, source: &Arc<Source>) -> (Block, Vec<Problem>) {
    let marked = Marked::untagged(markdown);
    let mut problems = Vec::new();
    let document = markdown::read(&marked, Base::Nowhere, source, &mut problems);
    problems.extend(untagged(markdown, key, source));
    (Block::new(&document, &marked), problems)
}

/// A tag in a text that stands in mails as it is: readers would see its braces.
pub fn untagged(text: &str, key: &str, source: &Arc<Source>) -> Option<Problem> {
    let at = ["{{", "{%", "{#"].iter().filter_map(|tag| text.find(tag)).min()?;
    let help = "write it without: only a lesson's subject, preview and text are filled in for each person";
    Some(Problem::error(source, at..at + 2, format!("`{key}` stands in mails as it is, with this tag in it"), help))
}

/// The line on which a key of a TOML text stands, or its beginning.
pub fn key_span(toml: &str, key: &str) -> Range<usize> {
    let mut at = 0;
    for line in toml.split_inclusive('\n') {
        let behind = line.trim_start().strip_prefix(key).map(str::trim_start);
        if behind.is_some_and(|rest| rest.starts_with('=')) {
            return at..at + line.trim_end().len();
        }
        at += line.len();
    }
    0..0
}

/// The questions of a lesson, by id. `dress` puts styles into HTML.
pub fn questions(lesson: &Lesson, words: &Mail, dress: &dyn Fn(&str) -> String) -> Questions {
    let numbered = (1..).zip(&lesson.asks);
    numbered.map(|(number, ask)| (ask.id.clone(), Question::new(number, ask, words, dress))).collect()
}

pub type Questions = BTreeMap<String, Question>;

/// Gives templates `ask(id=…)` and `crisis()`.
pub fn register(tera: &mut Tera, questions: Questions, crisis: Block) {
    tera.register_function("ask", Asks(questions));
    tera.register_function("crisis", Crisis(crisis));
}

/// Places a question, as HTML or text, whichever part calls: with the mail's own link where it has one.
struct Asks(Questions);

impl Function<TeraResult<String>> for Asks {
    fn call(&self, arguments: Kwargs, state: &State) -> TeraResult<String> {
        let id = arguments.must_get::<String>("id")?;
        let question = self.0.get(&id).ok_or_else(|| tera::Error::message("this lesson has no such question"))?;
        let link = state.get::<String>(ANSWER_URL)?;
        let way = match &link {
            Some(link) => Way::Link(link),
            None if state.get::<bool>(FOR_ANYBODY)?.unwrap_or(false) => Way::None,
            None => Way::Reply,
        };
        Ok(if state.autoescaping_enabled() { question.html(way) } else { question.text(way) })
    }

    fn is_safe(&self) -> bool {
        true
    }
}

/// Places the crisis text, as HTML or text.
struct Crisis(Block);

impl Function<TeraResult<String>> for Crisis {
    fn call(&self, _: Kwargs, state: &State) -> TeraResult<String> {
        Ok(if state.autoescaping_enabled() { self.0.html.clone() } else { self.0.text.clone() })
    }

    fn is_safe(&self) -> bool {
        true
    }
}

/// Set apart from the words around it. A table, because Outlook gives nothing else a padding.
pub fn boxed(html: &str) -> String {
    format!("<table role=\"presentation\" class=\"box\">\n<tbody><tr><td>\n{html}</td></tr></tbody>\n</table>\n")
}

/// Text made safe for HTML, between tags and within quoted attributes.
pub fn escape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    // A Vec takes every write.
    let _ = escape_into(text, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Tera's own escaping leaves `'` alone.
pub fn escape_into(text: &str, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.write_all(&text.as_bytes()[start..at])?;
        out.write_all(entity.as_bytes())?;
        start = at + 1;
    }
    out.write_all(&text.as_bytes()[start..])
}
