//! Who an issue is for: those who completed certain courses. Doesn't know who did.

use crate::course::logic;
use crate::course::logic::Fault;
use crate::course::logic::Logic;
use crate::course::logic::Reader;
use crate::course::logic::Token;
use crate::course::logic::Verdict;
use std::collections::BTreeSet;
use std::ops::Range;

const ALLOWED: &str = "an audience is made of completed(\"course\"), joined by and, or, not, ( )";

/// `completed("course")`, joined by `and`, `or`, `not` and parentheses.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// As it was written.
    pub text: String,
    condition: Logic<Completed>,
}

/// A course that is named, and where in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    pub course: String,
    pub at: Range<usize>,
}

impl Audience {
    /// # Errors
    /// The first place that can't be read, and what is allowed there.
    pub fn parse(text: &str) -> Result<Audience, Fault> {
        let condition = logic::parse(text, ALLOWED, completed)?;
        Ok(Audience { text: text.to_string(), condition })
    }

    /// Whether a person who completed these courses gets the issues.
    pub fn admits(&self, completed: &BTreeSet<String>) -> bool {
        self.condition.verdict(&|part| Verdict::from_bool(completed.contains(&part.course))) == Verdict::Holds
    }

    /// Every course that is named.
    pub fn courses(&self) -> Vec<&Completed> {
        self.condition.parts()
    }
}

fn completed(reader: &mut Reader) -> Result<Completed, Fault> {
    if !reader.take_word("completed") {
        return Err(reader.fault("`completed` was expected here"));
    }
    if !reader.take_sign("(") {
        return Err(reader.fault("`(` was expected here"));
    }
    let at = reader.place();
    let Some(Token::Text(course)) = reader.peek().cloned() else {
        return Err(reader.fault("the name of a course in quotes was expected here"));
    };
    reader.take();
    if !reader.take_sign(")") {
        return Err(reader.fault("`)` was expected here"));
    }
    Ok(Completed { course, at })
}
