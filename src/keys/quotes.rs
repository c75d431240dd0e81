//! Round quotation marks, as word processors write them: nothing that is read by a program takes them for quotes. Knows no
//! file format.

use std::ops::Range;

const ROUND: [char; 9] = ['“', '”', '„', '‟', '«', '»', '‘', '’', '‚'];

/// The first round mark in a text that stands outside of straight quotes, and what to write for it.
///
/// ```
/// let (at, help) = dripline::keys::round_quotes("name or “reader”").unwrap();
/// assert_eq!((at, help.as_str()), (8..11, "the quotation marks are round: write \"reader\""));
/// ```
pub fn round_quotes(text: &str) -> Option<(Range<usize>, String)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if ROUND.contains(&c) => {
                let behind = at + c.len_utf8();
                let words = text[behind..].split(ROUND).next().unwrap_or_default();
                let words = words.split(['"', '\n', '}', '%']).next().unwrap_or_default().trim();
                return Some((at..behind, format!("the quotation marks are round: write \"{words}\"")));
            }
            None => {}
        }
    }
    None
}
