//! What of a person decides which lesson they get and when: their clock, their choices, their answers. Knows no row.

use super::progress::Progress;
use crate::course::Course;
use crate::course::Fact;
use crate::course::Facts;
use crate::course::Lesson;
use crate::course::Value;
use crate::course::Verdict;
use crate::timing;
use crate::timing::Weekdays;
use crate::timing::later;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// How long a lesson's condition waits for an answer, from the sending of the mail that asked.
pub const UNANSWERED_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// One person, as far as the rules look at them. Their pace is the enrolment's.
#[derive(Debug, Clone)]
pub struct Reader {
    pub zone: TimeZone,
    /// Replaces minute and hour of every `send`.
    pub hour: Option<civil::Time>,
    /// Replace the weekday field of the schedule's `send`.
    pub weekdays: Option<Weekdays>,
    pub language: String,
    pub fields: BTreeMap<String, String>,
    /// The latest answer to each question of the course, in this run.
    pub answers: BTreeMap<String, Value>,
    /// The person's share of every spread, from 0 up to 1.
    pub share: f64,
}

/// What a condition says of a person now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    pub verdict: Verdict,
    /// Where it awaits: until when.
    pub until: Option<Timestamp>,
    /// When the questions that it depends on, and that were never answered, came to count as unanswered.
    pub settled: Option<Timestamp>,
}

impl Reader {
    /// Somebody of whom nothing is known but their language.
    pub fn anybody(language: &str) -> Reader {
        Reader {
            zone: TimeZone::UTC,
            hour: None,
            weekdays: None,
            language: language.to_string(),
            fields: BTreeMap::new(),
            answers: BTreeMap::new(),
            share: 0.0,
        }
    }

    /// With the pace of one course.
    pub fn timing(&self, pace: f64) -> timing::Person {
        timing::Person { zone: self.zone.clone(), hour: self.hour, weekdays: self.weekdays.clone(), pace }
    }

    pub fn local_date(&self, instant: Timestamp) -> Date {
        self.zone.to_datetime(instant).date()
    }

    /// 00:00 of the date after the one on which `instant` falls.
    pub fn next_midnight(&self, instant: Timestamp) -> Timestamp {
        let next = self.local_date(instant).tomorrow();
        next.map_or(Timestamp::MAX, |date| timing::resolve(date.at(0, 0, 0, 0), &self.zone))
    }

    /// What a lesson's condition says by `now`. `patient`: an answer that may still come is awaited.
    pub fn judge(
        &self,
        course: &Course,
        progress: &Progress,
        lesson: &Lesson,
        now: Timestamp,
        patient: bool,
    ) -> Judged {
        let Some(when) = &lesson.when else { return Judged { verdict: Verdict::Holds, until: None, settled: None } };
        let mut facts =
            Facts { answers: BTreeMap::new(), language: self.language.clone(), fields: self.fields.clone() };
        let (mut until, mut settled) = (None::<Timestamp>, None);
        for question in when.questions() {
            if let Some(value) = self.answers.get(question) {
                facts.answers.insert(question.to_string(), Fact::Answered(value.clone()));
                continue;
            }
            let Some(asked) = asked(course, progress, question) else { continue };
            let gives_up = later(asked, UNANSWERED_AFTER);
            if patient && gives_up > now {
                facts.answers.insert(question.to_string(), Fact::Pending);
                until = Some(until.map_or(gives_up, |known| known.min(gives_up)));
            } else if patient {
                settled = settled.max(Some(gives_up));
            }
        }
        let verdict = when.evaluate(&facts);
        Judged { verdict, until: until.filter(|_| verdict == Verdict::Awaits), settled }
    }
}

/// When a question was last asked: the last sending of a lesson that asks it.
fn asked(course: &Course, progress: &Progress, question: &str) -> Option<Timestamp> {
    let asks = |id: &str| course.lessons.get(id).is_some_and(|lesson| lesson.asks.iter().any(|ask| ask.id == question));
    progress.sent().iter().filter(|sent| asks(&sent.lesson)).filter_map(|sent| sent.at).max()
}
