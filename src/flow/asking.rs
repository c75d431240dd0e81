//! How fast mails leave that ask visitors to confirm, when very many are asked for at once: nobody is refused, mails
//! queue. What it knows is in memory, and a daemon that starts knows nothing.

use crate::address::Address;
use crate::clock::Now;
use crate::flow::App;
use crate::pace::Keyed;
use crate::pace::Rate;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// For everybody together.
const ALL: Rate = Rate { burst: 500, every: SignedDuration::from_secs(3) };
/// For the addresses of one domain.
const DOMAIN: Rate = Rate { burst: 200, every: SignedDuration::from_secs(6) };
/// Domains that are remembered.
const MOST_DOMAINS: usize = 50_000;
/// What the operator is told by.
const ALARM: &str = "confirmations";

/// The queues of mails that ask.
#[derive(Debug)]
pub struct Asking(Mutex<Queues>);

#[derive(Debug)]
struct Queues {
    /// From when on the whole burst of all together is there again.
    whole: Timestamp,
    domains: Keyed<String>,
    alarm: Alarm,
}

/// Whether the operator knows that mails queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alarm {
    /// An earlier daemon may have raised it.
    Unknown,
    Raised,
    Lowered,
}

impl Default for Asking {
    fn default() -> Asking {
        let domains = Keyed::new(DOMAIN, MOST_DOMAINS);
        Asking(Mutex::new(Queues { whole: Timestamp::MIN, domains, alarm: Alarm::Unknown }))
    }
}

impl Asking {
    /// When the next mail to this address may leave, by the wall clock.
    pub fn queue(&self, address: &Address, now: Timestamp) -> Timestamp {
        let mut queues = self.lock();
        let all = ALL.next(queues.whole, 1, now);
        queues.whole = all.whole;
        all.at.max(queues.domains.queue(address.domain().to_string(), now))
    }

    /// Until when mails of all together queue; `None` where they don't, or nearly not any more: half a burst is a calm.
    fn busy_until(&self, now: Timestamp) -> Option<Timestamp> {
        let whole = self.lock().whole;
        let calm = now.saturating_add(ALL.times(ALL.burst / 2)).unwrap_or(Timestamp::MAX);
        let last = whole.saturating_sub(ALL.times(ALL.burst)).unwrap_or(Timestamp::MIN);
        (whole > calm).then_some(last)
    }

    /// Keeps what the operator knows now; what they knew before.
    fn tell(&self, alarm: Alarm) -> Alarm {
        std::mem::replace(&mut self.lock().alarm, alarm)
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the operator, once, when mails to everybody queue.
pub(super) async fn warn(app: &App, now: Now) {
    let last = app.asking.busy_until(now.wall).filter(|last| *last > now.wall);
    let Some(last) = last.filter(|_| app.asking.tell(Alarm::Raised) != Alarm::Raised) else { return };
    let text = format!(
        "very many sign-ups: the mails that ask for a confirmation leave at {} a minute, the last of them so far at {}; if \
         many people were invited, there is nothing to do. Else strangers' addresses are being entered: find the networks \
         in the log of the web server or proxy and block them there; `dripline hold` stops all mail meanwhile",
        60 / ALL.every.as_secs(),
        last.strftime("%H:%M UTC")
    );
    app.raise(ALARM, &text).await;
}

/// Takes back what the operator was told, once mails leave as they are asked for.
pub async fn step(app: &App) {
    if app.asking.busy_until(app.clock.now().wall).is_none() && app.asking.tell(Alarm::Lowered) != Alarm::Lowered {
        app.lower(ALARM).await;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "an address that can't be is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn one_domain_queues_before_everybody_does() {
        let now = Timestamp::UNIX_EPOCH;
        // So many before, to this domain or to others → how long the next to this domain waits, in seconds.
        let check = |here: usize, elsewhere: usize, expect: i64| {
            let asking = Asking::default();
            for n in 0..elsewhere {
                asking.queue(&format!("a@d{n}.example.org").parse().unwrap(), now);
            }
            for n in 0..here {
                asking.queue(&format!("a{n}@example.org").parse().unwrap(), now);
            }
            let leaves = asking.queue(&"next@Example.org".parse().unwrap(), now);
            assert_eq!(now.duration_until(leaves).as_secs(), expect, "{here} {elsewhere}");
        };
        check(0, 0, 0);
        check(199, 0, 0);
        check(200, 0, 6);
        check(209, 0, 60);
        check(199, 300, 0);
        check(0, 500, 3);
        check(0, 519, 60);
        check(199, 301, 3);
    }

    #[test]
    fn it_is_calm_again_when_half_a_burst_is_there() {
        let asking = Asking::default();
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        let is_busy = |seconds: i64| asking.busy_until(at(seconds)).is_some();
        assert!(!is_busy(0));
        for n in 0..600 {
            asking.queue(&format!("a@d{n}.example.org").parse().unwrap(), at(0));
        }
        assert_eq!(asking.busy_until(at(0)), Some(at(300)));
        assert!(is_busy(1049) && !is_busy(1050));
    }
}
