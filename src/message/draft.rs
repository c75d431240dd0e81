//! A lesson as far as it is the same for everybody: its tags marked, its Markdown read and styled, its names checked. Knows
//! no person and fills in nothing.

use crate::course::Course;
use crate::course::Kind;
use crate::course::Lesson;
use crate::message::Required;
use crate::message::Templates;
use crate::message::blocks;
use crate::message::blocks::Block;
use crate::message::blocks::Questions;
use crate::message::branches::too_much;
use crate::message::components;
use crate::message::context;
use crate::message::inside::Carried;
use crate::message::inside::carried;
use crate::message::look::compile::Compiled;
use crate::message::markdown;
use crate::message::markdown::Base;
use crate::message::marked::Instead;
use crate::message::marked::Marked;
use crate::message::names::Names;
use crate::message::origins::FEED;
use crate::message::origins::HTML;
use crate::message::origins::Origins;
use crate::message::origins::PREVIEW;
use crate::message::origins::RenderError;
use crate::message::origins::SUBJECT;
use crate::message::origins::TEXT;
use crate::message::placed;
use crate::message::plain;
use crate::message::tags;
use crate::message::untagged;
use crate::problem::Problem;
use crate::problem::Source;
use crate::site::Site;
use crate::text::direction;
use crate::text::words;
use std::collections::BTreeMap;
use std::sync::Arc;
use tera::Tera;

/// What stands around an issue's words in a feed.
const FEED_HEAD: &str = "{% if lesson.content_note %}<p><strong>{{ words.content_note }}</strong> {{ lesson.content_note }}</p>\n{% endif %}";
const FEED_END: &str = "{% if disclaimer_html %}<hr>\n{{ disclaimer_html }}{% endif %}";

/// What is the same in every mail of a course in one language. Made once for many lessons.
pub struct Frame {
    /// Knows the mail's templates and everything but the lesson.
    tera: Tera,
    /// As templates print it.
    crisis: Block,
    /// What of the course's texts stands in its mails.
    texts: [Block; 2],
    templates: BTreeMap<String, Arc<Compiled>>,
    /// What every mail must show.
    pub required: Required,
    /// What is wrong with the course's texts, which stand in each mail.
    problems: Vec<Problem>,
}

impl Frame {
    pub fn new(templates: &Templates, site: &Site, course: &Course) -> Frame {
        let mut problems = Vec::new();
        let mut tera = templates.tera.clone();
        let crisis = context::block(course.crisis.as_deref(), "crisis", site, course, &mut problems);
        let disclaimer = context::block(course.disclaimer.as_deref(), "disclaimer", site, course, &mut problems);
        let dress = |html: &str| templates.styles.of_block(html, direction(&course.language));
        components::register(&mut tera, &words(&course.language).mail, templates.theme(), &dress);
        *tera.global_context() = context::of_course(templates, site, course, &disclaimer);
        let (required, templates) = (Required::new(site, course), templates.files.clone());
        let dressed = Block { html: dress(&blocks::boxed(&crisis.html)), ..crisis.clone() };
        Frame { tera, crisis: dressed, texts: [crisis, disclaimer], templates, required, problems }
    }
}

/// A lesson before it is compiled.
pub struct Draft<'f> {
    pub body: Arc<Marked>,
    /// The text begins with a title of its own.
    pub has_title: bool,
    html: String,
    text: String,
    /// As `html`, but a feed reader has its own looks; empty in a course, which has no feed.
    feed: String,
    subject: String,
    preview: String,
    questions: Questions,
    /// The images that its mails carry.
    pub carried: Vec<Carried>,
    /// More than Tera should be given to read.
    refused: Option<Problem>,
    pub frame: &'f Frame,
    id: String,
    source: Arc<Source>,
}

