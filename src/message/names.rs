//! Checks every name that a lesson's tags use against the names that exist, also in branches that no sample person
//! reaches. Reads tags as tokens; knows no values.

use crate::course::Ask;
use crate::course::Course;
use crate::course::Lesson;
use crate::keys::nearest;
use crate::message::tags::Tag;
use crate::message::tags::TagKind;
use crate::problem::Problem;
use crate::problem::Source;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Names that exist where a tag stands: paths like `subscriber.first_name`, and those that tags `set` themselves.
pub struct Names {
    paths: BTreeSet<String>,
    /// Questions of this lesson, which `ask()` may place.
    asks: BTreeSet<String>,
    own: BTreeSet<String>,
    answers_allowed: bool,
    /// course.toml has a crisis text, which `crisis()` may place.
    has_crisis: bool,
}

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

const LINKS: [&str; 8] = ["pause", "slower", "faster", "again", "next_now", "my_course", "leave", "web_view"];

impl Names {
    /// What the body of `lesson` may use.
    pub fn of_body(course: &Course, lesson: &Lesson) -> Names {
        let known = [
            "subscriber.first_name",
            "subscriber.language",
            "course.id",
            "course.title",
            "course.summary",
            "course.language",
            "lesson.id",
            "lesson.subject",
            "lesson.preview",
            "lesson.content_note",
            "progress.number",
            "progress.of",
        ];
        let mut paths: BTreeSet<String> = known.iter().map(ToString::to_string).collect();
        paths.extend(LINKS.iter().map(|link| format!("links.{link}")));
        paths.extend(course.fields.keys().map(|field| format!("subscriber.fields.{field}")));
        let asked = course.lessons.values().flat_map(|lesson| &lesson.asks);
        paths.extend(asked.chain(&lesson.asks).map(|ask| format!("answers.{}", ask.id)));
        let asks = lesson.asks.iter().map(|ask: &Ask| ask.id.clone()).collect();
        Names { paths, asks, own: BTreeSet::new(), answers_allowed: true, has_crisis: course.crisis.is_some() }
    }

    /// What the subject and the preview may use: no answers (health data), no links, nothing of themselves.
    pub fn of_header(course: &Course, lesson: &Lesson) -> Names {
        let mut names = Names::of_body(course, lesson);
        names.paths.retain(|path| !["answers.", "links.", "lesson."].iter().any(|root| path.starts_with(root)));
        names.paths.insert("lesson.id".to_string());
        names.asks.clear();
        names.answers_allowed = false;
        names
    }

    /// Reports every name in `tags` that doesn't exist, and says which questions they place.
    pub fn check(&mut self, tags: &[Tag], source: &Arc<Source>, problems: &mut Vec<Problem>) -> BTreeSet<String> {
        for tag in tags {
            self.own.extend(defined_by(&tokens(&tag.text)));
        }
        let mut placed = BTreeSet::new();
        for tag in tags {
            let tokens = tokens(&tag.text);
            for path in paths(&tokens) {
                self.check_path(tag, &path, source, problems);
            }
            check_safe(tag, &tokens, source, problems);
            self.check_crisis(tag, &tokens, source, problems);
            placed.extend(self.check_ask(tag, &tokens, source, problems));
        }
        placed
    }

    fn check_path(&self, tag: &Tag, path: &Path, source: &Arc<Source>, problems: &mut Vec<Problem>) {
        let root = path.names.first().map_or("", String::as_str);
        if self.own.contains(root) {
            return;
        }
        let full = path.names.join(".");
        if self.is_group(&full) && tag.kind == TagKind::Value && !tag.text.contains(['|', '[', '(']) {
            let message = format!("`{full}` holds several values");
            let help = format!("print one of them: {}", self.below(&full).collect::<Vec<_>>().join(", "));
            problems.push(Problem::error(source, place(tag, &path.range), message, help));
            return;
        }
        let within = |known: &String| *known == full || known.starts_with(&format!("{full}."));
        // A method of a value, `subscriber.first_name.x`, is Tera's to refuse.
        if self.paths.iter().any(within) || self.paths.iter().any(|known| full.starts_with(&format!("{known}."))) {
            return;
        }
        // An object may be empty here: a course without fields, or without questions.
        if matches!(full.as_str(), "subscriber.fields" | "answers") && self.answers_allowed {
            return;
        }
        let span = place(tag, &path.range);
        if root == "answers" && !self.answers_allowed {
            let help = "answers are private, and a subject is seen by everyone on the way";
            problems.push(Problem::error(source, span, "an answer can't stand in a subject or preview", help));
            return;
        }
        let help = match nearest(&full, self.paths.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", self.paths.iter().cloned().collect::<Vec<_>>().join(", ")),
        };
        problems.push(Problem::error(source, span, format!("unknown name `{full}`"), help));
    }

