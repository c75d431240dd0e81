//! What of people decides when and what they get, read for as many enrolments at once as there are.

use crate::course::Value;
use crate::enrolment::Reader;
use crate::flow::App;
use crate::flow::share_of_spread;
use crate::store::Connection;
use crate::store::answers;
use crate::subscriber::Subscriber;
use anyhow::Result;
use std::collections::BTreeMap;
use std::collections::HashMap;

/// Answers by question, by enrolment.
#[derive(Debug, Default)]
pub struct Answers(HashMap<i64, BTreeMap<String, Value>>);

impl Answers {
    /// The latest answers that people gave in these runs, by their enrolments; 0 is nobody.
    pub async fn read(connection: &mut Connection, mut enrolments: Vec<i64>) -> Result<Answers> {
        enrolments.retain(|id| *id != 0);
        if enrolments.is_empty() {
            return Ok(Answers::default());
        }
        Ok(Answers(answers::latest(connection, &enrolments).await?))
    }

    pub fn of(&self, enrolment: i64) -> BTreeMap<String, Value> {
        self.0.get(&enrolment).cloned().unwrap_or_default()
    }
}

impl App {
    /// What of a person decides, with their answers in one run of a course.
    pub fn reader(&self, subscriber: &Subscriber, answers: BTreeMap<String, Value>) -> Reader {
        Reader {
            zone: self.zone(subscriber),
            hour: subscriber.hour,
            weekdays: subscriber.weekdays.as_deref().and_then(|days| days.parse().ok()),
            language: subscriber.language.clone().unwrap_or_else(|| self.settings.site.language.clone()),
            fields: subscriber.fields.clone(),
            answers,
            share: share_of_spread(subscriber.id),
        }
    }
}
