//! What is said of keys and values in words. Reads no table.

use crate::problem::Problem;
use toml::de::DeValue;

/// How a sentence about a key ends that isn't there.
pub const MISSING: &str = "is missing";

/// A misspelt key is one problem, not a missing one as well. `meant` are the paths that misspelt ones most likely meant.
pub fn drop_what_was_meant(problems: &mut Vec<Problem>, meant: &[String]) {
    problems.retain(|problem| {
        let path = problem.message.strip_prefix('`').and_then(|rest| rest.split('`').next()).unwrap_or_default();
        let is_below = |meant: &String| path.strip_prefix(meant).is_some_and(|it| it.is_empty() || it.starts_with('.'));
        !(problem.message.ends_with(MISSING) && meant.iter().any(is_below))
    });
}

/// What a value is, with its article.
pub fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
