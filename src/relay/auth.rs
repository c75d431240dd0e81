//! Proving who we are (RFC 4954), on a wire that nobody can read. What was sent never comes back in an error.

use crate::outcome::Phase;
use crate::outcome::Reply;
use crate::relay::reply::Heard;
use crate::relay::wire::Broken;
use crate::relay::wire::Wire;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::commands::Auth;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use std::time::Duration;

/// The account at the relay.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: String,
    pub password: SecretString,
}

/// Runs the exchange of one mechanism; a refusal isn't tried again with another one, for that locks accounts.
pub async fn prove(wire: &mut Wire, account: &Account, mechanism: Mechanism, limit: Duration) -> Result<(), Broken> {
    let lines = Lines { account, mechanism };
    let mut wanted = lines.all()?.into_iter().peekable();
    while let Some(line) = wanted.next() {
        let heard = wire.exchange(Phase::Auth, &line, limit).await?;
        let class = if wanted.peek().is_some() { 3 } else { 2 };
        if heard.reply.class() != class {
            wire.close();
            return Err(Broken::said(Phase::Auth, account.without_secrets(heard, &lines.all()?), REFUSED));
        }
    }
    Ok(())
}

const REFUSED: &str = "the relay didn't let us in; check the user and the password of the relay";

struct Lines<'a> {
    account: &'a Account,
    mechanism: Mechanism,
}

impl Lines<'_> {
    /// What we say, line by line. LOGIN asks for the name first and the password second in whatever words, so the
    /// prompts that lettre knows stand in for the relay's.
    fn all(&self) -> Result<Vec<String>, Broken> {
        let prompts: &[Option<&str>] = match self.mechanism {
            Mechanism::Plain | Mechanism::Xoauth2 => &[None],
            Mechanism::Login => &[None, Some("Username"), Some("Password")],
        };
        let credentials =
            Credentials::new(self.account.user.clone(), self.account.password.expose_secret().to_string());
        let line = |prompt: &Option<&str>| Auth::new(self.mechanism, credentials.clone(), prompt.map(str::to_string));
        let lines: Result<Vec<Auth>, _> = prompts.iter().map(line).collect();
        let lines = lines.map_err(|_| Broken::new(Phase::Auth, "the mechanism can't carry these credentials"))?;
        Ok(lines.iter().map(Auth::to_string).collect())
    }
}

impl Account {
    /// Relays have been seen to repeat the line they refuse.
    fn without_secrets(&self, heard: Heard, sent: &[String]) -> Reply {
        let said = heard.lines.join(" ");
        let password = self.password.expose_secret();
        let mut secrets = sent.iter().filter_map(|line| line.split_whitespace().next_back()).filter(|s| s.len() > 5);
        if !password.is_empty() && said.contains(password) || secrets.any(|secret| said.contains(secret)) {
            return Reply { text: "(left out: it repeats what we sent)".to_string(), ..heard.reply };
        }
        heard.reply
    }
}
