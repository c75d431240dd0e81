//! Reads one comparison of a `when`, and says which questions, options and kinds it gets wrong.

use crate::course::AskKind;
use crate::course::logic::Fault;
use crate::course::logic::Reader;
use crate::course::logic::Token;
use crate::course::names;
use crate::course::when::Comparison;
use crate::course::when::Operand;
use crate::course::when::Test;
use crate::course::when::Vocabulary;
use crate::keys::nearest;
use std::ops::Range;

pub const ALLOWED: &str = "a condition is made of answers.ID, subscriber.language, subscriber.fields.ID, \"texts\", \
     numbers and [lists], compared by == != < <= > >= in, not in, is answered, is not answered, and joined by and, \
     or, not, ( ); true and false stand alone";

/// One side of a comparison: what it is, where it stands, and the literals in it.
struct Side<'v> {
    operand: Operand,
    nature: Nature<'v>,
    at: Range<usize>,
    literals: Vec<(Literal, Range<usize>)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Text(String),
    Number(f64),
}

#[derive(Debug, Clone, Copy)]
enum Nature<'v> {
    Choice(&'v [(String, String)]),
    Choices(&'v [(String, String)]),
    Scale(i64, i64),
    /// `subscriber.language`.
    Language,
    Text,
    Number,
    Texts,
    Numbers,
    /// Already reported, or in a lesson that couldn't be read.
    Unknown,
}

/// Reads a comparison, `is answered`, or a lone `true` or `false`. What is syntactically right and yet can't be meant
/// goes to `faults`, so that the rest of the condition is checked too.
pub fn read(reader: &mut Reader, vocabulary: &Vocabulary, faults: &mut Vec<Fault>) -> Result<Test, Fault> {
    if reader.take_word("true") {
        return Ok(Test::Constant(true));
    }
    if reader.take_word("false") {
        return Ok(Test::Constant(false));
    }
    let left = side(reader, vocabulary, faults)?;
    if reader.take_word("is") {
        return answered(reader, left, faults);
    }
    let comparison = comparison(reader)?;
    let right = side(reader, vocabulary, faults)?;
    check(&left, comparison, &right, vocabulary, faults);
    Ok(Test::Compare { left: left.operand, comparison, right: right.operand })
}

fn answered(reader: &mut Reader, left: Side<'_>, faults: &mut Vec<Fault>) -> Result<Test, Fault> {
    let wanted = !reader.take_word("not");
    if !reader.take_word("answered") {
        return Err(reader.fault("`answered` was expected here"));
    }
    let Some(question) = left.operand.question() else {
        let message = "only a question can be answered";
        faults.push(fault(left.at, message, "write answers.ID is answered"));
        return Ok(Test::Constant(false));
    };
    Ok(Test::Answered { question: question.to_string(), wanted })
}

fn comparison(reader: &mut Reader) -> Result<Comparison, Fault> {
    const SIGNS: [(&str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    for (sign, comparison) in SIGNS {
        if reader.take_sign(sign) {
            return Ok(comparison);
        }
    }
    if reader.take_word("in") {
        return Ok(Comparison::In);
    }
    if reader.take_word("not") {
        return if reader.take_word("in") {
            Ok(Comparison::NotIn)
        } else {
            Err(reader.fault("`in` was expected here"))
        };
    }
    Err(reader.fault("a comparison was expected here"))
}

fn side<'v>(reader: &mut Reader, vocabulary: &'v Vocabulary, faults: &mut Vec<Fault>) -> Result<Side<'v>, Fault> {
    let at = reader.place();
    let literal = |literal: Literal| {
        let (operand, nature) = match &literal {
            Literal::Text(text) => (Operand::Text(text.clone()), Nature::Text),
            Literal::Number(number) => (Operand::Number(*number), Nature::Number),
        };
        Side { operand, nature, at: at.clone(), literals: vec![(literal, at.clone())] }
    };
    match reader.peek().cloned() {
        Some(Token::Text(text)) => {
            reader.take();
            Ok(literal(Literal::Text(text)))
        }
        Some(Token::Number(number)) => {
            reader.take();
            Ok(literal(Literal::Number(number)))
        }
        Some(Token::Sign("[")) => list(reader),
        Some(Token::Word(name)) => named(reader, &name, vocabulary, faults),
        Some(Token::Sign(sign)) => Err(reader.fault(format!("`{sign}` can't stand here"))),
        None => Err(reader.fault("the condition ends too early")),
    }
}

fn list<'v>(reader: &mut Reader) -> Result<Side<'v>, Fault> {
    let start = reader.place().start;
    reader.take();
    let mut literals = Vec::new();
    while !reader.take_sign("]") {
        let at = reader.place();
        match reader.peek().cloned() {
            Some(Token::Text(text)) => literals.push((Literal::Text(text), at)),
            Some(Token::Number(number)) => literals.push((Literal::Number(number), at)),
            Some(Token::Word(_) | Token::Sign(_)) | None => {
                return Err(reader.fault("a text or a number was expected in this list"));
            }
        }
        reader.take();
        if !reader.take_sign(",") && reader.peek() != Some(&Token::Sign("]")) {
            return Err(reader.fault("`,` or `]` was expected here"));
        }
    }
    let at = start..reader.taken();
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for (literal, _) in &literals {
        match literal {
            Literal::Text(text) => texts.push(text.clone()),
            Literal::Number(number) => numbers.push(*number),
        }
    }
    let (operand, nature) = match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => (Operand::Texts(texts), Nature::Texts),
        (true, false) => (Operand::Numbers(numbers), Nature::Numbers),
        (true, true) => return Err(fault(at, "this list is empty", "nothing is ever in it: write what you look for")),
        (false, false) => return Err(fault(at, "this list mixes texts and numbers", "write one kind only")),
    };
    Ok(Side { operand, nature, at, literals })
}

