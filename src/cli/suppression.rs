//! `dripline suppression`: who gets nothing, and why.

use crate::address::Address;
use crate::cli::values;

/// Print who gets nothing and why, or lift it with a reason
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Print every suppressed address and the reason
    List(List),
    /// Let an address get mails again
    Lift(Lift),
}

#[derive(Debug, clap::Args)]
pub struct List {
    /// Print an array
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Lift {
    pub address: Address,
    /// Why it may get mails again: what the person said, and where
    #[arg(long, value_name = "TEXT", value_parser = values::said)]
    pub source: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn a_suppression_is_lifted_only_with_a_reason() {
        let check = |line: &str, expect: bool| assert_eq!(parse::<Args>(line).is_ok(), expect, "{line}");
        check("list", true);
        check("list --json", true);
        check("lift ana@example.org --source letter", true);
        check("lift ana@example.org", false);
        check("lift ana@example.org --source", false);
        check("lift --source letter", false);
        check("", false);
    }
}
