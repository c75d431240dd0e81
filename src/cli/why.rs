//! `dripline why`: one person's journal.

use crate::address::Address;
use crate::cli::Context;
use crate::cli::output;
use crate::flow::journal;
use jiff::Timestamp;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Print one person's journal: each lesson, when it was due and why, and what the relay said
#[derive(Debug, clap::Args)]
pub struct Args {
    pub address: Address,
    /// Print an array
    #[arg(long)]
    pub json: bool,
}

/// Exit status 1 when nobody has this address.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    let Some(entries) = journal::why(&app, &args.address).await? else {
        eprintln!("nobody has this address; `dripline subscriber list` shows everybody");
        return Ok(ExitCode::FAILURE);
    };
    if args.json {
        output::data(format!("{}\n", serde_json::to_string_pretty(&entries)?))?;
    } else {
        entries.iter().try_for_each(|entry| output::data(text(entry)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(entry: &journal::Entry) -> String {
    // A confirmation has no course; who waits for something else than a lesson has no lesson.
    let parts = [entry.course.as_str(), entry.lesson.as_str()];
    let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let due = if entry.due < Timestamp::MAX { entry.due.to_string() } else { "without a date".to_string() };
    let mut text = format!("{due} {name}: {}\n", entry.state);
    writeln!(text, "    {}", entry.why).ok();
    if !entry.message_id.is_empty() {
        writeln!(text, "    delivery {}, Message-ID {}", entry.id, entry.message_id).ok();
    }
    for attempt in &entry.attempts {
        writeln!(text, "    {} {}: {} ({})", attempt.at, attempt.relay, attempt.text, attempt.outcome).ok();
    }
    if entry.attempts.is_empty() && !entry.reply.is_empty() {
        writeln!(text, "    {}", entry.reply).ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn one_address_is_needed() {
        assert!(parse::<Args>("ana@example.org --json").is_ok_and(|args| args.json));
        assert!(parse::<Args>("ana").is_err());
        assert!(parse::<Args>("").is_err());
    }
}
