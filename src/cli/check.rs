//! `dripline check`: every problem in configuration, courses and templates, at once.

use crate::cli::Context;
use crate::cli::output;
use crate::cli::problems;
use crate::config;
use crate::flow;
use crate::flow::check::Content;
use crate::problem;
use crate::problem::Problem;
use crate::problem::any_error;
use crate::site::Images;
use crate::site::Site;
use crate::web;
use clap::ValueEnum;
use indicatif::ProgressBar;
use jiff::tz::TimeZone;
use std::process::ExitCode;

/// Find every problem in the configuration and the courses
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask every address of the web that a course leads to whether it still answers
    #[arg(long)]
    pub links: bool,
    /// How problems are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// An array of {file, line, column, severity, message, help}
    Json,
    /// Lines that GitHub shows beside the files of a change
    Github,
}

/// Exit status 1 when a problem is an error.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (mut problems, content) = look(context);
    if let Some(content) = content.as_ref().filter(|_| args.links) {
        let bar = ProgressBar::new(0).with_message("links");
        let found = flow::links::check_links(&content.shelf, flow::links::PATIENCE, |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        });
        problems.extend(found.await?);
        bar.finish_and_clear();
    }
    problem::sort(&mut problems);
    output::data(match args.format {
        Format::Text => problems::text(&problems, problems::look(&std::io::stdout())),
        Format::Json => format!("{:#}\n", problems::json(&problems)),
        Format::Github => problems::github(&problems),
    })?;
    if args.format == Format::Text {
        for (what, words) in content.iter().flat_map(flow::check::moments) {
            eprintln!("{what}: {words}");
        }
    }
    eprintln!("{}", problems::summary(&problems));
    Ok(if any_error(&problems) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Every problem that the files themselves show, and what was read; nothing where the configuration doesn't say where.
pub fn look(context: &Context) -> (Vec<Problem>, Option<Content>) {
    let loaded = config::load(&context.config, context.environment.clone());
    let mut problems = loaded.problems;
    let Some(folders) = &loaded.folders else { return (problems, None) };
    let (site, signer) = loaded.config.map_or_else(|| (stand_in(), None), |config| (config.site, config.dkim));
    let missing = folders.missing();
    let content = flow::check::read(&folders.courses, &folders.templates);
    let found = flow::check::check(&site, &content).into_iter();
    problems.extend(found.filter(|problem| missing.is_empty() || problem.message != flow::check::NO_COURSES));
    problems.extend(missing);
    problems.extend(signer.iter().flat_map(|signer| flow::check::check_senders(&content, signer)));
    problems.extend(web::check(&site, &content.templates));
    problem::sort(&mut problems);
    (problems, Some(content))
}

/// Where the configuration is wrong, the courses are looked at all the same.
pub fn stand_in() -> Site {
    Site {
        name: "Site".to_string(),
        url: "https://example.org".to_string(),
        postal_address: "An address".to_string(),
        time_zone: TimeZone::UTC,
        language: "en".to_string(),
        daily_cap: 1,
        quiet_during_course: false,
        images: Images::Serve,
    }
}
