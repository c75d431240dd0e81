//! Everything that is wrong with a lesson as a mail: prepares it, fills it in for sample people, builds it and reads
//! the bytes. Writes to nobody.

use crate::address::Address;
use crate::course::Ask;
use crate::course::AskKind;
use crate::course::Course;
use crate::course::Lesson;
use crate::link::KeyRing;
use crate::link::Links;
use crate::link::Subjects;
use crate::message::Answer;
use crate::message::Head;
use crate::message::Kind;
use crate::message::List;
use crate::message::MAIL_LIMIT;
use crate::message::Progress;
use crate::message::RenderError;
use crate::message::Rendered;
use crate::message::Required;
use crate::message::Templates;
use crate::message::Values;
use crate::message::blocks;
use crate::message::build;
use crate::message::check_images;
use crate::message::course_page;
use crate::message::list_id;
use crate::message::message_id;
use crate::message::prepare::draft;
use crate::message::required;
use crate::message::required::MailPart;
use crate::message::required::What;
use crate::problem;
use crate::problem::Problem;
use crate::problem::Source;
use crate::site::Sender;
use crate::site::Site;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Octets of images within a mail, as they travel, from which `check` warns, and from which it refuses.
const CARRIED_WARNING: usize = 1_000_000;
const CARRIED_LIMIT: usize = 8_000_000;

/// Every problem of one lesson as a mail, for a person who lacks every optional value and for one who has them all.
pub fn check_lesson(templates: &Templates, site: &Site, course: &Course, lesson: &Lesson) -> Vec<Problem> {
    let mut problems = Vec::new();
    let bare = sample(site, course, lesson, Person::LacksAll);
    let full = sample(site, course, lesson, Person::HasAll);
    let rendered = render(templates, site, course, lesson, &bare, &mut problems);
    render(templates, site, course, lesson, &full, &mut problems);
    if let Some(rendered) = rendered {
        check_bytes(&rendered, site, course, lesson, &bare, &mut problems);
    }
    problem::sort(&mut problems);
    problems
}

/// Every problem of a course's mails and of its page, in each of its languages.
pub fn check_course(templates: &Templates, site: &Site, course: &Course) -> Vec<Problem> {
    let all = course.lessons.keys().cloned().collect();
    let translations = course.translations.values().map(|it| (&it.course, &it.lessons));
    let mut problems = Vec::new();
    for (edition, lessons) in [(course, &all)].into_iter().chain(translations) {
        // A lesson without a readable head has been complained about already.
        let readable = edition.lessons.values().filter(|lesson| lesson.body > 0 && !lesson.subject.is_empty());
        for lesson in readable.filter(|lesson| lessons.contains(&lesson.id)) {
            problems.extend(check_lesson(templates, site, edition, lesson));
        }
        course_page(site, edition, &mut problems);
    }
    problems.extend(check_images(course));
    problem::sort(&mut problems);
    problems
}

/// A sample of the people who get mails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Person {
    LacksAll,
    HasAll,
}

/// Renders, and looks behind each faulty tag for the next.
fn render(
    templates: &Templates,
    site: &Site,
    course: &Course,
    lesson: &Lesson,
    values: &Values,
    problems: &mut Vec<Problem>,
) -> Option<Rendered> {
    let mut skip = BTreeSet::new();
    loop {
        let mut found = Vec::new();
        let drafted = draft(templates, site, course, lesson, &skip, &mut found);
        problems.append(&mut found);
        match drafted.and_then(|prepared| prepared.render(values)) {
            Ok(rendered) => return Some(rendered).filter(|_| skip.is_empty()),
            Err(RenderError { problem, tag, .. }) => {
                // An unknown name is reported as that; it needn't be called undefined too.
                let known = problems.iter().any(|known| {
                    known.span.start >= problem.span.start
                        && known.span.end <= problem.span.end
                        && known.source == problem.source
                });
                if !known {
                    problems.push(*problem);
                }
                if !tag.is_some_and(|tag| skip.insert(tag)) {
                    return None;
                }
            }
        }
    }
}

