//! `dripline hold`: stop sending.

use crate::cli::values::Scope;

/// Stop sending within a second: everything, a course or a lesson
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to hold [default: everything]
    #[arg(value_name = "COURSE[/LESSON]")]
    pub scope: Option<Scope>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn without_a_scope_everything_is_held() {
        assert_eq!(parse::<Args>("").map(|args| args.scope), Ok(None));
        assert_eq!(parse::<Args>("c").map(|args| args.scope), Ok(Some(Scope::Course("c".to_string()))));
        assert!(parse::<Args>("c/").is_err());
    }
}
