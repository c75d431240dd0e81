//! `dripline serve`: the daemon.

use crate::address::Address;
use crate::cli::Context;
use crate::cli::context::connectors;
use crate::cli::context::open_app;
use crate::cli::values;
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon;
use crate::daemon::Daemon;
use crate::daemon::pages;
use crate::daemon::stop_on_signals;
use crate::flow::open;
use crate::relay::is_loopback;
use anyhow::Context as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serve pages, schedule lessons and send them, until told to stop
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Rehearse with a day that takes so long, like 10s; only to a loopback relay or with --redirect-to
    #[arg(long, value_parser = values::short_day)]
    pub day: Option<Duration>,
    /// Send every mail to this address instead of its reader's
    #[arg(long, value_name = "ADDRESS")]
    pub redirect_to: Option<Address>,
}

/// Runs until SIGTERM or Ctrl-C.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let config = context.config()?;
    if args.day.is_some() && args.redirect_to.is_none() && !stays_here(&config) {
        anyhow::bail!(
            "a rehearsal sends only to a relay on this machine; use a loopback relay, or --redirect-to ADDRESS"
        );
    }
    let connectors = connectors(&config)?;
    let mut app = open_app(&config, Clock::system(), args.redirect_to).await?;
    let lock = daemon::lock(&app.store).await?;
    open::rehearse(&mut app, args.day).await?;
    let address = config.web.listen;
    let listener = TcpListener::bind(address).await;
    let listener =
        listener.with_context(|| format!("can't serve pages at {address}; set another `listen` in [web]"))?;
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    tracing::info!(pages = %listener.local_addr()?, "serving");
    let app = Arc::new(app);
    let pages = pages(&config, &app)?;
    Daemon { app, lock, connectors, pages, listener, stop }.run().await?;
    Ok(ExitCode::SUCCESS)
}

fn stays_here(config: &Config) -> bool {
    config.relays.iter().all(|relay| is_loopback(&relay.host))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn a_rehearsal_may_shorten_the_day_and_redirect_the_mails() {
        let args: Args = parse("--day 10s --redirect-to ana@example.org").unwrap();
        assert_eq!(args.day, Some(Duration::from_secs(10)));
        assert_eq!(args.redirect_to.as_ref().map(Address::as_str), Some("ana@example.org"));
        let args: Args = parse("").unwrap();
        assert!(args.day.is_none() && args.redirect_to.is_none());
        assert!(parse::<Args>("--redirect-to ana").is_err());
    }
}