fn check_bytes(
    rendered: &Rendered,
    site: &Site,
    course: &Course,
    lesson: &Lesson,
    values: &Values,
    problems: &mut Vec<Problem>,
) {
    if rendered.subject.is_empty() {
        let span = blocks::key_span(&lesson.source.text[..lesson.body], "subject");
        let help = "give every branch of it some words";
        problems.push(Problem::error(&lesson.source, span, "the subject may be empty for a subscriber", help));
    }
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
    let head = Head { from: &from, to: &to, to_name: None, message_id: &id, date, kind: Kind::Lesson(list) };
    let whole = lesson.body..lesson.body;
    problems.extend(too_heavy(rendered, lesson));
    match build(&Rendered { inside: Vec::new(), ..rendered.clone() }, &head) {
        Err(error) => {
            let help = "correct what it names";
            problems.push(Problem::error(&lesson.source, whole, error.to_string(), help));
        }
        Ok(bytes) => {
            if bytes.len() > MAIL_LIMIT {
                let message = format!("this mail has {} KB; the limit is 100 KB", bytes.len().div_ceil(1000));
                let help = "Gmail hides what is behind 102 KB, the link to leave among it: make two lessons of it";
                problems.push(Problem::error(&lesson.source, whole, message, help));
            }
            if let Err(missing) = required(&bytes, &Required::new(site, course), &values.links.leave) {
                problems.extend(missing.0.into_iter().map(|(what, part)| absent(what, part, course, lesson)));
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

/// A missing block, where it would have to be added.
fn absent(what: What, part: MailPart, course: &Course, lesson: &Lesson) -> Problem {
    let message = format!("the {part} of `{}` lacks {what}", lesson.id);
    let at = |source: &Arc<Source>, span, help| Problem::error(source, span, message.clone(), help);
    let template = "the mail's template must show it: correct templates/mail, or remove your own";
    match what {
        What::Crisis => {
            let help = "write {{ crisis() }} on a line of its own: `require` in course.toml asks for it";
            at(&lesson.source, lesson.body..lesson.body, help)
        }
        What::Disclaimer => at(&course.source, blocks::key_span(&course.source.text, "disclaimer"), template),
        What::PostalAddress | What::LeaveLink | What::Part => at(&lesson.source, lesson.body..lesson.body, template),
    }
}

/// Someone who gave nothing that they could leave out, or everything.
pub(super) fn sample(site: &Site, course: &Course, lesson: &Lesson, person: Person) -> Values {
    let all = person == Person::HasAll;
    let keys = KeyRing::new((0, [0; 32]), Vec::new());
    let subjects = Subjects { subscriber: i64::MAX, enrolment: i64::MAX, outbox: i64::MAX };
    let links = Links::new(&site.url, &keys).urls(subjects, Some(Timestamp::UNIX_EPOCH));
    let fields = course.fields.iter().filter(|(_, field)| all || field.required);
    let asked = course.lessons.values().chain([lesson]).flat_map(|lesson| &lesson.asks);
    let answers = asked.filter(|_| all).map(|ask| (ask.id.clone(), answer(ask)));
    Values {
        first_name: all.then(|| "Ana".to_string()),
        language: course.language.clone(),
        fields: fields.map(|(id, field)| (id.clone(), field.label.clone())).collect(),
        answers: answers.collect::<BTreeMap<_, _>>(),
        progress: Progress { number: 1, of: u32::try_from(course.order.len()).unwrap_or(u32::MAX).max(1) },
        links,
        offered: Vec::new(),
        next: Vec::new(),
    }
}

fn answer(ask: &Ask) -> Answer {
    match &ask.kind {
        AskKind::Choice(options) => Answer::One(options.first().map(|(id, _)| id.clone()).unwrap_or_default()),
        AskKind::Choices(options) => Answer::Many(options.iter().map(|(id, _)| id.clone()).collect()),
        AskKind::Scale { max, .. } => Answer::Number(*max),
        AskKind::Text => Answer::One("…".to_string()),
    }
}