    fn is_group(&self, path: &str) -> bool {
        self.below(path).next().is_some()
    }

    fn below<'n>(&'n self, path: &str) -> impl Iterator<Item = &'n str> + use<'n> {
        let prefix = format!("{path}.");
        self.paths.iter().map(String::as_str).filter(move |known| known.starts_with(&prefix))
    }

    /// A place for a text that isn't written would stay empty in the mail.
    fn check_crisis(&self, tag: &Tag, tokens: &[Token], source: &Arc<Source>, problems: &mut Vec<Problem>) {
        let call = tokens.windows(2).find(|pair| pair[0].is("crisis") && pair[1].is("("));
        if let Some(call) = call.filter(|_| !self.has_crisis) {
            let help = "write crisis = \"…\" in course.toml: where to turn in an emergency";
            let message = "this course has no crisis text";
            problems.push(Problem::error(source, place(tag, &call[0].range), message, help));
        }
    }

    fn check_ask(
        &self,
        tag: &Tag,
        tokens: &[Token],
        source: &Arc<Source>,
        problems: &mut Vec<Problem>,
    ) -> Option<String> {
        let call = tokens.windows(2).position(|pair| pair[0].is("ask") && pair[1].is("("))?;
        let rest = &tokens[call..];
        let id = match rest.get(2..6) {
            Some([name, equals, id, close]) if name.is("id") && equals.is("=") && close.is(")") => id.quoted(),
            _ => None,
        };
        let span = place(tag, &tokens[call].range);
        match id {
            Some(id) if self.asks.contains(id) => return Some(id.to_string()),
            Some(id) => {
                let help = format!("add an [[ask]] with id = \"{id}\" to this lesson, or correct the id");
                problems.push(Problem::error(source, span, format!("this lesson has no question `{id}`"), help));
            }
            None => {
                let help = "write {{ ask(id=\"…\") }} with the id of a question of this lesson";
                problems.push(Problem::error(source, span, "`ask` needs the id of a question, in quotes", help));
            }
        }
        None
    }
}

/// Only what is escaped can't become a link or a tag.
fn check_safe(tag: &Tag, tokens: &[Token], source: &Arc<Source>, problems: &mut Vec<Problem>) {
    let safe = tokens.windows(2).find(|pair| (pair[0].is("|") || pair[0].is("filter")) && pair[1].is("safe"));
    if let Some(pair) = safe {
        let help = "remove it, and write HTML or Markdown in the lesson itself";
        let message = "`safe` would let what a person typed pass as HTML";
        problems.push(Problem::error(source, place(tag, &pair[1].range), message, help));
    }
}

/// Where a part of a tag stands in the source.
fn place(tag: &Tag, range: &Range<usize>) -> Range<usize> {
    tag.span.start + range.start..tag.span.start + range.end
}

#[derive(Debug)]
struct Token {
    text: String,
    range: Range<usize>,
}

impl Token {
    fn is(&self, text: &str) -> bool {
        self.text == text
    }

    fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }

    fn quoted(&self) -> Option<&str> {
        self.text.strip_prefix('"')?.strip_suffix('"')
    }
}

struct Path {
    names: Vec<String>,
    range: Range<usize>,
}

/// Names, numbers and quoted texts whole; everything else by character. Quotes of every kind become `"`.
fn tokens(tag: &str) -> Vec<Token> {
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
fn defined_by(tokens: &[Token]) -> Vec<String> {
    let start = tokens.iter().position(|token| token.is("for") || token.is("set"));
    let is_statement = tokens.get(1).is_some_and(|token| token.is("%"));
    let Some(start) = start.filter(|_| is_statement) else { return Vec::new() };
    let names = tokens[start + 1..].iter().take_while(|token| !token.is("in") && !token.is("=") && !token.is("|"));
    names.filter(|token| token.is_name()).map(|token| token.text.clone()).collect()
}

/// The variables that a tag reads: not filters, tests, functions, arguments' names or words of the language.
fn paths(tokens: &[Token]) -> Vec<Path> {
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
