//! `dripline release`: go on sending.

use crate::cli::Context;
use crate::cli::retry;
use crate::cli::values;
use crate::cli::values::Scope;
use crate::flow::operate;
use crate::text::counted;
use std::process::ExitCode;
use std::str::FromStr;

/// Go on sending what is held: everything, a course, a lesson or one mail
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to release [default: everything]
    #[arg(value_name = "COURSE[/LESSON]|ID")]
    pub held: Option<Held>,
}

/// What can be released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    Scope(Scope),
    /// One delivery.
    Delivery(i64),
}

/// Digits alone are always a delivery.
impl FromStr for Held {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Held, &'static str> {
        if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
            return text.parse().map(Held::Delivery).map_err(|_| "there can be no delivery of this number");
        }
        text.parse().map(Held::Scope)
    }
}

/// Exit status 1 when there is no such delivery, or nothing of it to release.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let scope = match args.held {
        Some(Held::Delivery(id)) => return retry::run(retry::Args { id }, context).await,
        Some(Held::Scope(scope)) => Some(scope),
        None => None,
    };
    let (_, app) = context.app().await?;
    let scope = values::scope(scope);
    if let Some(missing) = values::unknown(&app, &scope).await {
        eprintln!("{missing}");
        return Ok(ExitCode::FAILURE);
    }
    let (held, people) = operate::release(&app, &scope).await?;
    let people = counted(people, "person who was held goes on", "people who were held go on");
    eprintln!("{}; {people}", if held { "released" } else { "nothing was held here" });
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn digits_are_a_delivery_and_names_a_scope() {
        let check = |line: &str, expect: Option<Held>| assert_eq!(parse(line).map(|args: Args| args.held), Ok(expect));
        check("", None);
        check("17", Some(Held::Delivery(17)));
        check("c", Some(Held::Scope(Scope::Course("c".to_string()))));
        assert!(parse::<Args>("c/l").is_ok_and(|args| matches!(args.held, Some(Held::Scope(Scope::Lesson(_))))));
        assert!(parse::<Args>("99999999999999999999").is_err());
    }
}
