//! Everything that is wrong with a lesson as a mail: prepares it, fills it in for sample people, builds it and reads
//! the bytes. Writes to nobody.

use crate::address::Address;
use crate::course::Block;
use crate::course::Course;
use crate::course::Kind;
use crate::course::Lesson;
use crate::message;
use crate::message::Head;
use crate::message::List;
use crate::message::MAIL_LIMIT;
use crate::message::Prepared;
use crate::message::RenderError;
use crate::message::Rendered;
use crate::message::Required;
use crate::message::Templates;
use crate::message::Values;
use crate::message::blocks;
use crate::message::branches::every_branch;
use crate::message::branches::stand_in;
use crate::message::build;
use crate::message::check_images::check_images;
use crate::message::course_page;
use crate::message::draft::Draft;
use crate::message::draft::Frame;
use crate::message::draft::draft;
use crate::message::list_id;
use crate::message::marked::Instead;
use crate::message::message_id;
use crate::message::outside::of_texts;
use crate::message::own_mails;
use crate::message::proof;
use crate::message::proof::Lacks;
use crate::message::prose;
use crate::message::prose::NEVER_CLOSED;
use crate::message::required;
use crate::message::required::MailPart;
use crate::message::required::What;
use crate::message::sample::Person;
use crate::message::sample::sample;
use crate::message::tags;
use crate::message::tags::Tag;
use crate::message::tags::TagKind;
use crate::message::tags::first_word;
use crate::message::untagged;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Source;
use crate::site::Sender;
use crate::site::Site;
use jiff::Timestamp;
use std::borrow::Cow;
use std::sync::Arc;

/// Octets of images within a mail, as they travel, from which `check` warns, and from which it refuses.
const CARRIED_WARNING: usize = 1_000_000;
const CARRIED_LIMIT: usize = 8_000_000;

/// Subjects longer than this are cut off by most mail programs, in characters.
const LONGEST_SUBJECT: usize = 78;

/// Every problem of one lesson as a mail, whoever gets it: what may be missing is proven for every branch, and sample
/// mails are made for people who lack every optional value, have them all, and gave other answers.
pub fn check_lesson(templates: &Templates, site: &Site, course: &Course, lesson: &Lesson) -> Vec<Problem> {
    check_in(&Frame::new(templates, site, course), templates, site, course, lesson)
}

fn check_in(frame: &Frame, templates: &Templates, site: &Site, course: &Course, lesson: &Lesson) -> Vec<Problem> {
    let mut problems = Vec::new();
    let draft = draft(frame, templates, site, course, lesson, &mut problems);
    prose::look(&draft.body, &lesson.source, &mut problems);
    prove(&draft, course, lesson, &mut problems);
    let bare = sample(site, course, lesson, Person::LacksAll);
    let full = sample(site, course, lesson, Person::HasAll);
    let people = [bare, full, sample(site, course, lesson, Person::HasOther)];
    let mut instead = told(&draft, lesson, &problems);
    let mails = render(&draft, course, lesson, &people, &mut instead, &mut problems);
    let every = every_branch(&draft.body);
    if !every.is_empty() {
        let mut every: Instead = every.into_iter().chain(instead).collect();
        render(&draft, course, lesson, &people[1..2], &mut every, &mut problems);
    }
    for (mail, values) in mails.iter().zip(&people) {
        check_bytes(mail, &frame.required, site, course, lesson, values, &mut problems);
    }
    problem::sort(&mut problems);
    problems
}

/// Every problem of a course's mails, of its own, and of its page, in each of its languages.
pub fn check_course(templates: &Templates, site: &Site, course: &Course) -> Vec<Problem> {
    let all = mails(templates, site, course);
    let mut problems: Vec<Problem> = all.iter().flat_map(|mail| mail.check(templates, site)).collect();
    let translations = course.translations.values().map(|it| &it.course);
    for edition in [course].into_iter().chain(translations) {
        problems.extend(check_page(site, edition));
    }
    problems.extend(check_images(course));
    problem::sort(&mut problems);
    problems
}

