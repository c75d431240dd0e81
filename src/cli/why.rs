//! `dripline why`: one person's journal.

use crate::address::Address;

/// Print one person's journal: each lesson, when it was due and why, and what the relay said
#[derive(Debug, clap::Args)]
pub struct Args {
    pub address: Address,
    /// Print an array
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn one_address_is_needed() {
        assert!(parse::<Args>("ana@example.org --json").is_ok_and(|args| args.json));
        assert!(parse::<Args>("ana").is_err());
        assert!(parse::<Args>("").is_err());
    }
}
