//! The questions of one mail, as the link in it opens them: those that its lesson still asks. Changes nothing; knows no
//! token and no page.

use super::asked;
use super::place;
use crate::course::Ask;
use crate::course::AskKind;
use crate::course::Course;
use crate::course::Value;
use crate::flow::App;
use crate::flow::shelf;
use crate::flow::shelf::Shelved;
use crate::store::answers;
use crate::store::courses;
use crate::store::outbox;
use anyhow::Result;
use std::collections::BTreeMap;

/// What one mail asks its reader.
#[derive(Debug, Clone, PartialEq)]
pub struct Questions {
    pub subscriber: i64,
    pub enrolment: i64,
    /// The language that the person chose, if they did.
    pub speaks: Option<String>,
    /// BCP 47, of the words of the course here.
    pub language: String,
    pub course_title: String,
    /// By its name of today.
    pub lesson: String,
    /// Without those that the lesson asks no more.
    pub all: Vec<Question>,
}

/// One question of a mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Within the lesson as it was mailed, from 1: what links name it by.
    pub number: usize,
    /// As it is asked today, in the person's language.
    pub ask: Ask,
    /// The last answer to it in this lesson.
    pub given: Option<Value>,
    /// The ids of its options as they were mailed, in that order.
    mailed: Vec<String>,
}

impl Questions {
    pub fn question(&self, number: usize) -> Option<&Question> {
        self.all.iter().find(|it| it.number == number)
    }
}

impl Question {
    /// What the number in a link means: an option's id, or a number of the scale. `None` where it means nothing any more.
    pub fn option(&self, number: i64) -> Option<String> {
        match &self.ask.kind {
            AskKind::Choice(options) | AskKind::Choices(options) => {
                let mailed = self.mailed.get(usize::try_from(number.checked_sub(1)?).ok()?)?;
                options.iter().find(|(id, _)| id == mailed).map(|(id, _)| id.clone())
            }
            AskKind::Scale { min, max, .. } => (*min..=*max).contains(&number).then(|| number.to_string()),
            AskKind::Text => None,
        }
    }
}

/// The questions of the mail with this outbox row. `None` where nobody is: a test mail, a person who was erased, a mail of
/// which nothing is kept.
pub async fn questions(app: &App, outbox_id: i64) -> Result<Option<Questions>> {
    let shelf = app.shelf.read().await.clone();
    let mut connection = app.store.read().await?;
    let Some(row) = outbox::by_id(&mut connection, outbox_id).await? else { return Ok(None) };
    let Some((course, lesson)) = row.what.strip_prefix("lesson/").and_then(|rest| rest.split_once('/')) else {
        return Ok(None);
    };
    let Some((place, person)) = place(&mut connection, row.enrolment_id).await? else { return Ok(None) };
    let mut given = BTreeMap::new();
    for answer in answers::of_enrolment(&mut connection, place.id).await? {
        given.insert((answer.lesson, answer.question), answer.value);
    }
    drop(connection);
    let language = person.language.clone().unwrap_or_else(|| app.settings.site.language.clone());
    let mut found = Questions {
        subscriber: person.id,
        enrolment: place.id,
        speaks: person.language,
        language: language.clone(),
        course_title: course.to_string(),
        lesson: lesson.to_string(),
        all: Vec::new(),
    };
    let Some(shelved) = shelf.get(course) else { return Ok(Some(found)) };
    let today = shelved.called_now(lesson);
    let edition = shelved.edition(today, &language);
    found.course_title = edition.course.title.clone();
    found.language = edition.course.language.clone();
    for (number, mailed) in (1..).zip(mailed(app, shelved, &row.version, lesson).await?) {
        let Some(ask) = asked(edition, today, &mailed.id) else { continue };
        let mut names = given
            .iter()
            .filter(|((lesson, question), _)| shelved.called_now(lesson) == today && *question == mailed.id);
        let given = names.next().map(|(_, value)| value.clone());
        found.all.push(Question { number, ask: ask.clone(), given, mailed: options(&mailed) });
    }
    found.lesson = today.to_string();
    Ok(Some(found))
}

/// What a lesson asked in the version of the course that a mail was made from; nothing where that isn't kept.
async fn mailed(app: &App, shelved: &Shelved, version: &str, lesson: &str) -> Result<Vec<Ask>> {
    if shelved.course.version == version {
        return Ok(asks(&shelved.course, lesson));
    }
    let stored = courses::get(&mut *app.store.read().await?, &shelved.course.id, version).await?;
    let course = stored.and_then(|stored| shelf::unpack(&shelved.course.id, &stored.files).ok());
    Ok(course.map(|course| asks(&course, lesson)).unwrap_or_default())
}

fn asks(course: &Course, lesson: &str) -> Vec<Ask> {
    let named = course.lessons.values().find(|it| it.id == lesson || it.was.iter().any(|was| was == lesson));
    named.map(|lesson| lesson.asks.clone()).unwrap_or_default()
}

fn options(ask: &Ask) -> Vec<String> {
    match &ask.kind {
        AskKind::Choice(options) | AskKind::Choices(options) => options.iter().map(|(id, _)| id.clone()).collect(),
        AskKind::Scale { .. } | AskKind::Text => Vec::new(),
    }
}
