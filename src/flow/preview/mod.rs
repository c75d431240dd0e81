//! A site as its files say it at this moment, for its coach to look at: every course read as far as it can be, everything
//! that is wrong beside it. Opens no database, and keeps nothing but what it read. Doesn't know how it is shown.

mod book;
mod branch;
mod made;
mod people;
mod watch;

pub use book::Book;
pub use branch::Branch;
pub use branch::asks;
pub use branch::branches;
pub use branch::questions;
pub use branch::reaching;
pub use made::Mail;
pub use made::Picture;
pub use made::Trouble;
pub use made::make;
pub use people::Person;
pub use people::Sample;
pub use people::person;
pub use people::written;
pub use watch::Touched;
pub use watch::touched;

use crate::clock::Clock;
use crate::course;
use crate::course::Loaded;
use crate::flow::Settings;
use crate::flow::check;
use crate::flow::read_courses;
use crate::ids::random;
use crate::link::KeyRing;
use crate::message::Templates;
use crate::message::check_templates;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Source;
use crate::relay;
use crate::site::Site;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::broadcast;

/// How long one lesson's mail may take to make, as when it is sent.
pub const RENDER_TIME: Duration = Duration::from_secs(2);
/// Changes that a page may fall behind by before it is told to look at everything.
const TOLD: usize = 64;

/// What dripline.toml says; where it can't be used, values that stand in for it.
pub struct Ground {
    pub settings: Settings,
    /// Where test mails go, or why none can be sent.
    pub relay: Result<relay::Settings, String>,
    pub templates: PathBuf,
    /// Of dripline.toml.
    pub problems: Vec<Problem>,
}

/// Finds what is wrong with the templates of pages, by the site and the coach's files.
pub type CheckPages = fn(&Site, &BTreeMap<String, Vec<u8>>) -> Vec<Problem>;

/// Everything as it was read. Immutable: a change makes another one.
pub struct State {
    /// Grows with every change, and is another one after each start.
    pub number: u64,
    pub ground: Arc<Ground>,
    /// The built-in ones where the coach's can't be used.
    pub templates: Arc<Templates>,
    /// The coach's templates by path below their folder.
    pub overrides: Arc<BTreeMap<String, Vec<u8>>>,
    /// What is wrong with dripline.toml, the templates and the folder of courses.
    pub problems: Vec<Problem>,
    pub books: BTreeMap<String, Arc<Book>>,
    /// What courses say wrongly about each other, by course.
    across: BTreeMap<String, Vec<Problem>>,
}

/// What a page is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The files of this course, or (`None`) of everything.
    Changed { number: u64, course: Option<String> },
    /// More is known of what is wrong.
    Found { course: String },
}

/// The state in force, and who waits for the next.
pub struct Desk {
    state: RwLock<Arc<State>>,
    told: broadcast::Sender<Told>,
    /// Rung when there is something to look at.
    pub changed: Notify,
    pub clock: Clock,
    /// Signs links of sample mails; gone with the process.
    pub keys: KeyRing,
    check_pages: CheckPages,
    /// Stand in for the coach's where those can't be used.
    built_in: Arc<Templates>,
}