/// Every problem of a course's texts, which stand on its page and in its mails, in one language.
pub fn check_page(site: &Site, course: &Course) -> Vec<Problem> {
    let mut problems = Vec::new();
    course_page(site, course, &mut problems);
    of_texts(course, &mut problems);
    problems.extend(untagged::of_course(course));
    problems
}

/// One mail of a course in one of its languages: what can be checked by itself.
pub struct CourseMail<'c> {
    frame: Arc<Frame>,
    course: &'c Course,
    lesson: Cow<'c, Lesson>,
}

impl CourseMail<'_> {
    /// The lesson's id.
    pub fn id(&self) -> &str {
        &self.lesson.id
    }

    /// Every problem of this mail.
    pub fn check(&self, templates: &Templates, site: &Site) -> Vec<Problem> {
        check_in(&self.frame, templates, site, self.course, &self.lesson)
    }
}

/// Every mail of a course, in each of its languages; without those whose head couldn't be read, and has been complained
/// about already.
pub fn mails<'c>(templates: &Templates, site: &Site, course: &'c Course) -> Vec<CourseMail<'c>> {
    let all = course.lessons.keys().cloned().collect();
    let translations = course.translations.values().map(|it| (&it.course, &it.lessons));
    let mut mails = Vec::new();
    for (edition, lessons) in [(course, &all)].into_iter().chain(translations) {
        let frame = Arc::new(Frame::new(templates, site, edition));
        let of = |lesson| CourseMail { frame: Arc::clone(&frame), course: edition, lesson };
        let readable = edition.lessons.values().filter(|lesson| lesson.body > 0 && !lesson.subject.is_empty());
        let meant = readable.filter(|lesson| lessons.contains(&lesson.id)).map(Cow::Borrowed);
        mails.extend(meant.map(of));
        if course.kind == Kind::Course {
            let own = own_mails(edition).into_iter().map(Cow::Owned);
            mails.extend(own.map(of));
        }
    }
    mails
}

/// Follows every branch of the text, the subject and the preview.
fn prove(draft: &Draft<'_>, course: &Course, lesson: &Lesson, problems: &mut Vec<Problem>) {
    let lacks = Lacks::of(course, lesson);
    let end = lesson.source.text.len();
    let sure = proof::prove(&draft.body, &lacks, lesson.body..end, &lesson.source, problems);
    let is_sound = is_sound(draft);
    if is_sound && !sure.words {
        let help = "give every branch of it some words, or write a `when` for the whole lesson";
        let message = "this lesson may be empty for a subscriber";
        problems.push(Problem::error(&lesson.source, lesson.body..lesson.body, message, help));
    }
    let placed = draft.body.written().iter().find(|tag| first_word(&tag.text) == "crisis");
    if let Some(tag) = placed.filter(|_| is_sound && !sure.crisis && course.require.contains(&Block::Crisis)) {
        let help = "write it outside of every condition: `require` in course.toml asks for it in every mail";
        let message = "not every subscriber is shown the crisis text";
        problems.push(Problem::error(&lesson.source, tag.span.clone(), message, help));
    }
    for (key, line) in [("subject", Some(&lesson.subject)), ("preview", lesson.preview.as_ref())] {
        let Some(line) = line.filter(|line| line.contains('{')) else { continue };
        let written = Source::new("", line.as_str());
        let marked = tags::mark(&written, 0..line.len(), &[], &mut Vec::new());
        let mut found = Vec::new();
        let sure = proof::prove(&marked, &lacks, 0..line.len(), &written, &mut found);
        let span = blocks::key_span(&lesson.source.text[..lesson.body], key);
        if key == "subject" && !sure.words {
            let help = "give every branch of it some words";
            let message = "the subject may be empty for a subscriber";
            problems.push(Problem::error(&lesson.source, span.clone(), message, help));
        }
        problems.extend(found.into_iter().map(|it| Problem {
            source: lesson.source.clone(),
            span: span.clone(),
            ..it
        }));
    }
}

