//! `dripline send-test`: one lesson as a person would get it.

use crate::address::Address;
use crate::cli::Context;
use crate::cli::context::connectors;
use crate::cli::values::LessonName;
use crate::config;
use crate::flow::send_test;
use crate::flow::send_test::Test;
use anyhow::Context as _;
use std::io::IsTerminal as _;
use std::process::ExitCode;

/// Send one lesson as a person would get it
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_name = "COURSE/LESSON")]
    pub lesson: LessonName,
    /// Who gets it
    #[arg(long, value_name = "ADDRESS")]
    pub to: Address,
    /// In which of the course's languages [default: its own]
    #[arg(long, value_name = "TAG", value_parser = config::language)]
    pub language: Option<String>,
}

/// Nothing of it is kept: it counts for nobody.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (config, app) = context.app().await?;
    let connectors = connectors(&config)?;
    let (connector, _) = connectors.first().context("no relay is configured")?;
    let LessonName { course, lesson } = &args.lesson;
    let test = Test { course, lesson, to: &args.to, language: args.language.as_deref() };
    if std::io::stderr().is_terminal() {
        // A relay may take half a minute to say a word.
        eprintln!("giving it to {} …", connector.label());
    }
    let said = send_test::send(&app, connector, test).await?;
    eprintln!("{} took it: {said}", connector.label());
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn a_lesson_and_an_address_are_needed() {
        let args: Args = parse("four-stages/welcome --to ana@example.org").unwrap();
        assert_eq!((args.lesson.to_string().as_str(), args.to.as_str()), ("four-stages/welcome", "ana@example.org"));
        let check = |line: &str| assert!(parse::<Args>(line).is_err(), "{line}");
        check("four-stages --to ana@example.org");
        check("four-stages/welcome");
        check("four-stages/welcome --to ana");
        check("four-stages/welcome --to ana@example.org --language portuguese!");
    }
}