impl Desk {
    /// Reads everything once.
    ///
    /// # Errors
    /// When the program's own templates can't be used.
    pub fn open(ground: Ground, clock: Clock, check_pages: CheckPages) -> Result<Desk> {
        let [a, b, c, d] = random();
        let number = u64::from(u32::from_be_bytes([a, b, c, d])) << 20;
        let built_in = Templates::load(&BTreeMap::new()).map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            anyhow::anyhow!("the built-in templates can't be used: {first}")
        })?;
        let built_in = Arc::new(built_in);
        let state = State::read(number, Arc::new(ground), check_pages, &built_in);
        Ok(Desk {
            state: RwLock::new(Arc::new(state)),
            told: broadcast::channel(TOLD).0,
            changed: Notify::new(),
            clock,
            keys: KeyRing::new((0, random()), Vec::new()),
            check_pages,
            built_in,
        })
    }

    pub fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn listen(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }

    /// Reads everything again; `ground` where dripline.toml was touched.
    pub fn read_all(&self, ground: Option<Ground>) {
        let old = self.state();
        let ground = ground.map_or_else(|| Arc::clone(&old.ground), Arc::new);
        self.put(State::read(old.number + 1, ground, self.check_pages, &self.built_in), None);
    }

    /// Reads one course again; nothing happens where its files say what they said.
    pub fn read_course(&self, id: &str) {
        let old = self.state();
        let prefix = check::prefix(&old.ground.settings.courses);
        let read = read_courses::read_tree(&old.ground.settings.courses, &prefix, id);
        let known = old.books.get(id);
        let book = read.map(|tree| Book::read(id, &prefix, tree, &old.ground, known.map(Arc::as_ref)));
        if book.as_ref().map(|book| &book.version) == known.map(|known| &known.version) {
            return;
        }
        let mut books = old.books.clone();
        match book {
            Some(book) => drop(books.insert(id.to_string(), Arc::new(book))),
            None => drop(books.remove(id)),
        }
        let state = State {
            number: old.number + 1,
            ground: Arc::clone(&old.ground),
            templates: Arc::clone(&old.templates),
            overrides: Arc::clone(&old.overrides),
            problems: old.problems.clone(),
            across: across(&books),
            books,
        };
        self.put(state, Some(id.to_string()));
    }

    /// Looks for what is wrong with one lesson's mails that hasn't been looked at; false when all is known.
    pub async fn step(&self) -> bool {
        let state = self.state();
        let open = state.books.values().find_map(|book| Some((book, book.unseen()?)));
        let Some((book, (language, lesson))) = open else { return false };
        book.look(&state, &language, &lesson).await;
        if book.unseen().is_none() {
            self.told.send(Told::Found { course: book.id.clone() }).ok();
        }
        true
    }

    /// As [`Desk::step`], for one lesson, which is waited for as long as `patience`; when more is known later, it is told.
    pub async fn glance(self: &Arc<Desk>, course: &str, language: &str, lesson: &str, patience: Duration) {
        let (desk, state) = (Arc::clone(self), self.state());
        let Some(book) = state.books.get(course).cloned() else { return };
        let (language, lesson) = (language.to_string(), lesson.to_string());
        let late = Arc::new(AtomicBool::new(false));
        let is_late = Arc::clone(&late);
        let looking = tokio::spawn(async move {
            book.look(&state, &language, &lesson).await;
            if is_late.load(Ordering::SeqCst) {
                desk.told.send(Told::Found { course: book.id.clone() }).ok();
            }
        });
        if tokio::time::timeout(patience, looking).await.is_err() {
            late.store(true, Ordering::SeqCst);
        }
    }

    fn put(&self, state: State, course: Option<String>) {
        let number = state.number;
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        self.told.send(Told::Changed { number, course }).ok();
        self.changed.notify_one();
    }
}

impl State {
    fn read(number: u64, ground: Arc<Ground>, check_pages: CheckPages, built_in: &Arc<Templates>) -> State {
        let site = &ground.settings.site;
        let overrides = check::read_templates(&ground.templates).unwrap_or_default();
        let mut problems = ground.problems.clone();
        problems.extend(check_templates(site, &overrides));
        problems.extend(check_pages(site, &overrides));
        let templates = Templates::load(&overrides).map_or_else(|_| Arc::clone(built_in), Arc::new);
        let (books, unread) = read_books(&ground);
        problems.extend(unread);
        problem::sort(&mut problems);
        let across = across(&books);
        State { number, templates, overrides: Arc::new(overrides), problems, across, books, ground }
    }

    /// Everything that is known to be wrong with a course, as `check` says it.
    pub fn problems_of(&self, book: &Book) -> Vec<Problem> {
        let mut problems = book.problems();
        // Every lesson would say again what is wrong with its templates.
        problems.retain(|problem| !self.problems.iter().any(|told| told.file() == problem.file()));
        problems.extend(self.across.get(&book.id).into_iter().flatten().cloned());
        problem::sort(&mut problems);
        problems
    }
}

fn read_books(ground: &Ground) -> (BTreeMap<String, Arc<Book>>, Option<Problem>) {
    let folder = &ground.settings.courses;
    let prefix = check::prefix(folder);
    match read_courses::read_trees(folder, &prefix) {
        Ok(found) => {
            let whole = found.trees.into_iter().map(|(id, tree)| (id, Ok(tree)));
            let all = whole.chain(found.problems.into_iter().map(|(id, problems)| (id, Err(problems))));
            let read = all.map(|(id, tree)| (id.clone(), Arc::new(Book::read(&id, &prefix, tree, ground, None))));
            (read.collect(), None)
        }
        Err(error) => {
            let help = "create the folder and put a course into it, or correct `courses` in [content]";
            let source = Source::new(prefix, "");
            (BTreeMap::new(), Some(Problem::error(&source, 0..0, format!("{error:#}"), help)))
        }
    }
}

fn across(books: &BTreeMap<String, Arc<Book>>) -> BTreeMap<String, Vec<Problem>> {
    let mut shelf: Vec<Loaded> = books.values().map(|book| book.beside_others.clone()).collect();
    course::check_shelf(&mut shelf);
    shelf.into_iter().map(|one| (one.id, one.problems)).collect()
}
