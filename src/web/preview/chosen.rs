//! What the address of a page says was chosen: a sample person, their answers, a view. Knows no course until it is asked for
//! somebody.

use crate::course::Course;
use crate::course::Lesson;
use crate::flow::preview::Person;
use crate::flow::preview::Sample;
use crate::flow::preview::person;
use crate::flow::preview::reaching;
use std::collections::BTreeMap;
use url::form_urlencoded::Serializer;

/// What a name of a question begins with.
pub const ANSWER: &str = "answer.";

/// How a mail is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Together,
    Wide,
    Phone,
    Dark,
    NoImages,
    Text,
    Source,
    File,
}

impl View {
    pub const ALL: [View; 8] =
        [View::Together, View::Wide, View::Phone, View::Dark, View::NoImages, View::Text, View::Source, View::File];

    pub fn word(self) -> &'static str {
        match self {
            View::Together => "together",
            View::Wide => "wide",
            View::Phone => "phone",
            View::Dark => "dark",
            View::NoImages => "no-images",
            View::Text => "text",
            View::Source => "source",
            View::File => "file",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            View::Together => "Side by side",
            View::Wide => "Wide",
            View::Phone => "Phone",
            View::Dark => "Dark",
            View::NoImages => "Without images",
            View::Text => "Text only",
            View::Source => "Source",
            View::File => "Your file",
        }
    }

    fn from_word(word: &str) -> Option<View> {
        View::ALL.into_iter().find(|view| view.word() == word)
    }
}

/// What was chosen; what can't be meant is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub view: View,
    pub sample: Sample,
    /// Another than the sample's own.
    pub language: Option<String>,
    /// By question; empty where it is left open.
    pub said: BTreeMap<String, String>,
}

impl Chosen {
    pub fn read(query: &BTreeMap<String, String>) -> Chosen {
        let word = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let said = query.iter().filter_map(|(name, value)| {
            let id = name.strip_prefix(ANSWER)?;
            // "As the sample would answer" is what a form sends for a question that nobody touched.
            (value != "*").then(|| (id.to_string(), value.clone()))
        });
        Chosen {
            view: View::from_word(word("view")).unwrap_or(View::Together),
            sample: Sample::from_word(word("who")).unwrap_or(Sample::Full),
            language: query.get("language").filter(|language| !language.is_empty()).cloned(),
            said: said.collect(),
        }
    }

    /// The query that says the same; empty, or with its question mark.
    pub fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        if self.view != View::Together {
            query.append_pair("view", self.view.word());
        }
        if self.sample != Sample::Full {
            query.append_pair("who", self.sample.word());
        }
        if let Some(language) = &self.language {
            query.append_pair("language", language);
        }
        for (id, value) in &self.said {
            query.append_pair(&format!("{ANSWER}{id}"), value);
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    pub fn with_answer(&self, question: &str, value: &str) -> Chosen {
        let mut other = self.clone();
        other.said.insert(question.to_string(), value.to_string());
        other
    }

    /// The person, with answers that lead to the lesson where the address leaves them open; and whether they get it.
    pub fn person(&self, course: &Course, lesson: Option<&Lesson>) -> (Person, bool) {
        let language = self.language.as_deref();
        let leads_there = lesson.and_then(|it| reaching(course, it, self.sample, language, &self.said));
        match leads_there {
            Some(person) => (person, true),
            None => (person(course, self.sample, language, &self.said), lesson.is_none()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_was_chosen_and_what_cannot_be_meant_is_left_out() {
        let check = |query: &[(&str, &str)], expect: &str| {
            let query = query.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
            assert_eq!(Chosen::read(&query).query(), expect);
        };
        check(&[], "");
        check(&[("view", "dark"), ("who", "bare")], "?view=dark&who=bare");
        check(&[("view", "x"), ("who", "x"), ("language", "")], "");
        check(&[("language", "pt-BR"), ("answer.region", "")], "?language=pt-BR&answer.region=");
        check(&[("answer.region", "*"), ("answer.mood", "a b&c")], "?answer.mood=a+b%26c");
    }
}
