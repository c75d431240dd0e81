//! Conditions that hold for nobody, where that is plain from how they are written. Knows no person, and no question's
//! options.

use crate::course::logic::Fault;
use crate::course::logic::Logic;
use crate::course::when::Comparison;
use crate::course::when::Operand;
use crate::course::when::Test;

/// What is wrong with a condition that can never be true: one made of `false`, or one that wants two values at once of
/// what has only one.
pub fn fault(condition: &Logic<Test>, text: &str) -> Option<Fault> {
    let help = if constant(condition) == Some(false) {
        "nobody would get this lesson: remove `when`, or take the lesson out of `lessons`, and it is a draft"
    } else if is_never(condition) {
        "it wants two values at once of what has only one: join them by `or`"
    } else {
        return None;
    };
    Some(Fault { at: 0..text.len(), message: "this is never true".to_string(), help: help.to_string() })
}

/// What a condition comes to, whoever is asked.
fn constant(condition: &Logic<Test>) -> Option<bool> {
    match condition {
        Logic::Is(Test::Constant(value)) => Some(*value),
        Logic::Is(Test::Answered { .. } | Test::Compare { .. }) => None,
        Logic::Not(inner) => constant(inner).map(|value| !value),
        Logic::All(parts) => joined(parts, false),
        Logic::Any(parts) => joined(parts, true),
    }
}

/// `deciding`: the value of one part that decides the whole.
fn joined(parts: &[Logic<Test>], deciding: bool) -> Option<bool> {
    let values: Vec<Option<bool>> = parts.iter().map(constant).collect();
    if values.contains(&Some(deciding)) {
        return Some(deciding);
    }
    values.iter().all(Option::is_some).then_some(!deciding)
}

fn is_never(condition: &Logic<Test>) -> bool {
    match condition {
        Logic::Is(_) | Logic::Not(_) => constant(condition) == Some(false),
        Logic::Any(parts) => parts.iter().all(is_never),
        Logic::All(parts) => {
            let mut wanted: Vec<(&Operand, &Operand)> = Vec::new();
            collect(parts, &mut wanted);
            let differs = |(n, (one, value)): (usize, &(&Operand, &Operand))| {
                wanted[..n].iter().any(|(other, earlier)| other == one && earlier != value)
            };
            parts.iter().any(is_never) || wanted.iter().enumerate().any(differs)
        }
    }
}

/// Every `answers.x == "value"` that must hold, whichever side the value stands on.
fn collect<'l>(parts: &'l [Logic<Test>], wanted: &mut Vec<(&'l Operand, &'l Operand)>) {
    for part in parts {
        match part {
            Logic::All(inner) => collect(inner, wanted),
            Logic::Is(Test::Compare { left, comparison: Comparison::Equal, right }) => {
                if is_literal(right) && !is_literal(left) {
                    wanted.push((left, right));
                } else if is_literal(left) && !is_literal(right) {
                    wanted.push((right, left));
                }
            }
            Logic::Is(_) | Logic::Not(_) | Logic::Any(_) => {}
        }
    }
}

fn is_literal(operand: &Operand) -> bool {
    matches!(operand, Operand::Text(_) | Operand::Number(_))
}
