//! `dripline serve`: the daemon.

use crate::address::Address;
use crate::cli::values;
use std::time::Duration;

/// Serve pages, schedule lessons and send them, until told to stop
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Rehearse with a day that takes so long, like 10s; only to a loopback relay or with --redirect-to
    #[arg(long, value_parser = values::short_day)]
    pub day: Option<Duration>,
    /// Send every mail to this address instead of its reader's
    #[arg(long, value_name = "ADDRESS")]
    pub redirect_to: Option<Address>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn a_rehearsal_may_shorten_the_day_and_redirect_the_mails() {
        let args: Args = parse("--day 10s --redirect-to ana@example.org").unwrap();
        assert_eq!(args.day, Some(Duration::from_secs(10)));
        assert_eq!(args.redirect_to.as_ref().map(Address::as_str), Some("ana@example.org"));
        let args: Args = parse("").unwrap();
        assert!(args.day.is_none() && args.redirect_to.is_none());
        assert!(parse::<Args>("--redirect-to ana").is_err());
    }
}
