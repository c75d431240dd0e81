//! The words of mails and pages in each language: what the program itself says, apart from what a coach writes. Knows no
//! template. A language is one more file beside `en.rs`, and one more line in [`LANGUAGES`].

mod answer;
mod archive;
mod dates;
mod door;
mod en;
mod he;
mod my;
mod own;
mod pt;
mod reason;

use serde::Serialize;

pub use answer::AnswerPage;
pub use archive::ArchivePage;
pub use dates::Dates;
pub use door::DoorPage;
pub use my::My;
pub use own::Own;
pub use reason::Reasons;

/// Every language we have words in; the first stands in for those that we have not.
const LANGUAGES: [&Words; 3] = [&en::WORDS, &pt::WORDS, &he::WORDS];

/// The words of one language.
#[derive(Debug, Serialize)]
pub struct Words {
    /// BCP 47.
    pub language: &'static str,
    /// What the language calls itself.
    pub name: &'static str,
    pub mail: Mail,
    pub page: Page,
}

/// Words of mails. `{name}` stands for a value; see [`fill`].
#[derive(Debug, Serialize)]
pub struct Mail {
    /// `{number}`, `{of}`
    pub progress: &'static str,
    pub view: &'static str,
    pub answer: &'static str,
    /// `{course}`
    pub why_course: &'static str,
    /// `{course}`
    pub why_newsletter: &'static str,
    pub leave: &'static str,
    pub my_course: &'static str,
    pub pause: &'static str,
    pub slower: &'static str,
    pub again: &'static str,
    pub next_now: &'static str,
    pub content_note: &'static str,
    pub ask_reply: &'static str,
    pub ask_reply_many: &'static str,
    pub ask_reply_scale: &'static str,
    pub ask_reply_words: &'static str,
    pub ask_or_reply: &'static str,
    /// Behind the options of which several may be chosen.
    pub ask_more: &'static str,
    pub ask_number: &'static str,
    pub ask_write: &'static str,
    /// Before the link of a question, in the text part.
    pub ask_open: &'static str,
    /// `{min}`, `{max}`
    pub ask_scale: &'static str,
    /// `{min}`, `{low}`, `{max}`, `{high}`
    pub ask_scale_ends: &'static str,
    /// The heading of the footnotes.
    pub notes: &'static str,
    /// What leads from a footnote to where it is named, for those who don't see the arrow.
    pub notes_back: &'static str,
    /// Before a recording's title.
    pub listen: &'static str,
    /// `{site}`
    pub confirm_subject: &'static str,
    pub confirm_asked: &'static str,
    pub confirm_button: &'static str,
    pub confirm_valid: &'static str,
    pub confirm_not_you: &'static str,
    pub confirm_never: &'static str,
    pub confirm_why: &'static str,
    /// `{site}`
    pub page_subject: &'static str,
    pub page_asked: &'static str,
    pub page_button: &'static str,
    pub page_valid: &'static str,
    pub page_not_you: &'static str,
    /// `{site}`
    pub page_why: &'static str,
    /// `{site}`
    pub address_subject: &'static str,
    pub address_asked: &'static str,
    pub address_button: &'static str,
    pub address_valid: &'static str,
    pub address_not_you: &'static str,
    /// `{site}`
    pub address_why: &'static str,
    /// `{site}`
    pub changed_subject: &'static str,
    pub changed: &'static str,
    pub changed_not_you: &'static str,
    /// `{site}`
    pub changed_why: &'static str,
    /// A Tera template of one line, as a lesson's subject.
    pub back_subject: &'static str,
    pub back_preview: &'static str,
    /// Markdown with Tera, as a lesson's text.
    pub back_text: &'static str,
    /// As `back_subject`.
    pub closing_subject: &'static str,
    pub closing_preview: &'static str,
    /// As `back_text`.
    pub closing_text: &'static str,
    pub closing_next: &'static str,
    pub offered: &'static str,
    pub offered_how: &'static str,
}

