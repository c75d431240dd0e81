//! `dripline status`: how the sending stands.

/// Print counts by state, what is oldest due, relays, held mails and problems
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print an object
    #[arg(long)]
    pub json: bool,
}
