//! Sample people: somebody who gave everything, somebody who gave nothing they could leave out, and those whose names break
//! what is made carelessly. Nobody is stored.

use crate::address::clean_line;
use crate::course::Ask;
use crate::course::AskKind;
use crate::course::Course;
use crate::course::Fact;
use crate::course::Facts;
use crate::course::Value;
use crate::flow::preview::branch;
use crate::flow::simulate;
use std::collections::BTreeMap;

/// What passes the door of the sign-up form, and would like to be HTML, a tag and a quote.
const HOSTILE: &str = "<b>O'Neil & \"Söhne\"</b> {{ 7*7 }}";
/// Runs from right to left.
const RIGHT_TO_LEFT: &str = "נועה";

/// Who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Gave everything.
    Full,
    /// Gave nothing that may be left out.
    Bare,
    /// A name full of signs.
    Hostile,
    /// A Hebrew name, and reads Hebrew where there is any.
    RightToLeft,
}

impl Sample {
    pub const ALL: [Sample; 4] = [Sample::Full, Sample::Bare, Sample::Hostile, Sample::RightToLeft];

    /// As an address of a page says it.
    pub fn word(self) -> &'static str {
        match self {
            Sample::Full => "full",
            Sample::Bare => "bare",
            Sample::Hostile => "hostile",
            Sample::RightToLeft => "rtl",
        }
    }

    pub fn from_word(word: &str) -> Option<Sample> {
        Sample::ALL.into_iter().find(|sample| sample.word() == word)
    }
}

/// One of them, with what they said.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub sample: Sample,
    pub first_name: Option<String>,
    /// The one they chose; the course may have no words in it.
    pub language: String,
    pub fields: BTreeMap<String, String>,
    pub answers: BTreeMap<String, Value>,
}

impl Person {
    /// What conditions see of them.
    pub fn facts(&self) -> Facts {
        let answers = self.answers.iter().map(|(id, value)| (id.clone(), Fact::Answered(value.clone())));
        Facts { answers: answers.collect(), language: self.language.clone(), fields: self.fields.clone() }
    }
}

/// A sample person in a course. `said` are their answers by question, empty where they left one open; the others are as the
/// sample would answer. `language`: another than the sample's own.
pub fn person(course: &Course, sample: Sample, language: Option<&str>, said: &BTreeMap<String, String>) -> Person {
    let own = match sample {
        Sample::Full | Sample::Bare | Sample::Hostile => course.language.as_str(),
        Sample::RightToLeft => "he",
    };
    let fields = course.fields.iter().filter_map(|(id, field)| {
        let value = match sample {
            Sample::Full | Sample::RightToLeft => Some(format!("‹{}›", field.label)),
            Sample::Bare => field.required.then(|| "…".to_string()),
            Sample::Hostile => Some(HOSTILE.to_string()),
        };
        Some((id.clone(), clean_line(&value?)?))
    });
    let mut answers = BTreeMap::new();
    for ask in branch::asks(course) {
        let text = said.get(&ask.id).cloned().unwrap_or_else(|| answer(sample, ask));
        if !text.is_empty() {
            answers.insert(ask.id.clone(), simulate::value(course, &ask.id, &text));
        }
    }
    let first_name = match sample {
        Sample::Full => Some("Ana María"),
        Sample::Bare => None,
        Sample::Hostile => Some(HOSTILE),
        Sample::RightToLeft => Some(RIGHT_TO_LEFT),
    };
    Person {
        sample,
        first_name: first_name.and_then(clean_line),
        language: language.unwrap_or(own).to_string(),
        fields: fields.collect(),
        answers,
    }
}

/// An answer as `simulate` and an address of a page say it.
pub fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Texts(texts) => texts.join(","),
        Value::Number(number) => number.to_string(),
    }
}

/// What the sample would answer; nothing where they leave it open.
fn answer(sample: Sample, ask: &Ask) -> String {
    if sample == Sample::Bare {
        return String::new();
    }
    match &ask.kind {
        AskKind::Choice(options) => options.first().map(|(id, _)| id.clone()).unwrap_or_default(),
        AskKind::Choices(options) => options.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(","),
        AskKind::Scale { min, max, .. } => ((min + max) / 2).to_string(),
        AskKind::Text if sample == Sample::Hostile => format!("{HOSTILE}\n# {HOSTILE}"),
        AskKind::Text => "Words of their own.".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hostile_name_is_what_the_door_admits() {
        assert_eq!(clean_line(HOSTILE).as_deref(), Some(HOSTILE));
        assert_eq!(clean_line(RIGHT_TO_LEFT).as_deref(), Some(RIGHT_TO_LEFT));
    }

    #[test]
    fn every_sample_is_known_by_its_word() {
        for sample in Sample::ALL {
            assert_eq!(Sample::from_word(sample.word()), Some(sample));
        }
        assert_eq!(Sample::from_word("nobody"), None);
    }
}
