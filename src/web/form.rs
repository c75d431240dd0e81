//! The sign-up form: what it shows, and what a visitor entered. Knows neither the page around it nor what a sign-up leads to.

use crate::address::Address;
use crate::address::clean_line;
use crate::course::Course;
use crate::course::Field;
use crate::course::Kind;
use crate::flow::shelf::Shelved;
use crate::flow::sign_up::Request;
use crate::flow::sign_up::Word;
use crate::link::KeyRing;
use crate::link::Scope;
use crate::text;
use crate::text::Page;
use crate::timing;
use crate::web::limits::Manner;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What the form's names of own fields begin with, as in the header of an import.
pub const FIELD: &str = "field:";
/// An input that people don't see, and that programs fill in.
const TRAP: &str = "comment";
/// Holds when the form was shown.
const SHOWN: &str = "shown";
/// A form that comes back sooner was filled in by a program, if only by the visitor's browser.
const TYPING: SignedDuration = SignedDuration::from_secs(2);

/// Every zone that a person may live in, by region: part before the slash → (whole name, part behind it).
static ZONES: LazyLock<BTreeMap<String, Vec<(String, String)>>> = LazyLock::new(|| {
    let mut regions: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for name in timing::zone_names() {
        let Some((region, place)) = name.split_once('/') else { continue };
        if region != "Etc" {
            let place = place.replace('_', " ").replace('/', ", ");
            regions.entry(region.to_string()).or_default().push((name.clone(), place));
        }
    }
    regions
});

/// The zones to choose from, by region. One that is chosen and stands in no region comes first: of a list in which nothing is
/// selected a browser takes whatever stands at the top.
pub fn zones(chosen: &str) -> Vec<(String, Vec<(String, String)>)> {
    let is_listed = ZONES.values().flatten().any(|(name, _)| name == chosen);
    let apart = (chosen.to_string(), vec![(chosen.to_string(), chosen.to_string())]);
    let apart = Some(apart).filter(|_| !is_listed);
    apart.into_iter().chain(ZONES.iter().map(|(region, places)| (region.clone(), places.clone()))).collect()
}

/// What a visitor entered, and what is wrong with it, by the name of the input.
#[derive(Debug, Default, Serialize)]
pub struct Entered {
    pub values: BTreeMap<String, String>,
    pub wrong: BTreeMap<String, &'static str>,
}

/// What the form's template sees.
#[derive(Debug, Serialize)]
pub struct Form {
    /// Empty: the page's own address.
    pub action: String,
    newsletter: bool,
    consent: String,
    /// The coach's.
    text_language: String,
    fields: Vec<Value>,
    zones: Vec<(String, Vec<(String, String)>)>,
    zone: String,
    zone_chosen: bool,
    languages: Vec<Language>,
    /// Signed: when this was shown.
    shown: String,
    entered: Entered,
}

/// A language to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Language {
    tag: String,
    name: String,
    chosen: bool,
}

/// What stands around a form when it is shown.
pub struct Around<'a> {
    pub keys: &'a KeyRing,
    /// Where people live of whom nothing is known.
    pub zone: &'a str,
    /// The page's.
    pub language: &'a str,
    pub now: Timestamp,
}

impl Form {
    pub fn new(shelved: &Shelved, around: &Around<'_>, entered: Entered) -> Form {
        let edition = shelved.in_language(around.language);
        let course = &edition.course;
        let chosen = entered.values.get("language").map_or(around.language, String::as_str);
        let languages = languages(&shelved.course, chosen);
        let zone = entered.values.get("zone").map(String::as_str).filter(|zone| timing::zone(zone).is_ok());
        let zone = zone.unwrap_or(around.zone).to_string();
        Form {
            action: String::new(),
            newsletter: course.kind == Kind::Newsletter,
            consent: edition.page.consent.clone(),
            text_language: course.language.clone(),
            fields: fields_of(course),
            zones: zones(&zone),
            zone,
            zone_chosen: entered.values.contains_key("zone"),
            languages,
            shown: around.keys.sign(Scope::Form, around.now.as_millisecond(), None),
            entered,
        }
    }
}

/// Parses what was entered; all that is wrong is told at once.
pub fn read(course: &Course, words: &Page, word: Word, values: BTreeMap<String, String>) -> Result<Request, Entered> {
    let mut wrong = BTreeMap::new();
    let line = |name: &str| values.get(name).and_then(|text| clean_line(text));
    let address = values.get("email").and_then(|text| text.parse::<Address>().ok());
    if address.is_none() {
        wrong.insert("email".to_string(), words.wrong_email);
    }
    let zone = line("zone");
    if zone.as_ref().is_some_and(|name| timing::zone(name).is_err()) {
        wrong.insert("zone".to_string(), words.wrong_zone);
    }
    let wanted = line("language");
    let language = wanted.as_ref().and_then(|tag| languages(course, tag).into_iter().find(|it| it.chosen));
    if wanted.is_some() && language.is_none() {
        wrong.insert("language".to_string(), words.door.wrong_language);
    }
    if course.consent.is_some() && !values.contains_key("agree") {
        wrong.insert("agree".to_string(), words.wrong_agree);
    }
    let fields = entered_fields(course, words, &values, &mut wrong);
    let first_name = line("first_name");
    match address {
        Some(address) if wrong.is_empty() => {
            let (course, language) = (course.id.clone(), language.map(|it| it.tag));
            Ok(Request { address, course, first_name, zone, language, fields, word })
        }
        Some(_) | None => Err(Entered { values, wrong }),
    }
}

