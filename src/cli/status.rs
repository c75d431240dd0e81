//! `dripline status`: how the sending stands.

use crate::cli::Context;
use crate::cli::output;
use crate::flow::journal;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Print counts by state, what is oldest due, relays, held mails and problems
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print an object
    #[arg(long)]
    pub json: bool,
}

/// Exit status 0 also with problems: they are told, and a human decides.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (config, app) = context.app().await?;
    let mut status = journal::status(&app).await?;
    if status.relays.is_empty() {
        status.relays = config.relays.iter().map(|relay| unknown(relay.label())).collect();
    }
    if args.json {
        output::data(format!("{}\n", serde_json::to_string_pretty(&status)?))?;
    } else {
        output::data(text(&status))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn unknown(url: String) -> journal::Relay {
    let said = "no daemon has said how it is".to_string();
    journal::Relay { url, state: "unknown".to_string(), said, slowed: Vec::new(), accepted_today: 0 }
}

fn text(status: &journal::Status) -> String {
    let mut text = String::new();
    let mut section = |title: &str, counts: &mut dyn Iterator<Item = (&str, i64)>| {
        let shown: Vec<String> =
            counts.filter(|(_, count)| *count > 0).map(|(name, count)| format!("{count} {name}")).collect();
        let shown = if shown.is_empty() { "none".to_string() } else { shown.join(", ") };
        writeln!(text, "{title:<11} {shown}").ok();
    };
    section("people in", &mut status.enrolments.iter().map(|(name, count)| (*name, *count)));
    section("deliveries", &mut status.deliveries.iter().map(|(name, count)| (*name, *count)));
    if let Some(due) = status.oldest_due {
        writeln!(text, "oldest due  {due}").ok();
    }
    for relay in &status.relays {
        writeln!(text, "relay       {} {}; {} accepted today", relay.url, relay.said, relay.accepted_today).ok();
        for slowed in &relay.slowed {
            writeln!(text, "            {slowed}").ok();
        }
    }
    for held in &status.held {
        writeln!(text, "held        {held}").ok();
    }
    for problem in &status.problems {
        writeln!(text, "problem     {problem}").ok();
    }
    text
}
