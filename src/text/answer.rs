//! What the page says on which a question of a lesson is answered, and what stands by answers wherever they are shown.

use serde::Serialize;

/// Words of the page on which a question of a lesson is answered, and of answers wherever they are shown.
#[derive(Debug, Serialize)]
pub struct AnswerPage {
    /// `{course}`
    pub of_course: &'static str,
    pub choose_one: &'static str,
    pub choose_many: &'static str,
    /// `{min}`, `{max}`
    pub choose_number: &'static str,
    /// `{min}`, `{low}`, `{max}`, `{high}`
    pub scale_ends: &'static str,
    /// `{limit}`
    pub write: &'static str,
    pub button: &'static str,
    pub wrong_title: &'static str,
    pub wrong_none: &'static str,
    pub wrong_number: &'static str,
    pub wrong_empty: &'static str,
    /// `{limit}`
    pub wrong_long: &'static str,
    pub wrong_option: &'static str,
    pub kept_title: &'static str,
    /// In the place of an answer that names no option.
    pub none: &'static str,
    pub kept_until: &'static str,
    pub change: &'static str,
    pub others: &'static str,
    pub not_answered: &'static str,
    pub then_and_now: &'static str,
    /// A chart in words: `{first}`, `{then}`, `{last}`, `{now}`
    pub moved: &'static str,
    pub crisis_title: &'static str,
    /// Where a course has no crisis text of its own.
    pub crisis: &'static str,
    pub paused: &'static str,
    pub rests: &'static str,
    pub go_on: &'static str,
    pub coach_told: &'static str,
    pub gone_title: &'static str,
    pub gone: &'static str,
    pub gone_next: &'static str,
    pub no_more_title: &'static str,
    /// `{course}`
    pub no_more: &'static str,
    pub no_more_next: &'static str,
}
