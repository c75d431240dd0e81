//! The YAML above a text, as its top keys and their texts: lists and what is nested are passed over. Knows no key.

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::ScanError;

type Values = Vec<(String, String)>;

/// Whether this may stand above a text: it says nothing, or something of a key.
pub fn is_head(text: &str) -> bool {
    let mut lines =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    lines.peek().is_none_or(|first| first.starts_with('{')) || lines.any(|line| key(line.trim()).is_some())
}

/// The keys of a head whose first line is the file's `line`. What isn't quite YAML is read entry by entry.
///
/// # Errors
/// A sentence that names the line of an entry that can't be read.
pub fn values(head: &str, line: usize) -> Result<Values, String> {
    if let Ok(Some(values)) = mapping(head) {
        return Ok(values);
    }
    let mut values = Values::new();
    for (number, entry) in entries(head) {
        let why = match mapping(&entry) {
            Ok(Some(found)) => {
                values.extend(found);
                continue;
            }
            Ok(None) => "there is no `key: value`".to_string(),
            Err(error) => error.info().to_string(),
        };
        let Some(found) = plain(&entry) else {
            let line = line + number;
            return Err(format!("line {line} can't be read as YAML ({why}); correct it, or put its value into quotes"));
        };
        values.push(found);
    }
    Ok(values)
}

/// The texts of the top keys; `None` where there is no mapping.
fn mapping(text: &str) -> Result<Option<Values>, ScanError> {
    let mut values = Values::new();
    let mut key: Option<String> = None;
    let mut depth = 0;
    for event in Parser::new_from_str(text) {
        match event?.0 {
            Event::SequenceStart(..) | Event::Scalar(..) | Event::Alias(_) if depth == 0 => return Ok(None),
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => {
                depth -= 1;
                // It was the value, or a key that nobody asks for.
                key = if depth == 1 && key.is_none() { Some(String::new()) } else { key.filter(|_| depth != 1) };
            }
            Event::Scalar(text, style, ..) if depth == 1 => match key.take() {
                None => key = Some(text.into_owned()),
                Some(_) if style == ScalarStyle::Plain && matches!(&*text, "~" | "null" | "Null" | "NULL") => {}
                Some(key) => values.push((key, text.into_owned())),
            },
            Event::Alias(_) if depth == 1 => key = if key.is_some() { None } else { Some(String::new()) },
            _ => {}
        }
    }
    Ok(Some(values))
}

/// Each key with the lines that belong to it, and how many stand above.
fn entries(head: &str) -> Vec<(usize, String)> {
    let mut entries: Vec<(usize, String)> = Vec::new();
    for (number, line) in head.lines().enumerate() {
        let belongs = line.trim().is_empty() || line.starts_with([' ', '\t', '#', '-', ']', '}']);
        match entries.last_mut().filter(|_| belongs) {
            Some((_, entry)) => entry.push_str(&format!("{line}\n")),
            None if line.trim().is_empty() || line.starts_with('#') => {}
            None => entries.push((number, format!("{line}\n"))),
        }
    }
    entries
}

/// `title: It's: here`, which is no YAML and stands in many a blog.
fn plain(entry: &str) -> Option<(String, String)> {
    let line = entry.trim_end();
    let value = line[key(line)?.len() + 1..].split(" #").next().unwrap_or_default().trim();
    let is_plain = !line.contains('\n') && !value.starts_with(['"', '\'', '[', '{', '&', '*', '!', '|', '>']);
    is_plain.then(|| (key(line).unwrap_or_default().trim_matches(['"', '\'']).to_string(), value.to_string()))
}

/// What stands in front of the first colon, where it may be a key.
fn key(line: &str) -> Option<&str> {
    let (key, rest) = line.split_once(':')?;
    let bare = key.trim_end().trim_matches(['"', '\'']);
    let is_key = bare.starts_with(char::is_alphabetic)
        && bare.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    (is_key && !rest.starts_with("//")).then_some(key)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a head that can't be read is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn top_keys_are_read_as_yaml_means_them() {
        let check = |head: &str, key: &str, expect: Option<&str>| {
            let values = values(head, 2).unwrap();
            let found = values.iter().find(|(known, _)| known == key).map(|(_, value)| value.trim());
            assert_eq!(found, expect, "{head}");
        };
        check("title: A plain one", "title", Some("A plain one"));
        check("title: \"Say \\\"yes\\\": twice\" # or not", "title", Some("Say \"yes\": twice"));
        check("title: \"caf\\xE9 \\u05E9\\u05DC\"", "title", Some("café של"));
        check("title: 'It''s: here'", "title", Some("It's: here"));
        check("title: One # a comment", "title", Some("One"));
        check("title: C#", "title", Some("C#"));
        check("title: over\n  two lines\ndate: 2024-01-05", "title", Some("over two lines"));
        check("title: \"over\n  two lines\"", "title", Some("over two lines"));
        check("title:\n  below\ndate: 2024-01-05", "title", Some("below"));
        check("title:\n  below\ndate: 2024-01-05", "date", Some("2024-01-05"));
        check("tags: [one, two]\ntitle: One", "tags", None);
        check("tags:\n  - one\n  - two\ntitle: One", "title", Some("One"));
        check("tags:\n- one\n- draft: yes\ntitle: One", "draft", None);
        check("author:\n  title: Not this\ntitle: One", "title", Some("One"));
        check("text: >-\n  Two lines\n  become one.\ndate: 2024-01-05", "text", Some("Two lines become one."));
        check("date: 2024-01-05 10:00:00 +0200", "date", Some("2024-01-05 10:00:00 +0200"));
        check("number: 007\n\"quoted\": yes", "number", Some("007"));
        check("number: 007\n\"quoted\": yes", "quoted", Some("yes"));
        check("a: &x\n  b: 1\n<<: *x\ntitle: One", "title", Some("One"));
        check("title:", "title", Some(""));
        check("\ttitle: One", "title", Some("One"));
        check("title: ~", "title", None);
    }

    #[test]
    fn what_many_blogs_write_is_read_though_it_is_no_yaml() {
        let check = |head: &str, expect: &str| {
            let values = values(head, 2).unwrap();
            let found = |key: &str| values.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
            assert_eq!((found("title"), found("draft")), (Some(expect), Some("true")), "{head}");
        };
        check("title: It's: Jekyll\ntags:\n- a\n- b\ndraft: true", "It's: Jekyll");
        check("title:One\ndraft: true", "One");
        check("# above\ntitle: @home # away\ndraft: true", "@home");
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let check = |head: &str, line: &str| {
            let said = values(head, 2).unwrap_err();
            assert!(said.starts_with(&format!("line {line} ")), "{said}");
        };
        check("title: One\ndate: \"open\nslug: one", "3");
        check("title: One\n\nno key here\nslug: one", "4");
        check("title: [open\nslug: one", "2");
        check("title: One\ntags:\n  - a\n - b", "3");
    }
}
