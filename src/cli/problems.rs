//! How a list of problems is shown: drawn into their files on a terminal, one line each elsewhere, or as JSON. Finds none.

use crate::problem::Problem;
use crate::problem::Severity;
use miette::Diagnostic;
use miette::GraphicalReportHandler;
use miette::GraphicalTheme;
use miette::LabeledSpan;
use miette::NamedSource;
use serde_json::Value;
use serde_json::json;
use std::fmt;
use std::io::IsTerminal;

/// How text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Each problem drawn into the lines it stands in, in colour unless NO_COLOR is set.
    Drawn,
    /// `file:line:column: error: message`, and the next step below.
    Plain,
}

/// What suits this stream.
pub fn look(stream: &impl IsTerminal) -> Look {
    if stream.is_terminal() { Look::Drawn } else { Look::Plain }
}

/// All of them; empty when there is none.
pub fn text(problems: &[Problem], look: Look) -> String {
    problems.iter().map(|problem| one(problem, look)).collect()
}

/// `{file, line, column, severity, message, help}` of each.
pub fn json(problems: &[Problem]) -> Value {
    problems.iter().map(object).collect()
}

/// One line each, as GitHub's workflows read them: it shows them beside the changed lines.
pub fn github(problems: &[Problem]) -> String {
    // Of a property, and of the message behind it.
    let message = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| message(text).replace(':', "%3A").replace(',', "%2C");
    let line = |problem: &Problem| {
        let (line, column) = problem.position();
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let said = message(&format!("{}; {}", problem.message, problem.help));
        format!("::{severity} file={},line={line},col={column}::{said}\n", property(problem.file()))
    };
    problems.iter().map(line).collect()
}

/// `2 errors, 1 warning`, or `no problems`.
pub fn summary(problems: &[Problem]) -> String {
    let count = |severity: Severity, word: &str| {
        let count = problems.iter().filter(|problem| problem.severity == severity).count();
        (count > 0).then(|| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
    };
    let counts = [count(Severity::Error, "error"), count(Severity::Warning, "warning")];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    if counts.is_empty() { "no problems".to_string() } else { counts.join(", ") }
}

fn one(problem: &Problem, look: Look) -> String {
    match look {
        Look::Plain => format!("{problem}\n  help: {}\n", problem.help),
        Look::Drawn => drawn(problem, GraphicalTheme::default()),
    }
}

fn drawn(problem: &Problem, theme: GraphicalTheme) -> String {
    let source = NamedSource::new(problem.file(), problem.source.text.clone());
    let mut text = String::new();
    let shown = GraphicalReportHandler::new_themed(theme).render_report(&mut text, &Shown { problem, source });
    match shown {
        Ok(()) => text,
        Err(fmt::Error) => one(problem, Look::Plain),
    }
}

fn object(problem: &Problem) -> Value {
    let (line, column) = problem.position();
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "file": problem.file(),
        "line": line,
        "column": column,
        "severity": severity,
        "message": problem.message,
        "help": problem.help,
    })
}

/// A problem as miette draws it.
#[derive(Debug)]
struct Shown<'p> {
    problem: &'p Problem,
    source: NamedSource<String>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.problem.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.problem.help))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let length = self.problem.source.text.len();
        let span = self.problem.span.start.min(length)..self.problem.span.end.min(length);
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, span))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source;

    fn problem() -> Problem {
        let source = Source::new("dripline.toml", "[site]\nurl = \"é\" # x\n");
        Problem::error(&source, 13..17, "`site.url` is wrong", "write another")
    }

    #[test]
    fn elsewhere_than_on_a_terminal_a_problem_is_a_line_and_its_next_step() {
        let shown = text(&[problem()], Look::Plain);
        assert_eq!(shown, "dripline.toml:2:7: error: `site.url` is wrong\n  help: write another\n");
    }

    #[test]
    fn on_a_terminal_a_problem_is_drawn_into_its_line() {
        let shown = drawn(&problem(), GraphicalTheme::unicode_nocolor());
        for part in ["`site.url` is wrong", "dripline.toml:2:7", "url = \"é\" # x", "───", "help: write another"]
        {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }

    #[test]
    fn a_problem_of_no_place_is_drawn_too() {
        let nowhere = Problem::warning(&Source::new("dripline.toml", ""), 0..0, "no file", "write one");
        let shown = drawn(&nowhere, GraphicalTheme::unicode_nocolor());
        assert!(shown.contains("no file") && shown.contains("write one"), "{shown}");
    }

    #[test]
    fn github_gets_a_line_whose_own_signs_are_written_otherwise() {
        let problem = Problem { message: "50% of\nit: gone".to_string(), ..problem() };
        let expect = "::error file=dripline.toml,line=2,col=7::50%25 of%0Ait: gone; write another\n";
        assert_eq!(github(&[problem]), expect);
    }

    #[test]
    fn the_summary_counts_errors_and_warnings() {
        let warning = Problem { severity: Severity::Warning, ..problem() };
        let check = |problems: &[Problem], expect: &str| assert_eq!(summary(problems), expect);
        check(&[], "no problems");
        check(&[problem()], "1 error");
        check(&[problem(), problem(), warning], "2 errors, 1 warning");
    }
}