/// Words of pages. Each page has a title and says what to do next.
#[derive(Debug, Serialize)]
pub struct Page {
    pub home_title: &'static str,
    pub home: &'static str,
    pub courses: &'static str,
    pub newsletters: &'static str,
    pub course_open: &'static str,
    pub home_none: &'static str,
    pub lessons_one: &'static str,
    /// `{count}`
    pub lessons: &'static str,
    pub issues: &'static str,
    /// `{when}`
    pub rhythm_days_one: &'static str,
    /// `{count}`, `{when}`
    pub rhythm_days: &'static str,
    /// `{count}`
    pub rhythm_hours: &'static str,
    pub pace: &'static str,
    /// `{date}`
    pub starts: &'static str,
    pub closed: &'static str,
    pub sign_up_title: &'static str,
    pub sign_up_title_newsletter: &'static str,
    pub email: &'static str,
    pub first_name: &'static str,
    pub zone: &'static str,
    pub optional: &'static str,
    pub agree: &'static str,
    pub sign_up_button: &'static str,
    pub sign_up_next: &'static str,
    pub wrong_email: &'static str,
    pub wrong_zone: &'static str,
    pub wrong_field: &'static str,
    pub wrong_agree: &'static str,
    pub something_wrong: &'static str,
    pub asked_title: &'static str,
    pub asked: &'static str,
    pub asked_lost: &'static str,
    pub asked_again: &'static str,
    pub close: &'static str,
    pub confirm_title: &'static str,
    pub confirm_asked: &'static str,
    pub confirm_button: &'static str,
    pub confirm_not_you: &'static str,
    pub confirmed_title: &'static str,
    pub confirmed_lost: &'static str,
    pub used_title: &'static str,
    pub used: &'static str,
    pub used_again: &'static str,
    pub gone_title: &'static str,
    pub gone: &'static str,
    pub gone_next: &'static str,
    pub leave_title: &'static str,
    pub leave: &'static str,
    pub leave_button: &'static str,
    pub leave_all: &'static str,
    pub leave_all_button: &'static str,
    pub left_title: &'static str,
    pub left_course: &'static str,
    pub left_all: &'static str,
    pub left_under_way: &'static str,
    pub left_back: &'static str,
    pub leave_invalid_title: &'static str,
    pub leave_invalid: &'static str,
    pub leave_invalid_next: &'static str,
    pub view_gone_title: &'static str,
    pub view_gone: &'static str,
    pub view_gone_next: &'static str,
    pub not_found_title: &'static str,
    pub not_found: &'static str,
    pub not_found_next: &'static str,
    /// Of what a browser sent and we couldn't read: cut short, too long, or in a form that we don't know.
    pub unread_title: &'static str,
    pub unread: &'static str,
    pub unread_next: &'static str,
    pub failure_title: &'static str,
    pub failure: &'static str,
    pub failure_next: &'static str,
    /// `{times}`: when lessons come, every day.
    pub send_daily: &'static str,
    /// `{times}`, `{days}`
    pub send_on: &'static str,
    /// `{times}`, `{first}`, `{last}`
    pub send_span: &'static str,
    pub dates: Dates,
    pub archive: ArchivePage,
    pub reasons: Reasons,
    pub my: My,
    pub answer: AnswerPage,
    pub own: Own,
    pub door: DoorPage,
}

/// The words of the language with this BCP 47 tag, of its base language, or English.
pub fn words(language: &str) -> &'static Words {
    known(language).unwrap_or(LANGUAGES[0])
}

/// The words of the language with this BCP 47 tag or of its base language, if there are any.
pub fn known(language: &str) -> Option<&'static Words> {
    let called = |tag: &str| LANGUAGES.iter().find(|words| words.language.eq_ignore_ascii_case(tag)).copied();
    called(language).or_else(|| called(base(language)))
}

