//! `dripline preview`: what a reader will see, in a browser on this machine.

use crate::cli::Context;
use crate::cli::check;
use crate::cli::context::settings;
use crate::cli::output;
use crate::cli::problems;
use crate::config;
use crate::config::Config;
use crate::config::Folders;
use crate::config::Loaded;
use crate::daemon;
use crate::daemon::preview::Preview;
use crate::flow::preview::Ground;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Look at every lesson as its reader will see it, in a browser; reloads on save
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen, on this machine only; port 0 takes any that is free
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8026", value_parser = loopback)]
    pub listen: SocketAddr,
}

/// What stands in for a configuration that can't be used; `check` shows its site by the same names.
const STAND_IN: &str = "site = { name = \"Site\", url = \"https://example.org\", postal_address = \"An address\" }\n\
                        sender = { address = \"coach@example.org\" }\nrelay = [{ url = \"smtp://127.0.0.1\" }]\n";

/// Runs until it is told to stop. Prints where it listens.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let path = std::path::absolute(&context.config)?;
    let Some(ground) = read(context, &path) else {
        let loaded = config::load(&context.config, context.environment.clone());
        eprint!("{}", problems::text(&loaded.problems, problems::look(&std::io::stderr())));
        return Ok(ExitCode::FAILURE);
    };
    let listener = TcpListener::bind(args.listen).await;
    let listener = listener
        .with_context(|| format!("can't listen at {}; `--listen 127.0.0.1:0` takes any free port", args.listen))?;
    let stop = CancellationToken::new();
    daemon::stop_on_signals(stop.clone())?;
    let (again, configuration) = (context.clone(), path.clone());
    let preview = Preview::open(ground?, configuration, Box::new(move || read(&again, &path)?.ok()))?;
    output::data(format!("http://{}\n", listener.local_addr()?))?;
    eprintln!("Open this address in a browser; pages follow what you save. Ctrl-C ends it.");
    preview.run(listener, stop).await?;
    // A template that never ends may still be at work.
    std::process::exit(0)
}

/// What the file says now; `None` where there is none.
fn read(context: &Context, path: &Path) -> Option<anyhow::Result<Ground>> {
    let loaded = config::load(&context.config, context.environment.clone());
    if !path.exists() {
        return None;
    }
    Some(ground(loaded, path.parent().unwrap_or(path)))
}

fn ground(loaded: Loaded, base: &Path) -> anyhow::Result<Ground> {
    let folders = loaded.folders.unwrap_or_else(|| Folders::beside(base));
    let (config, relay) = match loaded.config {
        Some(config) => {
            let relay = config.relays.first().cloned().ok_or_else(|| "No relay is configured.".to_string());
            (config, relay)
        }
        None => {
            let why = "dripline.toml has errors, and until they are mended nothing can be sent.";
            (stand_in(base)?, Err(why.to_string()))
        }
    };
    let config = Config { courses: folders.courses, templates: folders.templates, ..config };
    Ok(Ground {
        settings: settings(&config, None),
        relay,
        templates: config.templates.clone(),
        problems: loaded.problems,
    })
}

fn stand_in(base: &Path) -> anyhow::Result<Config> {
    let parsed = config::parse("dripline.toml", STAND_IN, base, std::iter::empty()).config;
    let config = parsed.context("the values that stand in for dripline.toml are wrong")?;
    Ok(Config { site: check::stand_in(), ..config })
}

/// An address of this machine alone: whoever opens the preview reads everything.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let wrong = "write an address of this machine and a port, like 127.0.0.1:8026";
    let address: SocketAddr = text.parse().map_err(|_| wrong.to_string())?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(format!("the preview is for this machine alone, and {} can be reached from elsewhere; {wrong}", address.ip()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::cli::tests::parse;

    #[test]
    fn the_preview_listens_on_this_machine_alone() {
        let check = |line: &str, expect: Option<&str>| {
            let listen = parse::<Args>(line).ok().map(|args| args.listen.to_string());
            assert_eq!(listen.as_deref(), expect, "{line}");
        };
        check("", Some("127.0.0.1:8026"));
        check("--listen 127.0.0.1:0", Some("127.0.0.1:0"));
        check("--listen [::1]:9", Some("[::1]:9"));
        check("--listen 0.0.0.0:8026", None);
        check("--listen 192.168.1.2:8026", None);
        check("--listen localhost", None);
        assert!(loopback("0.0.0.0:1").unwrap_err().contains("this machine alone"));
    }

    #[test]
    fn what_stands_in_for_a_configuration_can_be_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dripline.toml");
        let context = Context { config: path.clone(), environment: Vec::new() };
        assert!(read(&context, &path).is_none());
        std::fs::write(&path, "site = 1\n").unwrap();
        let ground = read(&context, &path).unwrap().unwrap();
        assert!(ground.relay.is_err() && !ground.problems.is_empty());
        assert_eq!(ground.settings.site.name, "Site");
        std::fs::write(&path, b"\xff").unwrap();
        let ground = read(&context, &path).unwrap().unwrap();
        assert_eq!(ground.settings.courses, folder.path().join("courses"));
    }
}
