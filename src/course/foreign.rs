//! The head of a Markdown file of another program: TOML, YAML or JSON above the text, or none. Knows no key.

use crate::course::yaml;
use std::collections::BTreeMap;

/// What the head says, by key in small letters without hyphens and underscores; values as texts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Front {
    values: BTreeMap<String, String>,
}

impl Front {
    /// The first of these keys that says something.
    pub fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().filter_map(|key| self.values.get(*key)).map(|value| value.trim()).find(|value| !value.is_empty())
    }
}

#[derive(Clone, Copy)]
enum Language {
    Toml,
    Yaml,
    Json,
}

/// The head and the text below it. Lines end in `\n`.
///
/// # Errors
/// A sentence, where there is a head that has no end or can't be read.
pub fn split(text: &str) -> Result<(Front, &str), String> {
    let whole = (Front::default(), text);
    let from = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let first = from.lines().next().unwrap_or_default().trim_end();
    let (fence, name) = if first.starts_with("---") { ("-", first.trim_start_matches('-')) } else { (first, "") };
    let language = match (fence, name.trim_start()) {
        ("+++", _) | ("-", "toml") => Language::Toml,
        (";;;", _) | ("-", "json") => Language::Json,
        ("-", "" | "yaml" | "yml") => Language::Yaml,
        ("-", _) if name.starts_with(char::is_alphabetic) || matches!(name.trim_start(), "js" | "javascript") => {
            return Err(format!("`{first}` begins a head that can't be read; write it in YAML between lines `---`"));
        }
        _ if is_bare_json(from) => return bare_json(from),
        _ => return Ok(whole),
    };
    let line = text[..text.len() - from.len()].matches('\n').count() + 2;
    let below = &from[from.find('\n').map_or(from.len(), |end| end + 1)..];
    let Some((head, rest)) = until(below, fence) else {
        let paragraph = below.trim_start().split("\n\n").next().unwrap_or_default();
        if matches!(language, Language::Yaml) && name.is_empty() && !yaml::is_head(paragraph) {
            return Ok(whole);
        }
        return Err(format!(
            "its first line is `{first}`, and no other line ends what begins there; write `{}` above the text",
            if fence == "-" { "---" } else { fence }
        ));
    };
    let values = match language {
        Language::Toml => of_toml(head)?,
        Language::Json => of_json(serde_json::from_str(head).map_err(|error| not_json(&error))?)?,
        // A rule may begin a text as well.
        Language::Yaml if name.is_empty() && !yaml::is_head(head) => return Ok(whole),
        Language::Yaml => yaml::values(head, line)?,
    };
    Ok((front(values), rest))
}

/// What stands above the line that ends a head, and what stands below it.
fn until<'a>(text: &'a str, fence: &str) -> Option<(&'a str, &'a str)> {
    let ends = |line: &str| match fence {
        "-" => line == "..." || (line.len() >= 3 && line.bytes().all(|byte| byte == b'-')),
        fence => line == fence,
    };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if ends(line.trim_end()) {
            return Some((&text[..at], &text[at + line.len()..]));
        }
        at += line.len();
    }
    None
}

fn front(values: impl IntoIterator<Item = (String, String)>) -> Front {
    let plain = |key: String| key.to_lowercase().replace(['-', '_'], "");
    Front { values: values.into_iter().map(|(key, value)| (plain(key), value)).collect() }
}

fn of_toml(head: &str) -> Result<Vec<(String, String)>, String> {
    let table: toml::Table = toml::from_str(head).map_err(|error| {
        let message = error.message().lines().next().unwrap_or_default().to_string();
        format!("what stands above its text isn't TOML ({message}); correct it")
    })?;
    let text = |value: toml::Value| match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Datetime(moment) => Some(moment.to_string()),
        toml::Value::Float(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
    };
    Ok(table.into_iter().filter_map(|(key, value)| Some((key, text(value)?))).collect())
}

/// Whether a text begins with an object: `{{`, `{%` and words in braces are none.
fn is_bare_json(text: &str) -> bool {
    let inner = text.strip_prefix('{').map(|rest| rest.trim_start_matches([' ', '\t']));
    inner.is_some_and(|inner| inner.starts_with(['"', '}', '\n']))
}

fn bare_json(text: &str) -> Result<(Front, &str), String> {
    let mut read = serde_json::Deserializer::from_str(text).into_iter();
    let value = read.next().unwrap_or(Ok(serde_json::Value::Null)).map_err(|error| not_json(&error))?;
    let end = read.byte_offset();
    Ok((front(of_json(value)?), &text[end..]))
}

fn of_json(value: serde_json::Value) -> Result<Vec<(String, String)>, String> {
    let serde_json::Value::Object(object) = value else {
        return Err("what stands above its text is no JSON object; correct it".to_string());
    };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(_) | serde_json::Value::Bool(_) => Some(value.to_string()),
        serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    };
    Ok(object.into_iter().filter_map(|(key, value)| Some((key, text(value)?))).collect())
}

fn not_json(error: &serde_json::Error) -> String {
    format!("what stands above its text isn't JSON ({error}); correct it")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a head that can't be read is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_head_is_read_and_none_becomes_the_text() {
        let check = |head: &str| {
            let (front, body) = split(head).unwrap();
            assert_eq!((front.first(&["title"]), front.first(&["isdraft"])), (Some("One"), Some("true")), "{head}");
            assert_eq!(body.trim(), "Text.", "{head}");
        };
        check("+++\ntitle = \"One\"\nis_draft = true\ntags = []\n+++\n\nText.");
        check("---toml\ntitle = \"One\"\nisDraft = true\n---\nText.");
        check("---\ntitle: One\nisDraft: true\n---\nText.");
        check("--- yaml\ntitle: One\nis-draft: true\n...\nText.");
        check("----\ntitle: One\nisdraft: true\n----\nText.");
        check("\n\u{feff} \n---  \ntitle: One\nisDraft: true\n---\nText.");
        check("{\n  \"title\": \"One\",\n  \"isDraft\": true, \"tags\": []\n}\n\nText.");
        check("---json\n{\"title\": \"One\", \"isDraft\": true}\n---\nText.");
        check(";;;\n{\"title\": \"One\", \"isDraft\": true}\n;;;\nText.");
        check("---\n{title: One, isDraft: true}\n---\nText.");
        assert_eq!(split("---\n---\nText.").unwrap(), (Front::default(), "Text."));
    }

    #[test]
    fn a_text_without_a_head_loses_nothing() {
        let check = |text: &str| assert_eq!(split(text).unwrap(), (Front::default(), text));
        check("Text alone.\n---\n");
        check("---\n\nA text below a rule, at 12:30.\n\n---\n\nMore: of it.\n");
        check("---\n\nA text below a rule.\n\ntitle: no\n");
        check("--- dashes ---\n");
        check("{{ page.title }} {\n");
        check("{a note} in braces");
        check("+ one\n");
    }

    #[test]
    fn a_head_that_cannot_be_read_is_refused() {
        let check = |text: &str, said: &str| {
            let found = split(text).unwrap_err();
            assert!(found.contains(said), "{text}: {found}");
        };
        check("+++\ntitle = One\n+++\n", "isn't TOML");
        check("---\ntitle: One\n", "no other line");
        check("+++\ntitle = \"One\"\n", "write `+++`");
        check("---js\n{title: \"One\"}\n---\n", "`---js` begins a head");
        check("{\n  title: One\n}\nText.", "isn't JSON");
        check("---json\n[1]\n---\n", "no JSON object");
        check("\n\n---\ntitle: One\ndate: \"open\nslug: one\n---\n", "line 5 ");
    }
}
