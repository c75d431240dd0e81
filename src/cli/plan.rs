//! `dripline plan`: what the files on disk would change for the people enrolled now.

use crate::cli::Context;
use crate::cli::context::open_app;
use crate::cli::output;
use crate::cli::problems;
use crate::clock::Clock;
use crate::flow::App;
use crate::flow::edit::Effect;
use crate::flow::edit::Touched;
use crate::flow::plan;
use crate::flow::plan::Confirmed;
use crate::flow::plan::Plan;
use crate::flow::reload;
use crate::problem::any_error;
use crate::text::counted;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Print what the files on disk would change for the people enrolled now
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say for whom, too
    #[arg(long)]
    pub names: bool,
    /// Say yes to an edit that waits for it, by the hash that was printed
    #[arg(long, value_name = "HASH")]
    pub confirm: Option<String>,
    /// Print an object
    #[arg(long)]
    pub json: bool,
}

/// Exit status 1 when the edit has to be confirmed, or the files have errors.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let config = context.config()?;
    let app = open_app(&config, Clock::system(), None).await?;
    if let Some(hash) = &args.confirm {
        return confirm(&app, hash).await;
    }
    let plan = plan::plan(&app, args.names).await?;
    eprint!("{}", problems::text(&plan.problems, problems::look(&std::io::stderr())));
    if args.json {
        output::data(format!("{}\n", serde_json::to_string_pretty(&plan)?))?;
    } else {
        output::data(text(&plan))?;
    }
    let good = !plan.asks && !any_error(&plan.problems);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A daemon sees the yes by itself; where none works on the database, the files come into force here.
async fn confirm(app: &App, hash: &str) -> anyhow::Result<ExitCode> {
    let good = match plan::confirm(app, hash).await? {
        Confirmed::Yes => {
            if let Ok(lock) = app.store.lock().await {
                let reloaded = reload::from_disk(app).await;
                lock.release().await;
                reloaded?;
            }
            eprintln!("confirmed: the edit comes into force");
            true
        }
        Confirmed::Another(now) => {
            eprintln!("the files have changed since that was shown; look at `dripline plan` again (it is {now} now)");
            false
        }
        Confirmed::NothingWaits => {
            eprintln!("everything on disk is in force already");
            true
        }
    };
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(plan: &Plan) -> String {
    let mut text = String::new();
    for course in &plan.new {
        writeln!(text, "{course}: new, nobody is in it yet").ok();
    }
    for effect in &plan.courses {
        of_course(&mut text, effect);
    }
    let is_new = !plan.courses.is_empty() || !plan.new.is_empty();
    if !is_new && any_error(&plan.problems) {
        text.push_str("What has errors doesn't come into force: the last good version stays.\n");
    } else if !is_new {
        text.push_str("everything on disk is in force\n");
    } else if plan.asks {
        writeln!(text, "This waits for your yes: `dripline plan --confirm {}`", plan.hash).ok();
    } else {
        writeln!(text, "This comes into force by itself ({}).", plan.hash).ok();
    }
    text
}

fn of_course(text: &mut String, effect: &Effect) {
    writeln!(text, "{}: {} in it or through with it", effect.course, people(effect.people)).ok();
    if effect.is_empty() {
        text.push_str("    nobody gets, misses or waits for anything because of it\n");
    }
    let counted = |text: &mut String, counts: &BTreeMap<String, usize>, does: &str| {
        for (lesson, count) in counts {
            writeln!(text, "    {} {does} {lesson}", people(*count)).ok();
        }
    };
    counted(text, &effect.gets, "will get");
    counted(text, &effect.offered, "will be offered");
    counted(text, &effect.loses, "won't get");
    if effect.moved > 0 {
        let soon = effect.soon;
        let moved = people(effect.moved);
        writeln!(text, "    another next mail, or another time for it: {moved}, {soon} of them within a day").ok();
    }
    if effect.next_withdrawn > 0 {
        writeln!(text, "    the very next lesson of {} is withdrawn", people(effect.next_withdrawn)).ok();
    }
    effect.names.iter().for_each(|touched| one(text, touched));
}

fn one(text: &mut String, it: &Touched) {
    write!(text, "    {}:", it.address).ok();
    for (lessons, does) in [(&it.gets, "gets"), (&it.offered, "is offered"), (&it.loses, "loses")] {
        if !lessons.is_empty() {
            write!(text, " {does} {};", lessons.join(", ")).ok();
        }
    }
    let mail = |mail: &Option<(String, Timestamp)>| {
        mail.as_ref().map_or("nothing".to_string(), |(lesson, due)| format!("{lesson} on {due:.0}"))
    };
    if it.before == it.after {
        writeln!(text, " next {}", mail(&it.after)).ok();
    } else {
        writeln!(text, " next {} instead of {}", mail(&it.after), mail(&it.before)).ok();
    }
}

fn people(count: usize) -> String {
    counted(count, "person", "people")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn a_yes_names_what_was_shown() {
        assert!(parse::<Args>("--names --json").is_ok_and(|args| args.names && args.confirm.is_none()));
        assert!(parse::<Args>("--confirm 0a1b2c").is_ok_and(|args| args.confirm.as_deref() == Some("0a1b2c")));
        assert!(parse::<Args>("--confirm").is_err());
    }
}
