//! From settings to a session that may carry mail: connect, greeting, EHLO, TLS, AUTH. Knows no mail.

use crate::outcome::Phase;
use crate::outcome::Reply;
use crate::relay::auth;
use crate::relay::auth::Account;
use crate::relay::session::Session;
use crate::relay::settings::Settings;
use crate::relay::settings::Timeouts;
use crate::relay::settings::Tls;
use crate::relay::tls;
use crate::relay::tls::TlsError;
use crate::relay::wire::Broken;
use crate::relay::wire::Stream;
use crate::relay::wire::Wire;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::commands::Starttls;
use lettre::transport::smtp::extension::ClientId;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::net::lookup_host;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Opens sessions to one relay. Trusted authorities are loaded once.
#[derive(Clone)]
pub struct Connector {
    label: String,
    host: String,
    port: u16,
    protection: Protection,
    account: Option<Account>,
    hello: ClientId,
    pipelining: bool,
    timeouts: Timeouts,
}

#[derive(Clone)]
enum Protection {
    Implicit(Arc<ClientConfig>, ServerName<'static>),
    StartTls(Arc<ClientConfig>, ServerName<'static>),
    PlainLoopback,
}

/// Why no session can be opened with these settings.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("`{0}` is no host name that a certificate could be for; check the relay's URL")]
    Host(String),
    #[error("`{0}` can't be said in EHLO; set a full domain name, like mail.example.org")]
    Hello(String),
    #[error("the relay has a user or a password but not both; set the other one, or neither")]
    HalfAnAccount,
}

/// What the relay's EHLO reply offers, of what we use (RFC 1869, 1870, 2920, 3207, 3461, 4954, 6531). 8BITMIME
/// (RFC 6152) isn't among it: our bodies are 7-bit text, which every relay takes unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    pub size: bool,
    /// Largest message in bytes, if there is a limit.
    pub largest: Option<u64>,
    pub starttls: bool,
    pub pipelining: bool,
    pub smtputf8: bool,
    pub dsn: bool,
    pub mechanism: Option<Mechanism>,
}

impl Connector {
    /// # Errors
    /// When the certificates can't be loaded or the settings contradict each other; nothing is connected yet.
    pub fn new(settings: &Settings) -> Result<Connector, ConnectorError> {
        let account = match (&settings.user, &settings.password) {
            (None, None) => None,
            (Some(user), Some(password)) => Some(Account { user: user.clone(), password: password.clone() }),
            (Some(_), None) | (None, Some(_)) => return Err(ConnectorError::HalfAnAccount),
        };
        let sayable = |hello: &str| !hello.is_empty() && hello.bytes().all(|b| b.is_ascii_graphic());
        if !sayable(&settings.hello) {
            return Err(ConnectorError::Hello(settings.hello.clone()));
        }
        Ok(Connector {
            label: settings.label(),
            host: unbracketed(&settings.host).to_string(),
            port: settings.port,
            protection: Protection::of(settings)?,
            account,
            hello: ClientId::Domain(settings.hello.clone()),
            pipelining: settings.pipelining,
            timeouts: Timeouts::default(),
        })
    }

    /// The relay's URL without secrets.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// With other waits than the standard's: for tests.
    pub fn with_timeouts(self, timeouts: Timeouts) -> Connector {
        Connector { timeouts, ..self }
    }

    /// A session ready for its first envelope.
    ///
    /// # Errors
    /// [`Broken`] says in which phase it ended and what the relay said; [`Broken::verdict`] says whose fault it is.
    pub async fn open(&self) -> Result<Session, Broken> {
        let stream = self.connect().await?;
        let (wire, capabilities) = match &self.protection {
            Protection::Implicit(config, name) => {
                let mut wire = self.protect(stream, config, name).await?;
                self.greeting(&mut wire).await?;
                let capabilities = self.ehlo(&mut wire).await?;
                (wire, capabilities)
            }
            Protection::StartTls(config, name) => {
                let mut wire = Wire::new(Stream::Plain(stream));
                self.greeting(&mut wire).await?;
                let offered = self.ehlo(&mut wire).await?;
                let mut wire = self.start_tls(wire, &offered, config, name).await?;
                let capabilities = self.ehlo(&mut wire).await?;
                (wire, capabilities)
            }
            Protection::PlainLoopback => {
                let mut wire = Wire::new(Stream::Plain(stream));
                self.greeting(&mut wire).await?;
                let capabilities = self.ehlo(&mut wire).await?;
                (wire, capabilities)
            }
        };
        let wire = self.log_in(wire, &capabilities).await?;
        let capabilities = Capabilities { pipelining: capabilities.pipelining && self.pipelining, ..capabilities };
        Ok(Session::new(wire, capabilities, self.timeouts))
    }

