//! `dripline report`: where the people of a course stand, and who got which issue.

use crate::cli::Context;
use crate::cli::output;
use crate::cli::values;
use crate::cli::values::LessonName;
use crate::cli::values::Scope;
use crate::flow::report;
use crate::flow::report::Farewell;
use crate::flow::report::IssueLine;
use crate::flow::report::LessonLine;
use crate::flow::report::Lines;
use crate::flow::report::Names;
use crate::flow::report::Report;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Print where the people of a course stand, lesson by lesson, or who got which issue of a newsletter
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A course or newsletter, or one lesson or issue of it
    #[arg(value_name = "COURSE[/LESSON]")]
    pub scope: Scope,
    /// List who got an issue and who didn't, with the reason; and who said why they left
    #[arg(long)]
    pub names: bool,
    /// Print an object
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print comma-separated values
    #[arg(long)]
    pub csv: bool,
}

/// Exit status 1 when there is no such course or lesson.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    if let Some(missing) = values::unknown(&app, &values::scope(Some(args.scope.clone()))).await {
        eprintln!("{missing}");
        return Ok(ExitCode::FAILURE);
    }
    let (course, only) = match &args.scope {
        Scope::Course(course) => (course, None),
        Scope::Lesson(LessonName { course, lesson }) => (course, Some(lesson.as_str())),
    };
    let names = if args.names { Names::Listed } else { Names::Counted };
    let Some(report) = report::report(&app, course, only, names).await? else {
        eprintln!("there is no course {course} any more");
        return Ok(ExitCode::FAILURE);
    };
    output::data(if args.json {
        format!("{}\n", serde_json::to_string_pretty(&report)?).into_bytes()
    } else if args.csv {
        report::csv(&report)?
    } else {
        text(&report).into_bytes()
    })?;
    Ok(ExitCode::SUCCESS)
}

fn text(report: &Report) -> String {
    let people = report.people.iter().map(|(name, count)| (*name, *count));
    let mut text = format!("{}: {}\n", report.course, counted(people));
    match &report.lines {
        Lines::Lessons(lines) => {
            if report.left_at_the_start > 0 {
                writeln!(text, "left before the first lesson: {}", report.left_at_the_start).ok();
            }
            text += &table(lines);
        }
        Lines::Issues(lines) => lines.iter().for_each(|line| text += &issue(line)),
    }
    text + &farewells(&report.farewells)
}

fn farewells(farewells: &[Farewell]) -> String {
    let mut text = String::new();
    if !farewells.is_empty() {
        text.push_str("\nwhy people left\n");
    }
    for it in farewells {
        let name = it.address.as_ref().map(|address| format!(" {address}")).unwrap_or_default();
        let reason = it.reason.lines().collect::<Vec<_>>().join("\n        ");
        writeln!(text, "    {}{name}: {reason}", it.at.strftime("%Y-%m-%d")).ok();
    }
    text
}

/// Numbers above nothing with their names.
fn counted<'a>(counts: impl Iterator<Item = (&'a str, i64)>) -> String {
    let shown: Vec<String> = counts
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {}", name.replace('_', " ")))
        .collect();
    if shown.is_empty() { "nobody".to_string() } else { shown.join(", ") }
}

fn table(lines: &[LessonLine]) -> String {
    let longest = lines.iter().map(|line| line.lesson.chars().count()).max().unwrap_or(0);
    let width = longest.max("lesson".len());
    let mut text =
        format!("\n{:width$} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "lesson", "got", "next", "paused", "held", "left");
    for line in lines {
        let next = line.waiting + line.in_flight + line.awaiting;
        let LessonLine { lesson, got, paused, held, left, .. } = line;
        writeln!(text, "{lesson:width$} {got:>8} {next:>8} {paused:>8} {held:>8} {left:>8}").ok();
    }
    text
}

fn issue(line: &IssueLine) -> String {
    let moment = line.moment.map(|moment| format!(" of {}", moment.strftime("%Y-%m-%d %H:%M"))).unwrap_or_default();
    let fate = match line.fate {
        "upcoming" if line.moment.is_none() => "planned, at a moment of the cron line",
        "upcoming" => "planned",
        "draft" => "a draft, which nobody gets until it stands in `lessons`",
        "archive" => "only for the archive, sent to nobody",
        fate => fate,
    };
    let mut text = format!("\n{}{moment}: {fate}", line.issue);
    if let Some(fixed) = line.fixed {
        let fixed = fixed.strftime("%Y-%m-%d %H:%M UTC");
        write!(text, ", recipients fixed {fixed}\n    {}", counted(line.counts.in_order().into_iter())).ok();
    }
    text.push('\n');
    for name in line.names.iter().flatten() {
        let why = if name.why.is_empty() { String::new() } else { format!(": {}", name.why) };
        writeln!(text, "    {} {}{why}", name.address, name.outcome.replace('_', " ")).ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;
    use crate::flow::report::IssueCounts;
    use crate::flow::report::Name;

    #[test]
    fn a_course_is_needed_and_one_format() {
        assert!(parse::<Args>("notes/one --names --csv").is_ok_and(|args| args.names && args.csv));
        assert!(parse::<Args>("").is_err());
        assert!(parse::<Args>("calm --csv --json").is_err());
    }

    #[test]
    fn a_report_is_a_line_a_lesson_or_a_paragraph_an_issue() {
        let people = [("active", 3), ("left", 1), ("paused", 0)].into();
        let line = LessonLine { lesson: "one".to_string(), got: 3, waiting: 1, in_flight: 1, ..LessonLine::default() };
        let lines = Lines::Lessons(vec![line]);
        let farewell = |reason: &str, address: Option<&str>| Farewell {
            at: jiff::Timestamp::UNIX_EPOCH,
            reason: reason.to_string(),
            address: address.map(String::from),
        };
        let farewells = vec![farewell("too much\nfor now", None), farewell("moved", Some("a@example.org"))];
        let report = Report { course: "calm".to_string(), people, left_at_the_start: 1, farewells, lines };
        assert_eq!(
            text(&report),
            "calm: 3 active, 1 left\nleft before the first lesson: 1\n\n\
             lesson      got     next   paused     held     left\n\
             one           3        2        0        0        0\n\n\
             why people left\n    1970-01-01: too much\n        for now\n    1970-01-01 a@example.org: moved\n"
        );
        let names =
            vec![Name { address: "a@example.org".to_string(), outcome: "no recipient", why: "left".to_string() }];
        let line = IssueLine {
            issue: "one".to_string(),
            fate: "sent",
            moment: Some(jiff::civil::date(2026, 3, 5).at(9, 0, 0, 0)),
            fixed: Some(jiff::Timestamp::UNIX_EPOCH),
            counts: IssueCounts { got: 2, on_the_way: 1, ..IssueCounts::default() },
            names: Some(names),
        };
        let told =
            |fate: &'static str, moment| issue(&IssueLine { fate, moment, fixed: None, names: None, ..line.clone() });
        assert_eq!(told("upcoming", line.moment), "\none of 2026-03-05 09:00: planned\n");
        assert_eq!(told("upcoming", None), "\none: planned, at a moment of the cron line\n");
        assert_eq!(told("draft", None), "\none: a draft, which nobody gets until it stands in `lessons`\n");
        assert_eq!(
            issue(&line),
            "\none of 2026-03-05 09:00: sent, recipients fixed 1970-01-01 00:00 UTC\n    2 got, 1 on the way\n    \
             a@example.org no recipient: left\n"
        );
    }
}
