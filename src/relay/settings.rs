//! What an operator may set about the relay, already parsed. Knows no file format and opens nothing.

use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The relay and how hard it may be driven.
#[derive(Debug, Clone)]
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub user: Option<String>,
    pub password: Option<SecretString>,
    /// Connections at once, over all domains.
    pub connections: usize,
    pub rate: Option<Rate>,
    /// Mails that it accepts in a day (UTC).
    pub daily: Option<u64>,
    /// Whether PIPELINING is used where it is offered (RFC 2920).
    pub pipelining: bool,
    /// Limits of domain groups, by the group's name.
    pub domains: BTreeMap<String, DomainLimit>,
    /// PEM certificates to trust instead of the public authorities.
    pub ca_file: Option<PathBuf>,
    /// What we call ourselves in EHLO: a full domain name, or an address in brackets (RFC 5321 §4.1.4).
    pub hello: String,
}

/// How the wire is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte, usually port 465 (RFC 8314 §3.3).
    Implicit,
    /// In clear until STARTTLS, which is required (RFC 3207).
    StartTls,
    /// In clear; refused unless the host is this machine.
    PlainLoopback,
}

/// Mails in a span of time, written as `14/s`, `100/min` or `1000/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    pub per: Duration,
}

/// What holds for one group of recipient domains, within the limits of the whole relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DomainLimit {
    pub connections: Option<usize>,
    pub rate: Option<Rate>,
}

/// How much one relay is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Connections at once, over all domains.
    pub connections: usize,
    pub rate: Option<Rate>,
    /// Mails that it accepts in a day (UTC).
    pub daily: Option<u64>,
    /// Of domain groups, by the group's name.
    pub domains: BTreeMap<String, DomainLimit>,
}

/// How long each phase may take before the session is given up. The defaults are those of RFC 5321 §4.5.3.2; a short
/// wait after the final dot only makes mails doubtful that were accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For each address of the host.
    pub connect: Duration,
    pub tls: Duration,
    pub greeting: Duration,
    pub ehlo: Duration,
    /// For each line of the exchange.
    pub auth: Duration,
    pub mail: Duration,
    pub rcpt: Duration,
    pub data: Duration,
    /// For each block of the body.
    pub block: Duration,
    pub dot: Duration,
    /// For RSET, whose reply nobody's mail waits for.
    pub reset: Duration,
    pub quit: Duration,
}

/// Why a text is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a whole number above 0 and a unit, like 14/s, 100/min or 1000/h")]
pub struct RateError;

impl Settings {
    /// The relay's URL for logs and pages: no user, no password.
    pub fn label(&self) -> String {
        let scheme = match self.tls {
            Tls::Implicit => "smtps",
            Tls::StartTls | Tls::PlainLoopback => "smtp",
        };
        let bare_ipv6 = self.host.contains(':') && !self.host.starts_with('[');
        let host = if bare_ipv6 { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{host}:{}", self.port)
    }

    pub fn limits(&self) -> Limits {
        let (rate, daily, domains) = (self.rate, self.daily, self.domains.clone());
        Limits { connections: self.connections.max(1), rate, daily, domains }
    }
}

/// Whether a host, without brackets, is this machine whatever the DNS says.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        Timeouts {
            connect: Duration::from_secs(30),
            tls: minutes(1),
            greeting: minutes(5),
            ehlo: minutes(5),
            auth: minutes(5),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            block: minutes(3),
            dot: minutes(10),
            reset: Duration::from_secs(30),
            quit: Duration::from_secs(5),
        }
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        let (count, unit) = text.split_once('/').ok_or(RateError)?;
        let seconds = match unit.trim() {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            _ => return Err(RateError),
        };
        let count: u32 = count.trim().parse().map_err(|_| RateError)?;
        if count == 0 { Err(RateError) } else { Ok(Rate { count, per: Duration::from_secs(seconds) }) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per.as_secs() {
            1 => write!(f, "{}/s", self.count),
            60 => write!(f, "{}/min", self.count),
            3600 => write!(f, "{}/h", self.count),
            seconds => write!(f, "{} in {seconds} s", self.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_written_in_the_same_words() {
        let check = |text: &str, expect: Option<(u32, u64)>| {
            let rate = text.parse::<Rate>().ok();
            assert_eq!(rate.map(|r| (r.count, r.per.as_secs())), expect, "{text}");
            if let Some(rate) = rate {
                assert_eq!(rate.to_string(), text.replace(' ', ""));
            }
        };
        check("14/s", Some((14, 1)));
        check("100 / min", Some((100, 60)));
        check("1000/h", Some((1000, 3600)));
        check("0/s", None);
        check("-1/s", None);
        check("14", None);
        check("14/day", None);
    }
}
