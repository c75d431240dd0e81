//! Sample people, for mails that are only looked at: who left out everything optional, who gave everything, who gave other
//! answers. Knows no store; their links lead nowhere.

use crate::course::Ask;
use crate::course::AskKind;
use crate::course::Course;
use crate::course::Lesson;
use crate::link::KeyRing;
use crate::link::Links;
use crate::link::Subjects;
use crate::message::Answer;
use crate::message::Progress;
use crate::message::Values;
use crate::site::Site;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A sample of the people who get mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    LacksAll,
    HasAll,
    /// As `HasAll`, with the last option of each choice and the lowest number of each scale.
    HasOther,
}

/// Someone who gave nothing that they could leave out, or everything.
pub fn sample(site: &Site, course: &Course, lesson: &Lesson, person: Person) -> Values {
    let all = person != Person::LacksAll;
    let keys = KeyRing::new((0, [0; 32]), Vec::new());
    let subjects = Subjects { subscriber: i64::MAX, enrolment: i64::MAX, outbox: i64::MAX };
    let links = Links::new(&site.url, &keys).urls(subjects, Some(Timestamp::UNIX_EPOCH));
    let fields = course.fields.iter().filter(|(_, field)| all || field.required);
    let asked = course.lessons.values().chain([lesson]).flat_map(|lesson| &lesson.asks);
    let answers = asked.filter(|_| all).map(|ask| (ask.id.clone(), answer(ask, person)));
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

fn answer(ask: &Ask, person: Person) -> Answer {
    let other = person == Person::HasOther;
    match &ask.kind {
        AskKind::Choice(options) => {
            let chosen = if other { options.last() } else { options.first() };
            Answer::One(chosen.map(|(id, _)| id.clone()).unwrap_or_default())
        }
        AskKind::Choices(options) => Answer::Many(options.iter().map(|(id, _)| id.clone()).collect()),
        AskKind::Scale { min, max, .. } => Answer::Number(if other { *min } else { *max }),
        AskKind::Text => Answer::One("…".to_string()),
    }
}
