//! One lesson as the mail that a sample person would get, made by the code that sends, and taken apart as a mail program
//! does. Sends nothing.

use crate::address::Address;
use crate::course::Course;
use crate::course::Kind;
use crate::course::Lesson;
use crate::course::Verdict;
use crate::enrolment::CLOSING;
use crate::enrolment::Enrolment;
use crate::enrolment::Reader;
use crate::enrolment::is_lesson;
use crate::flow::Settings;
use crate::flow::deliver;
use crate::flow::deliver::Inputs;
use crate::flow::preview::Book;
use crate::flow::preview::Desk;
use crate::flow::preview::Person;
use crate::flow::preview::State;
use crate::flow::send_test;
use crate::flow::shelf::Shelved;
use crate::link::Links;
use crate::link::Subjects;
use crate::message::Titled;
use crate::problem::Problem;
use crate::problem::any_error;
use anyhow::Result;
use jiff::Timestamp;
use mail_parser::MessageParser;
use mail_parser::MimeHeaders as _;

/// A mail, whole and in its parts.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Names it in the envelope's sender.
    pub id: i64,
    pub bytes: Vec<u8>,
    pub from: String,
    pub subject: String,
    /// What an inbox shows behind the subject; empty: the mail's first words.
    pub preview: String,
    /// As it is written between the boundaries, decoded.
    pub html: String,
    pub text: String,
    /// Those that travel inside.
    pub pictures: Vec<Picture>,
}

/// A picture inside a mail.
#[derive(Debug, Clone)]
pub struct Picture {
    /// As the HTML names it behind `cid:`.
    pub name: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// Why there is no mail.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// The course has no such lesson.
    Nothing,
    /// What is wrong with its file.
    Problems(Vec<Problem>),
    /// It can't be filled in for this person.
    Sentence(String),
}

/// Makes a lesson's mail for a sample person. Takes as long as templates let it.
///
/// # Errors
/// Why the mail wouldn't be sent either.
pub fn make(
    desk: &Desk,
    state: &State,
    book: &Book,
    lesson: &str,
    person: &Person,
    to: &Address,
) -> Result<Mail, Trouble> {
    let settings = &state.ground.settings;
    let compiled = book.ready(&state.templates, &settings.site, lesson, &person.language);
    let (shelved, problems) = compiled.ok_or(Trouble::Nothing)?;
    if book.lesson(lesson, &person.language).is_none() && is_lesson(lesson) {
        return Err(Trouble::Nothing);
    }
    // What stands in a file without a readable head is no lesson.
    let is_headless = |it: &Lesson| it.body == 0 || it.subject.is_empty();
    if any_error(&problems) || book.lesson(lesson, &person.language).is_some_and(is_headless) {
        return Err(Trouble::Problems(problems.to_vec()));
    }
    let now = desk.clock.now();
    let with = send_test::Desk { settings, keys: &desk.keys, now: now.wall };
    let inputs = inputs(state, &shelved.course, lesson, person, now.reader);
    let sentence = |error: anyhow::Error| Trouble::Sentence(format!("{error:#}"));
    let preview = preview(desk, settings, &shelved, lesson, inputs.clone()).map_err(sentence)?;
    let (id, bytes) = send_test::make_of(&with, &shelved, lesson, to, inputs).map_err(sentence)?;
    Ok(taken_apart(id, bytes, preview))
}

/// The preheader; empty where the lesson has none.
fn preview(desk: &Desk, settings: &Settings, shelved: &Shelved, lesson: &str, inputs: Inputs) -> Result<String> {
    let subjects = Subjects { subscriber: 0, enrolment: 0, outbox: 0 };
    let links = Links::new(&settings.site.url, &desk.keys).urls(subjects, None);
    let Some((_, prepared)) = shelved.lesson(lesson) else { return Ok(String::new()) };
    Ok(prepared.head(&deliver::values(inputs, links))?.1)
}

fn inputs(state: &State, course: &Course, lesson: &str, person: &Person, now: Timestamp) -> Inputs {
    let (number, of) = place(course, lesson, person, now);
    let known = course.next.iter().filter_map(|id| state.books.get(id)?.course.as_deref());
    let url = |id: &str| format!("{}/c/{id}", state.ground.settings.site.url);
    let next = known.map(|it| Titled { title: it.title.clone(), url: url(&it.id) });
    Inputs {
        first_name: person.first_name.clone(),
        language: person.language.clone(),
        fields: person.fields.clone(),
        answers: person.answers.iter().map(|(id, value)| (id.clone(), value.clone().into())).collect(),
        number,
        of,
        offered: Vec::new(),
        next: if lesson == CLOSING { next.collect() } else { Vec::new() },
        answer_links: course.lessons.get(lesson).is_some_and(|it| !it.asks.is_empty()),
    }
}

/// Where somebody stands who gets this lesson: conditions that fail for them don't count.
fn place(course: &Course, lesson: &str, person: &Person, now: Timestamp) -> (u32, u32) {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let place = course.order.iter().position(|id| id == lesson);
    if course.kind == Kind::Newsletter {
        return (count(place.unwrap_or(0) + 1), count(course.order.len()).max(1));
    }
    let facts = person.facts();
    let fails = |id: &String| {
        let when = course.lessons.get(id).and_then(|lesson| lesson.when.as_ref());
        id != lesson && when.is_some_and(|when| when.evaluate(&facts) == Verdict::Fails)
    };
    let before = course.order.iter().take(place.unwrap_or(course.order.len())).filter(|id| !fails(id)).count();
    let reader = Reader {
        language: person.language.clone(),
        fields: person.fields.clone(),
        answers: person.answers.clone(),
        ..Reader::anybody(&person.language)
    };
    let (_, of) = Enrolment::new(0, 0, &course.id, 1, now).count(course, &reader, "", now);
    (count(before + 1), count(of.max(before + 1)))
}

fn taken_apart(id: i64, bytes: Vec<u8>, preview: String) -> Mail {
    let message = MessageParser::default().parse(&bytes);
    let message = message.as_ref();
    let from = message.and_then(|it| it.from()?.first());
    let from = from.map(|it| it.name().or(it.address()).unwrap_or_default().to_string());
    let attached = message.into_iter().flat_map(|it| it.parts.iter());
    let pictures = attached.filter_map(|part| {
        let name = part.content_id()?.trim_matches(['<', '>']).to_string();
        let kind = part.content_type()?;
        let content_type = format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream"));
        Some(Picture { name, content_type, bytes: part.contents().to_vec() })
    });
    let text = message.and_then(|it| it.body_text(0)).unwrap_or_default().into_owned();
    let html = message.and_then(|it| it.body_html(0)).unwrap_or_default().into_owned();
    Mail {
        id,
        from: from.unwrap_or_default(),
        subject: message.and_then(|it| it.subject()).unwrap_or_default().to_string(),
        preview,
        pictures: pictures.collect(),
        html,
        text,
        bytes,
    }
}
