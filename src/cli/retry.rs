//! `dripline retry`: one delivery again.

use crate::cli::Context;
use crate::flow::operate;
use crate::flow::operate::Retried;
use std::process::ExitCode;

/// Try one delivery again
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The delivery, as `why` and `status` name it
    #[arg(value_parser = clap::value_parser!(i64).range(1..))]
    pub id: i64,
}

/// Exit status 1 when there is no such delivery, or it needs no help.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    match operate::retry(&app, args.id).await? {
        Retried::Again => {
            eprintln!("it is tried again");
            Ok(ExitCode::SUCCESS)
        }
        Retried::Unknown => {
            eprintln!("there is no delivery {}; `dripline why ADDRESS` shows their numbers", args.id);
            Ok(ExitCode::FAILURE)
        }
        Retried::NotNeeded(state) => {
            eprintln!("delivery {} is {}: there is nothing to try again", args.id, state.name());
            Ok(ExitCode::FAILURE)
        }
    }
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
