//! Makes templates of a lesson, once for each version of it, and fills them in for a person.

use crate::course::Course;
use crate::course::Kind;
use crate::course::Lesson;
use crate::enrolment::is_lesson;
use crate::message::Archive;
use crate::message::Inside;
use crate::message::Rendered;
use crate::message::Templates;
use crate::message::Values;
use crate::message::blocks;
use crate::message::draft::Draft;
use crate::message::draft::Frame;
use crate::message::draft::draft;
use crate::message::finish::Limited;
use crate::message::finish::tidy;
use crate::message::inside::Carried;
use crate::message::marked::Instead;
use crate::message::one_line;
use crate::message::origins::FEED;
use crate::message::origins::HTML;
use crate::message::origins::Origins;
use crate::message::origins::PREVIEW;
use crate::message::origins::RenderError;
use crate::message::origins::SUBJECT;
use crate::message::origins::TEXT;
use crate::message::reader;
use crate::message::reader::Shown;
use crate::problem::Problem;
use crate::problem::any_error;
use crate::site::Site;
use crate::text::fill;
use crate::text::words;
use serde::Serialize;
use serde_json::json;
use tera::Context;
use tera::Tera;

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
    /// The images that its mails carry.
    carried: Vec<Carried>,
    origins: Origins,
}

#[derive(Serialize)]
struct LessonFacts {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_note: Option<String>,
}

/// Compiles a lesson.
///
/// # Errors
/// Every error that can be seen without a person; warnings are left to `check`.
pub fn prepare(templates: &Templates, site: &Site, course: &Course, lesson: &Lesson) -> Result<Prepared, Vec<Problem>> {
    let mut problems = Vec::new();
    let frame = Frame::new(templates, site, course);
    let drafted = draft(&frame, templates, site, course, lesson, &mut problems);
    match Prepared::of(&drafted, course, lesson, &Instead::new()) {
        Ok(prepared) if !any_error(&problems) => Ok(prepared),
        Ok(_) => Err(problems),
        Err(error) => {
            problems.push(*error.problem);
            Err(problems)
        }
    }
}

impl Prepared {
    /// Compiles what was read, with some of its tags in other words.
    ///
    /// # Errors
    /// The first thing that Tera can't read.
    pub(super) fn of(
        draft: &Draft<'_>,
        course: &Course,
        lesson: &Lesson,
        instead: &Instead,
    ) -> Result<Prepared, RenderError> {
        let (tera, origins) = draft.compile(instead)?;
        let progress = match course.kind {
            Kind::Course if is_lesson(&lesson.id) => words(&course.language).mail.progress,
            Kind::Course | Kind::Newsletter => "",
        };
        let is_course = course.kind == Kind::Course;
        let lesson = LessonFacts { id: lesson.id.clone(), content_note: lesson.content_note.clone() };
        let carried = draft.carried.clone();
        Ok(Prepared { tera, lesson, is_course, has_title: draft.has_title, progress, carried, origins })
    }
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
        Ok(Rendered { subject, preview, html, text, inside: self.inside() })
    }

    /// The images that its mails carry, as readers get them. The first time this takes as long as making them does.
    pub fn inside(&self) -> Vec<Inside> {
        self.carried.iter().filter_map(|image| image.inside().cloned()).collect()
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
            context.insert(blocks::FOR_ANYBODY, &true);
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

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prepared({})", self.lesson.id)
    }
}
