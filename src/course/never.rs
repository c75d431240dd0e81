//! Conditions that hold for nobody, where that is plain from how they are written. Knows no person, and no question's
//! options.

use crate::course::logic::Fault;
use crate::course::logic::Logic;
use crate::course::when::Comparison;
use crate::course::when::Operand;
use crate::course::when::Test;

/// What is wrong with a condition that can never be true, because it wants two values at once of what has only one. One
/// that is plainly `false` is meant so: it switches its lesson off.
pub fn fault(condition: &Logic<Test>, text: &str) -> Option<Fault> {
    let help = "it wants two values at once of what has only one: join them by `or`".to_string();
    is_never(condition).then(|| Fault { at: 0..text.len(), message: "this is never true".to_string(), help })
}

fn is_never(condition: &Logic<Test>) -> bool {
    match condition {
        Logic::Is(_) | Logic::Not(_) => false,
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
