//! What somebody entered becomes an answer to a question, or a refusal; and an answer becomes words. Knows no person.

use crate::course::Ask;
use crate::course::AskKind;
use crate::course::Value;
use unicode_normalization::UnicodeNormalization as _;

/// Longest answer in own words, in characters.
pub const TEXT_LIMIT: usize = 2_000;

/// Why what was entered is no answer. Its sentence never repeats what was entered: it may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("this question takes exactly one answer")]
    NotOne,
    #[error("this question has no such option; it has: {0}")]
    NoSuchOption(String),
    #[error("an option was chosen twice; name each once")]
    Twice,
    #[error("write a whole number from {0} to {1}")]
    OffTheScale(i64, i64),
    #[error("the answer is empty; write something")]
    Empty,
    #[error("the answer is longer than {TEXT_LIMIT} characters; shorten it")]
    TooLong,
}

/// Reads an answer: of a choice one option's id, of choices none or several, of a scale a number, of a text the text.
///
/// # Errors
/// When it is none to this question.
pub fn read(ask: &Ask, raw: &[String]) -> Result<Value, Wrong> {
    match &ask.kind {
        AskKind::Choice(options) => chosen(options, one(raw)?.trim()).map(|id| Value::Text(id.to_string())),
        AskKind::Choices(options) => choices(options, raw),
        AskKind::Scale { min, max, .. } => {
            let number = one(raw)?.trim().parse::<i64>().ok().filter(|number| (*min..=*max).contains(number));
            number.map(|number| Value::Number(number as f64)).ok_or(Wrong::OffTheScale(*min, *max))
        }
        AskKind::Text => text(one(raw)?).map(Value::Text),
    }
}

/// Whether an answer is one of those that the coach named under `alert`.
pub fn is_alert(ask: &Ask, value: &Value) -> bool {
    match value {
        Value::Text(id) => ask.alert.contains(id),
        Value::Texts(ids) => ids.iter().any(|id| ask.alert.contains(id)),
        Value::Number(_) => false,
    }
}

/// An answer with the words of its options. `ask` is `None` where nobody asks this any more.
pub fn in_words(ask: Option<&Ask>, value: &Value) -> String {
    let label = |id: &str| {
        let options = match ask.map(|ask| &ask.kind) {
            Some(AskKind::Choice(options) | AskKind::Choices(options)) => options.as_slice(),
            Some(AskKind::Scale { .. } | AskKind::Text) | None => &[],
        };
        options.iter().find(|(known, _)| known == id).map_or(id, |(_, label)| label).to_string()
    };
    match value {
        Value::Text(text) => label(text),
        Value::Texts(ids) => ids.iter().map(|id| label(id)).collect::<Vec<_>>().join(", "),
        Value::Number(number) => number.to_string(),
    }
}

fn one(raw: &[String]) -> Result<&str, Wrong> {
    match raw {
        [one] => Ok(one),
        _ => Err(Wrong::NotOne),
    }
}

fn chosen<'a>(options: &'a [(String, String)], id: &str) -> Result<&'a str, Wrong> {
    let found = options.iter().map(|(known, _)| known.as_str()).find(|known| *known == id);
    found.ok_or_else(|| {
        let known: Vec<&str> = options.iter().map(|(known, _)| known.as_str()).collect();
        Wrong::NoSuchOption(known.join(", "))
    })
}

/// In the order of the question, whatever order they came in.
fn choices(options: &[(String, String)], raw: &[String]) -> Result<Value, Wrong> {
    let mut ids = Vec::new();
    for one in raw {
        let id = chosen(options, one.trim())?;
        if ids.contains(&id) {
            return Err(Wrong::Twice);
        }
        ids.push(id);
    }
    let written = options.iter().filter(|(id, _)| ids.contains(&id.as_str()));
    Ok(Value::Texts(written.map(|(id, _)| id.clone()).collect()))
}

/// Own words, as they are kept. Lines stay; nothing else that steers rather than says does.
///
/// # Errors
/// When nothing is left, or more than [`TEXT_LIMIT`].
pub fn text(raw: &str) -> Result<String, Wrong> {
    let spaced = raw.nfc().map(|c| if c == '\t' { ' ' } else { c });
    let clean: String = spaced.filter(|c| *c == '\n' || !steers(*c)).collect();
    let clean = clean.trim();
    if clean.is_empty() {
        return Err(Wrong::Empty);
    }
    if clean.chars().count() > TEXT_LIMIT { Err(Wrong::TooLong) } else { Ok(clean.to_string()) }
}

