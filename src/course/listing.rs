//! New ids in the `lessons` of a course.toml, everything else in it as it was: comments, order, blank lines. Knows no file.

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

/// Longest line that a list is written on.
const LINE: usize = 100;

/// The file with new ids in its list, each behind the place in `behind`: how many of the old ones stand in front of it, never
/// fewer than for the one before.
///
/// # Errors
/// A sentence, where there is no list that can be extended.
pub fn with_ids(text: &str, new: &[(String, usize)]) -> Result<String, String> {
    let missing =
        || "course.toml has no `lessons = […]` of ids; write it, empty if need be, and import again".to_string();
    let table =
        DeTable::parse(text).map_err(|error| format!("course.toml isn't TOML: {}; correct it", error.message()))?;
    let list = table.get_ref().iter().find(|(key, _)| key.get_ref() == "lessons").map(|(_, value)| value);
    let list = list.ok_or_else(missing)?;
    let DeValue::Array(old) = list.get_ref() else { return Err(missing()) };
    let at = list.span();
    let array = &text[at.clone()];
    let ids: Option<Vec<&str>> = old.iter().map(|it| it.get_ref().as_str()).collect();
    let ids = ids.ok_or_else(missing)?;
    if array.contains('\n') {
        return Ok(among_lines(text, at.start, old, new));
    }
    let mut all: Vec<&str> = Vec::new();
    for place in 0..=ids.len() {
        all.extend(new.iter().filter(|(_, behind)| *behind == place).map(|(id, _)| id.as_str()));
        all.extend(ids.get(place));
    }
    let quoted: Vec<String> = all.iter().map(|id| format!("{id:?}")).collect();
    let before = text[..at.start].rfind('\n').map_or(at.start, |line| at.start - line - 1);
    let one_line = format!("[{}]", quoted.join(", "));
    let written = if before + one_line.len() <= LINE {
        one_line
    } else {
        format!("[\n{}]", quoted.iter().map(|id| format!("  {id},\n")).collect::<String>())
    };
    Ok(format!("{}{written}{}", &text[..at.start], &text[at.end..]))
}

/// Each new id on a line of its own, behind the line of the old one in front of it and what is remarked there.
fn among_lines(text: &str, start: usize, old: &[Spanned<DeValue<'_>>], new: &[(String, usize)]) -> String {
    let indent = old.iter().map(|it| indent_of(text, it.span().start)).find(|it| !it.is_empty()).unwrap_or("  ");
    let mut out = String::new();
    let mut copied = 0;
    for place in 0..=old.len() {
        let here: Vec<&str> = new.iter().filter(|(_, behind)| *behind == place).map(|(id, _)| id.as_str()).collect();
        if here.is_empty() {
            continue;
        }
        let end = match place.checked_sub(1).and_then(|last| old.get(last)) {
            Some(last) => {
                let end = last.span().end;
                out.push_str(&text[copied..end]);
                copied = end;
                let rest = &text[end..];
                let comma = rest.len() - rest.trim_start().len();
                if rest.trim_start().starts_with(',') {
                    out.push_str(&rest[..=comma]);
                    copied += comma + 1;
                } else {
                    out.push(',');
                }
                copied
            }
            None => start + 1,
        };
        let next = old.get(place).map(|it| it.span().start);
        let line_end = text[end..].find('\n').map_or(text.len(), |found| end + found);
        if next.is_some_and(|next| next < line_end) || text[end..line_end].trim_start().starts_with(']') {
            // Others stand on the same line.
            out.push_str(&text[copied..end]);
            here.iter().for_each(|id| out.push_str(&format!("\n{indent}{id:?},")));
            out.push_str(&format!("\n{indent}"));
            copied = end + (text[end..].len() - text[end..].trim_start_matches(' ').len());
        } else {
            out.push_str(&text[copied..line_end]);
            here.iter().for_each(|id| out.push_str(&format!("\n{indent}{id:?},")));
            copied = line_end;
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// The white space in front of what begins a line; empty where something else stands there.
fn indent_of(text: &str, at: usize) -> &str {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[line..at];
    if before.trim().is_empty() { before } else { "" }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a list that can't be extended is a failed test")]
mod tests {
    use super::*;

    fn check(text: &str, new: &[(&str, usize)], expect: &str) {
        let new: Vec<(String, usize)> = new.iter().map(|(id, place)| (id.to_string(), *place)).collect();
        let written = with_ids(text, &new).unwrap();
        assert_eq!(written, expect);
        let read: toml::Table = toml::from_str(&written).unwrap();
        let old: toml::Table = toml::from_str(text).unwrap();
        assert_eq!(
            read["lessons"].as_array().unwrap().len(),
            old["lessons"].as_array().unwrap().len() + new.len(),
            "{written}"
        );
    }

    #[test]
    fn a_list_of_one_line_stays_one_as_long_as_it_fits() {
        check("lessons = []\n", &[("a", 0), ("b", 0)], "lessons = [\"a\", \"b\"]\n");
        check(
            "x = 1 # one\nlessons = [\"m\"] # mine\ny = 2\n",
            &[("a", 0), ("z", 1)],
            "x = 1 # one\nlessons = [\"a\", \"m\", \"z\"] # mine\ny = 2\n",
        );
        let long = "a".repeat(90);
        check("lessons = [\"m\"]\n", &[(&long, 0)], &format!("lessons = [\n  \"{long}\",\n  \"m\",\n]\n"));
    }

    #[test]
    fn a_list_of_several_lines_keeps_every_remark_beside_what_it_is_about() {
        let text = "lessons = [\n  # the first\n  \"one\", # in spring\n\n  # the second\n  \"two\"\n]\n";
        check(
            text,
            &[("a", 0), ("b", 1), ("c", 1), ("d", 2)],
            "lessons = [\n  \"a\",\n  # the first\n  \"one\", # in spring\n  \"b\",\n  \"c\",\n\n  # the second\n  \"two\",\n  \"d\",\n]\n",
        );
        check(
            "lessons = [\n    \"one\", \"two\",\n    \"three\",\n]\n",
            &[("a", 1), ("b", 3)],
            "lessons = [\n    \"one\",\n    \"a\",\n    \"two\",\n    \"three\",\n    \"b\",\n]\n",
        );
        check("lessons = [\n]\n", &[("a", 0)], "lessons = [\n  \"a\",\n]\n");
        check(
            "lessons = [ \"one\",\n \"two\" ]\n",
            &[("a", 0), ("b", 2)],
            "lessons = [\n \"a\",\n \"one\",\n \"two\",\n \"b\",\n ]\n",
        );
    }

    #[test]
    fn a_file_without_a_list_is_refused() {
        let check = |text: &str, expect: &str| {
            let said = with_ids(text, &[("a".to_string(), 0)]).unwrap_err();
            assert!(said.contains(expect), "{said}");
        };
        check("title = \"T\"\n", "has no `lessons");
        check("lessons = 3\n", "has no `lessons");
        check("lessons = [3]\n", "has no `lessons");
        check("lessons = [\n", "isn't TOML");
    }
}
