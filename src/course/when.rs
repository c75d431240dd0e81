//! The condition under which a lesson is sent, evaluated by facts about one person. Doesn't know where answers are
//! kept, nor how long one waits for them.

use crate::course::AskKind;
use crate::course::comparison;
use crate::course::logic;
use crate::course::logic::Fault;
use crate::course::logic::Logic;
use crate::course::logic::Verdict;
use crate::course::never;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// A condition on answers, a small part of Tera's expressions: `answers.x`, `subscriber.language`,
/// `subscriber.fields.y`, texts, numbers and lists of them, `== != < <= > >= in`, `not in`, `is answered`,
/// `is not answered`, `and`, `or`, `not`, parentheses, `true` and `false`.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// As it was written.
    pub text: String,
    condition: Logic<Test>,
}

/// What a condition may speak of.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// The course's questions; `None` where one is asked but couldn't be read.
    pub questions: BTreeMap<String, Option<AskKind>>,
    pub fields: BTreeSet<String>,
    /// Some lesson couldn't be read: a question that isn't here may stand there.
    pub incomplete: bool,
    /// An earlier version of the program has found it good, and asked for less.
    pub was_in_force: bool,
}

/// What is known of one person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// By question; one that isn't here counts as unanswered.
    pub answers: BTreeMap<String, Fact>,
    pub language: String,
    /// A field that isn't here counts like a question that is unanswered.
    pub fields: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    Answered(Value),
    Unanswered,
    /// Asked, not yet answered, and still awaited.
    Pending,
}

/// An answer: of a choice the option's id, of choices their ids, of a scale the number, of a text the text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Texts(Vec<String>),
    Number(f64),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Constant(bool),
    Answered { question: String, wanted: bool },
    Compare { left: Operand, comparison: Comparison, right: Operand },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    Answer(String),
    Field(String),
    Language,
    Text(String),
    Number(f64),
    Texts(Vec<String>),
    Numbers(Vec<f64>),
}

impl When {
    /// Reads a condition and checks it against what the course asks.
    ///
    /// # Errors
    /// Every name, option and comparison that can't be meant; of the syntax, the first fault only.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<When, Vec<Fault>> {
        let mut faults = Vec::new();
        match logic::parse(text, comparison::ALLOWED, |reader| comparison::read(reader, vocabulary, &mut faults)) {
            Err(fault) => faults.push(fault),
            Ok(condition) if faults.is_empty() => match never::fault(&condition, text) {
                Some(fault) if !vocabulary.was_in_force => faults.push(fault),
                Some(_) | None => return Ok(When { text: text.to_string(), condition }),
            },
            Ok(_) => {}
        }
        Err(faults)
    }

    /// A comparison with an unanswered question is false, whichever it is; with one that is pending it awaits.
    pub fn evaluate(&self, facts: &Facts) -> Verdict {
        self.condition.verdict(&|test| test.verdict(facts))
    }

    /// The questions on which the condition depends.
    pub fn questions(&self) -> BTreeSet<&str> {
        let tests = self.condition.parts().into_iter();
        tests.flat_map(Test::operands).collect()
    }
}

impl Test {
    fn verdict(&self, facts: &Facts) -> Verdict {
        match self {
            Test::Constant(value) => Verdict::from_bool(*value),
            Test::Answered { question, wanted } => match facts.answers.get(question) {
                Some(Fact::Pending) => Verdict::Awaits,
                Some(Fact::Answered(_)) => Verdict::from_bool(*wanted),
                Some(Fact::Unanswered) | None => Verdict::from_bool(!*wanted),
            },
            Test::Compare { left, comparison, right } => match (left.look(facts), right.look(facts)) {
                (Seen::Nothing, _) | (_, Seen::Nothing) => Verdict::Fails,
                (Seen::Awaited, _) | (_, Seen::Awaited) => Verdict::Awaits,
                (Seen::Value(left), Seen::Value(right)) => Verdict::from_bool(comparison.holds(left, right)),
            },
        }
    }

    fn operands(&self) -> Vec<&str> {
        match self {
            Test::Constant(_) => Vec::new(),
            Test::Answered { question, .. } => vec![question],
            Test::Compare { left, right, .. } => [left, right].into_iter().filter_map(Operand::question).collect(),
        }
    }
}

/// A value in the moment of comparing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Known<'a> {
    Text(&'a str),
    Number(f64),
    Texts(&'a [String]),
    Numbers(&'a [f64]),
}

enum Seen<'a> {
    Value(Known<'a>),
    Nothing,
    Awaited,
}

impl Operand {
    pub fn question(&self) -> Option<&str> {
        if let Operand::Answer(question) = self { Some(question) } else { None }
    }

    fn look<'a>(&'a self, facts: &'a Facts) -> Seen<'a> {
        let known = match self {
            Operand::Answer(question) => match facts.answers.get(question) {
                None | Some(Fact::Unanswered) => return Seen::Nothing,
                Some(Fact::Pending) => return Seen::Awaited,
                Some(Fact::Answered(Value::Text(text))) => Known::Text(text),
                Some(Fact::Answered(Value::Texts(texts))) => Known::Texts(texts),
                Some(Fact::Answered(Value::Number(number))) => Known::Number(*number),
            },
            Operand::Field(field) => match facts.fields.get(field) {
                None => return Seen::Nothing,
                Some(text) => Known::Text(text),
            },
            Operand::Language => Known::Text(&facts.language),
            Operand::Text(text) => Known::Text(text),
            Operand::Number(number) => Known::Number(*number),
            Operand::Texts(texts) => Known::Texts(texts),
            Operand::Numbers(numbers) => Known::Numbers(numbers),
        };
        Seen::Value(known)
    }
}

impl Comparison {
    /// Whether a whole number stands to another as this says.
    pub fn orders(self, left: i64, right: f64) -> bool {
        self.holds(Known::Number(left as f64), Known::Number(right))
    }

    fn holds(self, left: Known<'_>, right: Known<'_>) -> bool {
        let ordered = |by: fn(&f64, &f64) -> bool| match (left, right) {
            (Known::Number(left), Known::Number(right)) => by(&left, &right),
            (Known::Number(_) | Known::Text(_) | Known::Texts(_) | Known::Numbers(_), _) => false,
        };
        match self {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::Less => ordered(f64::lt),
            Comparison::LessOrEqual => ordered(f64::le),
            Comparison::Greater => ordered(f64::gt),
            Comparison::GreaterOrEqual => ordered(f64::ge),
            Comparison::In => right.contains(left),
            Comparison::NotIn => !right.contains(left),
        }
    }
}

impl Known<'_> {
    fn contains(self, wanted: Known<'_>) -> bool {
        match (self, wanted) {
            (Known::Texts(texts), Known::Text(text)) => texts.iter().any(|one| one == text),
            (Known::Numbers(numbers), Known::Number(number)) => numbers.contains(&number),
            (Known::Texts(_) | Known::Numbers(_) | Known::Text(_) | Known::Number(_), _) => false,
        }
    }
}
