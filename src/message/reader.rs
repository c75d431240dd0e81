//! Whoever reads a lesson, as templates see them: one person, or nobody in particular. Knows no lesson.

use crate::course::Course;
use crate::link::Urls;
use crate::message::Archive;
use crate::message::Progress;
use crate::message::Values;
use crate::message::blocks;
use crate::message::one_line;
use serde_json::json;
use std::collections::BTreeMap;
use tera::Context;

/// Stands where a person's word would.
const BLANK: &str = "…";

/// Where a lesson is read.
#[derive(Clone, Copy)]
pub enum Shown<'a> {
    Mail,
    /// One person's mail in a browser.
    Page,
    /// By anybody.
    Archive(&'a Archive),
}

impl Values {
    /// What a lesson is filled in with for nobody in particular: what people may leave out is unknown, what each of them
    /// gives is a blank, and all that is a person's own leads to `begin`, where people sign up. `page` is the lesson's.
    pub fn of_nobody(course: &Course, progress: Progress, begin: &str, page: String) -> Values {
        let required = course.fields.iter().filter(|(_, field)| field.required);
        let begin = || begin.to_string();
        Values {
            first_name: None,
            language: course.language.clone(),
            fields: required.map(|(id, _)| (id.clone(), BLANK.to_string())).collect(),
            answers: BTreeMap::new(),
            progress,
            links: Urls {
                pause: begin(),
                slower: begin(),
                faster: begin(),
                again: begin(),
                next_now: begin(),
                my_course: begin(),
                leave: begin(),
                web_view: page,
                answer: None,
            },
            offered: Vec::new(),
            next: Vec::new(),
        }
    }
}

/// What templates see of these values.
pub fn context(values: &Values) -> Context {
    let mut context = Context::new();
    let said = |text: &String| Some(one_line(text)).filter(|text| !text.is_empty());
    let fields: BTreeMap<_, _> = values.fields.iter().filter_map(|(id, value)| Some((id, said(value)?))).collect();
    let mut subscriber = json!({ "language": values.language, "fields": fields });
    if let Some(first_name) = values.first_name.as_ref().and_then(said) {
        subscriber["first_name"] = json!(first_name);
    }
    let answers: BTreeMap<_, _> = values.answers.iter().map(|(id, answer)| (id, answer.clean())).collect();
    context.insert("subscriber", &subscriber);
    context.insert("answers", &answers);
    context.insert("progress", &values.progress);
    context.insert("links", &values.links);
    if let Some(answer) = &values.links.answer {
        context.insert(blocks::ANSWER_URL, answer);
    }
    context.insert("offered", &values.offered);
    context.insert("next", &values.next);
    context
}
