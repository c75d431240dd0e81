//! `dripline mailbox`: a small SMTP receiver to rehearse against.

use std::net::SocketAddr;
use std::path::PathBuf;

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
