//! What every command is given besides its own arguments. Opens nothing until a command asks.

use crate::address::Address;
use crate::cli::problems;
use crate::clock::Clock;
use crate::config;
use crate::config::Config;
use crate::flow::App;
use crate::flow::Settings;
use crate::flow::check;
use crate::flow::open;
use crate::flow::reload;
use crate::message::Templates;
use crate::relay::Connector;
use crate::relay::Limits;
use std::path::PathBuf;

/// Where the configuration is, and what the environment says.
#[derive(Clone)]
pub struct Context {
    pub config: PathBuf,
    pub environment: Vec<(String, String)>,
}

impl Context {
    /// The configuration; its problems are told on standard error.
    ///
    /// # Errors
    /// When one of them keeps it from being used.
    pub fn config(&self) -> anyhow::Result<Config> {
        let loaded = config::load(&self.config, self.environment.clone());
        eprint!("{}", problems::text(&loaded.problems, problems::look(&std::io::stderr())));
        loaded.config.ok_or_else(|| anyhow::anyhow!("the configuration can't be used; `dripline check` says the same"))
    }
}

impl Context {
    /// Everything a verb needs: configuration, templates, the database (created or migrated first). Where no daemon
    /// works on it, the coach's files are put in force too, so that a first command finds the courses.
    ///
    /// # Errors
    /// When one of them can't be used.
    pub async fn app(&self) -> anyhow::Result<(Config, App)> {
        let config = self.config()?;
        let app = open_app(&config, Clock::system(), None).await?;
        if let Ok(lock) = app.store.lock().await {
            let reloaded = reload::from_disk(&app).await;
            lock.release().await;
            for problem in reloaded?.problems {
                eprintln!("{problem}");
            }
        }
        Ok((config, app))
    }
}

/// Opens what a verb needs with this configuration. `redirect_to` gets every mail instead of its reader.
pub async fn open_app(config: &Config, clock: Clock, redirect_to: Option<Address>) -> anyhow::Result<App> {
    let overrides = check::read_templates(&config.templates)?;
    let templates = Templates::load(&overrides).map_err(|problems| {
        eprint!("{}", problems::text(&problems, problems::look(&std::io::stderr())));
        anyhow::anyhow!("a template can't be used; `dripline check` says the same")
    })?;
    open::open(&config.database, clock, settings(config, redirect_to), templates).await
}

/// What verbs need of a configuration. `redirect_to` gets every mail instead of its reader.
pub fn settings(config: &Config, redirect_to: Option<Address>) -> Settings {
    Settings {
        site: config.site.clone(),
        sender: config.sender.clone(),
        bounce: config.bounce.clone(),
        courses: config.courses.clone(),
        data: config.data.clone(),
        delivery: config.delivery,
        retention: config.retention,
        dkim: config.dkim.clone(),
        operator: config.operator.clone(),
        redirect_to,
    }
}

/// The relays of a configuration, each with what it is given.
pub fn connectors(config: &Config) -> anyhow::Result<Vec<(Connector, Limits)>> {
    let relays = config.relays.iter();
    relays.map(|relay| Ok((Connector::new(relay)?, relay.limits()))).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_cannot_be_used_is_an_error_in_every_command() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context { config: folder.path().join("dripline.toml"), environment: Vec::new() };
        assert!(context.config().is_err());
        let good = "site = { name = \"S\", url = \"https://a.org\", postal_address = \"P\" }\n\
                    sender = { address = \"a@a.org\" }\nrelay = [{ url = \"smtp://127.0.0.1\" }]\n";
        std::fs::write(&context.config, good).unwrap();
        assert_eq!(context.config().unwrap().site.name, "S");
    }
}