/// Renders for each of these people, and looks behind each faulty tag for the next. The mails; none where a tag is faulty.
fn render(
    draft: &Draft<'_>,
    course: &Course,
    lesson: &Lesson,
    people: &[Values],
    instead: &mut Instead,
    problems: &mut Vec<Problem>,
) -> Vec<Rendered> {
    let mut faulty = !instead.is_empty();
    loop {
        let errors = match Prepared::of(draft, course, lesson, instead) {
            Err(error) => vec![error],
            Ok(prepared) => {
                let (mails, errors): (Vec<_>, Vec<_>) =
                    people.iter().map(|values| prepared.render(values)).partition(Result::is_ok);
                if errors.is_empty() {
                    let mails = mails.into_iter().filter_map(Result::ok).collect();
                    return if faulty { Vec::new() } else { mails };
                }
                errors.into_iter().filter_map(Result::err).collect()
            }
        };
        faulty = true;
        let before = instead.len();
        let mut replaced = false;
        for RenderError { problem, tag, .. } in errors {
            let at_end = problem.span.is_empty() && problem.span.start == problem.source.text.len();
            if !is_told(&problem, problems) && (is_sound(draft) || !at_end) {
                problems.push(*problem);
            }
            let other = tag.and_then(|n| Some((n, stand_in(&draft.body.tags[n])?)));
            replaced |= other.is_some_and(|(n, text)| instead.insert(n, text.clone()) != Some(text));
        }
        if !replaced && instead.len() == before {
            return Vec::new();
        }
    }
}

/// What stands in for the tags that have been complained about already: rendering needn't find each of them again.
fn told(draft: &Draft<'_>, lesson: &Lesson, problems: &[Problem]) -> Instead {
    let places: Vec<&Problem> = problems.iter().filter(|problem| problem.source == lesson.source).collect();
    let is_told = |tag: &Tag| places.iter().any(|it| tag.span.start <= it.span.start && it.span.end <= tag.span.end);
    let tags = draft.body.written().iter().enumerate().filter(|(_, tag)| !tag.span.is_empty() && is_told(tag));
    tags.filter_map(|(n, tag)| Some((n, stand_in(tag)?))).collect()
}

/// Whether another problem speaks of this place: an unknown name needn't be called undefined too.
fn is_told(problem: &Problem, known: &[Problem]) -> bool {
    known.iter().any(|known| {
        let within = known.span.start >= problem.span.start && known.span.end <= problem.span.end;
        known.source == problem.source && within
    })
}

/// Tags that don't fit together are read somehow: what follows from that, as at the end of the file, isn't worth a sentence.
fn is_sound(draft: &Draft<'_>) -> bool {
    let opened = draft.body.written().iter().filter(|tag| tag.kind == TagKind::Open).count();
    opened == draft.body.constructs.len()
}

