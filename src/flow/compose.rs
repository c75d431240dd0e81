//! Makes the bytes of one mail and refuses them when a required block is missing.

use crate::address::Address;
use crate::flow::App;
use crate::flow::Settings;
use crate::flow::letter::Letter;
use crate::flow::shelf::Shelved;
use crate::message;
use crate::message::Asked;
use crate::message::Head;
use crate::message::Kind;
use crate::message::List;
use crate::message::Rendered;
use crate::message::Values;
use jiff::Timestamp;

/// Everything that one lesson's mail is made from.
pub struct LessonMail<'a> {
    pub shelved: &'a Shelved,
    pub lesson: &'a str,
    pub values: Values,
    pub to: &'a Address,
    pub message_id: String,
    pub date: Timestamp,
    /// `None`: a test mail, to somebody who can't leave.
    pub leave_url: Option<&'a str>,
}

/// A lesson's mail.
///
/// # Errors
/// A sentence without any value of the person: what can't be filled in, or which required block is missing.
pub fn lesson(settings: &Settings, mail: LessonMail<'_>) -> Result<Vec<u8>, String> {
    let edition = mail.shelved.edition(mail.lesson, &mail.values.language);
    let course = &edition.course;
    let found = edition.lesson(mail.lesson);
    let (lesson, prepared) = found.ok_or_else(|| format!("the course {} has no lesson {}", course.id, mail.lesson))?;
    let rendered = prepared.render(&mail.values).map_err(|error| error.to_string())?;
    let sender = course.sender.as_ref().unwrap_or(&settings.sender);
    let list_id = message::list_id(&course.id, &sender.address);
    let feedback_id = format!("{}:{}:lesson:dripline", lesson.id.trim_start_matches('@'), course.id);
    let list =
        List { id: &list_id, name: &course.title, unsubscribe_url: mail.leave_url, feedback_id: Some(&feedback_id) };
    let head = Head {
        from: sender,
        to: mail.to,
        to_name: mail.values.first_name.as_deref(),
        message_id: &mail.message_id,
        date: mail.date,
        kind: Kind::Lesson(list),
    };
    let bytes = seal(settings, &rendered, &head)?;
    let missing = message::required(&bytes, &edition.required, &mail.values.links.leave);
    missing.map_err(|missing| missing.to_string())?;
    Ok(bytes)
}

/// Everything that one letter is made from.
pub struct LetterMail<'a> {
    pub letter: &'a Letter,
    pub language: &'a str,
    /// Those that it is about.
    pub courses: &'a [&'a Shelved],
    /// The person's own page.
    pub page_url: &'a str,
    /// Leads to "never write to me".
    pub never_url: &'a str,
    pub to: &'a Address,
    pub message_id: String,
    pub date: Timestamp,
}

/// One of the program's own mails, outside of any course. It holds nothing that a visitor typed.
///
/// # Errors
/// What an overriding template can't be filled in with.
pub fn letter(app: &App, mail: LetterMail<'_>) -> Result<Vec<u8>, String> {
    let editions = mail.courses.iter().map(|shelved| shelved.in_language(mail.language));
    let asked = editions.map(|it| Asked { title: &it.course.title, summary: &it.course.summary });
    let asked: Vec<Asked<'_>> = asked.collect();
    let confirm_url = match mail.letter {
        Letter::Confirmation { token, .. } | Letter::NewAddress { token, .. } => app.links().confirm(token),
        Letter::Page {} | Letter::AddressChanged { .. } => String::new(),
    };
    let said = match mail.letter {
        Letter::Confirmation { .. } => {
            message::Letter::Confirmation { asked: &asked, confirm_url: &confirm_url, never_url: Some(mail.never_url) }
        }
        Letter::Page {} => message::Letter::Page { page_url: mail.page_url },
        Letter::NewAddress { .. } => message::Letter::NewAddress { confirm_url: &confirm_url },
        Letter::AddressChanged { .. } => message::Letter::AddressChanged,
    };
    let rendered = message::letter(&app.templates, &app.settings.site, &said, mail.language);
    let rendered = rendered.map_err(|error| error.to_string())?;
    let own = mail.courses.first().and_then(|shelved| shelved.course.sender.as_ref());
    let from = own.unwrap_or(&app.settings.sender);
    let message_id = &mail.message_id;
    let head = Head { from, to: mail.to, to_name: None, message_id, date: mail.date, kind: Kind::Letter };
    seal(&app.settings, &rendered, &head)
}

/// What the operator is told, in plain text. `id` makes the Message-ID: the same for another try.
///
/// # Errors
/// When the sender's address makes no head.
pub fn notice(
    settings: &Settings,
    to: &Address,
    subject: &str,
    text: &str,
    id: i64,
    date: Timestamp,
) -> Result<Vec<u8>, String> {
    let from = &settings.sender;
    let message_id = message::message_id(id, 0, &from.address);
    let head = Head { from, to, to_name: None, message_id: &message_id, date, kind: Kind::Letter };
    let (subject, text) = (subject.to_string(), text.to_string());
    let rendered = Rendered { subject, preview: String::new(), html: String::new(), text, inside: Vec::new() };
    signed(settings, message::build_plain(&rendered, &head).map_err(|error| error.to_string())?, date)
}

fn seal(settings: &Settings, rendered: &Rendered, head: &Head<'_>) -> Result<Vec<u8>, String> {
    signed(settings, message::build(rendered, head).map_err(|error| error.to_string())?, head.date)
}

/// The final bytes, signed over everything that stands in them.
fn signed(settings: &Settings, bytes: Vec<u8>, date: Timestamp) -> Result<Vec<u8>, String> {
    match &settings.dkim {
        Some(signer) => signer.sign(&bytes, date).map_err(|error| error.to_string()),
        None => Ok(bytes),
    }
}