fn named<'v>(
    reader: &mut Reader,
    name: &str,
    vocabulary: &'v Vocabulary,
    faults: &mut Vec<Fault>,
) -> Result<Side<'v>, Fault> {
    let at = reader.place();
    let (operand, nature) = if name == "subscriber.language" {
        (Operand::Language, if vocabulary.was_in_force { Nature::Text } else { Nature::Language })
    } else if let Some(field) = name.strip_prefix("subscriber.fields.") {
        if !vocabulary.fields.contains(field) {
            let help =
                meant("subscriber.fields.", field, vocabulary.fields.iter(), "define it in [fields] of course.toml");
            faults.push(fault(at.clone(), format!("there is no field `{field}`"), help));
        }
        (Operand::Field(field.to_string()), Nature::Text)
    } else if let Some(question) = name.strip_prefix("answers.") {
        (Operand::Answer(question.to_string()), question_nature(question, &at, vocabulary, faults))
    } else {
        return Err(reader.fault(format!("`{name}` isn't something a condition can ask about")));
    };
    reader.take();
    Ok(Side { operand, nature, at, literals: Vec::new() })
}

fn question_nature<'v>(
    question: &str,
    at: &Range<usize>,
    vocabulary: &'v Vocabulary,
    faults: &mut Vec<Fault>,
) -> Nature<'v> {
    match vocabulary.questions.get(question) {
        Some(Some(AskKind::Choice(options))) => Nature::Choice(options),
        Some(Some(AskKind::Choices(options))) => Nature::Choices(options),
        Some(Some(AskKind::Scale { min, max, .. })) => Nature::Scale(*min, *max),
        Some(Some(AskKind::Text)) => Nature::Text,
        Some(None) => Nature::Unknown,
        None => {
            if !vocabulary.incomplete {
                let help = meant("answers.", question, vocabulary.questions.keys(), "ask it with [[ask]] in a lesson");
                faults.push(fault(at.clone(), format!("no lesson asks a question `{question}`"), help));
            }
            Nature::Unknown
        }
    }
}

fn check(left: &Side<'_>, comparison: Comparison, right: &Side<'_>, vocabulary: &Vocabulary, faults: &mut Vec<Fault>) {
    let at = left.at.start..right.at.end;
    let wrong = match comparison {
        Comparison::Equal | Comparison::NotEqual => equality(left.nature, right.nature),
        Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual => {
            order(left.nature, right.nature)
        }
        Comparison::In | Comparison::NotIn => membership(left.nature, right.nature),
    };
    if let Some((message, help)) = wrong {
        faults.push(fault(at, message, help));
        return;
    }
    let exact = !matches!(
        comparison,
        Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual
    );
    for (this, other) in [(left, right), (right, left)] {
        possible(this.nature, &other.literals, exact, faults);
    }
    if let (Nature::Scale(min, max), [(Literal::Number(number), at)]) = (left.nature, &right.literals[..])
        && !exact
        && !vocabulary.was_in_force
        && !(min..=max).any(|answer| comparison.orders(answer, *number))
    {
        let help = format!("the question's scale goes from {min} to {max}: nobody would get this lesson");
        faults.push(fault(at.clone(), "this is never true", help));
    }
}

