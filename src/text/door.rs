//! What the pages of signing up and confirming say.

use serde::Serialize;

/// Words of signing up and confirming.
#[derive(Debug, Serialize)]
pub struct DoorPage {
    pub language: &'static str,
    pub wrong_language: &'static str,
    /// For programs: the course has no such field.
    pub wrong_unknown: &'static str,
    /// For programs. `{why}`
    pub wrong_json: &'static str,
    pub edited: &'static str,
    /// Stands beside an input that people don't see.
    pub leave_empty: &'static str,
    pub too_many_title: &'static str,
    pub too_many: &'static str,
    pub too_many_next: &'static str,
    /// What comes next, once confirmed.
    pub next_lesson: &'static str,
    /// `{date}`
    pub next_starts: &'static str,
    pub next_issue: &'static str,
    pub own_page: &'static str,
    pub own_page_open: &'static str,
    pub never_title: &'static str,
    pub never: &'static str,
    pub never_button: &'static str,
    pub never_done_title: &'static str,
    pub never_done: &'static str,
    pub never_back: &'static str,
}
