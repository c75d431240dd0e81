//! Broken content folders: a sound site, one thing in it changed, and what `check` then says, word by word. What it lets
//! pass must go out: every mail of it is made for all sorts of people.

mod case;
mod links;
mod mutants;
mod outgoing;

use crate::broken::case::Case;
use crate::broken::case::cases;
use dripline::cli::Context;
use dripline::cli::check::look;
use dripline::problem::Problem;
use dripline::problem::any_error;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// What `check` says of a site.
fn problems(site: &Path) -> Vec<Problem> {
    let context = Context { config: site.join("dripline.toml"), environment: Vec::new() };
    let (problems, _) = look(&context);
    let relative = |problem: &Problem| {
        let name = problem.file().strip_prefix(&format!("{}/", site.display())).unwrap_or(problem.file()).to_string();
        let source = dripline::problem::Source::new(name, problem.source.text.clone());
        Problem { source, ..problem.clone() }
    };
    let mut problems = problems.iter().map(relative).collect();
    dripline::problem::sort(&mut problems);
    problems
}

/// `file:line:column: severity: message | help` of each.
fn said(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| format!("{problem} | {}", problem.help)).collect()
}

/// Whether a problem is the expected one: its line begins so, and the help holds what stands behind the bar.
fn fits(said: &str, expected: &str) -> bool {
    let (line, help) = said.split_once(" | ").unwrap_or((said, ""));
    let (expected_line, expected_help) = expected.split_once(" | ").unwrap_or((expected, ""));
    line.starts_with(expected_line) && help.contains(expected_help)
}

/// What is wrong with the outcome of a case, if anything.
fn judge(case: &Case) -> Option<String> {
    let site = case.site();
    let problems = problems(site.path());
    let said = said(&problems);
    let all = said.len() == case.says.len() && said.iter().zip(&case.says).all(|(said, it)| fits(said, it));
    if !all {
        return Some(format!("{}\n  said:     {said:#?}\n  expected: {:#?}", case.name, case.says));
    }
    let helpless = problems.iter().find(|problem| problem.help.trim().is_empty());
    if let Some(problem) = helpless {
        return Some(format!("{}\n  no next step: {problem}", case.name));
    }
    if any_error(&problems) { None } else { outgoing::failure(site.path()).map(|it| format!("{}\n  {it}", case.name)) }
}

#[test]
fn each_broken_folder_is_told_with_file_line_and_next_step() {
    let cases = cases();
    assert!(cases.len() >= 120, "{} cases", cases.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            wrong.extend(judge(case));
        }
        wrong
    };
    let wrong = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut wrong = work();
        wrong.extend(other.join().unwrap());
        wrong
    });
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn the_site_that_is_broken_is_sound_and_goes_out() {
    let site = Case::sound();
    assert_eq!(said(&problems(site.path())), Vec::<String>::new());
    assert_eq!(outgoing::failure(site.path()), None);
}
