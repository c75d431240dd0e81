//! Reads an expression of Tera as a tree, as far as it matters which of its values must be there. Knows no name and
//! judges nothing; what it can't read is Tera's to refuse.

use crate::message::paths::Token;
use std::ops::Range;

/// An expression, made of what decides whether a value may be missing.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number, a text, `true`, a map.
    Literal,
    /// `none`, which counts as something that is there and yet is no value.
    None,
    List(Vec<Expression>),
    /// `a.b.c`; `optional`: with `?.`, what isn't there is nothing.
    Path {
        name: String,
        at: Range<usize>,
        optional: bool,
    },
    /// What can only be done with values that are there: arithmetic, joining, indexing.
    Needs(Vec<Expression>),
    Call(Vec<Expression>),
    Filter {
        name: String,
        value: Box<Expression>,
        arguments: Vec<Expression>,
    },
    Test {
        name: String,
        value: Box<Expression>,
    },
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Equal(Box<Expression>, Box<Expression>),
    In {
        wanted: Box<Expression>,
        list: Box<Expression>,
    },
    Ternary {
        condition: Box<Expression>,
        yes: Box<Expression>,
        no: Box<Expression>,
    },
}

/// Parentheses within each other that are followed.
const DEEPEST: usize = 60;

/// How strongly Tera binds; of two, the higher one first.
const OR: u8 = 1;
const AND: u8 = 3;
const IN: u8 = 5;
const COMPARE: u8 = 7;
const ADD: u8 = 11;
const MULTIPLY: u8 = 13;
const FILTER: u8 = 17;
const MINUS: u8 = 20;

/// Reads a whole expression. `None` where Tera's own reader must say what is wrong.
pub fn read(tokens: &[Token]) -> Option<Expression> {
    let mut reader = Reader { tokens, next: 0, depth: 0 };
    let expression = reader.expression(0)?;
    (reader.next == tokens.len()).then_some(expression)
}

