//! `dripline verify`: the invariants of the database.

/// Check the invariants of the database and print every breach
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print an array
    #[arg(long)]
    pub json: bool,
}
