//! Every problem in configuration, courses and templates, in one list. Needs no database.

use crate::course::Course;
use crate::course::Loaded;
use crate::flow::read_courses;
use crate::message;
use crate::message::CourseMail;
use crate::message::Signer;
use crate::message::Templates;
use crate::message::check_images;
use crate::message::check_page;
use crate::message::check_templates;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Source;
use crate::site::Site;
use anyhow::Result;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

/// Everything that a coach wrote, as far as it can be read.
pub struct Content {
    pub shelf: Vec<Loaded>,
    /// What stands in for the built-in templates: path below their folder → bytes.
    pub templates: BTreeMap<String, Vec<u8>>,
    /// How the folder of courses is called in problems.
    prefix: String,
    /// What keeps a file from being read.
    problems: Vec<Problem>,
}

/// What is said where the folder of courses isn't there.
pub const NO_COURSES: &str = "the folder of courses can't be read";

/// Reads the coach's templates that stand in for the built-in ones. A folder that isn't there replaces nothing.
///
/// # Errors
/// A file that can't be read, or a link that leads out of the folder.
pub fn read_templates(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let (templates, problems) = read_courses::read_templates(folder);
    match problems.first() {
        Some(problem) => anyhow::bail!("{problem}; {}", problem.help),
        None => Ok(templates),
    }
}

/// Reads both folders.
pub fn read(courses: &Path, templates: &Path) -> Content {
    let prefix = prefix(courses);
    let (templates, mut problems) = read_courses::read_templates(templates);
    let shelf = read_courses::read_courses(courses, &prefix).unwrap_or_else(|error| {
        let source = Source::new(prefix.as_str(), "");
        let help = format!("create the folder and put a course into it, or correct `courses` in [content] ({error:#})");
        problems.push(Problem::error(&source, 0..0, NO_COURSES, help));
        Vec::new()
    });
    Content { shelf, templates, prefix, problems }
}

/// The problems of every course and template. Each lesson is proven and rendered for people who lack every optional
/// value and for some who have them.
pub fn check(site: &Site, content: &Content) -> Vec<Problem> {
    let mut problems = content.problems.clone();
    problems.extend(check_templates(site, &content.templates));
    let templates = Templates::load(&content.templates).or_else(|_| Templates::load(&BTreeMap::new())).ok();
    // Every lesson would say again what is wrong with its templates.
    let told: Vec<String> = problems.iter().map(|problem| problem.file().to_string()).collect();
    problems.extend(content.shelf.iter().flat_map(|loaded| loaded.problems.iter().cloned()));
    if let Some(templates) = &templates {
        let found = check_mails(templates, site, content).into_iter();
        let is_told = |problem: &Problem| {
            let of_template = problem.help == message::HIDDEN && !told.is_empty();
            of_template || told.iter().any(|file| file == problem.file())
        };
        problems.extend(found.filter(|problem| !is_told(problem)));
    }
    problem::sort(&mut problems);
    problems
}

/// The problems of all mails and pages, looked for by as many threads as the machine has processors.
fn check_mails(templates: &Templates, site: &Site, content: &Content) -> Vec<Problem> {
    let sketches = content.shelf.iter().filter_map(|loaded| Some((loaded, loaded.sketch.as_ref()?)));
    let mut problems = Vec::new();
    let mut mails: Vec<(&Loaded, CourseMail<'_>)> = Vec::new();
    for (loaded, course) in sketches {
        let editions = course.translations.values().map(|it| &it.course);
        problems.extend([course].into_iter().chain(editions).flat_map(|edition| check_page(site, edition)));
        problems.extend(check_images(course));
        mails.extend(message::mails(templates, site, course).into_iter().map(|mail| (loaded, mail)));
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some((loaded, mail)) = mails.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mail = mail.check(templates, site).into_iter();
            found.extend(mail.filter(|problem| !loaded.is_vague || !hangs_on_course(problem)));
        }
        found
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(mails.len());
    thread::scope(|scope| {
        // Where no further thread is to be had, the others do its share.
        let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        problems.extend(work());
        // A thread that panics makes the whole panic, as it would without threads.
        for other in others {
            problems.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    problems
}

/// As much as the first thread has.
const STACK: usize = 8 << 20;

/// What may only seem to be missing, because course.toml or another file can't be read to its end.
fn hangs_on_course(problem: &Problem) -> bool {
    let begins =
        ["unknown name `subscriber.fields.", "unknown name `answers.", "there is no image ", message::NO_CRISIS];
    begins.iter().any(|begin| problem.message.starts_with(begin))
}

/// The courses with a sender of their own that our signatures don't speak for.
pub fn check_senders(content: &Content, signer: &Signer) -> Vec<Problem> {
    let courses = content.shelf.iter().filter_map(|loaded| loaded.sketch.as_ref());
    courses.filter_map(|course| unsigned(signer, &content.prefix, course)).collect()
}

/// A warning where a course has such a sender. `prefix` is what people call the folder of courses.
pub fn unsigned(signer: &Signer, prefix: &str, course: &Course) -> Option<Problem> {
    let sender = course.sender.as_ref().filter(|sender| !signer.covers(&sender.address))?;
    let source = Source::new(format!("{prefix}/{}/course.toml", course.id), "");
    let message = format!(
        "`sender.address` belongs to {}, and mails are signed for {}",
        sender.address.domain(),
        signer.domain()
    );
    let help = "receivers count no signature of ours for these mails (DMARC): use an address of the domain that signs";
    Some(Problem::warning(&source, 0..0, message, help))
}

/// How the folder of courses is called in problems.
pub fn prefix(courses: &Path) -> String {
    courses.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Each cron line of the coach's in words: which file it stands in, and when it is.
pub fn moments(content: &Content) -> Vec<(String, String)> {
    let mut moments = Vec::new();
    for course in content.shelf.iter().filter_map(|loaded| loaded.course.as_ref()) {
        match &course.newsletter {
            Some(newsletter) => {
                let words = newsletter.issues.as_ref().map(|issues| issues.in_words());
                let zone = newsletter.time_zone.as_ref().and_then(|zone| zone.iana_name());
                let place = zone.map_or("where each reader lives".to_string(), |zone| format!("in {zone}"));
                moments.extend(words.map(|words| (course.id.clone(), format!("{words}, {place}"))));
            }
            None => moments.push((course.id.clone(), course.schedule.send.in_words())),
        }
        for lesson in course.order.iter().filter_map(|id| course.lessons.get(id)) {
            let own = lesson.send.as_ref().map(|send| (format!("{}/{}", course.id, lesson.id), send.in_words()));
            moments.extend(own);
        }
    }
    moments
}