/// The course's own fields, as a form asks for them.
pub fn fields_of(course: &Course) -> Vec<Value> {
    let of = |(name, field): (&String, &Field)| json!({ "input": format!("{FIELD}{name}"), "label": field.label, "required": field.required });
    course.fields.iter().map(of).collect()
}

/// What was entered into them; what is missing is told.
pub fn entered_fields(
    course: &Course,
    words: &Page,
    values: &BTreeMap<String, String>,
    wrong: &mut BTreeMap<String, &'static str>,
) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (name, field) in &course.fields {
        let input = format!("{FIELD}{name}");
        match values.get(&input).and_then(|text| clean_line(text)) {
            Some(text) => drop(fields.insert(name.clone(), text)),
            None if field.required => drop(wrong.insert(input, words.wrong_field)),
            None => {}
        }
    }
    fields
}

/// Whether a program filled in what people don't see.
pub fn is_trapped(values: &BTreeMap<String, String>) -> bool {
    values.get(TRAP).is_some_and(|text| !text.trim().is_empty())
}

/// How fast the form came back; one that doesn't say when it was shown, as a copy on another page, isn't held against
/// anybody.
pub fn manner(values: &BTreeMap<String, String>, keys: &KeyRing, now: Timestamp) -> Manner {
    let shown = values.get(SHOWN).and_then(|token| keys.verify(Scope::Form, token, now));
    let hasty = shown.is_some_and(|shown| now.as_millisecond().saturating_sub(shown) < TYPING.as_millis() as i64);
    if hasty { Manner::Hasty } else { Manner::Calm }
}

/// Every language that the course is written in or that there are words in; `wanted` is chosen where it is among them, or
/// else one like it.
fn languages(course: &Course, wanted: &str) -> Vec<Language> {
    let own = std::iter::once(&course.language).chain(course.translations.keys());
    let mut all: Vec<Language> = own.map(|tag| language(tag)).collect();
    for (tag, _) in text::languages() {
        if !all.iter().any(|it| text::base(&it.tag).eq_ignore_ascii_case(text::base(tag))) {
            all.push(language(tag));
        }
    }
    let exact = all.iter().position(|it| it.tag.eq_ignore_ascii_case(wanted));
    let near = || all.iter().position(|it| text::base(&it.tag).eq_ignore_ascii_case(text::base(wanted)));
    if let Some(at) = exact.or_else(near) {
        all[at].chosen = true;
    }
    all
}

/// As the language calls itself, as far as we know.
fn language(tag: &str) -> Language {
    let name = match text::known(tag) {
        Some(words) if words.language.eq_ignore_ascii_case(tag) => words.name.to_string(),
        Some(words) => format!("{} ({tag})", words.name),
        None => tag.to_string(),
    };
    Language { tag: tag.to_string(), name, chosen: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_form_of_ours_that_comes_back_at_once_is_hasty() {
        let keys = KeyRing::new((1, [7; 32]), vec![]);
        let now = Timestamp::UNIX_EPOCH;
        let check = |shown: Option<String>, after: i64, expect: Manner| {
            let values = shown.into_iter().map(|shown| (SHOWN.to_string(), shown)).collect();
            assert_eq!(manner(&values, &keys, now + SignedDuration::from_millis(after)), expect, "{after}");
        };
        let shown = || Some(keys.sign(Scope::Form, now.as_millisecond(), None));
        check(shown(), 0, Manner::Hasty);
        check(shown(), 1999, Manner::Hasty);
        check(shown(), 2000, Manner::Calm);
        check(shown(), 90 * 24 * 60 * 60 * 1000, Manner::Calm);
        check(None, 0, Manner::Calm);
        check(Some("forged".to_string()), 0, Manner::Calm);
        check(Some(keys.sign(Scope::My, now.as_millisecond(), None)), 0, Manner::Calm);
    }

    #[test]
    fn only_what_stands_in_the_hidden_input_is_a_trap() {
        let check = |text: Option<&str>, expect: bool| {
            let values = text.into_iter().map(|text| (TRAP.to_string(), text.to_string())).collect();
            assert_eq!(is_trapped(&values), expect, "{text:?}");
        };
        check(None, false);
        check(Some(""), false);
        check(Some(" "), false);
        check(Some("https://example.org"), true);
    }
}
