//! `dripline restore`: a backup in the place of the database.

use crate::cli::Context;
use crate::cli::context::open_app;
use crate::clock::Clock;
use crate::config::Config;
use crate::flow::InDoubt;
use crate::flow::restore;
use crate::flow::restore::Restored;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

/// Put a backup in the place of the database, which is moved aside; nothing is sent until `release`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What `backup` has written
    pub file: PathBuf,
}

pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let config = context.config()?;
    let Some(place) = config.database.strip_prefix("sqlite:").map(PathBuf::from) else {
        anyhow::bail!(
            "PostgreSQL restores its own backups: pg_restore --clean --if-exists --dbname=DATABASE {}; \
             the next `dripline serve` sees that it was restored and sends nothing until `dripline release`",
            args.file.display()
        );
    };
    let open = async |database: String| open_app(&Config { database, ..config.clone() }, Clock::system(), None).await;
    let restored = restore::restore(&place, &args.file, open).await?;
    tell(&restored, &place, &args.file, config.delivery.in_doubt);
    Ok(ExitCode::SUCCESS)
}

fn tell(restored: &Restored, place: &Path, file: &Path, in_doubt: InDoubt) {
    eprintln!("{} is what was in {}", place.display(), file.display());
    if let Some(aside) = &restored.aside {
        eprintln!("the database that was there is now {}", aside.display());
    }
    for breach in &restored.breaches {
        eprintln!("it contradicts itself: {breach}");
    }
    match restored.last_accepted {
        Some(at) => eprintln!("the last mail that it knows of left at {at:.0}: what was sent later isn't in it"),
        None => eprintln!("it knows of no mail that left: what was sent since isn't in it"),
    }
    eprintln!(
        "\nNothing is sent yet. `dripline release` lets everything go on: whoever has a lesson in this database doesn't get \
         it again; whoever got one since the backup was made does."
    );
    match restored.stopped {
        Some(0) => {}
        Some(people) => {
            eprintln!("{people} had left or were suppressed since, as the old database knew: so they are here.")
        }
        None => eprintln!("Who left since the backup was made isn't known: they are in their courses again."),
    }
    tell_issues(restored.issues.as_deref());
    let then = match in_doubt {
        InDoubt::Resend => "are sent once more after `in_doubt_after`",
        InDoubt::Hold => "wait for you",
    };
    if restored.in_doubt > 0 {
        eprintln!(
            "{} messages were on the wire or in doubt when the backup was made: after `release` they {then}.",
            restored.in_doubt
        );
    }
    eprintln!("Start the daemon, look at `dripline status` and `dripline why ADDRESS`, then release.");
}

fn tell_issues(issues: Option<&[String]>) {
    let what = "`release` sends it to all its readers again. Who shouldn't get it twice: put it into `retired` of its \
                course.toml before you start the daemon.";
    match issues {
        Some(issues) => {
            for issue in issues {
                eprintln!("The issue {issue} went out or was stopped since the backup was made: {what}");
            }
        }
        None => eprintln!("Which issues went out since isn't known. If one did, {what}"),
    }
}
