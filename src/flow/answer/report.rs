//! What the people of a course answered, question by question in the order of the course, and how it changed.

use super::reading;
use crate::course::Ask;
use crate::course::AskKind;
use crate::course::Course;
use crate::course::Value;
use crate::flow::App;
use crate::flow::shelf::Shelved;
use crate::store::answers;
use crate::store::answers::Given;
use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

/// Answers that are read at once.
const PAGE: i64 = 1_000;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub course: String,
    /// How many have answered anything; a person counts once in each run.
    pub people: usize,
    pub lessons: Vec<LessonReport>,
    /// Questions that are asked in several lessons.
    pub then_and_now: Vec<ThenAndNow>,
    /// The answers that the coach named under `alert`, as they are now.
    pub safety: Vec<SafetyAnswer>,
    /// Answers that no lesson of today asks for, or asks for otherwise.
    pub no_longer_asked: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LessonReport {
    pub lesson: String,
    pub questions: Vec<QuestionReport>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuestionReport {
    pub question: String,
    pub words: String,
    /// `choice`, `choices`, `scale` or `text`.
    pub kind: &'static str,
    /// How many have answered.
    pub count: usize,
    #[serde(flatten)]
    pub tally: Tally,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Tally {
    Options {
        options: Vec<OptionCount>,
    },
    /// `distribution`: how often each number came.
    Scale {
        mean: Option<f64>,
        min: Option<i64>,
        max: Option<i64>,
        distribution: BTreeMap<i64, usize>,
    },
    Texts {
        texts: Vec<Said>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OptionCount {
    pub option: String,
    pub label: String,
    pub count: usize,
}

/// An answer in own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    pub email: String,
    pub run: i64,
    pub at: Timestamp,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SafetyAnswer {
    pub email: String,
    pub run: i64,
    /// The number by which `status` names them.
    pub enrolment: i64,
    pub lesson: String,
    pub question: String,
    pub answer: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ThenAndNow {
    pub question: String,
    /// Those that ask it, in the order of the course.
    pub lessons: Vec<String>,
    /// Of a scale only.
    pub moved: Option<Moved>,
}

/// People who answered in at least two lessons, from the first of theirs to the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Moved {
    pub people: usize,
    pub up: usize,
    pub down: usize,
    pub same: usize,
}

/// What was answered in a course by now.
pub async fn report(app: &App, shelved: &Shelved) -> Result<Report> {
    let mut count = Count::of(&shelved.course);
    let mut connection = app.store.read().await?;
    let mut after = 0;
    loop {
        let page = answers::of_course(&mut connection, &shelved.course.id, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.answer.id;
        for given in page {
            let lesson = shelved.called_now(&given.answer.lesson).to_string();
            count.add(lesson, given);
        }
    }
    Ok(count.finish())
}

/// The question of a lesson; of a lesson that is withdrawn, as another asks it: the same id is the same question.
pub fn ask_of<'a>(course: &'a Course, lesson: &str, question: &str) -> Option<&'a Ask> {
    let of = |lesson: &'a crate::course::Lesson| lesson.asks.iter().find(|ask| ask.id == question);
    let own = course.lessons.get(lesson).and_then(of);
    own.or_else(|| course.lessons.values().find_map(of))
}

/// A report that is being counted.
struct Count<'a> {
    course: &'a Course,
    /// In the order in which they are shown.
    lessons: Vec<LessonReport>,
    people: HashSet<i64>,
    /// Numbers by enrolment and question, each with the place of its lesson.
    numbers: HashMap<(i64, String), BTreeMap<usize, i64>>,
    safety: Vec<SafetyAnswer>,
    no_longer_asked: usize,
}

impl<'a> Count<'a> {
    fn of(course: &'a Course) -> Count<'a> {
        let lessons = course.order.iter().filter_map(|id| course.lessons.get(id));
        let lessons = lessons.map(|lesson| LessonReport {
            lesson: lesson.id.clone(),
            questions: lesson.asks.iter().map(QuestionReport::of).collect(),
        });
        Count {
            course,
            lessons: lessons.collect(),
            people: HashSet::new(),
            numbers: HashMap::new(),
            safety: Vec::new(),
            no_longer_asked: 0,
        }
    }

    fn add(&mut self, lesson: String, given: Given) {
        let it = &given.answer;
        self.people.insert(it.enrolment_id);
        let Some(ask) = ask_of(self.course, &lesson, &it.question) else {
            self.no_longer_asked += 1;
            return;
        };
        if !self.question(&lesson, ask).add(&given) {
            self.no_longer_asked += 1;
            return;
        }
        if let (Value::Number(number), Some(place)) =
            (&it.value, self.course.order.iter().position(|known| *known == lesson))
        {
            let own = self.numbers.entry((it.enrolment_id, it.question.clone())).or_default();
            own.insert(place, *number as i64);
        }
        if reading::is_alert(ask, &it.value) {
            self.safety.push(SafetyAnswer {
                email: given.address.clone(),
                run: given.run,
                enrolment: it.enrolment_id,
                lesson,
                question: it.question.clone(),
                answer: reading::in_words(Some(ask), &it.value),
                at: it.at,
            });
        }
    }

    /// What is counted of a question; withdrawn lessons come last.
    fn question(&mut self, lesson: &str, ask: &Ask) -> &mut QuestionReport {
        let at = self.lessons.iter().position(|it| it.lesson == lesson).unwrap_or_else(|| {
            self.lessons.push(LessonReport { lesson: lesson.to_string(), questions: Vec::new() });
            self.lessons.len() - 1
        });
        let questions = &mut self.lessons[at].questions;
        let at = questions.iter().position(|it| it.question == ask.id).unwrap_or_else(|| {
            questions.push(QuestionReport::of(ask));
            questions.len() - 1
        });
        &mut questions[at]
    }

    fn finish(mut self) -> Report {
        for question in self.lessons.iter_mut().flat_map(|lesson| &mut lesson.questions) {
            question.tally.finish();
        }
        let then_and_now = self.then_and_now();
        self.lessons.retain(|lesson| !lesson.questions.is_empty());
        self.safety.sort_by_key(|it| it.at);
        Report {
            course: self.course.id.clone(),
            people: self.people.len(),
            lessons: self.lessons,
            then_and_now,
            safety: self.safety,
            no_longer_asked: self.no_longer_asked,
        }
    }

    fn then_and_now(&self) -> Vec<ThenAndNow> {
        let mut repeated: Vec<ThenAndNow> = Vec::new();
        for lesson in &self.lessons {
            for question in &lesson.questions {
                match repeated.iter_mut().find(|it| it.question == question.question) {
                    Some(known) => known.lessons.push(lesson.lesson.clone()),
                    None => repeated.push(ThenAndNow {
                        question: question.question.clone(),
                        lessons: vec![lesson.lesson.clone()],
                        moved: (question.kind == "scale").then(|| self.moved(&question.question)),
                    }),
                }
            }
        }
        repeated.retain(|it| it.lessons.len() > 1);
        repeated
    }

    fn moved(&self, question: &str) -> Moved {
        let mut moved = Moved::default();
        let of_question = self.numbers.iter().filter(|((_, id), _)| id == question);
        for numbers in of_question.map(|(_, numbers)| numbers).filter(|numbers| numbers.len() > 1) {
            let (then, now) = (numbers.values().next(), numbers.values().next_back());
            moved.people += 1;
            match now.cmp(&then) {
                std::cmp::Ordering::Greater => moved.up += 1,
                std::cmp::Ordering::Less => moved.down += 1,
                std::cmp::Ordering::Equal => moved.same += 1,
            }
        }
        moved
    }
}

impl QuestionReport {
    fn of(ask: &Ask) -> QuestionReport {
        let (kind, tally) = match &ask.kind {
            AskKind::Choice(options) => ("choice", Tally::options(options)),
            AskKind::Choices(options) => ("choices", Tally::options(options)),
            AskKind::Scale { .. } => {
                ("scale", Tally::Scale { mean: None, min: None, max: None, distribution: BTreeMap::new() })
            }
            AskKind::Text => ("text", Tally::Texts { texts: Vec::new() }),
        };
        QuestionReport { question: ask.id.clone(), words: ask.question.clone(), kind, count: 0, tally }
    }

    /// False when the question was another when this was answered.
    fn add(&mut self, given: &Given) -> bool {
        let fits = match (&mut self.tally, &given.answer.value) {
            (Tally::Options { options }, Value::Text(id)) => choose(options, id),
            (Tally::Options { options }, Value::Texts(ids)) => ids.iter().all(|id| choose(options, id)),
            (Tally::Scale { distribution, .. }, Value::Number(number)) => {
                *distribution.entry(*number as i64).or_default() += 1;
                true
            }
            (Tally::Texts { texts }, Value::Text(text)) => {
                let (email, at) = (given.address.clone(), given.answer.at);
                texts.push(Said { email, run: given.run, at, text: text.clone() });
                true
            }
            (Tally::Options { .. } | Tally::Scale { .. } | Tally::Texts { .. }, _) => false,
        };
        self.count += usize::from(fits);
        fits
    }
}

impl Tally {
    fn options(options: &[(String, String)]) -> Tally {
        let count = |(id, label): &(String, String)| OptionCount { option: id.clone(), label: label.clone(), count: 0 };
        Tally::Options { options: options.iter().map(count).collect() }
    }

    fn finish(&mut self) {
        match self {
            Tally::Scale { mean, min, max, distribution } => {
                let people: usize = distribution.values().sum();
                let sum: i64 = distribution.iter().map(|(number, count)| number * *count as i64).sum();
                *mean = (people > 0).then(|| sum as f64 / people as f64);
                *min = distribution.keys().next().copied();
                *max = distribution.keys().next_back().copied();
            }
            Tally::Texts { texts } => texts.sort_by_key(|said| said.at),
            Tally::Options { .. } => {}
        }
    }
}

/// Counts an option. One that is no more has its id for a label.
fn choose(options: &mut Vec<OptionCount>, id: &str) -> bool {
    match options.iter_mut().find(|it| it.option == id) {
        Some(known) => known.count += 1,
        None => options.push(OptionCount { option: id.to_string(), label: id.to_string(), count: 1 }),
    }
    true
}
