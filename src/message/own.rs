//! The mails that the program writes itself in a course: to someone who comes back after a long pause, and at its end.
//! They are lessons like the coach's, with the program's words.

use crate::course::Backfill;
use crate::course::Block;
use crate::course::Course;
use crate::course::Lesson;
use crate::enrolment::BACK;
use crate::enrolment::CLOSING;
use crate::problem::Source;
use crate::text::words;

/// Every mail of this kind, by the name that stands in a lesson's place.
pub fn own_mails(course: &Course) -> Vec<Lesson> {
    let words = &words(&course.language).mail;
    // What must stand in every mail stands in these, too.
    let required = course.require.contains(&Block::Crisis) && course.crisis.is_some();
    let crisis = if required { "\n\n{{ crisis() }}\n" } else { "" };
    let back = own_mail(BACK, words.back_subject, words.back_preview, words.back_text, crisis);
    let closing = own_mail(CLOSING, words.closing_subject, words.closing_preview, words.closing_text, crisis);
    vec![back, closing]
}

fn own_mail(id: &str, subject: &str, preview: &str, text: &str, crisis: &str) -> Lesson {
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
        source: Source::new(format!("the program's own mail {id}"), format!("{text}{crisis}")),
        body: 0,
        version: String::new(),
    }
}