/// Every language there are words in: its tag, and its name in itself.
pub fn languages() -> impl Iterator<Item = (&'static str, &'static str)> {
    LANGUAGES.iter().map(|words| (words.language, words.name))
}

/// `rtl` for languages that are written from right to left, `ltr` for all others.
pub fn direction(language: &str) -> &'static str {
    const RIGHT_TO_LEFT: [&str; 12] = ["ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"];
    let right_to_left = RIGHT_TO_LEFT.iter().any(|known| base(language).eq_ignore_ascii_case(known));
    if right_to_left { "rtl" } else { "ltr" }
}

/// How many of something, for operators and coaches, who are told in English: "1 mail", "2 mails".
pub fn counted(count: impl std::fmt::Display, one: &str, many: &str) -> String {
    let count = count.to_string();
    let noun = if count == "1" { one } else { many };
    format!("{count} {noun}")
}

/// Puts values in the place of their names. A value's own braces stay as they are.
pub fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once('}') else { break };
        let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        filled.push_str(value);
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// The tag of a language without its script and region: `pt` of `pt-BR`.
pub fn base(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_falls_back_to_its_base_and_then_to_english() {
        let check = |tag: &str, expect: &str| assert_eq!(words(tag).language, expect, "{tag}");
        check("en", "en");
        check("EN-gb", "en");
        check("pt-BR", "pt");
        check("HE", "he");
        check("he_IL", "he");
        check("fr", "en");
        check("", "en");
    }

    /// Every sentence by its place.
    fn sentences(value: &serde_json::Value, at: &str, into: &mut Vec<(String, String)>) {
        match value {
            serde_json::Value::String(text) => into.push((at.to_string(), text.clone())),
            serde_json::Value::Array(items) => items.iter().for_each(|item| sentences(item, at, into)),
            serde_json::Value::Object(map) => {
                map.iter().for_each(|(key, it)| sentences(it, &format!("{at}.{key}"), into))
            }
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }

    /// What is filled in: `{name}`, tags, the targets of links.
    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<&str> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        // How somebody is greeted is a language's own, with a condition or without.
        places.retain(|place| !place.contains("first_name") && *place != "% endif %");
        places.sort_unstable();
        places
    }

    #[test]
    fn every_language_says_everything_and_fills_in_the_same() {
        let all = |words: &Words| {
            let mut all = Vec::new();
            for part in [serde_json::to_value(&words.mail), serde_json::to_value(&words.page)] {
                sentences(&part.unwrap_or_default(), "", &mut all);
            }
            all
        };
        let english = all(&en::WORDS);
        assert!(english.len() > 400, "{}", english.len());
        for other in &LANGUAGES[1..] {
            let translated = all(other);
            for ((at, ours), (there, theirs)) in english.iter().zip(&translated) {
                let tag = other.language;
                assert_eq!(at, there, "{tag}");
                assert!(!theirs.trim().is_empty(), "{tag}: {at} is empty");
                assert_eq!(places(ours), places(theirs), "{tag}: {at}");
                let has_words = ours.split('{').any(|piece| piece.contains(' ')) && ours.len() > 24;
                assert!(!has_words || ours != theirs, "{tag}: {at} isn't translated: {ours}");
            }
            assert_eq!(english.len(), translated.len());
        }
    }

    #[test]
    fn direction_follows_the_script_of_the_language() {
        let check = |tag: &str, expect: &str| assert_eq!(direction(tag), expect, "{tag}");
        check("en", "ltr");
        check("he", "rtl");
        check("fa-IR", "rtl");
        check("yi", "rtl");
        check("pt-BR", "ltr");
    }

    #[test]
    fn values_are_filled_in_once_and_never_read_as_names() {
        let check = |sentence: &str, expect: &str| {
            assert_eq!(fill(sentence, &[("a", "{b}"), ("b", "two")]), expect, "{sentence}");
        };
        check("{a} and {b}", "{b} and two");
        check("nothing", "nothing");
        check("{c}!", "!");
    }
}