fn check_bytes(
    rendered: &Rendered,
    needed: &Required,
    site: &Site,
    course: &Course,
    lesson: &Lesson,
    values: &Values,
    problems: &mut Vec<Problem>,
) {
    check_subject(&rendered.subject, lesson, problems);
    let Ok(to) = "reader@example.org".parse::<Address>() else { return };
    let from = course.sender.clone().unwrap_or_else(|| Sender {
        name: site.name.clone(),
        address: to.clone(),
        reply_to: None,
    });
    let list = List {
        id: &list_id(&course.id, &from.address),
        name: &course.title,
        unsubscribe_url: Some(&values.links.leave),
        feedback_id: None,
    };
    let id = message_id(i64::MAX, 1, &from.address);
    let date = Timestamp::UNIX_EPOCH;
    let head = Head { from: &from, to: &to, to_name: None, message_id: &id, date, kind: message::Kind::Lesson(list) };
    let whole = lesson.body..lesson.body;
    problems.extend(too_heavy(rendered, lesson));
    match build(&Rendered { inside: Vec::new(), ..rendered.clone() }, &head) {
        Err(error) => {
            let help = "correct what it names";
            problems.push(Problem::error(&lesson.source, whole, error.to_string(), help));
        }
        Ok(bytes) => {
            let too_long = |known: &Problem| known.source == lesson.source && known.help == TOO_LONG;
            if bytes.len() > MAIL_LIMIT && !problems.iter().any(too_long) {
                let message = format!("this mail has {} KB; the limit is 100 KB", bytes.len().div_ceil(1000));
                problems.push(Problem::error(&lesson.source, whole, message, TOO_LONG));
            }
            if let Err(missing) = required(&bytes, needed, &values.links.leave) {
                // HTML that isn't whole hides what stands behind it, and has been complained about.
                let is_sound = !problems.iter().any(|problem| problem.message.ends_with(NEVER_CLOSED));
                let missing = missing.0.into_iter().filter(|(what, _)| is_sound || *what == What::Crisis);
                problems.extend(missing.map(|(what, part)| absent(what, part, lesson)));
            }
        }
    }
}

/// Where mails carry their images: what that costs, of which Gmail's limit knows nothing.
fn too_heavy(rendered: &Rendered, lesson: &Lesson) -> Option<Problem> {
    let shown = rendered.inside.iter().filter(|image| image.place_in(&rendered.html).is_some());
    let octets: usize = shown.map(|image| image.picture.bytes.len() / 3 * 4).sum();
    if octets <= CARRIED_WARNING {
        return None;
    }
    let at = lesson.body..lesson.body;
    let message = format!("this mail carries {:.1} MB of images", octets as f64 / 1e6);
    if octets > CARRIED_LIMIT {
        let help = "many mailboxes take no mail of 10 MB: show fewer, or write images = \"serve\" in dripline.toml";
        return Some(Problem::error(&lesson.source, at, format!("{message}; the limit is 8 MB"), help));
    }
    let help =
        "every reader downloads them: show fewer, make them narrower, or write images = \"serve\" in dripline.toml";
    Some(Problem::warning(&lesson.source, at, message, help))
}

const TOO_LONG: &str = "Gmail hides what is behind 102 KB, the link to leave among it: make two lessons of it";

/// A subject as it reads with a person's values; the file's own length says nothing where tags stand in it.
fn check_subject(subject: &str, lesson: &Lesson, problems: &mut Vec<Problem>) {
    let span = blocks::key_span(&lesson.source.text[..lesson.body], "subject");
    if subject.is_empty() {
        let help = "give every branch of it some words";
        problems.push(Problem::error(&lesson.source, span, "the subject may be empty for a subscriber", help));
        return;
    }
    let length = subject.chars().count();
    if length > LONGEST_SUBJECT && lesson.subject.contains('{') {
        let message =
            format!("the subject may have {length} characters, and mail programs show at most {LONGEST_SUBJECT}");
        problems.push(Problem::warning(&lesson.source, span, message, "shorten it, or begin with what matters"));
    }
}

/// What is to be done where a lesson lacks what isn't its own to show.
pub const HIDDEN: &str =
    "raw HTML in this lesson hides it, or the mail's template doesn't show it: correct templates/mail, or remove yours";

/// A missing block, where it would have to be added.
fn absent(what: What, part: MailPart, lesson: &Lesson) -> Problem {
    let message = format!("the {part} of `{}` lacks {what}", lesson.id);
    let help = match what {
        What::Crisis => "write {{ crisis() }} on a line of its own: `require` in course.toml asks for it",
        What::Disclaimer | What::PostalAddress | What::LeaveLink | What::Part => HIDDEN,
    };
    Problem::error(&lesson.source, lesson.body..lesson.body, message, help)
}
