//! Other words in the place of tags, for looking at a lesson from more sides than any person sees: behind a faulty tag, and
//! into every branch. Knows tags, and no names.

use crate::message::marked::Instead;
use crate::message::marked::Marked;
use crate::message::tags::Tag;
use crate::message::tags::TagKind;
use crate::message::tags::first_word;

/// What can stand in the place of a faulty tag, so that the others can be looked at. `None` where nothing can.
pub fn stand_in(tag: &Tag) -> Option<String> {
    match (tag.kind, first_word(&tag.text)) {
        (TagKind::Value | TagKind::Block, _) => Some(String::new()),
        (TagKind::Open, "if") => Some("{% if true %}".to_string()),
        (TagKind::Middle, "elif") => Some("{% elif true %}".to_string()),
        (TagKind::Single, _) => {
            // What it names may be used below.
            let name = tag.text.split_once('=').map(|(before, _)| before);
            Some(name.map_or_else(String::new, |before| format!("{before} = 1 %}}")))
        }
        (TagKind::Open | TagKind::Middle | TagKind::Close, _) => None,
    }
}

/// What makes every branch of every condition show, one behind the other, each condition read all the same: a way to see
/// what no sample person would. Empty where there is no condition.
pub fn every_branch(marked: &Marked) -> Instead {
    const ALWAYS: &str = "{% if true %}";
    let mut instead = Instead::new();
    for construct in &marked.constructs {
        let Some(opener) = construct.first().map(|n| first_word(&marked.tags[*n].text)) else { continue };
        let closing = construct.last().copied();
        for n in construct {
            let text = &marked.tags[*n].text;
            let other = match (opener, first_word(text)) {
                ("if", "if") => format!("{text}{{% endif %}}{ALWAYS}"),
                ("if", "elif") => format!("{{% endif %}}{}{{% endif %}}{ALWAYS}", text.replacen("elif", "if", 1)),
                ("if", "else") => format!("{{% endif %}}{ALWAYS}"),
                ("for", "else") => {
                    instead.extend(closing.map(|n| (n, "{% endif %}".to_string())));
                    format!("{{% endfor %}}{ALWAYS}")
                }
                _ => continue,
            };
            instead.insert(*n, other);
        }
    }
    let has_branches = !instead.is_empty();
    for (n, tag) in marked.written().iter().enumerate().filter(|_| has_branches) {
        if matches!(first_word(&tag.text), "break" | "continue") {
            instead.insert(n, String::new());
        }
    }
    instead
}

/// Conditions and loops within each other, branches of one condition, and octets of one tag that are read. Whoever reads
/// them calls itself for each: many more would be the end of the whole program.
const DEEPEST: usize = 30;
const MOST_BRANCHES: usize = 60;
const LONGEST_TAG: usize = 2000;

/// The first tag with which a text becomes more than can be read, and why.
pub fn too_much(marked: &Marked) -> Option<(usize, String)> {
    let mut depth = 0_usize;
    for (n, tag) in marked.written().iter().enumerate() {
        match tag.kind {
            TagKind::Open => depth += 1,
            TagKind::Close => depth = depth.saturating_sub(1),
            TagKind::Value | TagKind::Block | TagKind::Middle | TagKind::Single => {}
        }
        if depth > DEEPEST {
            return Some((n, format!("more than {DEEPEST} conditions and loops stand within each other")));
        }
        if tag.text.len() > LONGEST_TAG {
            return Some((n, format!("this tag has more than {LONGEST_TAG} characters")));
        }
    }
    let long = marked.constructs.iter().find_map(|construct| construct.get(MOST_BRANCHES));
    long.map(|n| (*n, format!("this condition has more than {MOST_BRANCHES} branches")))
}
