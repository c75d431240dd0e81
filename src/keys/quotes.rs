//! Round quotation marks, as word processors write them: nothing that is read by a program takes them for quotes. Knows no
//! file format.

use std::ops::Range;

const ROUND: [char; 9] = ['“', '”', '„', '‟', '«', '»', '‘', '’', '‚'];

/// The first round mark in a text that stands outside of straight quotes, or is meant to close one, and what to write
/// for it.
///
/// ```
/// let (at, help) = dripline::keys::round_quotes("name or “reader”").unwrap();
/// assert_eq!((at, help.as_str()), (8..11, "the quotation marks are round: write \"reader\""));
/// assert!(dripline::keys::round_quotes("name or \"reader”").is_some());
/// assert!(dripline::keys::round_quotes("name or \"“reader”\"").is_none());
/// ```
pub fn round_quotes(text: &str) -> Option<(Range<usize>, String)> {
    let mut quote: Option<(char, usize)> = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some((open, _)) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some((c, at + 1)),
            None if ROUND.contains(&c) => return Some((at..at + c.len_utf8(), help(&text[at + c.len_utf8()..]))),
            None => {}
        }
    }
    let (_, open) = quote?;
    let (at, mark) = text[open..].char_indices().find(|(_, c)| ROUND.contains(c))?;
    Some((open + at..open + at + mark.len_utf8(), help(&text[open..])))
}

/// `words`: what stands behind the mark that opens.
fn help(words: &str) -> String {
    let words = words.split(ROUND).next().unwrap_or_default();
    let words = words.split(['"', '\n', '}', '%']).next().unwrap_or_default().trim();
    format!("the quotation marks are round: write \"{words}\"")
}