    async fn connect(&self) -> Result<TcpStream, Broken> {
        let broken = |why: String| Broken::new(Phase::Connect, why);
        let lookup = timeout(self.timeouts.connect, lookup_host((self.host.as_str(), self.port))).await;
        let found = lookup.map_err(|_| broken("the name wasn't looked up in time".to_string()))?;
        let found = found.map_err(|e| broken(format!("the name of the relay can't be looked up: {e}")))?;
        let mut last = "the name of the relay has no address".to_string();
        for address in found {
            match self.connect_to(address).await {
                Ok(stream) => return Ok(stream),
                Err(why) => last = why,
            }
        }
        Err(broken(last))
    }

    async fn connect_to(&self, address: SocketAddr) -> Result<TcpStream, String> {
        match self.protection {
            Protection::PlainLoopback if !address.ip().is_loopback() => {
                return Err("without TLS only this machine is spoken to; use smtp:// with STARTTLS or smtps://".into());
            }
            Protection::PlainLoopback | Protection::Implicit(..) | Protection::StartTls(..) => {}
        }
        let stream = timeout(self.timeouts.connect, TcpStream::connect(address)).await;
        let stream = stream.map_err(|_| format!("{address} didn't answer in time"))?;
        let stream = stream.map_err(|e| format!("{address} can't be reached: {e}"))?;
        // Without this each mail waits 40 ms for the relay's delayed acknowledgement.
        stream.set_nodelay(true).map_err(|e| format!("{address} can't be spoken to: {e}"))?;
        Ok(stream)
    }

    async fn greeting(&self, wire: &mut Wire) -> Result<(), Broken> {
        let heard = wire.exchange(Phase::Greeting, "", self.timeouts.greeting).await?;
        expect_done(Phase::Greeting, heard.reply, "the relay doesn't take connections from us")
    }

    async fn ehlo(&self, wire: &mut Wire) -> Result<Capabilities, Broken> {
        let limit = self.timeouts.ehlo;
        let ehlo = Ehlo::new(self.hello.clone()).to_string();
        let heard = wire.exchange(Phase::Ehlo, &ehlo, limit).await?;
        if matches!(heard.reply.code, 500 | 502) {
            let helo = format!("HELO {}\r\n", self.hello);
            let heard = wire.exchange(Phase::Ehlo, &helo, limit).await?;
            expect_done(Phase::Ehlo, heard.reply, "the relay knows neither EHLO nor HELO")?;
            return Ok(Capabilities::default());
        }
        expect_done(Phase::Ehlo, heard.reply, "the relay doesn't like our name; check the relay's `hello`")?;
        Ok(Capabilities::read(&heard.lines))
    }

    async fn start_tls(
        &self,
        mut wire: Wire,
        offered: &Capabilities,
        config: &Arc<ClientConfig>,
        name: &ServerName<'static>,
    ) -> Result<Wire, Broken> {
        if !offered.starttls {
            return Err(Broken::new(Phase::Tls, "the relay doesn't offer STARTTLS; use smtps:// or another port"));
        }
        let heard = wire.exchange(Phase::Tls, &Starttls.to_string(), self.timeouts.tls).await?;
        expect_done(Phase::Tls, heard.reply, "the relay refuses STARTTLS")?;
        let stream = wire.into_plain();
        let stream =
            stream.ok_or_else(|| Broken::new(Phase::Tls, "something in clear followed the relay's STARTTLS"))?;
        self.protect(stream, config, name).await
    }

    async fn protect(
        &self,
        stream: TcpStream,
        config: &Arc<ClientConfig>,
        name: &ServerName<'static>,
    ) -> Result<Wire, Broken> {
        let handshake = TlsConnector::from(config.clone()).connect(name.clone(), stream);
        let stream = timeout(self.timeouts.tls, handshake).await;
        let stream = stream.map_err(|_| Broken::new(Phase::Tls, "the TLS handshake didn't end in time"))?;
        let stream = stream.map_err(|e| tls::failed(&e))?;
        Ok(Wire::new(Stream::Tls(Box::new(stream))))
    }