struct Reader<'t> {
    tokens: &'t [Token],
    next: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self, ahead: usize) -> &'t str {
        self.tokens.get(self.next + ahead).map_or("", |token| token.text.as_str())
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.peek(0) == text;
        self.next += usize::from(found);
        found
    }

    fn expression(&mut self, least: u8) -> Option<Expression> {
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let mut left = self.operand()?;
        while let Some(longer) = self.behind(left.clone(), least)? {
            left = longer;
        }
        self.depth -= 1;
        Some(left)
    }

    /// What follows an operand and belongs to it; `Some(None)` where nothing does.
    fn behind(&mut self, left: Expression, least: u8) -> Option<Option<Expression>> {
        let pair = (self.peek(0), self.peek(1));
        let boxed = Box::new;
        let (strength, length) = match pair {
            ("[", _) | ("?", "[") => return self.index(left).map(Some),
            ("if", _) if least == 0 => return self.ternary(left).map(Some),
            ("or", _) => (OR, 1),
            ("and", _) => (AND, 1),
            ("in" | "is", _) => (IN, 1),
            ("not", "in") => (IN, 2),
            ("=", "=") | ("!", "=") | ("<", "=") | (">", "=") => (COMPARE, 2),
            ("<" | ">", _) => (COMPARE, 1),
            ("*", "*") => (MULTIPLY + 2, 2),
            ("/", "/") => (MULTIPLY, 2),
            ("+" | "-", _) => (ADD, 1),
            ("*" | "/" | "%" | "~", _) => (MULTIPLY, 1),
            ("|", _) => (FILTER, 1),
            _ => return Some(None),
        };
        if strength < least {
            return Some(None);
        }
        self.next += length;
        match pair {
            ("|", _) => return self.filter(left).map(Some),
            ("is", _) => return self.test(left).map(Some),
            _ => {}
        }
        let right = self.expression(strength + 1)?;
        Some(Some(match pair {
            ("or", _) => Expression::Or(boxed(left), boxed(right)),
            ("and", _) => Expression::And(boxed(left), boxed(right)),
            ("in", _) => Expression::In { wanted: boxed(left), list: boxed(right) },
            ("not", _) => Expression::Not(boxed(Expression::In { wanted: boxed(left), list: boxed(right) })),
            ("=", _) => Expression::Equal(boxed(left), boxed(right)),
            ("!", _) => Expression::Not(boxed(Expression::Equal(boxed(left), boxed(right)))),
            _ => Expression::Needs(vec![left, right]),
        }))
    }

    fn operand(&mut self) -> Option<Expression> {
        let token = self.tokens.get(self.next)?;
        let (text, at) = (token.text.clone(), token.range.clone());
        self.next += 1;
        match text.as_str() {
            "not" => Some(Expression::Not(Box::new(self.expression(IN)?))),
            "-" => Some(Expression::Needs(vec![self.expression(MINUS)?])),
            "(" => {
                let inner = self.expression(0)?;
                self.take(")").then_some(inner)
            }
            "[" => self.list(),
            "{" => self.map(),
            "true" | "True" | "false" | "False" => Some(Expression::Literal),
            "none" | "None" | "null" => Some(Expression::None),
            _ if text.starts_with('"') => Some(Expression::Literal),
            _ if text.starts_with(|c: char| c.is_ascii_digit()) => {
                // A decimal point is a token of its own.
                if self.peek(0) == "." {
                    self.next += 2;
                }
                Some(Expression::Literal)
            }
            _ if token.is_name() => self.path(text, at),
            _ => None,
        }
    }

    fn path(&mut self, mut name: String, at: Range<usize>) -> Option<Expression> {
        if self.take("(") {
            return Some(Expression::Call(self.arguments()?));
        }
        let (start, mut end, mut optional) = (at.start, at.end, false);
        loop {
            let length = match (self.peek(0), self.peek(1)) {
                (".", _) => 1,
                ("?", ".") => 2,
                _ => break,
            };
            let attribute = self.tokens.get(self.next + length).filter(|token| token.is_name())?;
            name = format!("{name}.{}", attribute.text);
            end = attribute.range.end;
            optional |= length == 2;
            self.next += length + 1;
        }
        Some(Expression::Path { name, at: start..end, optional })
    }

    /// `value["name"]` of a path is a longer path; every other index needs what it looks into.
    fn index(&mut self, value: Expression) -> Option<Expression> {
        let optional = self.take("?");
        self.next += 1;
        let named = self.tokens.get(self.next).and_then(|token| Some((token.quoted()?.to_string(), token.range.end)));
        if let (Expression::Path { name, at, optional: before }, Some((key, end)), "]") = (&value, named, self.peek(1))
        {
            self.next += 2;
            return Some(Expression::Path {
                name: format!("{name}.{key}"),
                at: at.start..end,
                optional: optional || *before,
            });
        }
        let mut parts = vec![value];
        while !self.take("]") {
            if !self.take(":") {
                parts.push(self.expression(0)?);
            }
        }
        Some(if optional { Expression::Literal } else { Expression::Needs(parts) })
    }

    fn ternary(&mut self, yes: Expression) -> Option<Expression> {
        self.next += 1;
        let condition = Box::new(self.expression(0)?);
        if !self.take("else") {
            return None;
        }
        Some(Expression::Ternary { condition, yes: Box::new(yes), no: Box::new(self.expression(0)?) })
    }

    fn filter(&mut self, value: Expression) -> Option<Expression> {
        let name = self.tokens.get(self.next).filter(|token| token.is_name())?.text.clone();
        self.next += 1;
        let arguments = if self.take("(") { self.arguments()? } else { Vec::new() };
        Some(Expression::Filter { name, value: Box::new(value), arguments })
    }

    fn test(&mut self, value: Expression) -> Option<Expression> {
        let negated = self.take("not");
        let name = self.tokens.get(self.next).filter(|token| token.is_name())?.text.clone();
        self.next += 1;
        let arguments = if self.take("(") { self.arguments()? } else { Vec::new() };
        let mut test = Expression::Test { name, value: Box::new(value) };
        if !arguments.is_empty() {
            test = Expression::And(Box::new(test), Box::new(Expression::Call(arguments)));
        }
        Some(if negated { Expression::Not(Box::new(test)) } else { test })
    }

    /// `name=value, …)`: the values.
    fn arguments(&mut self) -> Option<Vec<Expression>> {
        let mut arguments = Vec::new();
        while !self.take(")") {
            self.next += 1;
            if !self.take("=") {
                return None;
            }
            arguments.push(self.expression(0)?);
            if !self.take(",") && self.peek(0) != ")" {
                return None;
            }
        }
        Some(arguments)
    }

    fn list(&mut self) -> Option<Expression> {
        let mut items = Vec::new();
        while !self.take("]") {
            items.push(self.expression(OR)?);
            if !self.take(",") && self.peek(0) != "]" {
                return None;
            }
        }
        Some(Expression::List(items))
    }

    /// What stands in a map isn't looked at.
    fn map(&mut self) -> Option<Expression> {
        let mut open = 1;
        while open > 0 {
            match self.tokens.get(self.next)?.text.as_str() {
                "{" => open += 1,
                "}" => open -= 1,
                _ => {}
            }
            self.next += 1;
        }
        Some(Expression::Literal)
    }
}
