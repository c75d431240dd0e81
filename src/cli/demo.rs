//! `dripline demo`: the whole product with nothing to set up.

use crate::cli::values;
use std::time::Duration;

/// Try everything with nothing to set up: bundled courses, a built-in mailbox, a shortened day
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long a day takes
    #[arg(long, value_parser = values::short_day, default_value = "20s")]
    pub day: Duration,
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