type Wrong = Option<(&'static str, &'static str)>;

fn equality(left: Nature<'_>, right: Nature<'_>) -> Wrong {
    if left.unknown() || right.unknown() {
        return None;
    }
    if left.several() || right.several() {
        return Some(("a list can't be compared by == or !=", "write \"one\" in the list"));
    }
    (left.numeric() != right.numeric()).then_some((
        "a text is compared with a number",
        "a scale is a number without quotes, all else a text in quotes",
    ))
}

fn order(left: Nature<'_>, right: Nature<'_>) -> Wrong {
    let single = |nature: Nature<'_>| nature.unknown() || (nature.numeric() && !nature.several());
    (!single(left) || !single(right))
        .then_some(("only numbers have an order", "compare a question of kind scale with a number without quotes"))
}

fn membership(left: Nature<'_>, right: Nature<'_>) -> Wrong {
    if left.unknown() || right.unknown() {
        return None;
    }
    if left.several() {
        return Some(("a list can't be in a list", "write \"one\" in answers.ID, and join several by or"));
    }
    if !right.several() {
        return Some(("right of `in` must stand a list", "write [\"a\", \"b\"] or a question of kind choices"));
    }
    (left.numeric() != right.numeric()).then_some((
        "a text is looked for among numbers, or a number among texts",
        "a scale is a number without quotes",
    ))
}

/// Whether each literal is something that the question can have as its answer.
fn possible(nature: Nature<'_>, literals: &[(Literal, Range<usize>)], exact: bool, faults: &mut Vec<Fault>) {
    for (literal, at) in literals {
        match (nature, literal) {
            (Nature::Choice(options) | Nature::Choices(options), Literal::Text(text)) => {
                if !options.iter().any(|(id, _)| id == text) {
                    let help = meant("", text, options.iter().map(|(id, _)| id), "add it to the question's options");
                    faults.push(fault(at.clone(), format!("the question has no option `{text}`"), help));
                }
            }
            (Nature::Scale(min, max), Literal::Number(number)) => {
                #[expect(clippy::cast_precision_loss, reason = "a scale's ends are small")]
                let on_scale = (min as f64..=max as f64).contains(number) && number.fract() == 0.0;
                if exact && !on_scale {
                    let help = format!("write a whole number from {min} to {max}");
                    faults.push(fault(at.clone(), format!("`{number}` isn't on the question's scale"), help));
                }
            }
            (Nature::Language, Literal::Text(text)) if !names::is_language(text) => {
                let message = format!("`{text}` isn't a language tag");
                faults.push(fault(at.clone(), message, "write it like \"en\", \"fr\" or \"pt-BR\""));
            }
            (
                Nature::Choice(_)
                | Nature::Choices(_)
                | Nature::Scale(..)
                | Nature::Language
                | Nature::Text
                | Nature::Number
                | Nature::Texts
                | Nature::Numbers
                | Nature::Unknown,
                Literal::Text(_) | Literal::Number(_),
            ) => {}
        }
    }
}

impl Nature<'_> {
    fn unknown(self) -> bool {
        matches!(self, Nature::Unknown)
    }

    fn several(self) -> bool {
        matches!(self, Nature::Choices(_) | Nature::Texts | Nature::Numbers)
    }

    fn numeric(self) -> bool {
        matches!(self, Nature::Scale(..) | Nature::Number | Nature::Numbers)
    }
}

fn meant<'n>(prefix: &str, name: &str, known: impl Iterator<Item = &'n String>, otherwise: &str) -> String {
    match nearest(name, known.map(String::as_str)) {
        Some(near) => format!("did you mean `{prefix}{near}`?"),
        None => otherwise.to_string(),
    }
}

fn fault(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault { at, message: message.into(), help: help.into() }
}
