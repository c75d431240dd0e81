//! `dripline check`: every problem in the configuration, at once.

use crate::cli::Context;
use crate::cli::output;
use crate::cli::problems;
use crate::config;
use crate::flow;
use crate::problem;
use crate::problem::any_error;
use crate::site::Images;
use crate::site::Site;
use crate::web;
use clap::ValueEnum;
use jiff::tz::TimeZone;
use std::process::ExitCode;

/// Find every problem in the configuration and the courses
#[derive(Debug, clap::Args)]
pub struct Args {
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
}

/// Exit status 1 when a problem is an error.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let loaded = config::load(&context.config, context.environment.clone());
    let mut problems = loaded.problems;
    if let Some(folders) = &loaded.folders {
        let (site, signer) = loaded.config.map_or_else(|| (stand_in(), None), |config| (config.site, config.dkim));
        problems.extend(flow::check::check(&site, &folders.courses, &folders.templates));
        problems.extend(signer.iter().flat_map(|signer| flow::check::check_senders(&folders.courses, signer)));
        let overrides = flow::check::read_templates(&folders.templates).unwrap_or_default();
        problems.extend(web::check(&site, &overrides));
    }
    problem::sort(&mut problems);
    output::data(match args.format {
        Format::Text => problems::text(&problems, problems::look(&std::io::stdout())),
        Format::Json => format!("{:#}\n", problems::json(&problems)),
    })?;
    eprintln!("{}", problems::summary(&problems));
    Ok(if any_error(&problems) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
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
