//! `dripline answers`: what people answered.

use crate::cli::Context;
use crate::cli::output;
use crate::cli::values;
use crate::flow::answer;
use crate::flow::answer::LessonReport;
use crate::flow::answer::QuestionReport;
use crate::flow::answer::Report;
use crate::flow::answer::Rows;
use crate::flow::answer::Tally;
use crate::flow::answer::ThenAndNow;
use crate::flow::operate::Scope;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Print what people answered, lesson by lesson
///
/// The output holds health data: keep it as you keep the database.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The course's folder
    #[arg(value_parser = values::course)]
    pub course: String,
    /// Print comma-separated values, one row for each answer
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Print an object
    #[arg(long)]
    pub json: bool,
    /// The safety answers have been looked at: `status` recalls them no more
    #[arg(long)]
    pub seen: bool,
}

/// Exit status 1 when there is no such course.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    let shelved = app.shelf.read().await.get(&args.course).cloned();
    let Some(shelved) = shelved else {
        let unknown = values::unknown(&app, &Scope::Course(args.course)).await;
        eprintln!("{}", unknown.unwrap_or_default());
        return Ok(ExitCode::FAILURE);
    };
    if args.csv {
        let mut rows = Rows::begin(shelved);
        while let Some(piece) = rows.step(&app).await? {
            output::data(piece)?;
        }
    } else {
        let report = answer::report(&app, &shelved).await?;
        output::data(if args.json { format!("{}\n", serde_json::to_string_pretty(&report)?) } else { text(&report) })?;
    }
    if args.seen {
        let seen = answer::seen(&app, &args.course).await?;
        eprintln!("safety answers that `status` recalls no more: {seen}");
    }
    Ok(ExitCode::SUCCESS)
}

fn text(report: &Report) -> String {
    let people = if report.people == 1 { "person has" } else { "people have" };
    let mut text = format!("{}: {} {people} answered\n", report.course, report.people);
    if !report.safety.is_empty() {
        text.push_str("\nsafety answers\n");
    }
    for it in &report.safety {
        let (at, email, answer) = (minute(it.at), &it.email, &it.answer);
        writeln!(text, "  {at}  {email}  {}: {answer} ({}, enrolment {})", it.question, it.lesson, it.enrolment).ok();
    }
    for lesson in &report.lessons {
        writeln!(text, "\n{}", lesson.lesson).ok();
        lesson.questions.iter().for_each(|question| of_question(&mut text, question));
    }
    if !report.then_and_now.is_empty() {
        text.push_str("\nthen and now\n");
    }
    for repeated in &report.then_and_now {
        of_repeated(&mut text, repeated, &report.lessons);
    }
    if report.no_longer_asked > 0 {
        let more = "answers to what is no longer asked; --csv shows them";
        writeln!(text, "\n{} {more}", report.no_longer_asked).ok();
    }
    text
}

fn of_question(text: &mut String, question: &QuestionReport) {
    writeln!(text, "  {}: {} ({} answered)", question.question, question.words, question.count).ok();
    match &question.tally {
        Tally::Options { options } => {
            for it in options {
                writeln!(text, "    {:>5}  {} ({})", it.count, it.label, it.option).ok();
            }
        }
        Tally::Scale { mean: Some(mean), min: Some(min), max: Some(max), distribution } => {
            writeln!(text, "    mean {mean:.1}, from {min} to {max}").ok();
            for (number, count) in distribution {
                writeln!(text, "    {count:>5}  {number}").ok();
            }
        }
        Tally::Scale { .. } => {}
        Tally::Texts { texts } => {
            for said in texts {
                let words = said.text.replace('\n', "\n      ");
                writeln!(text, "    {}  {}\n      {words}", minute(said.at), said.email).ok();
            }
        }
    }
}

/// A column for each lesson. Texts stand with their lessons: side by side nobody could read them.
fn of_repeated(text: &mut String, repeated: &ThenAndNow, lessons: &[LessonReport]) {
    let in_lesson = |lesson: &String| {
        let found = lessons.iter().find(|it| it.lesson == *lesson);
        found.and_then(|it| it.questions.iter().find(|it| it.question == repeated.question))
    };
    let asked: Vec<&QuestionReport> = repeated.lessons.iter().filter_map(in_lesson).collect();
    let widths: Vec<usize> = repeated.lessons.iter().map(|lesson| lesson.chars().count().max(5)).collect();
    let mut line = |name: &str, cells: Vec<String>| {
        write!(text, "  {name:<24}").ok();
        for (cell, width) in cells.iter().zip(&widths) {
            write!(text, "  {cell:>width$}").ok();
        }
        text.push('\n');
    };
    line(&repeated.question, repeated.lessons.clone());
    line("  answered", asked.iter().map(|it| it.count.to_string()).collect());
    let columns: Vec<Vec<(String, String)>> = asked.iter().map(|it| cells(&it.tally)).collect();
    let mut names: Vec<&String> = columns.iter().flatten().map(|(name, _)| name).collect();
    let mut met = BTreeSet::new();
    names.retain(|name| met.insert(*name));
    for name in names {
        let of = |column: &Vec<(String, String)>| {
            let found = column.iter().find(|(known, _)| known == name);
            found.map_or("0".to_string(), |(_, cell)| cell.clone())
        };
        line(&format!("  {name}"), columns.iter().map(of).collect());
    }
    if let Some(moved) = repeated.moved {
        let (people, up, down, same) = (moved.people, moved.up, moved.down, moved.same);
        writeln!(text, "    of {people} who answered more than once: {up} up, {down} down, {same} the same").ok();
    }
}

/// What of a question stands in a line of its own, with its name.
fn cells(tally: &Tally) -> Vec<(String, String)> {
    match tally {
        Tally::Options { options } => options.iter().map(|it| (it.label.clone(), it.count.to_string())).collect(),
        Tally::Scale { mean, .. } => {
            vec![("mean".to_string(), mean.map_or("-".to_string(), |mean| format!("{mean:.1}")))]
        }
        Tally::Texts { .. } => Vec::new(),
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn a_course_is_named_and_printed_in_one_form() {
        let check = |line: &str, expect: bool| assert_eq!(parse::<Args>(line).is_ok(), expect, "{line}");
        check("four-stages", true);
        check("four-stages --csv", true);
        check("four-stages --json --seen", true);
        check("four-stages --csv --json", false);
        check("", false);
        check("../x", false);
    }
}
