//! A tree of bytes becomes a course and its problems: from disk, embedded, or the last good version in the database
//! alike. Knows no person and no clock.

mod ask;
mod audience;
mod comparison;
mod dates;
mod file;
mod foreign;
mod issue;
mod lesson;
mod listing;
mod load;
mod logic;
mod names;
mod never;
mod references;
mod schedule;
mod settings;
mod shelf;
mod translation;
mod when;
mod yaml;

pub use audience::Audience;
pub use audience::Completed;
pub use foreign::Front;
pub use foreign::split as split_foreign;
pub use issue::Reach;
pub use listing::with_ids;
pub use load::load;
pub use load::load_stored;
pub use logic::Fault;
pub use logic::Verdict;
pub use names::is_id;
pub use names::is_language;
pub use names::is_word;
pub use shelf::Loaded;
pub use shelf::check_shelf;
pub use when::Fact;
pub use when::Facts;
pub use when::Value;
pub use when::Vocabulary;
pub use when::When;

use crate::problem::Source;
use crate::site::Sender;
use crate::timing::Cron;
use crate::timing::DateRange;
use crate::timing::Wait;
use jiff::SignedDuration;
use jiff::civil;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The files of one course folder, by path relative to it, with `/` between names.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// One course or newsletter, parsed and checked. Immutable: an edit makes another one.
#[derive(Debug, Clone)]
pub struct Course {
    /// The folder's name.
    pub id: String,
    pub title: String,
    pub summary: String,
    pub kind: Kind,
    pub language: String,
    /// Ids in the order in which they are sent; with stages, stage after stage.
    pub order: Vec<String>,
    pub stages: Vec<Stage>,
    /// Every lesson that is in order, by id; drafts aren't here.
    pub lessons: BTreeMap<String, Lesson>,
    pub retired: Vec<String>,
    /// Ids of the files that are in no list: nobody gets them.
    pub drafts: Vec<String>,
    /// Blocks that must be in every mail, besides the unsubscribe link and the postal address.
    pub require: Vec<Block>,
    /// Markdown.
    pub disclaimer: Option<String>,
    /// Markdown.
    pub crisis: Option<String>,
    pub consent: Option<String>,
    /// Markdown: the text of the file that `about` names.
    pub about: Option<String>,
    pub next: Vec<String>,
    pub invite: Option<Invite>,
    pub sender: Option<Sender>,
    pub schedule: Schedule,
    pub newsletter: Option<Newsletter>,
    pub fields: BTreeMap<String, Field>,
    /// course.toml, for problems that other rooms find.
    pub source: Arc<Source>,
    /// The files of those texts, by key, that don't stand in it: `about`, and in a translation what the original says.
    pub texts: BTreeMap<&'static str, Arc<Source>>,
    /// The same course in other languages, by language tag.
    pub translations: BTreeMap<String, Translation>,
    /// Every file that isn't a lesson or course.toml (images …), by relative path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// SHA-256 of the tree, in hex.
    pub version: String,
}

/// A course with its words in another language.
#[derive(Debug, Clone)]
pub struct Translation {
    /// As the original, translated as far as there are words for it. Has no translations of its own.
    pub course: Course,
    /// Which of its lessons are translated.
    pub lessons: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Course,
    Newsletter,
}

/// What `require` may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    Disclaimer,
    Crisis,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    pub id: String,
    pub title: String,
    pub lessons: Vec<String>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    pub text: String,
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub label: String,
    pub required: bool,
}

/// `[schedule]`; of a newsletter, defaults that nothing reads.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub wait: Wait,
    pub send: Cron,
    pub spread: SignedDuration,
    pub skip: Vec<DateRange>,
    pub starts: Option<civil::Date>,
    pub late: Late,
    pub keep_dates: bool,
    /// Bounds of a person's pace.
    pub slowest: f64,
    pub fastest: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    Next,
    Closed,
}

#[derive(Debug, Clone)]
pub struct Newsletter {
    pub issues: Option<Cron>,
    /// `None`: each at their own hour.
    pub time_zone: Option<TimeZone>,
    pub late_limit: SignedDuration,
    pub audience: Option<Audience>,
}

/// One Markdown file.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// The file's name without `.md`.
    pub id: String,
    pub subject: String,
    pub preview: Option<String>,
    pub wait: Option<Wait>,
    pub send: Option<Cron>,
    pub date: Option<civil::DateTime>,
    /// An issue that was sent before, elsewhere: it appears at its date and goes to nobody.
    pub archive: bool,
    pub when: Option<When>,
    pub backfill: Backfill,
    pub was: Vec<String>,
    pub content_note: Option<String>,
    pub asks: Vec<Ask>,
    /// The whole file, and where its Markdown begins in it.
    pub source: Arc<Source>,
    pub body: usize,
    /// SHA-256 of the file, in hex.
    pub version: String,
}

impl Lesson {
    /// The Markdown with its Tera tags.
    pub fn markdown(&self) -> &str {
        &self.source.text[self.body..]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backfill {
    Offer,
    Send,
    Never,
}

/// A question of a check-in.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    pub id: String,
    pub question: String,
    pub kind: AskKind,
    /// Option ids that are a safety answer.
    pub alert: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum AskKind {
    /// Option ids and labels, in the order written.
    Choice(Vec<(String, String)>),
    Choices(Vec<(String, String)>),
    Scale {
        min: i64,
        max: i64,
        low: String,
        high: String,
    },
    Text,
}
