//! What the pages of a newsletter's earlier issues say.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct ArchivePage {
    /// `{course}`
    pub title: &'static str,
    pub none: &'static str,
    pub feed: &'static str,
    pub get: &'static str,
    /// On the newsletter's own page.
    pub open: &'static str,
    /// Below an issue.
    pub all: &'static str,
    /// Below an issue, in front of the title of the one before it and of the one after it.
    pub before: &'static str,
    pub after: &'static str,
}
