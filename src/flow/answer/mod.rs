//! A person answers a question of a lesson: checked, stored, and in case of a safety answer acted on at once. Doesn't
//! know how they were asked, by a page or by hand.

mod by_link;
mod danger;
mod file;
mod history;
mod reading;
mod report;

pub use by_link::Question;
pub use by_link::Questions;
pub use by_link::questions;
pub use file::Rows;
pub use history::Asked;
pub use history::Reply;
pub use history::history;
pub use history::then_and_now;
pub use reading::TEXT_LIMIT;
pub use reading::Wrong;
pub use reading::in_words;
pub use reading::text;
pub use report::LessonReport;
pub use report::Moved;
pub use report::OptionCount;
pub use report::QuestionReport;
pub use report::Report;
pub use report::SafetyAnswer;
pub use report::Said;
pub use report::Tally;
pub use report::ThenAndNow;
pub use report::ask_of;
pub use report::report;

use crate::address::Address;
use crate::clock::Now;
use crate::course::Ask;
use crate::course::Kind;
use crate::course::Value;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::reader::Answers;
use crate::flow::shelf::Shelved;
use crate::ids::next_id;
use crate::store::Connection;
use crate::store::answers;
use crate::store::answers::Answer;
use crate::store::enrolments;
use crate::store::meta;
use crate::store::outbox;
use crate::store::report as journal;
use crate::store::subscribers;
use crate::subscriber::Subscriber;
use anyhow::Result;

/// What became of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    Kept(Box<Kept>),
    /// Nothing changed.
    Refused(Refusal),
}

/// An answer that is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub course: String,
    pub lesson: String,
    /// In the person's language.
    pub ask: Ask,
    pub value: Value,
    /// It is one of those that the coach named under `alert`: show the crisis text now.
    pub safety: Option<Safety>,
}

/// What a safety answer has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Safety {
    /// Markdown, in the person's language; `None` where the course has none.
    pub crisis: Option<String>,
    /// The same as HTML; empty where the course has none.
    pub crisis_html: String,
    /// This course is paused until the person goes on. False where it had ended, or is held.
    pub paused: bool,
}

/// Why an answer wasn't stored, as a sentence without address and answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nobody has this address; `dripline subscriber list` shows everybody")]
    NobodyThere,
    #[error("this person isn't in the course {0}; `dripline subscriber show` says in which they are")]
    NotEnrolled(String),
    #[error("this place in a course is no more; the person was erased, or the link is of another site")]
    NoPlace,
    #[error("there is no course {0} any more; `dripline check` shows what is wrong with the files")]
    NoCourse(String),
    #[error("this person never got this lesson; only what was sent can be answered")]
    NotGot,
    #[error("no lesson that this person got asks this question; `dripline subscriber show` says what they got")]
    NotGotAny,
    #[error("this lesson doesn't ask this question; look into its [[ask]]")]
    NotAsked,
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

/// Stores what one enrolment's person answered to a question of a lesson, instead of what they answered before. `raw`
/// is untrusted: option ids, a number, or words. `lesson` may be a name that it once had.
///
/// A safety answer also pauses the course, and puts before the operator's eyes that there is one: all of it or nothing.
pub async fn record(app: &App, enrolment: i64, lesson: &str, question: &str, raw: &[String]) -> Result<Recorded> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let Some((place, person)) = place(&mut transaction, enrolment).await? else {
        return Ok(Recorded::Refused(Refusal::NoPlace));
    };
    let Some(shelved) = shelf.get(&place.course).cloned() else {
        return Ok(Recorded::Refused(Refusal::NoCourse(place.course)));
    };
    let lesson = shelved.called_now(lesson).to_string();
    if !got(&mut transaction, &shelved, &place).await?.contains(&lesson) {
        return Ok(Recorded::Refused(Refusal::NotGot));
    }
    let Some(ask) = asked(&shelved, &lesson, question) else { return Ok(Recorded::Refused(Refusal::NotAsked)) };
    let value = match reading::read(ask, raw) {
        Ok(value) => value,
        Err(wrong) => return Ok(Recorded::Refused(wrong.into())),
    };
    let former = shelved.course.lessons.get(&lesson).map_or(&[][..], |lesson| &lesson.was);
    if !former.is_empty() {
        answers::forget(&mut transaction, place.id, former, question).await?;
    }
    let answer = Answer {
        id: next_id(now.wall),
        subscriber_id: person.id,
        enrolment_id: place.id,
        course: place.course.clone(),
        lesson: lesson.clone(),
        question: question.to_string(),
        value: value.clone(),
        at: now.reader,
    };
    answers::put(&mut transaction, &answer).await?;
    follow(app, &mut transaction, &shelved, place.clone(), &person, now).await?;
    let danger = if reading::is_alert(ask, &value) {
        Some(danger::meet(app, &shelf, &mut transaction, &place, &person, &lesson, now).await?)
    } else {
        None
    };
    transaction.commit().await?;
    drop(shelf);
    app.changed.notify_waiters();
    let language = person.language.clone().unwrap_or_else(|| app.settings.site.language.clone());
    let safety = danger.map(|danger| {
        danger.log();
        let edition = shelved.in_language(&language);
        let (crisis, crisis_html) = (edition.course.crisis.clone(), edition.page.crisis.clone());
        Safety { crisis, crisis_html, paused: danger.paused }
    });
    let ask = asked(shelved.edition(&lesson, &language), &lesson, question).unwrap_or(ask).clone();
    Ok(Recorded::Kept(Box::new(Kept { course: place.course, lesson, ask, value, safety })))
}

