//! `dripline completions`: what a shell needs to complete our commands.

use crate::cli::Cli;
use crate::cli::Context;
use crate::cli::output;
use clap::CommandFactory;
use clap_complete::Shell;
use std::process::ExitCode;

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_enum)]
    pub shell: Shell,
}

pub async fn run(args: Args, _context: &Context) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "dripline", &mut script);
    output::data(script)?;
    Ok(ExitCode::SUCCESS)
}
