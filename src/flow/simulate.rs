//! The plan that a person would get in a course, from files or from the version in force. Writes nothing.

use crate::course::Course;
use crate::course::Fact;
use crate::course::Facts;
use crate::course::Lesson;
use crate::course::Value;
use crate::course::Verdict;
use crate::enrolment;
use crate::enrolment::Condition;
use crate::enrolment::Planned;
use crate::enrolment::Simulation;
use crate::timing;
use crate::timing::DateRange;
use jiff::civil;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Whom the plan is for.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Local, and the moment of confirmation.
    pub signup: civil::DateTime,
    pub person: timing::Person,
    pub language: String,
    /// Answers by question: an option's id, several joined by commas, or a number.
    pub answers: BTreeMap<String, String>,
    pub pauses: Vec<DateRange>,
}

/// The dated lessons, each with the rule that set it. An answer counts from the start; a question without one counts as
/// unanswered.
pub fn simulate(course: &Course, reader: &Reader) -> Vec<Planned> {
    let answers: BTreeMap<String, Fact> =
        reader.answers.iter().map(|(id, text)| (id.clone(), Fact::Answered(value(course, id, text)))).collect();
    let condition = |lesson: &Lesson, open: &BTreeSet<&str>| {
        let Some(when) = &lesson.when else { return Condition::Holds };
        let mut facts = Facts { answers: answers.clone(), language: reader.language.clone(), fields: BTreeMap::new() };
        for question in open {
            facts.answers.entry(question.to_string()).or_insert(Fact::Pending);
        }
        match when.evaluate(&facts) {
            Verdict::Holds => Condition::Holds,
            Verdict::Fails => Condition::Fails,
            Verdict::Awaits => Condition::Awaits,
        }
    };
    let person = timing::Person { pace: enrolment::clamp_pace(course, reader.person.pace), ..reader.person.clone() };
    let simulation = Simulation { signup: reader.signup, person, pauses: &reader.pauses, condition: &condition };
    enrolment::simulate(course, &simulation)
}

/// An answer as the question's kind reads it.
fn value(course: &Course, id: &str, text: &str) -> Value {
    let ask = course.lessons.values().flat_map(|lesson| &lesson.asks).find(|ask| ask.id == id);
    match ask.map(|ask| &ask.kind) {
        Some(crate::course::AskKind::Scale { .. }) => {
            text.parse().map_or_else(|_| Value::Text(text.to_string()), Value::Number)
        }
        Some(crate::course::AskKind::Choices(_)) => {
            Value::Texts(text.split(',').map(|part| part.trim().to_string()).collect())
        }
        Some(crate::course::AskKind::Choice(_) | crate::course::AskKind::Text) | None => Value::Text(text.to_string()),
    }
}
