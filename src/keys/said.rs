//! What is said of keys and values in words. Reads no table.

use crate::keys::quotes::round_quotes;
use crate::problem::Problem;
use std::collections::BTreeSet;
use toml::de::DeTable;
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

/// What to do about a fault of syntax at this place.
pub fn next_step(toml: &str, at: usize) -> String {
    let from = toml.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let line = toml.get(from..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    match round_quotes(line) {
        Some((_, help)) => help,
        None => "correct the syntax; the rest of the file is read as well as can be".to_string(),
    }
}

/// A key that stands below a table and is one of the file itself: TOML ends no table. `known`: every path that was asked
/// for. What it means isn't missing.
pub fn point_above(problems: &mut [Problem], root: &DeTable<'_>, known: &BTreeSet<String>, meant: &mut Vec<String>) {
    for problem in problems {
        let path = problem.message.strip_prefix("unknown key `").and_then(|rest| rest.strip_suffix('`'));
        let parts: Vec<&str> = path.unwrap_or_default().split('.').collect();
        let (table, key) = match parts[..] {
            [table, key] => (table, key),
            [table, number, key] if number.parse::<usize>().is_ok() => (table, key),
            _ => continue,
        };
        if !known.contains(key) {
            continue;
        }
        let brackets = match root.get(table).map(|value| value.get_ref()) {
            Some(DeValue::Array(_)) => format!("[[{table}]]"),
            _ => format!("[{table}]"),
        };
        meant.push(key.to_string());
        problem.help = format!("move it above `{brackets}`: what stands below that belongs to it");
    }
}

/// Lists whose items people know by their id, or count from 1.
const COUNTED: [(&str, &str); 2] = [("ask", "question"), ("stage", "stage")];

/// Says which item of a list is meant: "`kind` of question `region`", not `ask.0.kind`.
pub fn name_items(problems: &mut [Problem], root: &DeTable<'_>) {
    for problem in problems {
        for (list, item) in COUNTED {
            let Some((before, rest)) = problem.message.split_once(&format!("`{list}.")) else { continue };
            let Some((path, behind)) = rest.split_once('`') else { continue };
            let Some((number, key)) = path.split_once('.') else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            let table = root.get(list).and_then(|value| value.get_ref().as_array()?.get(number)?.get_ref().as_table());
            let id = table.and_then(|table| table.get("id")?.get_ref().as_str());
            let which = match id {
                Some(id) => format!("{item} `{id}`"),
                None => format!("the {} {item}", ordinal(number + 1)),
            };
            problem.message = format!("{before}`{key}` of {which}{behind}");
            break;
        }
    }
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
