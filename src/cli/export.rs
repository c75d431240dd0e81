//! `dripline export`: everybody as a file.

use crate::cli::Context;
use crate::cli::output;
use crate::flow::export::Export;
use crate::flow::export::LeftOut;
use crate::text::counted;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Print everybody as comma-separated values, one row for each person and course
///
/// `dripline import` reads it: in a new database everybody goes on where they stood, with their progress, pauses and
/// consent, and who gets nothing gets nothing there. The journal of what was sent stays here, and links in mails sent
/// earlier work only with this database. Texts that a spreadsheet would run as a formula begin with an apostrophe, which
/// import takes away again. Stop the daemon before you move.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub async fn run(_args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    let mut export = Export::begin(&app).await;
    while let Some(piece) = export.step(&app).await? {
        output::data(piece)?;
    }
    eprint!("{}", in_words(export.left_out));
    Ok(ExitCode::SUCCESS)
}

fn in_words(left_out: LeftOut) -> String {
    let LeftOut { erased, nowhere, answers, under_way } = left_out;
    let mut text = String::new();
    if erased > 0 {
        let why = "of them only a hash is kept, which no other database can read";
        writeln!(text, "not in the file: {}; {why}", counted(erased, "erased person", "erased people")).ok();
    }
    if nowhere > 0 {
        writeln!(
            text,
            "not in the file: {}",
            counted(nowhere, "person who is in no course", "people who are in no course")
        )
        .ok();
    }
    if answers > 0 {
        let answers = counted(answers, "answer to a field", "answers to fields");
        writeln!(text, "not in the file: {answers} that no course asks for any more").ok();
    }
    if under_way > 0 {
        let twice = "whoever moves now may get one of them twice; wait until `dripline status` shows none in doubt";
        let mails = counted(under_way, "mail is", "mails are");
        writeln!(text, "{mails} under way or in doubt: {twice}").ok();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_cannot_say_is_told() {
        assert_eq!(in_words(LeftOut::default()), "");
        let text = in_words(LeftOut { erased: 1, nowhere: 2, answers: 3, under_way: 4 });
        for part in ["1 erased", "2 people", "3 answers", "4 mails"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
