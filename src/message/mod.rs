//! A lesson, a person's values and links become the bytes of one mail. Knows no database, no clock and no relay.
//!
//! Tags, then Markdown, then layout, and all of it once for each version of a lesson: every Tera tag is replaced by an
//! opaque mark, the Markdown is read once and written twice (HTML and plain text), the tags are put back, and both
//! texts are compiled as templates that extend the layout. For each mail only the values are filled in. A value
//! therefore never passes through Markdown and never is template source: it can't become a link, a heading or a tag.

mod blocks;
mod branches;
mod calls;
mod check;
mod check_images;
mod check_templates;
mod components;
mod context;
mod css;
mod dkim;
mod draft;
mod encode;
mod finish;
mod footnotes;
mod foreign;
mod homes;
mod inside;
mod letter;
mod lifted;
mod look;
mod markdown;
mod marked;
mod mime;
mod names;
mod origins;
mod outside;
mod own;
mod page;
mod paths;
mod placed;
mod plain;
mod prepare;
mod proof;
mod prose;
mod question;
mod raw_html;
mod reader;
mod required;
mod sample;
mod stray;
mod tags;
mod templates;
mod untagged;
mod visible;

pub use check::CourseMail;
pub use check::HIDDEN;
pub use check::check_course;
pub use check::check_lesson;
pub use check::check_page;
pub use check::mails;
pub use check_images::check_images;
pub use check_templates::check_templates;
pub use dkim::Algorithm;
pub use dkim::DkimKey;
pub use dkim::KeyError;
pub use dkim::SignError;
pub use dkim::Signer;
pub use dkim::is_selector;
pub use dkim::record_name;
pub use dkim::unsigned;
pub use foreign::Place;
pub use foreign::has_tags;
pub use foreign::with_addresses;
pub use foreign::without_tags;
pub use inside::Inside;
pub use letter::Asked;
pub use letter::Letter;
pub use letter::letter;
pub use look::colour::Colour;
pub use look::colour::READABLE;
pub use look::theme::Logo;
pub use look::theme::Palette;
pub use look::theme::Theme;
pub use markdown::image_hash;
pub use mime::BuildError;
pub use mime::Head;
pub use mime::Kind;
pub use mime::List;
pub use mime::build;
pub use mime::build_plain;
pub use mime::list_id;
pub use mime::message_id;
pub use names::NO_CRISIS;
pub use origins::RenderError;
pub use outside::Link;
pub use outside::outside_links;
pub use own::own_mails;
pub use page::CoursePage;
pub use page::course_page;
pub use prepare::Prepared;
pub use prepare::prepare;
pub use required::Missing;
pub use required::Required;
pub use required::required;
pub use templates::Templates;

use crate::course::Value;
use crate::link::Urls;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

/// Octets of a whole mail from which `check` complains: Gmail hides what is behind 102 KB.
pub const MAIL_LIMIT: usize = 100_000;

/// Octets that one rendered part may have.
pub const RENDER_LIMIT: usize = 1 << 20;

/// What one mail says about one person: stored with the message, so that the same bytes can be built again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Values {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    pub language: String,
    /// Only those that the person gave.
    pub fields: BTreeMap<String, String>,
    /// The latest answer to each question that was answered.
    pub answers: BTreeMap<String, Answer>,
    pub progress: Progress,
    pub links: Urls,
    /// Subjects of lessons that are offered and that no mail told of yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<String>,
    /// The courses that come after this one, in the mail that ends it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<Titled>,
}

/// Where an issue leads that is shown to nobody in particular, in the place of a person's own links. Templates see it
/// under `archive`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Archive {
    /// Where people sign up.
    pub get: Titled,
    /// The other issues.
    pub all: Titled,
    /// The one that appeared before it, and the one after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Titled>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Titled>,
    /// When it appeared, in words; stands above the title.
    pub date: String,
}

/// A page and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Titled {
    pub title: String,
    pub url: String,
}

/// An answer as templates see it: option ids, a number of a scale, or words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    Number(i64),
    One(String),
    Many(Vec<String>),
}

impl Answer {
    /// What may stand in a mail: words keep their lines.
    fn clean(&self) -> Answer {
        match self {
            Answer::Number(number) => Answer::Number(*number),
            Answer::One(words) => Answer::One(without_controls(words)),
            Answer::Many(all) => Answer::Many(all.iter().map(|words| without_controls(words)).collect()),
        }
    }
}

impl From<Value> for Answer {
    /// A scale has whole numbers only.
    fn from(value: Value) -> Answer {
        match value {
            Value::Text(text) => Answer::One(text),
            Value::Texts(texts) => Answer::Many(texts),
            Value::Number(number) => Answer::Number(number as i64),
        }
    }
}

/// Where a person stands in a course: lesson `number`, counted from 1, of `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub number: u32,
    pub of: u32,
}

/// A mail's words, before they become a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// What mail programs show behind the subject; one line, maybe empty.
    pub preview: String,
    pub html: String,
    pub text: String,
    /// Images that travel with the mail. The HTML names them by their addresses until it is built, so that a browser
    /// shows it, too.
    pub inside: Vec<Inside>,
}

/// A text as one line of a header: no control characters, no bidi controls, single spaces.
fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    without_controls(&spaced).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text without what steers rather than says: control characters but line breaks, and bidi controls, which could
/// turn the words around them.
fn without_controls(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
    };
    text.chars().filter(|c| !steers(*c)).collect()
}
