//! The courses in force, each with its lessons ready to be filled in, ready to be sent.

use crate::course;
use crate::course::Course;
use crate::course::Kind;
use crate::course::Lesson;
use crate::course::Tree;
use crate::message::CoursePage;
use crate::message::Prepared;
use crate::message::Required;
use crate::message::Templates;
use crate::message::course_page;
use crate::message::image_hash;
use crate::message::own_mails;
use crate::message::prepare;
use crate::problem::Problem;
use crate::site::Site;
use crate::text;
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::OnceLock;

/// Where stored versions of a course stand in problems and errors.
const STORED: &str = "the stored courses";

/// Every course in force. Immutable; an edit makes another shelf.
#[derive(Debug, Default, Clone)]
pub struct Shelf {
    pub courses: BTreeMap<String, Arc<Shelved>>,
}

/// A course with its lessons compiled, in its own language and in those it is translated into.
#[derive(Debug)]
pub struct Shelved {
    pub course: Course,
    /// What every mail of it must show.
    pub required: Required,
    /// The texts of its page.
    pub page: CoursePage,
    lessons: BTreeMap<String, Arc<Prepared>>,
    /// The program's own mails in this course.
    own: BTreeMap<String, (Lesson, Arc<Prepared>)>,
    /// By language tag; each holds the lessons that are translated.
    translations: BTreeMap<String, Shelved>,
    /// The course's files by hash, once somebody has asked for one.
    paths: OnceLock<BTreeMap<String, String>>,
}

impl Shelved {
    /// Compiles every lesson of a course.
    ///
    /// # Errors
    /// Every lesson that can't be compiled, with its problems.
    pub fn new(templates: &Templates, site: &Site, course: Course) -> Result<Shelved, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut original = compile(templates, site, &course, &|_| true, &mut problems);
        for (language, translation) in &course.translations {
            let is_translated = |id: &str| translation.lessons.contains(id);
            let shelved = compile(templates, site, &translation.course, &is_translated, &mut problems);
            original.translations.insert(language.clone(), shelved);
        }
        if problems.is_empty() { Ok(original) } else { Err(problems) }
    }

    /// A course with this lesson alone compiled, in the course's own language, and what is wrong with either.
    pub fn of_lesson(templates: &Templates, site: &Site, course: &Course, lesson: &str) -> (Shelved, Vec<Problem>) {
        let mut problems = Vec::new();
        let shelved = compile(templates, site, course, &|id| id == lesson, &mut problems);
        (shelved, problems)
    }

    /// As [`Shelved::of_lesson`], in every language of the course: for pages, which are in their visitor's.
    pub fn of_pages(templates: &Templates, site: &Site, course: &Course, lesson: &str) -> Shelved {
        let (mut original, _) = Shelved::of_lesson(templates, site, course, lesson);
        for (language, translation) in &course.translations {
            let is_meant = |id: &str| id == lesson && translation.lessons.contains(id);
            let shelved = compile(templates, site, &translation.course, &is_meant, &mut Vec::new());
            original.translations.insert(language.clone(), shelved);
        }
        original
    }

    /// The course in a person's language, or in its own.
    pub fn in_language(&self, language: &str) -> &Shelved {
        let base = text::base(language);
        let same = |known: &&String| known.eq_ignore_ascii_case(language);
        let near = |known: &&String| text::base(known).eq_ignore_ascii_case(base);
        let own = [&self.course.language];
        let exact = own.into_iter().chain(self.translations.keys()).find(same);
        let found = exact.or_else(|| own.into_iter().chain(self.translations.keys()).find(near));
        found.and_then(|known| self.translations.get(known)).unwrap_or(self)
    }

    /// Whether it is in a language, if not in the very same kind of it.
    pub fn speaks(&self, language: &str) -> bool {
        text::base(&self.in_language(language).course.language).eq_ignore_ascii_case(text::base(language))
    }

    /// The course in the language in which a person gets this lesson: their own, where it is translated.
    pub fn edition(&self, lesson: &str, language: &str) -> &Shelved {
        let has = |edition: &&Shelved| edition.lessons.contains_key(lesson) || edition.own.contains_key(lesson);
        Some(self.in_language(language)).filter(has).unwrap_or(self)
    }

    pub fn lesson(&self, id: &str) -> Option<(&Lesson, Arc<Prepared>)> {
        if let Some((lesson, prepared)) = self.own.get(id) {
            return Some((lesson, Arc::clone(prepared)));
        }
        Some((self.course.lessons.get(id)?, Arc::clone(self.lessons.get(id)?)))
    }

    /// What a lesson is called where nobody's values can be filled in: its subject, or its name.
    pub fn title_of(&self, lesson: &str, language: &str) -> String {
        let lesson = self.called_now(lesson);
        let known = self.edition(lesson, language).course.lessons.get(lesson);
        let subject = known.map(|it| it.subject.as_str()).filter(|subject| !subject.contains('{'));
        subject.map_or_else(|| lesson.replace('-', " "), String::from)
    }

    /// What a lesson is called that once had this name.
    pub fn called_now<'a>(&'a self, id: &'a str) -> &'a str {
        if self.course.lessons.contains_key(id) {
            return id;
        }
        let renamed = self.course.lessons.values().find(|lesson| lesson.was.iter().any(|was| was == id));
        renamed.map_or(id, |lesson| &lesson.id)
    }

    /// The coach's file of this hash, with its path.
    pub fn file(&self, hash: &str) -> Option<(&str, &[u8])> {
        let hashed = || self.course.files.iter().map(|(path, bytes)| (image_hash(bytes), path.clone())).collect();
        let path = self.paths.get_or_init(hashed).get(hash)?;
        self.course.files.get_key_value(path).map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }
}

