//! The plan that a person would get in a course, from files or from the version in force. Writes nothing.

use crate::course::Ask;
use crate::course::AskKind;
use crate::course::Course;
use crate::course::Newsletter;
use crate::course::Value;
use crate::enrolment;
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
/// unanswered. Of a newsletter, the issues that are still to come, as if none without a date had been sent.
pub fn simulate(course: &Course, reader: &Reader) -> Vec<Planned> {
    if let Some(newsletter) = &course.newsletter {
        return issues(course, newsletter, reader);
    }
    let answers = reader.answers.iter().map(|(id, text)| (id.clone(), value(course, id, text))).collect();
    let person = &reader.person;
    let who = enrolment::Reader {
        zone: person.zone.clone(),
        hour: person.hour,
        weekdays: person.weekdays.clone(),
        language: reader.language.clone(),
        fields: BTreeMap::new(),
        answers,
        share: 0.0,
    };
    let simulation = Simulation { signup: reader.signup, reader: &who, pace: person.pace, pauses: &reader.pauses };
    enrolment::simulate(course, &simulation)
}

fn issues(course: &Course, newsletter: &Newsletter, reader: &Reader) -> Vec<Planned> {
    let zone = &reader.person.zone;
    let confirmed = timing::resolve(reader.signup, zone);
    let from = confirmed.to_zoned(newsletter.time_zone.clone().unwrap_or_else(|| zone.clone())).datetime();
    let moments = std::iter::successors(newsletter.next_moment(from), |moment| newsletter.next_moment(*moment));
    let dated: BTreeSet<&str> = course.dated_issues().map(|(id, _)| id).collect();
    let undated = course.order.iter().map(String::as_str).filter(|id| !dated.contains(id));
    let all = course.dated_issues_to_send().chain(undated.zip(moments));
    let mut plan: Vec<Planned> = all
        .map(|(id, moment)| {
            let utc = newsletter.instant(moment, zone);
            let local = utc.to_zoned(zone.clone()).datetime();
            Planned { lesson: id.to_string(), local, utc, why: newsletter.in_words(moment) }
        })
        .filter(|it| it.utc >= confirmed && !reader.pauses.iter().any(|pause| pause.contains(it.local.date())))
        .collect();
    plan.sort_by_key(|it| it.utc);
    plan
}

/// A sentence when an answer names a question or an option that the course doesn't have.
pub fn unknown_answer(course: &Course, reader: &Reader) -> Option<String> {
    let asks: Vec<&Ask> = course.lessons.values().flat_map(|lesson| &lesson.asks).collect();
    for (id, text) in &reader.answers {
        let Some(ask) = asks.iter().find(|ask| ask.id == *id) else {
            let known: Vec<&str> = asks.iter().map(|ask| ask.id.as_str()).collect();
            return Some(format!("the course asks no question {id}; it asks: {}", known.join(", ")));
        };
        let options = match &ask.kind {
            AskKind::Choice(options) | AskKind::Choices(options) => options,
            AskKind::Scale { min, max, .. } => {
                if text.parse::<i64>().is_ok_and(|number| (*min..=*max).contains(&number)) {
                    continue;
                }
                return Some(format!("{id} has no answer {text}; write a whole number from {min} to {max}"));
            }
            AskKind::Text => continue,
        };
        let known: Vec<&str> = options.iter().map(|(option, _)| option.as_str()).collect();
        if let Some(wrong) = text.split(',').map(str::trim).find(|part| !known.contains(part)) {
            return Some(format!("{id} has no option {wrong}; it has: {}", known.join(", ")));
        }
    }
    None
}

/// An answer as the question's kind reads it: an option's id, several joined by commas, or a number.
pub fn value(course: &Course, id: &str, text: &str) -> Value {
    let ask = course.lessons.values().flat_map(|lesson| &lesson.asks).find(|ask| ask.id == id);
    match ask.map(|ask| &ask.kind) {
        Some(AskKind::Scale { .. }) => text.parse().map_or_else(|_| Value::Text(text.to_string()), Value::Number),
        Some(AskKind::Choices(_)) => Value::Texts(text.split(',').map(|part| part.trim().to_string()).collect()),
        Some(AskKind::Choice(_) | AskKind::Text) | None => Value::Text(text.to_string()),
    }
}
