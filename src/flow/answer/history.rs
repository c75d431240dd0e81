//! What one person answered, question by question, from then to now. Knows no page and no chart.

use super::in_words;
use super::report::ask_of;
use crate::course::Ask;
use crate::course::Value;
use crate::flow::App;
use crate::flow::shelf::Shelf;
use crate::store::answers;
use crate::store::answers::Answer;
use crate::store::subscribers;
use anyhow::Result;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A question of a course, and everything that one person answered to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub course: String,
    pub course_title: String,
    /// BCP 47: in which language the course's words are here.
    pub language: String,
    /// As the lesson that was answered last asks it.
    pub ask: Ask,
    /// Oldest first, over all runs of the course. One alone is no comparison, but it is an answer.
    pub given: Vec<Reply>,
}

/// What was answered to a question in one lesson: the last word there.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Where the person lives.
    pub date: Date,
    /// By its name of today.
    pub lesson: String,
    pub lesson_title: String,
    /// Empty when none of several options was chosen.
    pub words: String,
    /// Of a scale only.
    pub number: Option<f64>,
}

/// Everything that a person answered, in their language, by course. What no lesson of today asks any more isn't here: the
/// export has it. Empty for nobody.
pub async fn history(app: &App, subscriber: i64) -> Result<Vec<Asked>> {
    let shelf = app.shelf.read().await.clone();
    let mut connection = app.store.read().await?;
    let Some(person) = subscribers::by_id(&mut connection, subscriber).await? else { return Ok(Vec::new()) };
    let given = answers::of_subscriber(&mut connection, person.id).await?;
    let language = person.language.as_deref().unwrap_or(&app.settings.site.language);
    Ok(then_and_now(&shelf, language, &app.zone(&person), &given))
}

/// Sorts answers, oldest first, by what they answer.
pub fn then_and_now(shelf: &Shelf, language: &str, zone: &TimeZone, answers: &[Answer]) -> Vec<Asked> {
    let mut all: Vec<Asked> = Vec::new();
    for answer in answers {
        let Some(shelved) = shelf.get(&answer.course) else { continue };
        let lesson = shelved.called_now(&answer.lesson);
        let course = &shelved.edition(lesson, language).course;
        let Some(ask) = ask_of(course, lesson, &answer.question) else { continue };
        let reply = Reply {
            date: answer.at.to_zoned(zone.clone()).date(),
            lesson: lesson.to_string(),
            lesson_title: shelved.title_of(lesson, language),
            words: in_words(Some(ask), &answer.value),
            number: if let Value::Number(number) = &answer.value { Some(*number) } else { None },
        };
        match all.iter_mut().find(|it| it.course == answer.course && it.ask.id == ask.id) {
            Some(known) => {
                known.ask = ask.clone();
                known.given.push(reply);
            }
            None => all.push(Asked {
                course: answer.course.clone(),
                course_title: course.title.clone(),
                language: course.language.clone(),
                ask: ask.clone(),
                given: vec![reply],
            }),
        }
    }
    // Stable: within a course in the order in which they were first answered.
    all.sort_by(|a, b| a.course.cmp(&b.course));
    all
}
