//! One course as its files say it, also where they have errors: its lessons, those that stand in no list, and what is wrong
//! with them, looked for lesson by lesson. Knows no other course.

use crate::course;
use crate::course::Course;
use crate::course::Lesson;
use crate::course::Loaded;
use crate::course::Tree;
use crate::flow::check;
use crate::flow::preview::Ground;
use crate::flow::preview::RENDER_TIME;
use crate::flow::preview::State;
use crate::flow::shelf::Shelved;
use crate::message::Templates;
use crate::message::check_lesson;
use crate::message::course_page;
use crate::picture;
use crate::picture::Format;
use crate::problem;
use crate::problem::Problem;
use crate::site::Site;
use crate::text;
use sha2::Digest as _;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use tokio::sync::OnceCell;

/// A lesson in one of its languages; the empty name is the course's page.
type Key = (String, String);

/// What was found in one of them, and in which version of everything that it is made from.
#[derive(Clone)]
struct Finding {
    made_from: String,
    problems: Arc<Vec<Problem>>,
}

/// Stands behind a lesson's name where its mail was seen to take too long.
const STUCK: &str = "is stuck";

/// A lesson that was compiled last, with the language of its edition.
type Ready = (Key, Arc<Shelved>, Arc<Vec<Problem>>);

/// A course of the folder.
pub struct Book {
    pub id: String,
    /// As far as its files can be read; `None`: not at all.
    pub course: Option<Arc<Course>>,
    /// Drafts, and what was retired, by id.
    pub unlisted: BTreeMap<String, Lesson>,
    /// Of its files.
    pub version: String,
    /// What other courses must know of it.
    pub(super) beside_others: Loaded,
    /// What is wrong with its files, before a mail is made of any.
    found: Vec<Problem>,
    /// Of everything but the lessons' own files: with another one each lesson has to be looked at again.
    frame: String,
    findings: Mutex<BTreeMap<Key, Finding>>,
    ready: Mutex<Option<Ready>>,
    /// Set when every picture of the course has been prepared once.
    pictures: OnceCell<()>,
}

impl Book {
    /// `known`: the course as it was before; what was found in a lesson that stayed the same is kept.
    pub(super) fn read(
        id: &str,
        prefix: &str,
        tree: Result<Tree, Vec<Problem>>,
        ground: &Ground,
        known: Option<&Book>,
    ) -> Book {
        let frame = tree.as_ref().map(frame_of_files).unwrap_or_default();
        let loaded = match tree {
            Ok(tree) => course::load(id, prefix, &tree),
            Err(problems) => Loaded::unreadable(id, problems),
        };
        let beside_others = loaded.beside_others();
        let mut found = loaded.problems;
        let signer = ground.settings.dkim.as_deref();
        found.extend(signer.zip(loaded.sketch.as_ref()).and_then(|(signer, it)| check::unsigned(signer, prefix, it)));
        let version = match &loaded.sketch {
            Some(course) => course.version.clone(),
            None => format!("{found:?}"),
        };
        let frame = loaded.sketch.as_ref().map_or(String::new(), |course| frame_with_questions(frame, course));
        let findings = known.filter(|known| known.frame == frame).map(|known| known.findings().clone());
        Book {
            id: id.to_string(),
            course: loaded.sketch.map(Arc::new),
            unlisted: loaded.unlisted.into_iter().map(|lesson| (lesson.id.clone(), lesson)).collect(),
            version,
            beside_others,
            found,
            frame,
            findings: Mutex::new(findings.unwrap_or_default()),
            ready: Mutex::default(),
            pictures: OnceCell::new(),
        }
    }

    /// The course in the language in which somebody who reads `language` gets this lesson, and that language.
    pub fn edition(&self, lesson: &str, language: &str) -> Option<&Course> {
        let course = self.course.as_deref()?;
        let base = |tag: &str| text::base(tag).to_ascii_lowercase();
        let all = || std::iter::once(&course.language).chain(course.translations.keys());
        let exact = all().find(|known| known.eq_ignore_ascii_case(language));
        let near = || all().find(|known| base(known) == base(language));
        let translation = exact.or_else(near).and_then(|known| course.translations.get(known));
        let is_there = |id: &str| id.starts_with('@');
        let translated = translation.filter(|it| lesson.is_empty() || is_there(lesson) || it.lessons.contains(lesson));
        Some(translated.map_or(course, |translation| &translation.course))
    }

