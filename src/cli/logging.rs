//! Log lines on standard error. Knows nothing of what is logged.

use clap::ValueEnum;
use std::io::IsTerminal as _;
use tracing::Level;
use tracing_subscriber::EnvFilter;

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

const LEVEL: &str = "DRIPLINE_LOG";

/// Starts logging at the level of `DRIPLINE_LOG`, or at `info`. Call it once.
pub fn start_logging(format: LogFormat, environment: &[(String, String)]) {
    let wanted = environment.iter().find(|(name, _)| name == LEVEL).map(|(_, value)| value.as_str());
    let level = wanted.map(|level| level.parse::<Level>().map_err(|_| level));
    if let Some(Err(level)) = level {
        eprintln!("{LEVEL}={level} is no level; it is error, warn, info, debug or trace. Going on with info");
    }
    let level = level.and_then(Result::ok).unwrap_or(Level::INFO);
    // What libraries say below `info` is megabytes for each mail, and a folder that went away is no news to anybody.
    let filter = EnvFilter::new(format!("{},notify=off,dripline={level}", level.min(Level::INFO)));
    let lines = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .with_env_filter(filter);
    match format {
        LogFormat::Human => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
