//! `dripline mailbox`: a small SMTP receiver to rehearse against.

use crate::cli::Context;
use crate::cli::output;
use crate::daemon;
use crate::mailbox::Mailbox;
use crate::mailbox::Settings;
use crate::text::counted;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

/// Receive mails by SMTP into a folder, to rehearse against
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen, like 127.0.0.1:2525
    #[arg(long, value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Where mails are kept, a file each
    #[arg(long, value_name = "DIR")]
    pub folder: PathBuf,
    /// Which faults to play
    #[arg(long, value_name = "TEXT")]
    pub script: Option<String>,
    /// Where each conversation is written down
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// Runs until it is told to stop. Prints where it listens: with port 0 the system chooses.
pub async fn run(args: Args, _context: &Context) -> anyhow::Result<ExitCode> {
    let script = args.script.as_deref().unwrap_or_default().parse()?;
    let settings =
        Settings { script, folder: Some(args.folder), log: args.log, forgetful: true, ..Settings::default() };
    let mailbox =
        Mailbox::start(args.listen, settings).with_context(|| format!("can't receive mail at {}", args.listen))?;
    let stop = CancellationToken::new();
    daemon::stop_on_signals(stop.clone())?;
    output::data(format!("smtp://{}\n", mailbox.address()))?;
    stop.cancelled().await;
    eprintln!("{} came", counted(mailbox.accepted(), "mail", "mails"));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn where_to_listen_and_to_keep_mails_is_needed() {
        let args: Args = parse("--listen 127.0.0.1:0 --folder mails --script x --log log").unwrap();
        assert_eq!((args.listen.port(), args.folder.to_str()), (0, Some("mails")));
        assert!(args.script.is_some() && args.log.is_some());
        let check = |line: &str| assert!(parse::<Args>(line).is_err(), "{line}");
        check("--listen 127.0.0.1:0");
        check("--folder mails");
        check("--listen 2525 --folder mails");
    }
}
