//! `dripline verify`: the invariants of the database.

use crate::cli::Context;
use crate::cli::output;
use crate::flow::journal;
use std::process::ExitCode;

/// Check the invariants of the database and print every breach
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print an array
    #[arg(long)]
    pub json: bool,
}

/// Exit status 1 when an invariant is broken.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    let breaches = journal::verify(&app).await?;
    if args.json {
        output::data(format!("{}\n", serde_json::to_string_pretty(&breaches)?))?;
    } else {
        for breach in &breaches {
            output::data(format!("{breach}\n"))?;
        }
        eprintln!(
            "{}",
            if breaches.is_empty() {
                "the database holds what it promises".to_string()
            } else {
                format!("{} breaches", breaches.len())
            }
        );
    }
    Ok(if breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
