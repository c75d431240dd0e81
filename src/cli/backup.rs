//! `dripline backup`: a copy of the whole database, made while the daemon works.

use crate::cli::Context;
use crate::cli::context::open_app;
use crate::clock::Clock;
use crate::flow::backup;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the whole database to a new file, also while the daemon works, and verify it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file that doesn't exist yet
    pub file: PathBuf,
}

/// Exit status 1 also when the backup is whole, but the database in it contradicts itself.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let config = context.config()?;
    anyhow::ensure!(
        config.database.starts_with("sqlite:"),
        "PostgreSQL makes its own backups: pg_dump --format=custom --file={} DATABASE",
        args.file.display()
    );
    let app = open_app(&config, Clock::system(), None).await?;
    let made = backup::make(&app, &args.file).await?;
    for breach in &made.breaches {
        eprintln!("{breach}");
    }
    eprintln!("{}: {} KB, whole and verified", args.file.display(), made.octets.div_ceil(1024));
    eprintln!("Keep dripline.toml, courses, templates and secrets as well: they aren't in it.");
    if made.breaches.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} breaches stand in the database too: `dripline verify` says the same", made.breaches.len());
    Ok(ExitCode::FAILURE)
}