/// Reads a lesson. What is wrong with it for everybody goes to `problems`.
pub fn draft<'f>(
    frame: &'f Frame,
    templates: &Templates,
    site: &Site,
    course: &Course,
    lesson: &Lesson,
    problems: &mut Vec<Problem>,
) -> Draft<'f> {
    problems.extend(frame.problems.iter().cloned());
    let body = mark_body(course, lesson, problems);
    let refused = too_much(&body).map(|(n, message)| {
        Problem::error(
            &lesson.source,
            body.tags[n].span.clone(),
            message,
            "say it with fewer, or make two lessons of it",
        )
    });
    problems.extend(refused.clone());
    let document = markdown::read(&body, Base::Course(site, course), &lesson.source, problems);
    let words_alone = document.html(&body);
    let html = templates.styles.of_lesson(&words_alone, &body, direction(&course.language));
    let has_title = document.has_title();
    let [crisis, disclaimer] = &frame.texts;
    let carried = carried(templates, site, course, &document, &[crisis, disclaimer]);
    let text = plain::write(&body, &document.events);
    if text.trim().is_empty() {
        let help = "write it in Markdown: the text part is made of it, and some people read nothing else";
        let span = lesson.body..lesson.source.text.len();
        problems.push(Problem::error(&lesson.source, span, "this lesson has no plain text", help));
    }
    problems.extend(untagged::of_lesson(lesson));
    let dress = |html: &str| templates.styles.of_block(html, direction(&course.language));
    Draft {
        body: Arc::new(body),
        has_title,
        html,
        text,
        feed: if course.kind == Kind::Newsletter { words_alone } else { String::new() },
        subject: header(&lesson.subject, "subject", course, lesson, problems),
        preview: header(lesson.preview.as_deref().unwrap_or_default(), "preview", course, lesson, problems),
        questions: blocks::questions(lesson, &words(&course.language).mail, &dress),
        carried,
        refused,
        frame,
        id: lesson.id.clone(),
        source: Arc::clone(&lesson.source),
    }
}

impl Draft<'_> {
    /// Puts the tags back, some of them in other words, and has Tera read the templates.
    ///
    /// # Errors
    /// The first thing that Tera can't read, or doesn't know.
    pub fn compile(&self, instead: &Instead) -> Result<(Tera, Origins), RenderError> {
        if let Some(problem) = &self.refused {
            return Err(RenderError::new(problem.clone(), None));
        }
        let fill = |ending: &str, text: &str| {
            let before = format!("{{% extends \"mail/lesson/mail.{ending}\" %}}{{% block lesson %}}\n");
            self.body.fill(&before, text, "{% endblock lesson %}", instead)
        };
        let origins = Origins {
            id: self.id.clone(),
            source: Arc::clone(&self.source),
            body: Arc::clone(&self.body),
            html: fill("html", &self.html),
            text: fill("txt", &self.text),
            feed: self.body.fill(FEED_HEAD, &self.feed, FEED_END, instead),
            subject: self.subject.clone(),
            preview: self.preview.clone(),
            templates: self.frame.templates.clone(),
        };
        let compiled =
            [SUBJECT, PREVIEW, HTML, TEXT, FEED].map(|name| (name, origins.text_of(name).unwrap_or_default()));
        let mut tera = self.frame.tera.clone();
        blocks::register(&mut tera, self.questions.clone(), self.frame.crisis.clone());
        tera.add_raw_templates(compiled).map_err(|error| origins.explain(&error))?;
        Ok((tera, origins))
    }
}

/// Marks the body's tags, and adds the questions that it doesn't place itself.
fn mark_body(course: &Course, lesson: &Lesson, problems: &mut Vec<Problem>) -> Marked {
    let range = lesson.body..lesson.source.text.len();
    let body = tags::mark(&lesson.source, range.clone(), &[], problems);
    let placed = Names::of_body(course, lesson).check(&body.tags, &lesson.source, problems);
    placed::look(&body, &lesson.source, problems);
    let missing = lesson.asks.iter().filter(|ask| !placed.contains(&ask.id));
    let added: Vec<String> = missing.map(|ask| format!("{{{{ ask(id=\"{}\") }}}}", ask.id)).collect();
    let body = if added.is_empty() { body } else { tags::mark(&lesson.source, range, &added, &mut Vec::new()) };
    body.with_pages()
}

/// The template of a line of the head. Its problems stand at its key.
fn header(line: &str, key: &str, course: &Course, lesson: &Lesson, problems: &mut Vec<Problem>) -> String {
    let written = Source::new("", line);
    let mut found = Vec::new();
    let marked = tags::mark(&written, 0..line.len(), &[], &mut found);
    Names::of_header(course, lesson).check(&marked.tags, &written, &mut found);
    let refused = too_much(&marked).map(|(n, message)| {
        Problem::error(&written, marked.tags[n].span.clone(), message, "say it with fewer: a subject is one line")
    });
    let is_refused = refused.is_some();
    found.extend(refused);
    let span = blocks::key_span(&lesson.source.text[..lesson.body], key);
    for problem in found {
        problems.push(Problem { source: Arc::clone(&lesson.source), span: span.clone(), ..problem });
    }
    if is_refused {
        return String::new();
    }
    let text = marked.text.clone();
    marked.fill("", &text, "", &Instead::new()).template
}
