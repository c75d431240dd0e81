//! How many forms one network may send that lead to a mail, so that nobody can fill strangers' mailboxes through us. In memory, and bounded.

use crate::pace::Keyed;
use crate::pace::Rate;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Thirty at once, and thirty an hour.
const NETWORK: Rate = Rate { burst: 30, every: SignedDuration::from_secs(120) };
/// Networks that are remembered: some 5 MB.
const MOST_NETWORKS: usize = 100_000;
/// What a form costs that came back faster than anybody types, or with a trap filled in.
const HASTY: u32 = 5;

/// What each network has sent.
#[derive(Debug)]
pub struct Limits(Mutex<Keyed<IpAddr>>);

/// How a form looked when it came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Calm,
    /// As a program fills it in, or a browser that fills in forms by itself.
    Hasty,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits(Mutex::new(Keyed::new(NETWORK, MOST_NETWORKS)))
    }
}

impl Limits {
    /// Counts a form. A visitor on this machine is never refused: it is a program here, or a proxy that isn't named as
    /// such, behind which everybody stands.
    ///
    /// # Errors
    /// How long the network has to wait.
    pub fn admit(&self, ip: Option<IpAddr>, manner: Manner, now: Timestamp) -> Result<(), SignedDuration> {
        let Some(network) = ip.filter(|ip| !ip.is_loopback()).map(network) else { return Ok(()) };
        let cost = match manner {
            Manner::Calm => 1,
            Manner::Hasty => HASTY,
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).admit(network, cost, now)
    }
}

/// What one customer of a provider has: an IPv4 address, or 64 bits of IPv6 (RFC 6177).
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_ipv4_address_or_64_bits_of_ipv6() {
        let check = |ip: &str, expect: &str| assert_eq!(network(ip.parse().unwrap()).to_string(), expect, "{ip}");
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
    }

    #[test]
    fn thirty_at_once_and_a_hasty_one_counts_five_times() {
        let check = |ip: Option<&str>, manner: Manner, expect: usize| {
            let limits = Limits::default();
            let ip = ip.map(|ip| ip.parse().unwrap());
            let now = Timestamp::UNIX_EPOCH;
            let admitted = (0..100).filter(|_| limits.admit(ip, manner, now).is_ok()).count();
            assert_eq!(admitted, expect, "{ip:?} {manner:?}");
        };
        check(Some("192.0.2.7"), Manner::Calm, 30);
        check(Some("192.0.2.7"), Manner::Hasty, 6);
        check(Some("2001:db8::7"), Manner::Calm, 30);
        check(Some("127.0.0.1"), Manner::Hasty, 100);
        check(Some("::1"), Manner::Calm, 100);
        check(None, Manner::Calm, 100);
    }
}
