//! Parses the arguments of one command alone, as its tests need it.

use crate::cli::Cli;
use clap::Args;
use clap::CommandFactory;
use clap::error::ErrorKind;

/// The arguments in `line`, which are parted by spaces.
pub fn parse<A: Args>(line: &str) -> Result<A, ErrorKind> {
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    parse_words(&words)
}

pub fn parse_words<A: Args>(words: &[&str]) -> Result<A, ErrorKind> {
    let command = A::augment_args(clap::Command::new("dripline").no_binary_name(true));
    let matches = command.try_get_matches_from(words).map_err(|error| error.kind())?;
    A::from_arg_matches(&matches).map_err(|error| error.kind())
}

#[test]
fn the_command_line_contradicts_itself_nowhere() {
    Cli::command().debug_assert();
}
