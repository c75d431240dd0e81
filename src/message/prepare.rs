//! Makes templates of a lesson, once for each version of it, and fills them in for a person.

use crate::course::Course;
use crate::course::Kind;
use crate::course::Lesson;
use crate::enrolment::is_lesson;
use crate::message::Archive;
use crate::message::RENDER_LIMIT;
use crate::message::Rendered;
use crate::message::Templates;
use crate::message::Values;
use crate::message::blocks;
use crate::message::context;
use crate::message::finish::Limited;
use crate::message::finish::tidy;
use crate::message::look::compile::Compiled;
use crate::message::markdown;
use crate::message::markdown::Base;
use crate::message::markdown::Document;
use crate::message::marked::Filled;
use crate::message::marked::Marked;
use crate::message::names::Names;
use crate::message::one_line;
use crate::message::plain;
use crate::message::reader;
use crate::message::reader::Shown;
use crate::message::tags;
use crate::message::tags::TagKind;
use crate::message::templates;
use crate::message::templates::Complaint;
use crate::problem::Problem;
use crate::problem::Source;
use crate::problem::any_error;
use crate::site::Site;
use crate::text::direction;
use crate::text::fill;
use crate::text::words;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use tera::Context;
use tera::ErrorKind;
use tera::Tera;

const HTML: &str = "lesson.html";
const TEXT: &str = "lesson.txt";
/// An issue's words alone, for a feed.
const FEED: &str = "feed.html";
const FEED_HEAD: &str = "{% if lesson.content_note %}<p><strong>{{ words.content_note }}</strong> {{ lesson.content_note }}</p>\n{% endif %}";
const FEED_END: &str = "{% if disclaimer_html %}<hr>\n{{ disclaimer_html }}{% endif %}";
const SUBJECT: &str = "subject.txt";
const PREVIEW: &str = "preview.txt";

/// A lesson that only waits for a person's values.
pub struct Prepared {
    tera: Tera,
    lesson: LessonFacts,
    /// A course, not a newsletter.
    is_course: bool,
    /// The text begins with a title of its own: the subject isn't shown above it.
    has_title: bool,
    /// The sentence that says where a person stands; empty in a newsletter, where nobody stands anywhere.
    progress: &'static str,
    origins: Origins,
}

/// Why a mail couldn't be made of these values. Its text holds no value of the person.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{place} can't be filled in for this person; run `dripline check` and give every optional value an `or`")]
pub struct RenderError {
    /// `file:line:column`
    place: String,
    pub(super) problem: Box<Problem>,
    /// The tag of the body at fault.
    pub(super) tag: Option<usize>,
}

#[derive(Serialize)]
struct LessonFacts {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_note: Option<String>,
}

/// Where the templates of a lesson came from, for problems.
struct Origins {
    id: String,
    source: Arc<Source>,
    body: Marked,
    html: Filled,
    feed: Filled,
    text: Filled,
    subject: String,
    preview: String,
    templates: BTreeMap<String, Arc<Compiled>>,
}

/// Compiles a lesson.
///
/// # Errors
/// Every error that can be seen without a person; warnings are left to `check`.
pub fn prepare(templates: &Templates, site: &Site, course: &Course, lesson: &Lesson) -> Result<Prepared, Vec<Problem>> {
    let mut problems = Vec::new();
    let prepared = draft(templates, site, course, lesson, &BTreeSet::new(), &mut problems);
    match prepared {
        Ok(prepared) if !any_error(&problems) => Ok(prepared),
        Ok(_) => Err(problems),
        Err(error) => {
            problems.push(*error.problem);
            Err(problems)
        }
    }
}

