//! `dripline man`: the manual, made from the command line's own definition.

use crate::cli::Cli;
use crate::cli::Context;
use crate::cli::output;
use anyhow::Context as _;
use clap::Command;
use clap::CommandFactory;
use clap_mangen::Man;
use std::process::ExitCode;

/// Print the manual, in roff: a page for dripline and one for each command
#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(_args: Args, _context: &Context) -> anyhow::Result<ExitCode> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut roff = Vec::new();
    pages(&command, &mut roff).context("the manual can't be made")?;
    output::data(roff)?;
    Ok(ExitCode::SUCCESS)
}

fn pages(command: &Command, roff: &mut Vec<u8>) -> std::io::Result<()> {
    let source = format!("dripline {}", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).source(source).render(roff)?;
    command.get_subcommands().try_for_each(|below| pages(below, roff))
}
