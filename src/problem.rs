//! A problem in a file that a person wrote: where it stands, what is wrong and the next step. Knows no file format.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How bad a problem is. Warnings don't make `check` fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// A file as it was read: its name as shown to people, and its text.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub text: String,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Source> {
        Arc::new(Source { name: name.into(), text: text.into() })
    }
}

/// One problem. `span` is in bytes of `source.text`; an empty span points at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub source: Arc<Source>,
    pub span: Range<usize>,
    pub severity: Severity,
    pub message: String,
    pub help: String,
}

impl Problem {
    pub fn error(
        source: &Arc<Source>,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Problem {
        let source = Arc::clone(source);
        Problem { source, span, severity: Severity::Error, message: message.into(), help: help.into() }
    }

    pub fn warning(
        source: &Arc<Source>,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(source, span, message, help) }
    }

    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// Line and column of the span's start, both counted from 1, the column in characters.
    pub fn position(&self) -> (usize, usize) {
        let text = &self.source.text;
        let mut start = self.span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        (line, column)
    }
}

/// `file:line:column: error: message`, as in a log line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.position();
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}:{line}:{column}: {severity}: {}", self.file(), self.message)
    }
}

/// Whether any of these problems keeps the files from being used.
pub fn any_error(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}

/// Sorts by file, then by place, and drops exact repeats, so that two runs print the same list.
pub fn sort(problems: &mut Vec<Problem>) {
    problems.sort_by(|a, b| {
        (a.file(), a.span.start, a.severity, &a.message).cmp(&(b.file(), b.span.start, b.severity, &b.message))
    });
    problems.dedup();
}