/// As [`prepare`], but leaves out the tags in `skip`, so that what is behind a faulty one can be looked at.
pub(super) fn draft(
    templates: &Templates,
    site: &Site,
    course: &Course,
    lesson: &Lesson,
    skip: &BTreeSet<usize>,
    problems: &mut Vec<Problem>,
) -> Result<Prepared, RenderError> {
    let words = words(&course.language);
    let body = mark_body(course, lesson, problems);
    let document = markdown::read(&body, Base::Course(site, course), &lesson.source, problems);
    let html = body.fill(
        "{% extends \"mail/lesson/mail.html\" %}{% block lesson %}\n",
        &templates.styles.of_lesson(&document.html(), &body, direction(&course.language)),
        "{% endblock lesson %}",
        skip,
    );
    let has_title = document.has_title();
    let text = plain::write(&body, &document.events);
    if text.trim().is_empty() {
        let help = "write it in Markdown: the text part is made of it, and some people read nothing else";
        let span = lesson.body..lesson.source.text.len();
        problems.push(Problem::error(&lesson.source, span, "this lesson has no plain text", help));
    }
    let text =
        body.fill("{% extends \"mail/lesson/mail.txt\" %}{% block lesson %}\n", &text, "{% endblock lesson %}", skip);
    let mut tera = templates.tera.clone();
    let crisis = context::block(course.crisis.as_deref(), "crisis", site, course, problems);
    let dress = |html: &str| templates.styles.of_block(html, direction(&course.language));
    blocks::register(&mut tera, lesson, &crisis, &words.mail, &dress);
    *tera.global_context() = context::of_course(templates, site, course, problems);
    let origins = Origins {
        id: lesson.id.clone(),
        source: Arc::clone(&lesson.source),
        feed: feed(course, &document, &body, skip),
        body,
        html,
        text,
        subject: header(&lesson.subject, "subject", course, lesson, problems),
        preview: header(lesson.preview.as_deref().unwrap_or_default(), "preview", course, lesson, problems),
        templates: templates.files.clone(),
    };
    if let Some(problem) =
        lesson.content_note.as_ref().and_then(|it| blocks::untagged(it, "content_note", &lesson.source))
    {
        let span = blocks::key_span(&lesson.source.text[..lesson.body], "content_note");
        problems.push(Problem { span, ..problem });
    }
    let compiled = [SUBJECT, PREVIEW, HTML, TEXT, FEED].map(|name| (name, origins.text_of(name).unwrap_or_default()));
    tera.add_raw_templates(compiled).map_err(|error| origins.explain(&error))?;
    let lesson = LessonFacts { id: lesson.id.clone(), content_note: lesson.content_note.clone() };
    let progress = match course.kind {
        Kind::Course if is_lesson(&lesson.id) => words.mail.progress,
        Kind::Course | Kind::Newsletter => "",
    };
    let is_course = course.kind == Kind::Course;
    Ok(Prepared { tera, lesson, is_course, has_title, progress, origins })
}

impl Prepared {
    /// One person's mail.
    ///
    /// # Errors
    /// When a value is missing that the lesson insists on, or a part exceeds [`RENDER_LIMIT`].
    pub fn render(&self, values: &Values) -> Result<Rendered, RenderError> {
        let (context, subject, preview) = self.context(values, Shown::Mail)?;
        let html = self.part(HTML, &context)?;
        let text = tidy(&self.part(TEXT, &context)?);
        Ok(Rendered { subject, preview, html, text })
    }

    /// The same mail as a page for a browser.
    ///
    /// # Errors
    /// As [`Prepared::render`].
    pub fn page(&self, values: &Values) -> Result<String, RenderError> {
        self.browsed(values, Shown::Page)
    }

    /// The page for nobody in particular: without what is a person's own, with where to get it and where the others are.
    ///
    /// # Errors
    /// As [`Prepared::render`].
    pub fn archived(&self, values: &Values, around: &Archive) -> Result<String, RenderError> {
        self.browsed(values, Shown::Archive(around))
    }

    /// The words of an issue for nobody in particular as HTML, for a feed: without a frame, with its note and its disclaimer.
    ///
    /// # Errors
    /// As [`Prepared::render`].
    pub fn words(&self, values: &Values, around: &Archive) -> Result<String, RenderError> {
        let (context, _, _) = self.context(values, Shown::Archive(around))?;
        self.part(FEED, &context)
    }

    /// The subject and the preview alone; the preview may be empty.
    ///
    /// # Errors
    /// As [`Prepared::render`].
    pub fn head(&self, values: &Values) -> Result<(String, String), RenderError> {
        self.context(values, Shown::Mail).map(|(_, subject, preview)| (subject, preview))
    }

    fn browsed(&self, values: &Values, shown: Shown<'_>) -> Result<String, RenderError> {
        let (context, _, _) = self.context(values, shown)?;
        let html = self.part(HTML, &context)?;
        // MJML calls the whole an article that is an e-mail; of a page it is the main part.
        let html = html.replacen(" aria-roledescription=\"email\"", "", 1);
        Ok(html.replacen(" role=\"article\"", " role=\"main\"", 1))
    }

