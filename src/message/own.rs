//! The mails that the program writes itself in a course: to someone who comes back after a long pause, and at its end.
//! They are lessons like the coach's, with the program's words.

use crate::course::Backfill;
use crate::course::Course;
use crate::course::Lesson;
use crate::enrolment::BACK;
use crate::enrolment::CLOSING;
use crate::problem::Source;
use crate::text::words;

/// Every mail of this kind, by the name that stands in a lesson's place.
pub fn own_mails(course: &Course) -> Vec<Lesson> {
    let words = &words(&course.language).mail;
    let back = own_mail(BACK, words.back_subject, words.back_preview, words.back_text);
    let closing = own_mail(CLOSING, words.closing_subject, words.closing_preview, words.closing_text);
    vec![back, closing]
}

fn own_mail(id: &str, subject: &str, preview: &str, text: &str) -> Lesson {
    Lesson {
        id: id.to_string(),
        subject: subject.to_string(),
        preview: Some(preview.to_string()),
        wait: None,
        send: None,
        date: None,
        archive: false,
        when: None,
        backfill: Backfill::Never,
        was: Vec::new(),
        content_note: None,
        asks: Vec::new(),
        source: Source::new(format!("the program's own mail {id}"), text),
        body: 0,
        version: String::new(),
    }
}
