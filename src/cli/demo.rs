//! `dripline demo`: the whole product with nothing to set up.

use crate::cli::Context;
use crate::cli::context::connectors;
use crate::cli::context::open_app;
use crate::cli::output;
use crate::cli::values;
use crate::config;
use crate::daemon;
use crate::daemon::Daemon;
use crate::daemon::pages;
use crate::daemon::stop_on_signals;
use crate::flow::open;
use crate::flow::reload;
use crate::flow::sign_up;
use crate::flow::sign_up::Request;
use crate::flow::sign_up::Word;
use crate::mailbox;
use crate::mailbox::Mailbox;
use anyhow::Context as _;
use rust_embed::Embed;
use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Try everything with nothing to set up: bundled courses, a built-in mailbox, a shortened day
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long a day takes
    #[arg(long, value_parser = values::short_day, default_value = "20s")]
    pub day: Duration,
}

/// The courses that come with the program.
#[derive(Embed)]
#[folder = "courses/"]
struct Bundled;

/// What the demo sends, and to whom.
const COURSE: &str = "four-stages";
const READER: &str = "reader@example.org";

/// Runs the whole product in a new folder until it is told to stop. No socket leaves this machine.
pub async fn run(args: Args, _context: &Context) -> anyhow::Result<ExitCode> {
    let folder = std::env::temp_dir().join(format!("dripline-demo-{}", std::process::id()));
    let mails = folder.join("mails");
    lay_out(&folder).with_context(|| format!("can't write the demo's files to {}", folder.display()))?;
    let settings = mailbox::Settings { folder: Some(mails.clone()), ..mailbox::Settings::default() };
    let inbox =
        Mailbox::start((Ipv4Addr::LOCALHOST, 0).into(), settings).context("can't receive mail on this machine")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("can't serve pages on this machine")?;
    let url = format!("http://{}", listener.local_addr()?);
    let written = configuration(&url, &inbox.address().to_string());
    fs::write(folder.join("dripline.toml"), &written)?;
    let loaded = config::parse("dripline.toml", &written, &folder, std::iter::empty());
    let config = loaded.config.context("the demo's own configuration is wrong")?;
    let mut app = open_app(&config, None).await?;
    let lock = daemon::lock(&app.store).await?;
    open::rehearse(&mut app, Some(args.day)).await?;
    for problem in reload::from_disk(&app).await?.problems {
        eprintln!("{problem}");
    }
    sign_up::add(&app, reader()?).await?;
    let lessons = app.shelf.read().await.get(COURSE).map_or(0, |shelved| shelved.course.order.len());
    output::data(format!(
        "One day takes {} seconds here. {READER} takes the course {COURSE}, {lessons} lessons, from the first to the last.\n\
         mails:  {}\npages:  {url}\nfiles:  {}\nCtrl-C ends the demo; the folder stays for you to look at.\n\n",
        args.day.as_secs_f64(),
        mails.display(),
        folder.display(),
    ))?;
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    let connectors = connectors(&config)?;
    let telling = tokio::spawn(tell(inbox, mails, lessons));
    let app = Arc::new(app);
    let pages = pages(&config, &app)?;
    Daemon { app, lock, connectors, pages, listener, stop }.run().await?;
    telling.abort();
    Ok(ExitCode::SUCCESS)
}

/// Says when a mail came, and when it was the last.
async fn tell(inbox: Mailbox, mails: std::path::PathBuf, lessons: usize) {
    for number in 1..=lessons as u64 {
        inbox.wait_for(number).await;
        let name = fs::read_dir(&mails).ok().and_then(|files| {
            files
                .flatten()
                .map(|file| file.file_name().to_string_lossy().into_owned())
                .filter(|name| name.ends_with(".eml"))
                .max()
        });
        output::data(format!("mail {number} of {lessons}:  {}\n", name.unwrap_or_default())).ok();
    }
    output::data("That was the whole course.\n").ok();
    std::future::pending::<()>().await;
}

fn lay_out(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(folder)?;
    for path in Bundled::iter() {
        let file = folder.join("courses").join(path.as_ref());
        let bytes = Bundled::get(&path).context("a bundled file is gone")?;
        fs::create_dir_all(file.parent().unwrap_or(folder))?;
        fs::write(file, bytes.data)?;
    }
    Ok(())
}

fn configuration(pages: &str, relay: &str) -> String {
    format!(
        "[site]\nname = \"Steady Ground\"\nurl = \"{pages}\"\npostal_address = \"1 Example Street, Exampletown\"\n\n\
         [sender]\nname = \"Ana\"\naddress = \"ana@example.org\"\n\n[[relay]]\nurl = \"smtp://{relay}\"\n"
    )
}

fn reader() -> anyhow::Result<Request> {
    Ok(Request {
        address: READER.parse()?,
        course: COURSE.to_string(),
        first_name: Some("Sam".to_string()),
        zone: Some("America/Toronto".to_string()),
        language: None,
        fields: BTreeMap::new(),
        word: Word::Confirmed("the demo".to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn a_day_takes_twenty_seconds_unless_said_otherwise() {
        let check = |line: &str, expect: Option<u64>| {
            assert_eq!(parse::<Args>(line).ok().map(|args| args.day.as_secs()), expect, "{line}");
        };
        check("", Some(20));
        check("--day 1min", Some(60));
        check("--day 0s", None);
        check("--day", None);
    }
}
