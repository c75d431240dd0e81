//! What a person answered, as the template part `web/answers.html` shows it under `page.answers`: question by question, then
//! and now. Knows neither the page around it nor who asks for it.

use crate::course::AskKind;
use crate::flow::answer::Asked;
use crate::flow::answer::Reply;
use crate::text::Page;
use crate::text::direction;
use crate::text::fill;
use crate::web::chart;
use crate::web::chart::Chart;
use jiff::civil::Date;
use serde::Serialize;

/// One question, and what was answered to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answered {
    course: String,
    /// BCP 47, of the question and the answers.
    language: String,
    question: String,
    /// Of a scale that was answered more than once.
    chart: Option<Chart>,
    /// The chart in a sentence.
    described: String,
    /// What the ends of a scale are called; empty where they have no words.
    ends: String,
    replies: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Entry {
    /// For programs, and as people write it.
    date: String,
    on: String,
    lesson: String,
    words: String,
}

/// For `page.answers`, in this order. `language` is the page's own.
pub fn answered(words: &Page, language: &str, history: &[Asked]) -> Vec<Answered> {
    let right_to_left = direction(language) == "rtl";
    history.iter().map(|asked| one(words, right_to_left, asked)).collect()
}

fn one(words: &Page, right_to_left: bool, asked: &Asked) -> Answered {
    let mut it = Answered {
        course: asked.course_title.clone(),
        language: asked.language.clone(),
        question: asked.ask.question.clone(),
        chart: None,
        described: String::new(),
        ends: String::new(),
        replies: asked.given.iter().map(|reply| entry(words, reply)).collect(),
    };
    let AskKind::Scale { min, max, low, high } = &asked.ask.kind else { return it };
    if !low.is_empty() || !high.is_empty() {
        let (min, max) = (min.to_string(), max.to_string());
        let values = [("min", min.as_str()), ("low", low), ("max", &max), ("high", high)];
        it.ends = fill(words.answer.scale_ends, &values);
    }
    let points: Vec<(Date, f64)> = asked.given.iter().filter_map(|reply| Some((reply.date, reply.number?))).collect();
    if let [(then, first), .., (now, last)] = points.as_slice() {
        let (first, last) = (first.to_string(), last.to_string());
        let (then, now) = (words.dates.date(*then), words.dates.date(*now));
        let values = [("first", first.as_str()), ("then", &then), ("last", &last), ("now", &now)];
        it.described = fill(words.answer.moved, &values);
        it.chart = Some(chart::scale(*min, *max, &points, right_to_left));
    }
    it
}

fn entry(words: &Page, reply: &Reply) -> Entry {
    let said = if reply.words.is_empty() { words.answer.none } else { &reply.words };
    let on = words.dates.date(reply.date);
    Entry { date: reply.date.to_string(), on, lesson: reply.lesson_title.clone(), words: said.to_string() }
}