    /// What templates see, the subject and the preview of this person's mail.
    fn context(&self, values: &Values, shown: Shown<'_>) -> Result<(Context, String, String), RenderError> {
        let mut context = reader::context(values);
        context.insert("lesson", &self.lesson);
        let subject = one_line(&self.part(SUBJECT, &context)?);
        let preview = one_line(&self.part(PREVIEW, &context)?);
        let mut lesson = json!({ "id": self.lesson.id, "subject": subject });
        if let Some(note) = &self.lesson.content_note {
            lesson["content_note"] = json!(note);
        }
        if !preview.is_empty() {
            lesson["preview"] = json!(preview);
        }
        context.insert("lesson", &lesson);
        let (number, of) = (values.progress.number.to_string(), values.progress.of.to_string());
        let mail = json!({
            "subject": subject,
            "title": if self.has_title { "" } else { subject.as_str() },
            "preview": preview,
            "progress": match shown {
                Shown::Archive(around) => around.date.clone(),
                Shown::Mail | Shown::Page => fill(self.progress, &[("number", &number), ("of", &of)]),
            },
            "page": !matches!(shown, Shown::Mail),
            "list": !matches!(shown, Shown::Archive(_)),
            "course": self.is_course,
        });
        context.insert("mail", &mail);
        if let Shown::Archive(around) = shown {
            context.insert("archive", around);
        }
        Ok((context, subject, preview))
    }

    fn part(&self, name: &str, context: &Context) -> Result<String, RenderError> {
        let mut out = Limited(Vec::new());
        self.tera.render_to(name, context, &mut out).map_err(|error| self.origins.explain(&error))?;
        // Tera writes what are strings.
        String::from_utf8(out.0).or_else(|error| Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

impl RenderError {
    fn new(problem: Problem, tag: Option<usize>) -> RenderError {
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
    fn explain(&self, error: &tera::Error) -> RenderError {
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
            FEED => &self.feed,
            TEXT => &self.text,
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
        let removable = tag.filter(|n| matches!(self.body.tags[*n].kind, TagKind::Value | TagKind::Block));
        RenderError::new(in_tag(&complaint.message, &self.source, span), removable)
    }

    fn text_of(&self, template: &str) -> Option<&str> {
        match template {
            HTML => Some(&self.html.template),
            FEED => Some(&self.feed.template),
            TEXT => Some(&self.text.template),
            SUBJECT => Some(&self.subject),
            PREVIEW => Some(&self.preview),
            path => self.templates.get(path).map(|compiled| compiled.template.as_str()),
        }
    }
}

fn in_tag(message: &str, source: &Arc<Source>, span: std::ops::Range<usize>) -> Problem {
    let tag = source.text.get(span.clone()).unwrap_or_default().trim();
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
    Problem::error(source, span, format!("`{tag}`: {message}"), "correct the tag")
}

/// The words of an issue alone: a feed reader has its own looks. What must not be missing from any mail isn't missing there.
fn feed(course: &Course, document: &Document<'_>, body: &Marked, skip: &BTreeSet<usize>) -> Filled {
    let html = if course.kind == Kind::Newsletter { document.html() } else { String::new() };
    body.fill(FEED_HEAD, &html, FEED_END, skip)
}

/// Marks the body's tags, and adds the questions that it doesn't place itself.
fn mark_body(course: &Course, lesson: &Lesson, problems: &mut Vec<Problem>) -> Marked {
    let range = lesson.body..lesson.source.text.len();
    let body = tags::mark(&lesson.source, range.clone(), &[], problems);
    let placed = Names::of_body(course, lesson).check(&body.tags, &lesson.source, problems);
    let missing = lesson.asks.iter().filter(|ask| !placed.contains(&ask.id));
    let added: Vec<String> = missing.map(|ask| format!("{{{{ ask(id=\"{}\") }}}}", ask.id)).collect();
    if added.is_empty() { body } else { tags::mark(&lesson.source, range, &added, &mut Vec::new()) }
}

/// The template of a line of the head. Its problems stand at its key.
fn header(line: &str, key: &str, course: &Course, lesson: &Lesson, problems: &mut Vec<Problem>) -> String {
    let written = Source::new("", line);
    let mut found = Vec::new();
    let marked = tags::mark(&written, 0..line.len(), &[], &mut found);
    Names::of_header(course, lesson).check(&marked.tags, &written, &mut found);
    let span = blocks::key_span(&lesson.source.text[..lesson.body], key);
    for problem in found {
        problems.push(Problem { source: Arc::clone(&lesson.source), span: span.clone(), ..problem });
    }
    let text = marked.text.clone();
    marked.fill("", &text, "", &BTreeSet::new()).template
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prepared({})", self.lesson.id)
    }
}
