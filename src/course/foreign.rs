//! The head of a Markdown file of another program: TOML between `+++`, YAML between `---`, or none. Of YAML, lines of one key
//! and one value are read; lists and what is nested are passed over.

use std::collections::BTreeMap;

/// What the head says, by key in small letters; values as texts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Front {
    values: BTreeMap<String, String>,
}

impl Front {
    /// The first of these keys that says something.
    pub fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().filter_map(|key| self.values.get(*key)).map(|value| value.trim()).find(|value| !value.is_empty())
    }

    /// `draft: true`, `published: false` and `status: draft` say the same.
    pub fn is_draft(&self) -> bool {
        let says = |key: &str, word: &str| self.first(&[key]).is_some_and(|value| value.eq_ignore_ascii_case(word));
        says("draft", "true") || says("published", "false") || says("status", "draft")
    }
}

/// The head and the text below it.
///
/// # Errors
/// A sentence, where the head has no end or isn't TOML.
pub fn split(text: &str) -> Result<(Front, &str), String> {
    let fence = match text.lines().next().map(str::trim_end) {
        Some(fence @ ("+++" | "---")) => fence,
        _ => return Ok((Front::default(), text)),
    };
    let mut at = text.find('\n').map_or(text.len(), |end| end + 1);
    let start = at;
    for line in text[start..].split_inclusive('\n') {
        if line.trim_end() == fence {
            let head = &text[start..at];
            let values = if fence == "+++" { of_toml(head)? } else { of_yaml(head) };
            return Ok((Front { values }, &text[at + line.len()..]));
        }
        at += line.len();
    }
    Err(format!(
        "its first line is `{fence}`, and no other line ends what begins there; write `{fence}` above the text"
    ))
}

fn of_toml(head: &str) -> Result<BTreeMap<String, String>, String> {
    let table: toml::Table = toml::from_str(head).map_err(|error| {
        let message = error.message().lines().next().unwrap_or_default().to_string();
        format!("what stands between its `+++` isn't TOML ({message}); correct it")
    })?;
    let text = |value: toml::Value| match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Datetime(moment) => Some(moment.to_string()),
        toml::Value::Float(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
    };
    Ok(table.into_iter().filter_map(|(key, value)| Some((key.to_lowercase(), text(value)?))).collect())
}

fn of_yaml(head: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut folded: Option<String> = None;
    for line in head.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some(key) = &folded {
                let text: &mut String = values.entry(key.clone()).or_default();
                text.push_str(line.trim());
                text.push(' ');
            }
            continue;
        }
        folded = None;
        let Some((key, value)) = line.split_once(':').filter(|(key, _)| !key.starts_with(['#', '-'])) else { continue };
        let key = key.trim().trim_matches(['"', '\'']).to_lowercase();
        match value.trim() {
            ">" | ">-" | ">+" | "|" | "|-" | "|+" => folded = Some(key),
            value => drop(values.insert(key, scalar(value))),
        }
    }
    values
}

fn scalar(value: &str) -> String {
    if let Some(rest) = value.strip_prefix('\'') {
        let whole = rest.replace("''", "\u{0}");
        return whole.split('\'').next().unwrap_or_default().replace('\u{0}', "'");
    }
    if let Some(rest) = value.strip_prefix('"') {
        let mut text = String::new();
        let mut chars = rest.chars();
        while let Some(c) = chars.next().filter(|c| *c != '"') {
            match c {
                '\\' => text.extend(chars.next().map(|c| if matches!(c, 'n' | 't' | 'r') { ' ' } else { c })),
                c => text.push(c),
            }
        }
        return text;
    }
    let plain = if value.starts_with('#') { "" } else { value.split(" #").next().unwrap_or_default() };
    // A list or a mapping in one line; nothing; an anchor.
    if plain.starts_with(['[', '{', '&', '*', '!']) || matches!(plain, "~" | "null") {
        return String::new();
    }
    plain.trim().to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a head that can't be read is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn heads_of_other_programs_are_read() {
        let check = |head: &str, key: &str, expect: Option<&str>| {
            let text = format!("---\n{head}\n---\nText.\n");
            let (front, body) = split(&text).unwrap();
            assert_eq!((front.first(&[key]), body), (expect, "Text.\n"), "{head}");
        };
        check("title: A plain one", "title", Some("A plain one"));
        check("Title: \"Say \\\"yes\\\": twice\" # or not", "title", Some("Say \"yes\": twice"));
        check("title: 'It''s: here'", "title", Some("It's: here"));
        check("title: One # a comment", "title", Some("One"));
        check("title: C#", "title", Some("C#"));
        check("tags: [one, two]\ntitle: One", "tags", None);
        check("tags:\n  - one\n- two\ntitle: One", "tags", None);
        check("tags:\n  - one\n- two\ntitle: One", "title", Some("One"));
        check("author:\n  title: Not this\ntitle: One", "title", Some("One"));
        check(
            "description: >-\n  Two lines\n  become one.\ndate: 2024-01-05",
            "description",
            Some("Two lines become one."),
        );
        check("description: >-\n  Two lines\n  become one.\ndate: 2024-01-05", "date", Some("2024-01-05"));
        check("date: 2024-01-05 10:00:00 +0200", "date", Some("2024-01-05 10:00:00 +0200"));
        check("title:", "title", None);
        check("title: ~", "title", None);
    }

    #[test]
    fn toml_is_read_and_what_has_no_end_is_refused() {
        let (front, body) =
            split("+++\ntitle = \"One\"\ndate = 2024-01-05T10:00:00Z\ndraft = true\ntags = []\n+++\n\nText.").unwrap();
        assert_eq!(
            (front.first(&["subject", "title"]), front.first(&["date"])),
            (Some("One"), Some("2024-01-05T10:00:00Z"))
        );
        assert!(front.is_draft() && body == "\nText.");
        assert_eq!(split("Text alone.\n---\n").unwrap(), (Front::default(), "Text alone.\n---\n"));
        assert!(split("+++\ntitle = One\n+++\n").unwrap_err().contains("isn't TOML"));
        assert!(split("---\ntitle: One\n").unwrap_err().contains("no other line"));
    }

    #[test]
    fn three_words_mean_a_draft() {
        let check = |head: &str, expect: bool| {
            assert_eq!(split(&format!("---\n{head}\n---\n")).unwrap().0.is_draft(), expect, "{head}");
        };
        check("draft: true", true);
        check("draft: false", false);
        check("published: false", true);
        check("published: 2024-01-05", false);
        check("status: draft", true);
        check("status: sent", false);
    }
}