/// What comes next may be another lesson now; a message under way is heard first. An answer brings nothing at once: the
/// next moment is meant.
async fn follow(
    app: &App,
    connection: &mut Connection,
    shelved: &Shelved,
    mut it: Enrolment,
    person: &Subscriber,
    now: Now,
) -> Result<()> {
    match it.state {
        State::InFlight => enrolments::choose(connection, &it).await?,
        State::Waiting | State::Awaiting => {
            let answers = Answers::read(connection, vec![it.id]).await?;
            it.not_before(now.reader);
            it.advance(&shelved.course, &app.reader(person, answers.of(it.id)), now.reader);
            let written = enrolments::put(connection, &it, now.wall).await?;
            anyhow::ensure!(written, "the enrolment changed meanwhile; try again");
        }
        State::Pending | State::Paused | State::Held | State::Completed | State::Left => {}
    }
    Ok(())
}

/// As [`record`], for somebody who answered otherwise than by a page: in their newest run of a course, to the latest
/// lesson they got that asks this, unless `lesson` is said.
pub async fn record_by_hand(
    app: &App,
    address: &Address,
    course: &str,
    lesson: Option<&str>,
    question: &str,
    raw: &[String],
) -> Result<Recorded> {
    let Some(shelved) = app.shelf.read().await.get(course).cloned() else {
        return Ok(Recorded::Refused(Refusal::NoCourse(course.to_string())));
    };
    let mut connection = app.store.read().await?;
    let Some(person) = subscribers::by_key(&mut connection, &address.key()).await? else {
        return Ok(Recorded::Refused(Refusal::NobodyThere));
    };
    let places = enrolments::of_subscriber(&mut connection, person.id).await?;
    let Some(place) = places.into_iter().filter(|it| it.course == course).max_by_key(|it| it.run) else {
        return Ok(Recorded::Refused(Refusal::NotEnrolled(course.to_string())));
    };
    let got = got(&mut connection, &shelved, &place).await?;
    drop(connection);
    let latest = got.iter().rev().find(|id| asked(&shelved, id, question).is_some());
    match lesson.or(latest.map(String::as_str)) {
        Some(lesson) => record(app, place.id, lesson, question, raw).await,
        None => Ok(Recorded::Refused(Refusal::NotGotAny)),
    }
}

/// The coach has looked at the safety answers of a course: nothing recalls them any more. How many people that were.
pub async fn seen(app: &App, course: &str) -> Result<usize> {
    let mut transaction = app.store.begin().await?;
    let mut lowered = 0;
    for alarm in meta::alarms(&mut transaction).await? {
        if alarm.name.starts_with(&alarm_of(course, "")) {
            meta::lower(&mut transaction, &alarm.name).await?;
            lowered += 1;
        }
    }
    transaction.commit().await?;
    Ok(lowered)
}

fn alarm_of(course: &str, enrolment: &str) -> String {
    format!("answer/{course}/{enrolment}")
}

async fn place(connection: &mut Connection, enrolment: i64) -> Result<Option<(Enrolment, Subscriber)>> {
    let Some(place) = enrolments::by_id(connection, enrolment).await? else { return Ok(None) };
    let person = subscribers::by_id(connection, place.subscriber_id).await?;
    Ok(person.map(|person| (place, person)))
}

/// The lessons that somebody has got, by their names of today and the latest last: also one of which no record says yet
/// whether it arrived, since who answers it has it.
async fn got(connection: &mut Connection, shelved: &Shelved, place: &Enrolment) -> Result<Vec<String>> {
    let course = &shelved.course;
    let mut got = match course.kind {
        Kind::Course => place.progress.sent().iter().map(|sent| sent.lesson.clone()).collect(),
        Kind::Newsletter => {
            let names = course.lessons.values().flat_map(|lesson| std::iter::once(&lesson.id).chain(&lesson.was));
            let names: Vec<&str> = names.map(String::as_str).collect();
            journal::issues_of(connection, place.subscriber_id, &course.id, names.into_iter()).await?
        }
    };
    let folder = format!("lesson/{}/", course.id);
    for row in outbox::open_of(connection, place.subscriber_id).await? {
        let lesson = row.what.strip_prefix(&folder).filter(|_| row.enrolment_id == place.id && row.copies > 0);
        got.extend(lesson.map(str::to_string));
    }
    Ok(got.iter().map(|id| shelved.called_now(id).to_string()).collect())
}

fn asked<'a>(shelved: &'a Shelved, lesson: &str, question: &str) -> Option<&'a Ask> {
    shelved.course.lessons.get(lesson)?.asks.iter().find(|ask| ask.id == question)
}