    /// A lesson in the edition that somebody who reads `language` gets.
    pub fn lesson(&self, lesson: &str, language: &str) -> Option<&Lesson> {
        self.edition(lesson, language)?.lessons.get(lesson).or_else(|| self.unlisted.get(lesson))
    }

    /// Every language that the course has words in, its own first.
    pub fn languages(&self) -> Vec<&str> {
        let course = self.course.iter().map(|course| &course.language);
        let translations = self.course.iter().flat_map(|course| course.translations.keys());
        course.chain(translations).map(String::as_str).collect()
    }

    /// The edition of a lesson, compiled, and what is wrong with it. The last one is kept.
    pub fn ready(&self, templates: &Templates, site: &Site, lesson: &str, language: &str) -> Option<Compiled> {
        let edition = self.edition(lesson, language)?;
        let key = (edition.language.clone(), format!("{lesson} {}", site.url));
        if let Some((known, shelved, problems)) = self.last().as_ref()
            && *known == key
        {
            return Some((Arc::clone(shelved), Arc::clone(problems)));
        }
        let (shelved, mut problems) = match self.unlisted.get(lesson) {
            None => Shelved::of_lesson(templates, site, edition, lesson),
            Some(unlisted) => {
                let mut with = edition.clone();
                with.lessons.insert(lesson.to_string(), unlisted.clone());
                Shelved::of_lesson(templates, site, &with, lesson)
            }
        };
        problem::sort(&mut problems);
        let (shelved, problems) = (Arc::new(shelved), Arc::new(problems));
        *self.last() = Some((key, Arc::clone(&shelved), Arc::clone(&problems)));
        Some((shelved, problems))
    }

    /// That a lesson's mail takes too long to make, where it was seen to: it isn't tried again until it changes.
    pub fn stuck(&self, lesson: &str, language: &str) -> Option<Problem> {
        let edition = self.edition(lesson, language)?.language.clone();
        let findings = self.findings();
        let found = findings.get(&(edition, format!("{lesson} {STUCK}")))?;
        found.problems.first().filter(|_| found.made_from == self.version).cloned()
    }

    /// Keeps in mind that it does.
    pub fn is_stuck(&self, lesson: &str, language: &str) -> Option<Problem> {
        let key = (self.edition(lesson, language)?.language.clone(), lesson.to_string());
        let problems = self.broken(&key, "making this lesson's mail takes longer than 2 seconds");
        let first = problems.first().cloned();
        let finding = Finding { made_from: self.version.clone(), problems: Arc::new(problems) };
        self.findings().insert((key.0, format!("{lesson} {STUCK}")), finding);
        first
    }

