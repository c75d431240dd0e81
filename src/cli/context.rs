//! What every command is given besides its own arguments. Opens nothing until a command asks.

use crate::cli::problems;
use crate::config;
use crate::config::Config;
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
