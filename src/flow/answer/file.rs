//! What people answered in a course as comma-separated values, a row for each answer.

use super::report::ask_of;
use crate::course::Ask;
use crate::course::AskKind;
use crate::course::Course;
use crate::course::Value;
use crate::flow::App;
use crate::flow::answer::in_words;
use crate::flow::sheet;
use crate::flow::shelf::Shelved;
use crate::store::answers;
use crate::store::answers::Given;
use anyhow::Result;
use jiff::Timestamp;
use std::sync::Arc;

/// Answers that are read at once.
const PAGE: i64 = 1_000;

/// A file that is being written, piece by piece.
#[derive(Debug)]
pub struct Rows {
    shelved: Arc<Shelved>,
    /// `None` before the header.
    after: Option<i64>,
}

impl Rows {
    pub fn begin(shelved: Arc<Shelved>) -> Rows {
        Rows { shelved, after: None }
    }

    /// The next piece of the file; `None` at its end.
    pub async fn step(&mut self, app: &App) -> Result<Option<Vec<u8>>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let Some(after) = self.after else {
            writer.write_record(["email", "run", "lesson", "question", "answer", "label", "at"])?;
            self.after = Some(0);
            return Ok(Some(writer.into_inner()?));
        };
        let course = &self.shelved.course;
        let page = answers::of_course(&mut *app.store.read().await?, &course.id, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some(last.answer.id);
        for given in &page {
            let lesson = self.shelved.called_now(&given.answer.lesson);
            writer.write_record(cells(course, lesson, given)?)?;
        }
        Ok(Some(writer.into_inner()?))
    }
}

fn cells(course: &Course, lesson: &str, given: &Given) -> Result<[String; 7]> {
    let it = &given.answer;
    let ask = ask_of(course, lesson, &it.question);
    let answer = match &it.value {
        Value::Text(text) => sheet::neutral(text),
        Value::Texts(ids) => sheet::neutral(&ids.join(";")),
        // No formula, though it may begin with a minus.
        Value::Number(number) => number.to_string(),
    };
    Ok([
        sheet::neutral(&given.address),
        given.run.to_string(),
        lesson.to_string(),
        it.question.clone(),
        answer,
        sheet::neutral(&label(ask, &it.value)),
        Timestamp::from_second(it.at.as_second())?.to_string(),
    ])
}

/// Only options have words besides what stands in the answer itself.
fn label(ask: Option<&Ask>, value: &Value) -> String {
    match ask.map(|ask| &ask.kind) {
        Some(AskKind::Choice(_) | AskKind::Choices(_)) => in_words(ask, value),
        Some(AskKind::Scale { .. } | AskKind::Text) | None => String::new(),
    }
}
