//! `dripline stop`: cancel what isn't sent of an issue.

use crate::cli::Context;
use crate::cli::LessonName;
use crate::cli::output;
use crate::cli::values;
use crate::flow::operate::Scope;
use crate::flow::stop;
use crate::flow::stop::Counts;
use crate::flow::stop::Stopped;
use serde_json::json;
use std::process::ExitCode;

/// Stop an issue of a newsletter for good, within a second: what isn't sent of it is cancelled, or it never leaves
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "NEWSLETTER/ISSUE")]
    pub issue: LessonName,
    /// Print an object
    #[arg(long)]
    pub json: bool,
}

/// Exit status 1 when there is no such issue.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    let LessonName { course, lesson } = &args.issue;
    let stopped = stop::stop(&app, course, lesson).await?;
    if matches!(stopped, Stopped::Unknown | Stopped::NoNewsletter) {
        let scope = Scope::Lesson { course: course.clone(), lesson: lesson.clone() };
        let unknown = values::unknown(&app, &scope).await;
        eprintln!("{}", unknown.unwrap_or_else(|| no_newsletter(&args.issue)));
        return Ok(ExitCode::FAILURE);
    }
    if args.json {
        output::data(format!("{:#}\n", object(&args.issue, &stopped)))?;
    } else {
        output::data(format!("{}\n", sentence(&args.issue, &stopped)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn no_newsletter(name: &LessonName) -> String {
    format!(
        "{} is a course, and only an issue of a newsletter can be stopped; `dripline hold {name}` keeps a lesson back",
        name.course
    )
}

fn object(name: &LessonName, stopped: &Stopped) -> serde_json::Value {
    let counts = match stopped {
        Stopped::Now(counts) | Stopped::Before(counts) => *counts,
        Stopped::Archive | Stopped::NoNewsletter | Stopped::Unknown => Counts::default(),
    };
    json!({
        "newsletter": name.course,
        "issue": name.lesson,
        "already": !matches!(stopped, Stopped::Now(_)),
        "sent": counts.sent,
        "cancelled": counts.cancelled,
        "in_flight": counts.in_flight,
        "in_doubt": counts.in_doubt,
    })
}

fn sentence(name: &LessonName, stopped: &Stopped) -> String {
    match stopped {
        Stopped::Now(counts) if *counts == Counts::default() => format!("{name} is stopped before anybody got it"),
        Stopped::Now(counts) => format!("{name} is stopped: {}", in_words(counts)),
        Stopped::Before(counts) => format!("{name} was stopped already: {}", in_words(counts)),
        Stopped::Archive => format!("{name} is only for the archive: nobody gets it anyway"),
        Stopped::NoNewsletter | Stopped::Unknown => no_newsletter(name),
    }
}

fn in_words(counts: &Counts) -> String {
    let mut text = format!("{} sent before, {} cancelled", counts.sent, counts.cancelled);
    if counts.in_flight > 0 {
        text += &format!(", {} on the wire, which are heard but not tried again", counts.in_flight);
    }
    if counts.in_doubt > 0 {
        text += &format!(", {} in doubt, which aren't sent again", counts.in_doubt);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn an_issue_is_named_with_its_newsletter() {
        assert!(parse::<Args>("notes/one --json").is_ok_and(|args| args.json && args.issue.lesson == "one"));
        assert!(parse::<Args>("notes").is_err());
        assert!(parse::<Args>("").is_err());
    }

    #[test]
    fn what_becomes_of_each_delivery_is_said() {
        let name: LessonName = "notes/one".parse().unwrap_or_else(|error| panic!("{error}"));
        let counts = Counts { sent: 4, cancelled: 3, in_flight: 2, in_doubt: 1 };
        let check = |stopped: Stopped, expect: &str| assert_eq!(sentence(&name, &stopped), expect);
        check(Stopped::Now(Counts::default()), "notes/one is stopped before anybody got it");
        check(
            Stopped::Now(counts),
            "notes/one is stopped: 4 sent before, 3 cancelled, 2 on the wire, which are heard but not tried again, \
             1 in doubt, which aren't sent again",
        );
        let counts = Counts { sent: 4, ..Counts::default() };
        check(Stopped::Before(counts), "notes/one was stopped already: 4 sent before, 0 cancelled");
    }
}
