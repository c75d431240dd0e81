//! Conditions joined by `and`, `or`, `not` and parentheses, and their three verdicts. Doesn't know what they are about.

use crate::keys::round_quotes;
use std::ops::Range;

/// How deep parentheses and `not` may stand in each other.
const DEEPEST: usize = 32;

/// What a condition comes to. `Awaits`: an answer that may still come decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    Fails,
    Awaits,
}

/// Why a condition can't be read: `at` is in bytes of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub at: Range<usize>,
    pub message: String,
    pub help: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Logic<T> {
    Is(T),
    Not(Box<Logic<T>>),
    All(Vec<Logic<T>>),
    Any(Vec<Logic<T>>),
}

impl<T> Logic<T> {
    /// Three-valued, after Kleene: what an awaited part can't change is decided now.
    pub fn verdict(&self, of: &impl Fn(&T) -> Verdict) -> Verdict {
        match self {
            Logic::Is(part) => of(part),
            Logic::Not(inner) => inner.verdict(of).opposite(),
            Logic::All(parts) => {
                let worst = parts.iter().map(|part| part.verdict(of)).max_by_key(|v| v.rank());
                worst.unwrap_or(Verdict::Holds)
            }
            Logic::Any(parts) => {
                let best = parts.iter().map(|part| part.verdict(of)).min_by_key(|v| v.rank());
                best.unwrap_or(Verdict::Fails)
            }
        }
    }

    /// Every part that isn't joined from others, in the order written.
    pub fn parts(&self) -> Vec<&T> {
        match self {
            Logic::Is(part) => vec![part],
            Logic::Not(inner) => inner.parts(),
            Logic::All(parts) | Logic::Any(parts) => parts.iter().flat_map(Logic::parts).collect(),
        }
    }
}

impl Verdict {
    pub fn from_bool(holds: bool) -> Verdict {
        if holds { Verdict::Holds } else { Verdict::Fails }
    }

    fn opposite(self) -> Verdict {
        match self {
            Verdict::Holds => Verdict::Fails,
            Verdict::Fails => Verdict::Holds,
            Verdict::Awaits => Verdict::Awaits,
        }
    }

    fn rank(self) -> u8 {
        match self {
            Verdict::Holds => 0,
            Verdict::Awaits => 1,
            Verdict::Fails => 2,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A name with its dots, or a word like `and`.
    Word(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

/// The tokens of a condition while it is being read.
pub struct Reader {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    end: usize,
    depth: usize,
    /// What the reader of this condition allows; the help of every syntax fault.
    allowed: &'static str,
}

/// Reads a whole condition; `atom` reads the parts that are joined.
pub fn parse<T>(
    text: &str,
    allowed: &'static str,
    mut atom: impl FnMut(&mut Reader) -> Result<T, Fault>,
) -> Result<Logic<T>, Fault> {
    let tokens = cut(text, allowed)?;
    let mut reader = Reader { tokens, next: 0, end: text.len(), depth: 0, allowed };
    let logic = reader.any(&mut atom)?;
    match reader.peek() {
        None => Ok(logic),
        Some(_) => Err(reader.fault("`and`, `or` or the end was expected here")),
    }
}

impl Reader {
    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, _)| token)
    }

    /// Where the next token stands; behind the last one, the end.
    pub fn place(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.end..self.end, |(_, at)| at.clone())
    }

    /// Where the last token that was taken ends.
    pub fn taken(&self) -> usize {
        self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |(_, at)| at.end)
    }

    pub fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    pub fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.next += usize::from(found);
        found
    }

    pub fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.next += usize::from(found);
        found
    }

    /// A fault at the next token.
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault { at: self.place(), message: message.into(), help: self.allowed.to_string() }
    }

    fn any<T>(&mut self, atom: &mut impl FnMut(&mut Reader) -> Result<T, Fault>) -> Result<Logic<T>, Fault> {
        let first = self.all(atom)?;
        let mut parts = vec![first];
        while self.take_word("or") {
            parts.push(self.all(atom)?);
        }
        Ok(joined(parts, Logic::Any))
    }

    fn all<T>(&mut self, atom: &mut impl FnMut(&mut Reader) -> Result<T, Fault>) -> Result<Logic<T>, Fault> {
        let first = self.one(atom)?;
        let mut parts = vec![first];
        while self.take_word("and") {
            parts.push(self.one(atom)?);
        }
        Ok(joined(parts, Logic::All))
    }

    fn one<T>(&mut self, atom: &mut impl FnMut(&mut Reader) -> Result<T, Fault>) -> Result<Logic<T>, Fault> {
        if self.depth == DEEPEST {
            return Err(self.fault("this condition is nested too deep"));
        }
        self.depth += 1;
        let logic = if self.take_word("not") {
            Logic::Not(Box::new(self.one(atom)?))
        } else if self.take_sign("(") {
            let inner = self.any(atom)?;
            if !self.take_sign(")") {
                return Err(self.fault("a `)` is missing here"));
            }
            inner
        } else {
            Logic::Is(atom(self)?)
        };
        self.depth -= 1;
        Ok(logic)
    }
}

fn joined<T>(mut parts: Vec<Logic<T>>, join: fn(Vec<Logic<T>>) -> Logic<T>) -> Logic<T> {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

const SIGNS: [&str; 11] = ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ","];

fn cut(text: &str, allowed: &str) -> Result<Vec<(Token, Range<usize>)>, Fault> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Token::Sign(sign), sign.len())
        } else if matches!(first, '"' | '\'') {
            let inner = rest[1..].find(first).ok_or_else(|| Fault {
                at: at..text.len(),
                message: "this text has no closing quote".to_string(),
                help: format!("close it with {first}"),
            })?;
            (Token::Text(rest[1..=inner].to_string()), inner + 2)
        } else if let Some((number, length)) = number(rest) {
            (Token::Number(number), length)
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
            (Token::Word(rest[..length].to_string()), length)
        } else {
            let message = format!("`{first}` has no meaning here");
            if let Some((_, help)) = round_quotes(rest).filter(|(mark, _)| mark.start == 0) {
                return Err(Fault { at: at..at + first.len_utf8(), message, help });
            }
            return Err(Fault { at: at..at + first.len_utf8(), message, help: allowed.to_string() });
        };
        tokens.push((token, at..at + length));
        at += length;
    }
    Ok(tokens)
}

/// A number at the start of a text, with an optional sign and decimals, and how long it is.
fn number(text: &str) -> Option<(f64, usize)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit()).then_some(())?;
    let sign = text.len() - digits.len();
    let length = sign + digits.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(digits.len());
    text[..length].parse().ok().map(|number| (number, length))
}
