//! The command line: each command in a file of its own, all of one shape: `Args`, parsed to the last value, and `run`.
//! Knows no rule of the product.

mod context;
mod logging;
mod output;
mod problems;
mod values;

pub mod answer;
pub mod answers;
pub mod backup;
pub mod check;
pub mod completions;
pub mod demo;
pub mod dkim_key;
pub mod export;
pub mod hold;
pub mod import;
pub mod import_issues;
pub mod init;
pub mod mailbox;
pub mod man;
pub mod plan;
pub mod preview;
pub mod release;
pub mod report;
pub mod restore;
pub mod retry;
pub mod send_test;
pub mod serve;
pub mod simulate;
pub mod status;
pub mod stop;
pub mod subscriber;
pub mod suppression;
pub mod verify;
pub mod why;

pub use context::Context;
pub use logging::LogFormat;
pub use logging::start_logging;
pub use values::LessonName;
pub use values::Scope;

use clap::Parser;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;

/// A folder of Markdown becomes e-mail courses and newsletters that arrive.
#[derive(Debug, Parser)]
#[command(name = "dripline", version, arg_required_else_help = true)]
pub struct Cli {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE", default_value = "./dripline.toml")]
    pub config: PathBuf,
    /// How log lines are written to standard error; DRIPLINE_LOG sets the level
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Args),
    Init(init::Args),
    Check(check::Args),
    Preview(preview::Args),
    Simulate(simulate::Args),
    Plan(plan::Args),
    Serve(serve::Args),
    SendTest(send_test::Args),
    Subscriber(subscriber::Args),
    Suppression(suppression::Args),
    Import(import::Args),
    ImportIssues(import_issues::Args),
    Export(export::Args),
    Answers(answers::Args),
    Why(why::Args),
    Report(report::Args),
    Status(status::Args),
    Hold(hold::Args),
    Release(release::Args),
    Retry(retry::Args),
    Stop(stop::Args),
    Verify(verify::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    DkimKey(dkim_key::Args),
    Mailbox(mailbox::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs the command. 0 is good; 1 says that problems were found, and they have been told; a wrong command line never
/// comes here.
pub async fn run(line: Cli, environment: Vec<(String, String)>) -> anyhow::Result<ExitCode> {
    let context = Context { config: line.config, environment };
    match line.command {
        Command::Demo(args) => demo::run(args, &context).await,
        Command::Init(args) => init::run(args, &context).await,
        Command::Check(args) => check::run(args, &context).await,
        Command::Preview(args) => preview::run(args, &context).await,
        Command::Simulate(args) => simulate::run(args, &context).await,
        Command::Plan(args) => plan::run(args, &context).await,
        Command::Serve(args) => serve::run(args, &context).await,
        Command::SendTest(args) => send_test::run(args, &context).await,
        Command::Subscriber(args) => subscriber::run(args, &context).await,
        Command::Suppression(args) => suppression::run(args, &context).await,
        Command::Import(args) => import::run(args, &context).await,
        Command::ImportIssues(args) => import_issues::run(args, &context).await,
        Command::Export(args) => export::run(args, &context).await,
        Command::Answers(args) => answers::run(args, &context).await,
        Command::Why(args) => why::run(args, &context).await,
        Command::Report(args) => report::run(args, &context).await,
        Command::Status(args) => status::run(args, &context).await,
        Command::Hold(args) => hold::run(args, &context).await,
        Command::Release(args) => release::run(args, &context).await,
        Command::Retry(args) => retry::run(args, &context).await,
        Command::Stop(args) => stop::run(args, &context).await,
        Command::Verify(args) => verify::run(args, &context).await,
        Command::Backup(args) => backup::run(args, &context).await,
        Command::Restore(args) => restore::run(args, &context).await,
        Command::DkimKey(args) => dkim_key::run(args, &context).await,
        Command::Mailbox(args) => mailbox::run(args, &context).await,
        Command::Completions(args) => completions::run(args, &context).await,
        Command::Man(args) => man::run(args, &context).await,
    }
}

#[cfg(test)]
mod tests;