/// Control characters, and those that turn the direction of the words around them.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(kind: AskKind) -> Ask {
        Ask { id: "q".to_string(), question: "?".to_string(), kind, alert: vec!["bad".to_string()] }
    }

    fn options() -> Vec<(String, String)> {
        [("ok", "Fine"), ("bad", "Worse"), ("odd", "Odd")].map(|(id, label)| (id.to_string(), label.to_string())).into()
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_choice_is_one_known_option() {
        let ask = ask(AskKind::Choice(options()));
        let check = |raw: &[&str], expect: Result<&str, Wrong>| {
            assert_eq!(read(&ask, &texts(raw)), expect.map(|id| Value::Text(id.to_string())), "{raw:?}");
        };
        let unknown = || Err(Wrong::NoSuchOption("ok, bad, odd".to_string()));
        check(&["ok"], Ok("ok"));
        check(&[" bad\n"], Ok("bad"));
        check(&["OK"], unknown());
        check(&["Fine"], unknown());
        check(&[""], unknown());
        check(&[], Err(Wrong::NotOne));
        check(&["ok", "bad"], Err(Wrong::NotOne));
    }

    #[test]
    fn choices_are_known_options_each_once_or_none() {
        let ask = ask(AskKind::Choices(options()));
        let check = |raw: &[&str], expect: Result<&[&str], Wrong>| {
            assert_eq!(read(&ask, &texts(raw)), expect.map(|ids| Value::Texts(texts(ids))), "{raw:?}");
        };
        check(&[], Ok(&[]));
        check(&["odd", "ok"], Ok(&["ok", "odd"]));
        check(&["ok", "ok"], Err(Wrong::Twice));
        check(&["ok", "no"], Err(Wrong::NoSuchOption("ok, bad, odd".to_string())));
    }

    #[test]
    fn a_scale_takes_whole_numbers_within_its_ends() {
        let ask = ask(AskKind::Scale { min: -2, max: 10, low: String::new(), high: String::new() });
        let check = |raw: &str, expect: Option<f64>| {
            let expect = expect.map(Value::Number).ok_or(Wrong::OffTheScale(-2, 10));
            assert_eq!(read(&ask, &texts(&[raw])), expect, "{raw}");
        };
        check("10", Some(10.0));
        check(" -2 ", Some(-2.0));
        check("11", None);
        check("-3", None);
        check("3.5", None);
        check("NaN", None);
        check("9999999999999999999999", None);
        check("", None);
    }

    #[test]
    fn words_are_kept_as_lines_without_what_steers() {
        let ask = ask(AskKind::Text);
        let check = |raw: &str, expect: Result<&str, Wrong>| {
            assert_eq!(read(&ask, &texts(&[raw])), expect.map(|text| Value::Text(text.to_string())), "{raw:?}");
        };
        check("  calmer \r\n\tnow\u{1b}[31m\0\u{202e} ", Ok("calmer \n now[31m"));
        check("e\u{301}", Ok("é"));
        check(" \u{7f}\n", Err(Wrong::Empty));
        check(&"é".repeat(TEXT_LIMIT), Ok(&"é".repeat(TEXT_LIMIT)));
        check(&"x".repeat(TEXT_LIMIT + 1), Err(Wrong::TooLong));
    }

    #[test]
    fn an_answer_is_told_in_the_words_of_its_options() {
        let choice = ask(AskKind::Choice(options()));
        let check = |ask: Option<&Ask>, value: Value, words: &str, alert: bool| {
            assert_eq!((in_words(ask, &value).as_str(), is_alert(&choice, &value)), (words, alert), "{value:?}");
        };
        check(Some(&choice), Value::Text("bad".to_string()), "Worse", true);
        check(Some(&choice), Value::Texts(texts(&["ok", "odd", "gone"])), "Fine, Odd, gone", false);
        check(Some(&choice), Value::Texts(texts(&["ok", "bad"])), "Fine, Worse", true);
        check(None, Value::Text("bad".to_string()), "bad", true);
        check(None, Value::Number(-3.0), "-3", false);
    }
}
