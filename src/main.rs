//! Arguments, logging, the command, the chain of an error, the exit status.

use clap::Parser;
use dripline::cli;
use dripline::cli::Cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let line = Cli::parse();
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    cli::start_logging(line.log_format, &environment);
    match cli::run(line, environment).await {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
