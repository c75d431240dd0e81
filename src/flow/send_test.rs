//! One lesson to one address, as a person would get it, without leaving a trace in the database.

use crate::address::Address;
use crate::flow::App;
use crate::flow::Settings;
use crate::flow::compose;
use crate::flow::deliver;
use crate::flow::deliver::Inputs;
use crate::flow::reload;
use crate::flow::shelf::Shelved;
use crate::ids::next_id;
use crate::link::KeyRing;
use crate::link::Links;
use crate::link::Subjects;
use crate::message;
use crate::problem::Severity;
use crate::relay::Connector;
use crate::relay::Envelope;
use crate::relay::Offer;
use crate::relay::Outcome;
use anyhow::Context as _;
use anyhow::Result;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A lesson, and for whom it is made.
#[derive(Debug, Clone, Copy)]
pub struct Test<'a> {
    pub course: &'a str,
    pub lesson: &'a str,
    pub to: &'a Address,
    /// `None`: the course's own.
    pub language: Option<&'a str>,
}

/// Sends a lesson to an address and says in a sentence what the relay answered.
///
/// # Errors
/// When there is no such lesson, or not in this language, when it can't be made, or when the relay doesn't take it.
pub async fn send(app: &App, connector: &Connector, test: Test<'_>) -> Result<String> {
    let Test { course, lesson, to, language } = test;
    let shelved = on_disk(app, course).await?;
    if shelved.course.drafts.iter().any(|draft| draft == lesson) {
        anyhow::bail!(
            "{lesson} is a draft; list it in `lessons` of {course}/course.toml, or look at it in `dripline preview`"
        );
    }
    let own = shelved.course.language.as_str();
    let language = language.unwrap_or(own);
    if !shelved.speaks(language) {
        let known: Vec<&str> =
            [own].into_iter().chain(shelved.course.translations.keys().map(String::as_str)).collect();
        anyhow::bail!("the course {course} isn't in {language}; it is in {}", known.join(", "));
    }
    let (id, bytes) = make(app, &shelved, lesson, to, language)?;
    let from = app.keys.verp(&app.settings.bounce, id);
    hand_over(connector, Envelope::new(from, to.clone(), &bytes), &bytes).await
}

/// The course as its files stand, in force or not.
async fn on_disk(app: &App, course: &str) -> Result<Arc<Shelved>> {
    let (mut found, prefix) = reload::read_folder(app).await?;
    found.trees.retain(|id, _| id == course);
    let fresh = reload::fresh(app, &found.trees, &prefix).await?;
    let mut of_course = found.problems.remove(course).unwrap_or_default().into_iter().chain(fresh.problems);
    if let Some(error) = of_course.find(|problem| problem.severity == Severity::Error) {
        anyhow::bail!("{error}; nothing was sent: mend what `dripline check` says first");
    }
    let mut fresh = fresh.versions.into_iter().map(|(shelved, _)| Arc::new(shelved));
    let known = match fresh.next() {
        Some(fresh) => Some(fresh),
        None => app.shelf.read().await.get(course).cloned(),
    };
    known.with_context(|| format!("there is no course {course}; run `dripline check`"))
}

/// Gives a mail to the relay and says in a sentence what it answered.
///
/// # Errors
/// When the relay doesn't take it.
pub async fn hand_over(connector: &Connector, envelope: Envelope, bytes: &[u8]) -> Result<String> {
    let mut session = connector
        .open()
        .await
        .map_err(|broken| anyhow::anyhow!("{} can't be used: {}", connector.label(), broken.detail))?;
    let outcome = match session.offer(&envelope).await {
        Offer::Ready(offered) => offered.body(bytes).await,
        Offer::Said(phase, reply) => anyhow::bail!("the relay refused at {}: {reply}", phase.as_str()),
        Offer::Lost(broken) => anyhow::bail!("the connection broke at {}: {}", broken.phase.as_str(), broken.detail),
    };
    session.quit().await;
    match outcome {
        Outcome::Said(reply) if reply.class() == 2 => Ok(reply.to_string()),
        Outcome::Said(reply) => anyhow::bail!("the relay refused the message: {reply}"),
        Outcome::NotSent(detail) => anyhow::bail!("the message wasn't sent: {detail}"),
        Outcome::InDoubt(detail) => anyhow::bail!("nobody knows whether it was sent: {detail}"),
    }
}

/// The mail and the number that its links and its bounce address name; nobody has this number.
///
/// # Errors
/// What the lesson can't be filled in with.
pub fn make(app: &App, shelved: &Shelved, lesson: &str, to: &Address, language: &str) -> Result<(i64, Vec<u8>)> {
    let position = shelved.course.order.iter().position(|known| known == lesson).unwrap_or(0);
    let inputs = Inputs {
        first_name: None,
        language: language.to_string(),
        fields: BTreeMap::new(),
        answers: BTreeMap::new(),
        number: u32::try_from(position + 1).unwrap_or(u32::MAX),
        of: u32::try_from(shelved.course.order.len()).unwrap_or(u32::MAX),
        offered: Vec::new(),
        next: Vec::new(),
        answer_links: true,
    };
    let desk = Desk { settings: &app.settings, keys: &app.keys, now: app.clock.now().wall };
    make_of(&desk, shelved, lesson, to, inputs)
}

/// What a mail to nobody in the database is made with.
pub struct Desk<'a> {
    pub settings: &'a Settings,
    /// Sign its links.
    pub keys: &'a KeyRing,
    pub now: Timestamp,
}

/// As [`make`], for somebody of whom this is known.
///
/// # Errors
/// What the lesson can't be filled in with.
pub fn make_of(
    desk: &Desk<'_>,
    shelved: &Shelved,
    lesson: &str,
    to: &Address,
    inputs: Inputs,
) -> Result<(i64, Vec<u8>)> {
    let id = next_id(desk.now);
    let links = Links::new(&desk.settings.site.url, desk.keys);
    let links = links.urls(Subjects { subscriber: 0, enrolment: 0, outbox: id }, None);
    let leave = links.leave.clone();
    let sender = shelved.course.sender.as_ref().unwrap_or(&desk.settings.sender);
    let mail = compose::LessonMail {
        shelved,
        lesson,
        values: deliver::values(inputs, links),
        to,
        message_id: message::message_id(id, 1, &sender.address),
        date: desk.now,
        leave_url: Some(&leave),
    };
    let bytes = compose::lesson(desk.settings, mail).map_err(anyhow::Error::msg)?;
    Ok((id, bytes))
}
