//! Which names may stand in a course's files: ids, language tags, and words from a fixed list. Knows no key.

use crate::keys::Keys;
use crate::keys::nearest;
use crate::problem::Source;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

pub const ID_HELP: &str = "use small letters a-z, digits and hyphens";
pub const ID_LETTERS: &str = "small letters a-z, digits and hyphens";
pub const WORD_HELP: &str = "use letters a-z, digits and _, beginning with a letter: templates name it";

/// The name of a course, lesson or stage: it stands in links and in the database.
pub fn is_id(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The id that is nearest to a name: `Welcome back` → `welcome-back`. Empty where no letter of it can stand in one.
pub fn as_id(name: &str) -> String {
    if is_id(name) {
        return name.to_string();
    }
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let bare = name.nfd().filter(|c| !is_combining_mark(*c) && !matches!(c, '\'' | '’'));
    let spelt: String = bare.map(letter).collect();
    spelt.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// The name of a question or field: a template must be able to say `answers.NAME`.
pub fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The name of an option: as TOML writes a key without quotes.
pub fn is_option(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Whether a text looks like a language tag (RFC 5646 §2.1, without what begins with a single letter): `pt`, `pt-BR`.
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    matches!(first.len(), 2 | 3)
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| matches!(part.len(), 2..=8) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// A key whose value is one of a few words.
pub fn one_of<T: Copy>(keys: &Keys<'_>, key: &str, words: &[(&str, T)]) -> Option<T> {
    let text = keys.string(key)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| word == text.get_ref()) {
        return Some(*value);
    }
    let known: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    let help = match nearest(text.get_ref(), words.iter().map(|(word, _)| *word)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("write one of {}", known.join(", ")),
    };
    let message = format!("`{}` can't be \"{}\", only {}", keys.path(key), text.get_ref(), known.join(" or "));
    keys.error(text.span(), message, help);
    None
}

/// Where a part of a TOML text stands in its file; the whole value where escapes stand between.
pub fn inside(source: &Source, value: &Range<usize>, text: &str, part: Range<usize>) -> Range<usize> {
    let written = source.text.get(value.clone()).unwrap_or_default();
    let quotes = written.len().saturating_sub(text.len()) / 2;
    let bare = written.get(quotes..written.len() - quotes) == Some(text);
    if bare { value.start + quotes + part.start..value.start + quotes + part.end } else { value.clone() }
}
