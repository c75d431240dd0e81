//! `dripline check`: every problem in the configuration, at once.

use crate::cli::Context;
use crate::cli::output;
use crate::cli::problems;
use crate::config;
use crate::problem::any_error;
use clap::ValueEnum;
use std::process::ExitCode;

/// Find every problem in the configuration and the courses
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How problems are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// An array of {file, line, column, severity, message, help}
    Json,
}

/// Exit status 1 when a problem is an error.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let loaded = config::load(&context.config, context.environment.clone());
    let problems = loaded.problems;
    output::data(match args.format {
        Format::Text => problems::text(&problems, problems::look(&std::io::stdout())),
        Format::Json => format!("{:#}\n", problems::json(&problems)),
    })?;
    eprintln!("{}", problems::summary(&problems));
    Ok(if any_error(&problems) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
