//! A file of the coach with its line numbers, and what is wrong under the line where it stands. Finds nothing itself.

use crate::problem::Problem;
use crate::problem::Severity;
use serde_json::Value;
use serde_json::json;

/// The lines of a file; `problems` are those of all files, of which this one's are taken.
pub fn lines(file: &str, text: &str, problems: &[Problem]) -> Vec<Value> {
    let own: Vec<(usize, &Problem)> =
        problems.iter().filter(|it| it.file() == file).map(|it| (it.position().0, it)).collect();
    let count = text.lines().count().max(1);
    let texts = text.lines().chain(std::iter::repeat(""));
    let lines = texts.take(count).enumerate().map(|(at, text)| {
        // What stands behind the last line is told at it.
        let here = own.iter().filter(|(line, _)| (*line).min(count) == at + 1);
        json!({ "number": at + 1, "text": text, "problems": here.map(|(_, it)| problem(it)).collect::<Vec<_>>() })
    });
    lines.collect()
}

/// A problem as pages show it.
pub fn problem(problem: &Problem) -> Value {
    let (line, column) = problem.position();
    json!({
        "file": problem.file(), "line": line, "column": column, "message": problem.message, "help": problem.help,
        "error": problem.severity == Severity::Error, "has_place": !problem.source.text.is_empty(),
    })
}

/// How many errors and warnings these are.
pub fn count<'p>(problems: impl IntoIterator<Item = &'p Problem>) -> Value {
    let (mut errors, mut warnings) = (0, 0);
    for problem in problems {
        match problem.severity {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
        }
    }
    json!({ "errors": errors, "warnings": warnings })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source;

    #[test]
    fn a_problem_stands_under_its_line_and_none_is_lost_behind_the_end() {
        let source = Source::new("a.md", "one\ntwo\n");
        let at = |place: usize| Problem::error(&source, place..place, format!("at {place}"), "mend it");
        let elsewhere = Problem::warning(&Source::new("b.md", "x"), 0..0, "elsewhere", "mend it");
        let shown = lines("a.md", &source.text, &[at(5), at(8), elsewhere]);
        let told: Vec<(u64, usize)> = shown
            .iter()
            .map(|line| (line["number"].as_u64().unwrap_or(0), line["problems"].as_array().map_or(0, Vec::len)))
            .collect();
        assert_eq!(told, [(1, 0), (2, 2)]);
    }
}