    async fn log_in(&self, mut wire: Wire, capabilities: &Capabilities) -> Result<Wire, Broken> {
        let Some(account) = &self.account else { return Ok(wire) };
        let Some(mechanism) = capabilities.mechanism else {
            let made_up =
                Reply::new(504, "5.5.4 (our words, not the relay's) neither AUTH PLAIN nor AUTH LOGIN is offered");
            return Err(Broken::said(Phase::Auth, made_up, "the relay offers no way to log in"));
        };
        auth::prove(&mut wire, account, mechanism, self.timeouts.auth).await?;
        Ok(wire)
    }
}

impl Protection {
    fn of(settings: &Settings) -> Result<Protection, ConnectorError> {
        let config = || tls::client_config(settings.ca_file.as_deref());
        let name = || {
            ServerName::try_from(unbracketed(&settings.host).to_string())
                .map_err(|_| ConnectorError::Host(settings.host.clone()))
        };
        Ok(match settings.tls {
            Tls::Implicit => Protection::Implicit(config()?, name()?),
            Tls::StartTls => Protection::StartTls(config()?, name()?),
            Tls::PlainLoopback => Protection::PlainLoopback,
        })
    }
}

impl Capabilities {
    /// From the lines of an EHLO reply; the first is the relay's name. Keywords are read in any case, as
    /// RFC 5321 §4.1.1.1 asks, and `AUTH=` as old servers write it.
    fn read(lines: &[String]) -> Capabilities {
        let mut capabilities = Capabilities::default();
        for line in lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=', '\t']);
            match words.next().unwrap_or_default() {
                "STARTTLS" => capabilities.starttls = true,
                "SMTPUTF8" => capabilities.smtputf8 = true,
                "DSN" => capabilities.dsn = true,
                "PIPELINING" => capabilities.pipelining = true,
                "SIZE" => {
                    capabilities.size = true;
                    capabilities.largest = words.next().and_then(|n| n.parse().ok()).filter(|largest| *largest > 0);
                }
                "AUTH" => {
                    let offered: Vec<&str> = words.collect();
                    let known = [(Mechanism::Plain, "PLAIN"), (Mechanism::Login, "LOGIN")];
                    let best =
                        known.into_iter().find(|(_, name)| offered.contains(name)).map(|(mechanism, _)| mechanism);
                    capabilities.mechanism = capabilities.mechanism.or(best);
                }
                _ => {}
            }
        }
        capabilities
    }
}

fn expect_done(phase: Phase, reply: Reply, otherwise: &str) -> Result<(), Broken> {
    if reply.class() == 2 { Ok(()) } else { Err(Broken::said(phase, reply, otherwise)) }
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ehlo_reply_is_read_in_any_case() {
        let check = |lines: &[&str], expect: Capabilities| {
            let lines: Vec<String> = lines.iter().map(|line| line.to_string()).collect();
            assert_eq!(Capabilities::read(&lines), expect, "{lines:?}");
        };
        let none = Capabilities::default();
        check(&["mx.example.org"], none.clone());
        check(&["STARTTLS"], none.clone());
        check(&["mx", "starttls", "PIPELINING"], Capabilities { starttls: true, pipelining: true, ..none.clone() });
        check(&["mx", "SmtpUtf8", "dsn"], Capabilities { smtputf8: true, dsn: true, ..none.clone() });
        check(&["mx", "DSNX", "8BITMIME", "XSMTPUTF8"], none.clone());
        check(&["mx", "SIZE 0"], Capabilities { size: true, ..none.clone() });
        check(&["mx", "Size 100"], Capabilities { size: true, largest: Some(100), ..none.clone() });
        check(&["mx", "AUTH LOGIN PLAIN"], Capabilities { mechanism: Some(Mechanism::Plain), ..none.clone() });
        check(&["mx", "AUTH=login"], Capabilities { mechanism: Some(Mechanism::Login), ..none.clone() });
        check(&["mx", "AUTH CRAM-MD5"], none);
    }
}
