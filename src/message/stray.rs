//! What looks like a tag to a person and is none: it would reach readers as it is written. Knows no name's value.

use crate::problem::Problem;
use crate::problem::Source;
use std::ops::Range;
use std::sync::Arc;

/// Braces and brackets of tags that have lost the others, or of another program's tags.
const ODD: [&str; 4] = ["}}", "%}", "[%", "%]"];

/// Warns of what stands between two tags of `source`.
pub fn look(source: &Arc<Source>, at: Range<usize>, problems: &mut Vec<Problem>) {
    let text = &source.text[at.clone()];
    let odd = ODD.iter().flat_map(|odd| text.match_indices(odd)).map(|(from, it)| from..from + it.len());
    for part in odd.chain(in_single_braces(text)) {
        let written = &text[part.clone()];
        let message = format!("`{written}` is no tag: readers would see it as it is");
        let tag = match written.trim_matches(['{', '}']).trim() {
            "first_name" => "{{ subscriber.first_name }}".to_string(),
            name if name.contains('.') => format!("{{{{ {name} }}}}"),
            _ => "tags like {{ … }} and {% … %}".to_string(),
        };
        let help = format!("write {tag}, or put it between {{% raw %}} and {{% endraw %}}");
        problems.push(Problem::warning(source, at.start + part.start..at.start + part.end, message, help));
    }
}

/// Names of values in one pair of braces: `{subscriber.first_name}`.
fn in_single_braces(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices('{').filter_map(|(open, _)| {
        let close = open + text[open..].find('}')?;
        let name = text[open + 1..close].trim();
        let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'));
        let is_name = letters && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.contains(['.', '_']);
        is_name.then_some(open..close + 1)
    })
}
