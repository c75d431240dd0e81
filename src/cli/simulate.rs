//! `dripline simulate`: the exact plan that a person would get.

use crate::cli::Context;
use crate::cli::output;
use crate::cli::problems;
use crate::cli::values;
use crate::clock::Clock;
use crate::course::Course;
use crate::course::Late;
use crate::course::Loaded;
use crate::flow::read_courses;
use crate::flow::simulate;
use crate::flow::simulate::Reader;
use crate::problem::any_error;
use crate::timing;
use crate::timing::DateRange;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Print the plan that a person would get: each lesson, its moment and the rule that set it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The course's folder
    #[arg(value_parser = values::course)]
    pub course: String,
    /// The local moment of confirmation, like 2026-03-27T22:15 [default: now]
    #[arg(long, value_name = "MOMENT")]
    pub signup: Option<DateTime>,
    /// The person's IANA time zone [default: the site's]
    #[arg(long, value_parser = timing::zone)]
    pub zone: Option<TimeZone>,
    /// An answer to a question, like region=neck; may be repeated
    #[arg(long = "answer", value_name = "QUESTION=OPTION", value_parser = values::pair)]
    pub answers: Vec<(String, String)>,
    /// The person's pace: waits are multiplied by it
    #[arg(long, value_parser = values::pace)]
    pub pace: Option<f64>,
    /// Local dates without lessons, both inclusive, like 2026-04-01..2026-04-08
    #[arg(long, value_name = "FIRST..LAST")]
    pub pause: Option<DateRange>,
    /// Print an array of {lesson, local, utc, why}
    #[arg(long)]
    pub json: bool,
}

/// One line of the plan.
#[derive(Debug, Serialize)]
struct Line {
    lesson: String,
    local: DateTime,
    utc: Timestamp,
    why: String,
}

/// The plan comes from the files on disk. Exit status 1 when they have errors.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let config = context.config()?;
    let zone = args.zone.unwrap_or_else(|| config.site.time_zone.clone());
    let Some(course) = course(&config.courses, &args.course)? else { return Ok(ExitCode::FAILURE) };
    let reader = Reader {
        signup: args.signup.unwrap_or_else(|| Clock::system().now().reader.to_zoned(zone.clone()).datetime()),
        person: timing::Person { zone, hour: None, weekdays: None, pace: args.pace.unwrap_or(1.0) },
        language: course.language.clone(),
        answers: args.answers.into_iter().collect::<BTreeMap<_, _>>(),
        pauses: args.pause.into_iter().collect(),
    };
    if let Some(unknown) = simulate::unknown_answer(&course, &reader) {
        eprintln!("{unknown}");
        return Ok(ExitCode::FAILURE);
    }
    if !course.drafts.is_empty() {
        eprintln!("drafts, which nobody gets: {}", course.drafts.join(", "));
    }
    let closed = course.schedule.starts.filter(|_| course.schedule.late == Late::Closed);
    if let Some(starts) = closed.filter(|starts| reader.signup.date() >= *starts) {
        eprintln!("nobody can join then: the course begins on {starts}, and late = \"closed\"");
    }
    let plan = simulate::simulate(&course, &reader);
    if plan.is_empty() {
        eprintln!("nothing is to come");
    }
    let lines: Vec<Line> =
        plan.into_iter().map(|it| Line { lesson: it.lesson, local: it.local, utc: it.utc, why: it.why }).collect();
    if args.json {
        output::data(format!("{}\n", serde_json::to_string_pretty(&lines)?))?;
    } else {
        let width = lines.iter().map(|line| line.lesson.len()).max().unwrap_or(0);
        for line in &lines {
            let local = line.local.strftime("%a %Y-%m-%d %H:%M");
            output::data(format!("{local}  {:width$}  {}\n", line.lesson, line.why))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The course from disk; `None` when its problems were told instead.
fn course(folder: &std::path::Path, id: &str) -> anyhow::Result<Option<Course>> {
    let prefix = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let shelf = read_courses::read_courses(folder, &prefix)?;
    let known: Vec<&str> = shelf.iter().map(|one| one.id.as_str()).collect();
    let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
    let Some(Loaded { course, problems, .. }) = shelf.into_iter().find(|one| one.id == id) else {
        anyhow::bail!("there is no course {id}; there are: {known}");
    };
    if any_error(&problems) {
        eprint!("{}", problems::text(&problems, problems::look(&std::io::stderr())));
    }
    Ok(course)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::cli::tests::parse;
    use jiff::civil::date;

    #[test]
    fn everything_about_the_person_can_be_said() {
        let line = "four-stages --signup 2026-03-27T22:15 --zone Europe/Berlin --answer region=neck --answer mood=good \
                    --pace 1.5 --pause 2026-04-01..2026-04-08 --json";
        let args: Args = parse(line).unwrap();
        assert_eq!(args.course, "four-stages");
        assert_eq!(args.signup, Some(date(2026, 3, 27).at(22, 15, 0, 0)));
        assert_eq!(args.zone.as_ref().and_then(TimeZone::iana_name), Some("Europe/Berlin"));
        let answers = [("region", "neck"), ("mood", "good")].map(|(q, o)| (q.to_string(), o.to_string()));
        assert_eq!(args.answers, answers);
        assert_eq!(args.pace, Some(1.5));
        assert_eq!(args.pause, Some(DateRange { first: date(2026, 4, 1), last: date(2026, 4, 8) }));
        assert!(args.json);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let check = |line: &str| assert!(parse::<Args>(line).is_err(), "{line}");
        check("");
        check("../four-stages");
        check("c --signup yesterday");
        check("c --signup 2026-02-30T10:00");
        check("c --signup 2026-03-27T22:15Z");
        check("c --zone Europe/Berln");
        check("c --answer region");
        check("c --pace 0");
        check("c --pause 2026-04-08..2026-04-01");
    }
}
