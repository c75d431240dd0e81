//! `dripline hold`: stop sending.

use crate::cli::Context;
use crate::cli::values;
use crate::cli::values::Scope;
use crate::flow::operate;
use std::process::ExitCode;

/// Stop sending within a second: everything, a course or a lesson
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to hold [default: everything]
    #[arg(value_name = "COURSE[/LESSON]")]
    pub scope: Option<Scope>,
}

/// What is held stays so until `release`, also over restarts.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    let scope = values::scope(args.scope);
    if let Some(missing) = values::unknown(&app, &scope).await {
        eprintln!("{missing}");
        return Ok(ExitCode::FAILURE);
    }
    operate::hold(&app, &scope, "held by hand").await?;
    eprintln!("held; `dripline release` goes on");
    Ok(ExitCode::SUCCESS)
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
