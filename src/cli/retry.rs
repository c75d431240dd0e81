//! `dripline retry`: one delivery again.

/// Try one delivery again
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The delivery, as `why` and `status` name it
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub id: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn a_delivery_has_a_number() {
        let check = |line: &str, expect: Option<i64>| {
            assert_eq!(parse::<Args>(line).ok().map(|args| args.id), expect, "{line}");
        };
        check("17", Some(17));
        check("0", None);
        check("welcome", None);
        check("", None);
    }
}
