//! A five-field cron line over civil time.

use std::str::FromStr;

/// A cron line that has at least one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Cron {
    text: String,
}

impl Cron {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(text: &str) -> Result<Cron, String> {
        Ok(Cron { text: text.to_string() })
    }
}
