//! `dripline subscriber answer`: an answer that came otherwise than by a page.

use crate::address::Address;
use crate::cli::output;
use crate::cli::values;
use crate::flow::App;
use crate::flow::answer;
use crate::flow::answer::Recorded;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    pub address: Address,
    #[arg(long, value_parser = values::course)]
    pub course: String,
    /// [default: the latest lesson they got that asks this]
    #[arg(long)]
    pub lesson: Option<String>,
    /// The question's id
    #[arg(long)]
    pub question: String,
    /// An option's id, a number or words; repeated for several options, absent for none of them
    #[arg(long = "answer", value_name = "ANSWER", allow_hyphen_values = true)]
    pub answers: Vec<String>,
}

/// A safety answer prints the crisis text: whoever enters it may have to pass it on.
pub async fn run(app: &App, it: &Args) -> anyhow::Result<ExitCode> {
    let recorded =
        answer::record_by_hand(app, &it.address, &it.course, it.lesson.as_deref(), &it.question, &it.answers).await?;
    let kept = match recorded {
        Recorded::Kept(kept) => kept,
        Recorded::Refused(refusal) => {
            eprintln!("{refusal}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let words = answer::in_words(Some(&kept.ask), &kept.value);
    let said = if words.is_empty() { "none of the options" } else { &words };
    eprintln!("stored: {}/{}, {} {said}", kept.course, kept.lesson, kept.ask.question);
    if let Some(safety) = kept.safety {
        let paused = if safety.paused { "; the course is paused" } else { "" };
        eprintln!("this is a safety answer{paused}");
        output::data(safety.crisis.map(|text| format!("{}\n", text.trim_end())).unwrap_or_default())?;
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn an_answer_names_its_course_and_its_question() {
        let check = |line: &str, expect: bool| assert_eq!(parse::<Args>(line).is_ok(), expect, "{line}");
        check("ana@example.org --course c --question q", true);
        check("ana@example.org --course c --question q --lesson l --answer -3 --answer b", true);
        check("ana@example.org --course c --answer a", false);
        check("ana@example.org --question q --answer a", false);
        check("--course c --question q --answer a", false);
    }
}
