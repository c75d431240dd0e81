//! Reads a tag as tokens, and which of them are names of values. Knows no name that exists.

use std::ops::Range;

const WORDS: [&str; 22] = [
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "in",
    "and",
    "or",
    "not",
    "is",
    "set",
    "endset",
    "filter",
    "endfilter",
    "break",
    "continue",
    "true",
    "false",
    "none",
    "null",
    "loop",
];

#[derive(Debug)]
pub struct Token {
    pub text: String,
    /// Within the tag, in bytes.
    pub range: Range<usize>,
}

impl Token {
    pub fn is(&self, text: &str) -> bool {
        self.text == text
    }

    pub fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }

    pub fn quoted(&self) -> Option<&str> {
        self.text.strip_prefix('"')?.strip_suffix('"')
    }
}

/// A name with its attributes: `subscriber.first_name`.
pub struct Path {
    pub names: Vec<String>,
    /// Within the tag, in bytes.
    pub range: Range<usize>,
}

/// Names, numbers and quoted texts whole; everything else by character. Quotes of every kind become `"`.
pub fn tokens(tag: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = tag.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let mut text = c.to_string();
        if matches!(c, '"' | '\'' | '`') {
            text = "\"".to_string();
            for (_, next) in chars.by_ref().take_while(|(_, next)| *next != c) {
                text.push(next);
            }
            text.push('"');
        } else if c.is_alphanumeric() || c == '_' {
            while let Some((_, next)) = chars.next_if(|(_, next)| next.is_alphanumeric() || *next == '_') {
                text.push(next);
            }
        } else if c.is_whitespace() {
            continue;
        }
        let end = chars.peek().map_or(tag.len(), |(n, _)| *n);
        tokens.push(Token { text, range: start..end });
    }
    tokens
}

/// Names that a `for` or a `set` makes.
pub fn defined_by(tokens: &[Token]) -> Vec<String> {
    let start = tokens.iter().position(|token| token.is("for") || token.is("set"));
    let is_statement = tokens.get(1).is_some_and(|token| token.is("%"));
    let Some(start) = start.filter(|_| is_statement) else { return Vec::new() };
    let names = tokens[start + 1..].iter().take_while(|token| !token.is("in") && !token.is("=") && !token.is("|"));
    names.filter(|token| token.is_name()).map(|token| token.text.clone()).collect()
}

/// The variables that a tag reads: not filters, tests, functions, arguments' names or words of the language.
pub fn paths(tokens: &[Token]) -> Vec<Path> {
    let mut paths: Vec<Path> = Vec::new();
    let mut filter_statement = false;
    for (n, token) in tokens.iter().enumerate() {
        let before = |back: usize| n.checked_sub(back).and_then(|at| tokens.get(at));
        let follows = |text: &str| before(1).is_some_and(|token| token.is(text));
        filter_statement = filter_statement || token.is("filter");
        if !token.is_name() || WORDS.contains(&token.text.as_str()) || filter_statement {
            continue;
        }
        let attribute = follows(".");
        let test = follows("is") || follows("not") && before(2).is_some_and(|token| token.is("is"));
        let next = |ahead: usize| tokens.get(n + ahead);
        let called = next(1).is_some_and(|token| token.is("("));
        let argument = next(1).is_some_and(|token| token.is("=")) && !next(2).is_some_and(|token| token.is("="));
        if attribute {
            // `loop.index` has a word of the language before it, `x[0].y` a bracket: neither began a path.
            let gap = if before(2).is_some_and(|token| token.is("?")) { 3 } else { 2 };
            let joins = |path: &Path| before(gap).is_some_and(|owner| owner.range.end == path.range.end);
            if let Some(path) = paths.last_mut().filter(|path| joins(path)) {
                path.names.push(token.text.clone());
                path.range.end = token.range.end;
            }
        } else if !follows("|") && !test && !called && !argument {
            paths.push(Path { names: vec![token.text.clone()], range: token.range.clone() });
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_a_tag_are_told_from_everything_else_in_it() {
        let check = |tag: &str, expect: &[&str]| {
            let found: Vec<String> = paths(&tokens(tag)).into_iter().map(|path| path.names.join(".")).collect();
            assert_eq!(found, expect, "{tag}");
        };
        check("{{ subscriber.first_name or \"my friend\" }}", &["subscriber.first_name"]);
        check("{{ subscriber?.fields?.x | default(value=answers.a) | upper }}", &["subscriber.fields.x", "answers.a"]);
        check("{% if answers.a in [\"b.c\", 'd'] and not answers.e is defined %}", &["answers.a", "answers.e"]);
        check("{% if a is not containing(pat=\"x\") %}", &["a"]);
        check("{% for k, v in answers %}", &["k", "v", "answers"]);
        check("{{ ask(id=\"region\") }}", &[]);
        check("{{ loop.index }}", &[]);
        check("{% filter upper %}", &[]);
        check("{{ a == b }}", &["a", "b"]);
    }
}