    /// What is known to be wrong.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut all = self.found.clone();
        let findings = self.findings();
        let current = self
            .to_look_at()
            .into_iter()
            .filter_map(|(key, made_from)| findings.get(&key).filter(|finding| finding.made_from == made_from));
        all.extend(current.flat_map(|finding| finding.problems.iter().cloned()));
        all
    }

    /// What hasn't been looked at yet: the language and the lesson.
    pub fn unseen(&self) -> Option<(String, String)> {
        let findings = self.findings();
        let is_new = |(key, made_from): &(Key, String)| findings.get(key).is_none_or(|it| it.made_from != *made_from);
        self.to_look_at().into_iter().find(is_new).map(|(key, _)| key)
    }

    /// Returns when what readers get of each picture is at hand. The first time this takes longer than a mail may.
    pub async fn prepare_pictures(self: &Arc<Book>) {
        let book = Arc::clone(self);
        let prepare = move || {
            let translated = book.course.iter().flat_map(|course| course.translations.values()).map(|it| &it.course);
            let editions = book.course.as_deref().into_iter().chain(translated);
            for bytes in editions.flat_map(|edition| edition.files.values()).filter(|it| Format::of(it).is_some()) {
                picture::prepared(bytes).ok();
            }
        };
        self.pictures.get_or_init(|| async { tokio::task::spawn_blocking(prepare).await.unwrap_or(()) }).await;
    }

    /// Looks for what is wrong with one lesson's mails, unless it is known.
    pub async fn look(self: &Arc<Book>, state: &State, language: &str, lesson: &str) {
        let wanted = (language.to_string(), lesson.to_string());
        let Some((key, made_from)) = self.to_look_at().into_iter().find(|(key, _)| *key == wanted) else { return };
        if self.findings().get(&key).is_some_and(|finding| finding.made_from == made_from) {
            return;
        }
        self.prepare_pictures().await;
        let (book, templates, ground) = (Arc::clone(self), Arc::clone(&state.templates), Arc::clone(&state.ground));
        let looking = tokio::task::spawn_blocking(move || book.found_in(&templates, &ground.settings.site, &wanted));
        let problems = match tokio::time::timeout(2 * RENDER_TIME, looking).await {
            Ok(Ok(problems)) => problems,
            Ok(Err(_)) => self.broken(&key, "making this lesson's mail broke the renderer"),
            Err(_) => self.is_stuck(lesson, language).into_iter().collect(),
        };
        self.findings().insert(key, Finding { made_from, problems: Arc::new(problems) });
    }

    fn found_in(&self, templates: &Templates, site: &Site, (language, lesson): &Key) -> Vec<Problem> {
        let Some(course) = &self.course else { return Vec::new() };
        let edition = course.translations.get(language).map_or(course.as_ref(), |translation| &translation.course);
        let mut problems = Vec::new();
        match edition.lessons.get(lesson) {
            Some(lesson) => problems = check_lesson(templates, site, edition, lesson),
            None => drop(course_page(site, edition, &mut problems)),
        }
        problems
    }

    fn broken(&self, (language, lesson): &Key, message: &str) -> Vec<Problem> {
        let source = self.lesson(lesson, language).map(|lesson| &lesson.source);
        let help = "look for a `for` within a `for`: a mail like this isn't sent";
        source.map(|source| Problem::error(source, 0..0, message, help)).into_iter().collect()
    }

    /// Each lesson in each of its languages, and each page, with what it is made from.
    fn to_look_at(&self) -> Vec<(Key, String)> {
        let Some(course) = &self.course else { return Vec::new() };
        let mut all = Vec::new();
        let mut add = |edition: &Course, is_meant: &dyn Fn(&str) -> bool| {
            all.push(((edition.language.clone(), String::new()), self.version.clone()));
            // A lesson without a readable head has been complained about already.
            let readable = edition.lessons.values().filter(|lesson| lesson.body > 0 && !lesson.subject.is_empty());
            for lesson in readable.filter(|lesson| is_meant(&lesson.id)) {
                let key = (edition.language.clone(), lesson.id.clone());
                all.push((key, lesson.version.clone()));
            }
        };
        add(course, &|_| true);
        for (tag, translation) in &course.translations {
            // Its folder names it, in the list as in the findings.
            let edition = &translation.course;
            if edition.language == *tag {
                add(edition, &|id| translation.lessons.contains(id));
            }
        }
        all
    }

    fn findings(&self) -> MutexGuard<'_, BTreeMap<Key, Finding>> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last(&self) -> MutexGuard<'_, Option<Ready>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A compiled lesson, and what is wrong with it.
pub type Compiled = (Arc<Shelved>, Arc<Vec<Problem>>);

/// The names of all files, and what stands in those that aren't Markdown.
fn frame_of_files(tree: &Tree) -> Sha256 {
    let mut hash = Sha256::new();
    for (path, bytes) in tree {
        hash.update((path.len() as u64).to_be_bytes());
        hash.update(path);
        if !path.ends_with(".md") {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
    }
    hash
}

/// With what lessons know of each other: their questions.
fn frame_with_questions(mut hash: Sha256, course: &Course) -> String {
    let translations = course.translations.values().map(|translation| &translation.course);
    for lesson in std::iter::once(course).chain(translations).flat_map(|edition| edition.lessons.values()) {
        hash.update(format!("{:?}", (&lesson.id, &lesson.asks)));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
