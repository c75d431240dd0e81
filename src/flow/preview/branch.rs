//! Which answers decide what somebody gets: the questions that conditions and tags ask about, and the answers that lead to a
//! lesson. Knows no mail.

use crate::course::Ask;
use crate::course::AskKind;
use crate::course::Course;
use crate::course::Lesson;
use crate::course::Verdict;
use crate::flow::preview::Person;
use crate::flow::preview::Sample;
use crate::flow::preview::person;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Combinations of answers that are tried for one that leads to a lesson.
const MOST_TRIED: usize = 20_000;

/// One way a question may be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// As an answer is written; empty: left open.
    pub value: String,
    pub label: String,
}

/// Every question of a course, once, in the order of its lessons.
pub fn asks(course: &Course) -> Vec<&Ask> {
    let listed = course.order.iter().filter_map(|id| course.lessons.get(id));
    let mut seen = BTreeSet::new();
    listed.flat_map(|lesson| &lesson.asks).filter(|ask| seen.insert(ask.id.as_str())).collect()
}

/// The questions of the course that a lesson's condition or one of its tags asks about.
pub fn questions<'c>(course: &'c Course, lesson: &Lesson) -> Vec<&'c Ask> {
    let of_when: BTreeSet<&str> = lesson.when.iter().flat_map(|when| when.questions()).collect();
    let named: BTreeSet<&str> = mentions(&lesson.source.text).collect();
    asks(course)
        .into_iter()
        .filter(|ask| of_when.contains(ask.id.as_str()) || named.contains(ask.id.as_str()))
        .collect()
}

/// How a question may be answered, "left open" first.
pub fn branches(ask: &Ask) -> Vec<Branch> {
    let branch = |value: &str, label: &str| Branch { value: value.to_string(), label: label.to_string() };
    let mut all = vec![branch("", "left open")];
    match &ask.kind {
        AskKind::Choice(options) => all.extend(options.iter().map(|(id, label)| branch(id, label))),
        AskKind::Choices(options) => {
            all.extend(options.iter().map(|(id, label)| branch(id, label)));
            if options.len() > 1 {
                let ids: Vec<&str> = options.iter().map(|(id, _)| id.as_str()).collect();
                all.push(branch(&ids.join(","), "all of these"));
            }
        }
        AskKind::Scale { min, max, .. } => all.extend((*min..=*max).map(|n| branch(&n.to_string(), &n.to_string()))),
        AskKind::Text => all.push(branch("Words of their own.", "some words")),
    }
    all
}

/// Answers with which this sample gets the lesson: what they would say themselves where that will do. `None` when no
/// answers lead there.
pub fn reaching(
    course: &Course,
    lesson: &Lesson,
    sample: Sample,
    language: Option<&str>,
    said: &BTreeMap<String, String>,
) -> Option<Person> {
    let first = person(course, sample, language, said);
    let Some(when) = &lesson.when else { return Some(first) };
    let gets = |person: &Person| when.evaluate(&person.facts()) == Verdict::Holds;
    if gets(&first) {
        return Some(first);
    }
    let open = questions(course, lesson).into_iter().filter(|ask| when.questions().contains(ask.id.as_str()));
    let open: Vec<(&Ask, Vec<Branch>)> =
        open.filter(|ask| !said.contains_key(&ask.id)).map(|ask| (ask, branches(ask))).collect();
    let combinations = open.iter().map(|(_, branches)| branches.len()).try_fold(1_usize, usize::checked_mul);
    (0..combinations.unwrap_or(MOST_TRIED).min(MOST_TRIED)).find_map(|number| {
        let (mut rest, mut tried) = (number, said.clone());
        for (ask, branches) in &open {
            tried.insert(ask.id.clone(), branches[rest % branches.len()].value.clone());
            rest /= branches.len();
        }
        Some(person(course, sample, language, &tried)).filter(|person| gets(person))
    })
}

/// The names behind `answers.` in a text.
fn mentions(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let behind = |at: usize| text[at..].strip_prefix("answers").map(|rest| rest.trim_start_matches('?'));
    let names = text.match_indices("answers").filter_map(move |(at, _)| behind(at)?.strip_prefix('.'));
    names.map(move |rest| &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_questions_that_a_text_asks_about_are_found() {
        let check = |text: &str, expect: &[&str]| assert_eq!(mentions(text).collect::<Vec<_>>(), expect, "{text}");
        check("{% if answers.region == \"neck\" %}", &["region"]);
        check("{{ answers?.mood | upper }}{{answers.a1}}", &["mood", "a1"]);
        check("Your answers. Then answers", &[]);
        check("é answers.x", &["x"]);
    }
}
