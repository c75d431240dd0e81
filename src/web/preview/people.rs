//! The choice of a sample person above a lesson or a plan: who they are, what they read, and what they answered. Makes
//! nobody.

use crate::course::Ask;
use crate::course::Course;
use crate::course::Lesson;
use crate::course::Verdict;
use crate::flow::preview::Person;
use crate::flow::preview::Sample;
use crate::flow::preview::asks;
use crate::flow::preview::branches;
use crate::flow::preview::person;
use crate::flow::preview::questions;
use crate::flow::preview::written;
use crate::text;
use crate::web::preview::chosen::ANSWER;
use crate::web::preview::chosen::Chosen;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;

/// What a page's template sees; `chosen` made `person`.
pub fn chooser(course: &Course, lesson: Option<&Lesson>, chosen: &Chosen, person: &Person) -> Value {
    let samples = Sample::ALL.map(|sample| {
        let other = Chosen { sample, language: None, ..chosen.clone() };
        json!({ "label": label(sample), "href": address(&other), "current": sample == chosen.sample })
    });
    let deciding = lesson.map(|lesson| questions(course, lesson)).unwrap_or_default();
    let decides: BTreeSet<&str> = deciding.iter().map(|ask| ask.id.as_str()).collect();
    let others = asks(course).into_iter().filter(|ask| !decides.contains(ask.id.as_str()));
    let branches = deciding.iter().map(|ask| branch(course, lesson, chosen, person, ask));
    json!({
        "samples": samples,
        "languages": languages(course, chosen, person),
        "branches": branches.collect::<Vec<_>>(),
        "others": others.map(|ask| choice(chosen, ask)).collect::<Vec<_>>(),
        "kept": kept(chosen, &decides),
        "name": person.first_name,
    })
}

/// Each question of a course with its answers, for a form.
pub fn choices(course: &Course, chosen: &Chosen) -> Vec<Value> {
    asks(course).into_iter().map(|ask| choice(chosen, ask)).collect()
}

fn label(sample: Sample) -> &'static str {
    match sample {
        Sample::Full => "Gave everything",
        Sample::Bare => "Gave nothing",
        Sample::Hostile => "A name full of signs",
        Sample::RightToLeft => "Hebrew name",
    }
}

fn address(chosen: &Chosen) -> String {
    let query = chosen.query();
    if query.is_empty() { "?".to_string() } else { query }
}

/// Those that the course has words in; the person's own beside them.
fn languages(course: &Course, chosen: &Chosen, person: &Person) -> Vec<Value> {
    let mut tags: Vec<&str> =
        std::iter::once(&course.language).chain(course.translations.keys()).map(String::as_str).collect();
    if !tags.iter().any(|tag| tag.eq_ignore_ascii_case(&person.language)) {
        tags.push(&person.language);
    }
    let choice = |tag: &str| {
        let name = text::known(tag).map_or(tag, |words| words.name);
        let other = Chosen { language: Some(tag.to_string()), ..chosen.clone() };
        json!({ "tag": tag, "label": name, "href": address(&other), "current": tag.eq_ignore_ascii_case(&person.language) })
    };
    tags.into_iter().map(choice).collect()
}

/// A question that decides something here: each answer is a person of its own.
fn branch(course: &Course, lesson: Option<&Lesson>, chosen: &Chosen, now: &Person, ask: &Ask) -> Value {
    let said = now.answers.get(&ask.id).map(written).unwrap_or_default();
    let options = branches(ask).into_iter().map(|option| {
        let other = chosen.with_answer(&ask.id, &option.value);
        let who = person(course, other.sample, other.language.as_deref(), &{
            // The other questions stay as they are answered now, also where the address doesn't say it.
            let mut all = other.said.clone();
            for (id, value) in &now.answers {
                all.entry(id.clone()).or_insert_with(|| written(value));
            }
            all
        });
        let when = lesson.and_then(|lesson| lesson.when.as_ref());
        let skips = when.is_some_and(|when| when.evaluate(&who.facts()) != Verdict::Holds);
        json!({ "label": option.label, "href": address(&other), "current": option.value == said, "skips": skips })
    });
    json!({ "id": ask.id, "question": ask.question, "options": options.collect::<Vec<_>>() })
}

/// A question with its answers; none is chosen where the sample answers it.
fn choice(chosen: &Chosen, ask: &Ask) -> Value {
    let said = chosen.said.get(&ask.id);
    let options = branches(ask).into_iter().map(|option| {
        let is_chosen = said.is_some_and(|said| *said == option.value);
        json!({ "value": option.value, "label": option.label, "chosen": is_chosen })
    });
    json!({ "id": ask.id, "name": format!("{ANSWER}{}", ask.id), "question": ask.question, "options": options.collect::<Vec<_>>() })
}

/// What a form must send along, since it doesn't ask for it.
fn kept(chosen: &Chosen, decides: &BTreeSet<&str>) -> Vec<Value> {
    let mut kept = vec![
        ("view".to_string(), chosen.view.word().to_string()),
        ("who".to_string(), chosen.sample.word().to_string()),
    ];
    kept.extend(chosen.language.iter().map(|language| ("language".to_string(), language.clone())));
    let said = chosen.said.iter().filter(|(id, _)| decides.contains(id.as_str()));
    kept.extend(said.map(|(id, value)| (format!("{ANSWER}{id}"), value.clone())));
    kept.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}
