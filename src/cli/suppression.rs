//! `dripline suppression`: who gets nothing, and why.

use crate::address::Address;
use crate::cli::Context;
use crate::cli::output;
use crate::cli::values;
use crate::clock::from_ms;
use crate::flow::operate;
use crate::flow::operate::Suppression;
use serde_json::json;
use std::process::ExitCode;

/// Print who gets nothing and why, or lift it with a reason
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Print every suppressed address and the reason
    List(List),
    /// Let an address get mails again
    Lift(Lift),
}

#[derive(Debug, clap::Args)]
pub struct List {
    /// Print an array
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Lift {
    pub address: Address,
    /// Why it may get mails again: what the person said, and where
    #[arg(long, value_name = "TEXT", value_parser = values::said)]
    pub source: String,
}

/// Lifting exits with 1 when the address isn't suppressed.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    match args.action {
        Action::List(List { json }) => {
            let all = operate::suppressions(&app).await?;
            output::data(if json { list_json(&all)? } else { list_text(&all) })?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Lift(Lift { address, source }) => {
            let lifted = operate::lift(&app, &address, &source).await?;
            let held = "their courses stay held until `dripline release`";
            eprintln!(
                "{}",
                if lifted { format!("lifted; {held}") } else { "this address isn't suppressed".to_string() }
            );
            Ok(if lifted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

fn list_json(all: &[Suppression]) -> anyhow::Result<String> {
    let rows: Vec<_> = all
        .iter()
        .map(|it| json!({ "address": shown(it), "reason": it.reason, "source": it.source, "since": from_ms(it.since) }))
        .collect();
    Ok(format!("{}\n", serde_json::to_string_pretty(&rows)?))
}

fn list_text(all: &[Suppression]) -> String {
    let line = |it: &Suppression| {
        format!("{}  {}  {} ({})\n", from_ms(it.since), shown(it).unwrap_or("(erased)"), it.reason, it.source)
    };
    all.iter().map(line).collect()
}

/// Of an erased person only the hash is left.
fn shown(it: &Suppression) -> Option<&str> {
    Some(it.address.as_str()).filter(|address| !address.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn a_suppression_is_lifted_only_with_a_reason() {
        let check = |line: &str, expect: bool| assert_eq!(parse::<Args>(line).is_ok(), expect, "{line}");
        check("list", true);
        check("list --json", true);
        check("lift ana@example.org --source letter", true);
        check("lift ana@example.org", false);
        check("lift ana@example.org --source", false);
        check("lift --source letter", false);
        check("", false);
    }
}