fn compile(
    templates: &Templates,
    site: &Site,
    course: &Course,
    is_meant: &dyn Fn(&str) -> bool,
    problems: &mut Vec<Problem>,
) -> Shelved {
    let mut lessons = BTreeMap::new();
    for (id, lesson) in course.lessons.iter().filter(|(id, _)| is_meant(id)) {
        match prepare(templates, site, course, lesson) {
            Ok(prepared) => {
                lessons.insert(id.clone(), Arc::new(prepared));
            }
            Err(found) => problems.extend(found),
        }
    }
    let mut own = BTreeMap::new();
    // A newsletter has none: it doesn't end, and nobody has a place in it to come back to.
    for lesson in own_mails(course).into_iter().filter(|_| course.kind == Kind::Course) {
        match prepare(templates, site, course, &lesson) {
            Ok(prepared) => drop(own.insert(lesson.id.clone(), (lesson, Arc::new(prepared)))),
            Err(found) => problems.extend(found),
        }
    }
    let page = course_page(site, course, problems);
    let required = Required::new(site, course);
    let (translations, paths) = (BTreeMap::new(), OnceLock::new());
    Shelved { course: course.clone(), required, page, lessons, own, translations, paths }
}

impl Shelf {
    /// Ids of the newsletters.
    pub fn newsletters(&self) -> impl Iterator<Item = &str> {
        let all = self.courses.iter().filter(|(_, shelved)| shelved.course.kind == Kind::Newsletter);
        all.map(|(id, _)| id.as_str())
    }

    pub fn get(&self, course: &str) -> Option<&Arc<Shelved>> {
        self.courses.get(course)
    }
}

/// A course's files as the database keeps them: JSON of path → base64, compressed.
pub fn pack(tree: &Tree) -> anyhow::Result<Vec<u8>> {
    let texts: BTreeMap<&str, String> =
        tree.iter().map(|(path, bytes)| (path.as_str(), STANDARD.encode(bytes))).collect();
    Ok(zstd::bulk::compress(&serde_json::to_vec(&texts)?, 3)?)
}

/// The course that `pack` stored.
pub fn unpack(id: &str, files: &[u8]) -> anyhow::Result<Course> {
    let damaged = || format!("the stored version of course {id} is damaged; restore a backup");
    let json = zstd::stream::decode_all(files).with_context(damaged)?;
    let texts: BTreeMap<String, String> = serde_json::from_slice(&json).with_context(damaged)?;
    let mut tree = Tree::new();
    for (path, text) in texts {
        tree.insert(path, STANDARD.decode(text).with_context(damaged)?);
    }
    let loaded = course::load_stored(id, STORED, &tree);
    let first = loaded.problems.first().map(ToString::to_string).unwrap_or_default();
    loaded.course.with_context(|| format!("the stored version of course {id} no longer loads: {first}"))
}
