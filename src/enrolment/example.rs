//! Courses and people for the tests of this room.

use crate::course::Backfill;
use crate::course::Course;
use crate::course::Kind;
use crate::course::Late;
use crate::course::Lesson;
use crate::course::Schedule;
use crate::problem::Source;
use crate::timing::Cron;
use crate::timing::Wait;
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// A course that sends a lesson a day at 08:30.
pub fn course(order: &[&str]) -> Course {
    Course {
        drafts: Vec::new(),
        id: "example".to_string(),
        title: "Example".to_string(),
        summary: String::new(),
        kind: Kind::Course,
        language: "en".to_string(),
        order: order.iter().map(|id| id.to_string()).collect(),
        stages: Vec::new(),
        lessons: order.iter().map(|id| (id.to_string(), plain_lesson(id))).collect(),
        retired: Vec::new(),
        require: Vec::new(),
        disclaimer: None,
        crisis: None,
        consent: None,
        about: None,
        next: Vec::new(),
        invite: None,
        sender: None,
        schedule: Schedule {
            wait: Wait::Days(1),
            send: daily(),
            spread: SignedDuration::ZERO,
            skip: Vec::new(),
            starts: None,
            late: Late::Next,
            keep_dates: false,
            slowest: 3.0,
            fastest: 0.5,
        },
        newsletter: None,
        fields: BTreeMap::new(),
        texts: BTreeMap::new(),
        source: Source::new("course.toml", ""),
        translations: BTreeMap::new(),
        files: BTreeMap::new(),
        version: String::new(),
    }
}

pub fn lesson<'c>(course: &'c mut Course, id: &str) -> &'c mut Lesson {
    course.lessons.entry(id.to_string()).or_insert_with(|| plain_lesson(id))
}

#[expect(clippy::unwrap_used, reason = "the line is good")]
fn daily() -> Cron {
    "30 8 * * *".parse().unwrap()
}

fn plain_lesson(id: &str) -> Lesson {
    Lesson {
        archive: false,
        id: id.to_string(),
        subject: id.to_string(),
        preview: None,
        wait: None,
        send: None,
        date: None,
        when: None,
        backfill: Backfill::Offer,
        was: Vec::new(),
        content_note: None,
        asks: Vec::new(),
        source: Source::new(format!("{id}.md"), ""),
        body: 0,
        version: String::new(),
    }
}
