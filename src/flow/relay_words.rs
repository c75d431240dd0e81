//! How a relay is, in an operator's words. Knows no session.

use crate::flow::deliver::RelayState;
use crate::flow::journal::Relay;
use crate::pace::Slowed;
use jiff::Timestamp;

/// What `status` shows of a relay. How many it accepted today is counted in the database.
pub fn relay(it: &RelayState) -> Relay {
    let (state, said) = standing(it);
    let whole = it.slowed.map(|slowed| less("this relay", &slowed));
    let domains = it.domains.iter().map(|(domain, slowed)| less(domain, slowed));
    Relay {
        url: it.url.clone(),
        state: state.to_string(),
        said,
        slowed: whole.into_iter().chain(domains).collect(),
        accepted_today: 0,
    }
}

/// One word, and a sentence.
fn standing(it: &RelayState) -> (&'static str, String) {
    let since = it.down_since.map_or(String::new(), |since| format!(" since {}", shown(since)));
    match (it.state, it.probe_at, it.quota_until) {
        ("open", Some(probe), _) => ("resting", format!("takes no mail{since}; it is tried again at {}", shown(probe))),
        ("half-open", _, _) => ("trying", format!("took no mail{since}; the next mail tries it")),
        (_, _, Some(until)) => {
            let daily = it.daily.map_or(String::new(), |daily| format!(" of {daily} mails"));
            ("used up", format!("today's quota{daily} is used up; it goes on at {}", shown(until)))
        }
        (_, _, None) if it.is_spare => ("spare", "works, and waits in case those before it don't".to_string()),
        (_, _, None) => ("working", "takes mail".to_string()),
    }
}

fn less(who: &str, slowed: &Slowed) -> String {
    format!(
        "{who} asks for less since {}: it was halved to {:.0} a minute, and a tenth of what it had comes back each minute",
        shown(slowed.since),
        slowed.left
    )
}

fn shown(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "an instant that can't be is a failed test")]
mod tests {
    use super::*;
    use crate::pace::Speed;
    use jiff::SignedDuration;
    use std::collections::BTreeMap;

    fn at(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    fn working() -> RelayState {
        RelayState {
            url: "smtp://relay.example.org:587".to_string(),
            state: "closed",
            is_spare: false,
            down_since: None,
            probe_at: None,
            daily: Some(50_000),
            quota_until: None,
            slowed: None,
            domains: BTreeMap::new(),
        }
    }

    #[test]
    fn each_state_has_a_word_and_a_sentence_that_says_what_comes_next() {
        let check = |it: RelayState, word: &str, said: &str| {
            let told = relay(&it);
            assert_eq!((told.state.as_str(), told.said.as_str()), (word, said));
        };
        let down = RelayState { down_since: at("2026-03-02T09:12:00Z"), ..working() };
        let probe_at = at("2026-03-02T09:20:30Z");
        check(working(), "working", "takes mail");
        check(RelayState { is_spare: true, ..working() }, "spare", "works, and waits in case those before it don't");
        check(
            RelayState { state: "open", probe_at, ..down.clone() },
            "resting",
            "takes no mail since 2026-03-02 09:12 UTC; it is tried again at 2026-03-02 09:20 UTC",
        );
        check(
            RelayState { state: "half-open", probe_at, ..down },
            "trying",
            "took no mail since 2026-03-02 09:12 UTC; the next mail tries it",
        );
        check(
            RelayState { quota_until: at("2026-03-03T00:00:00Z"), ..working() },
            "used up",
            "today's quota of 50000 mails is used up; it goes on at 2026-03-03 00:00 UTC",
        );
    }

    #[test]
    fn what_asks_for_less_is_named_with_how_much_is_left() {
        let now = at("2026-03-02T09:10:00Z").unwrap();
        let mut speed = Speed::new(Some((60, SignedDuration::from_mins(1))), SignedDuration::ZERO);
        speed.too_fast(now, now);
        let domains = BTreeMap::from([("gmail.com".to_string(), speed.slowed(now).unwrap())]);
        let told = relay(&RelayState { domains, ..working() });
        assert_eq!(
            told.slowed,
            [
                "gmail.com asks for less since 2026-03-02 09:10 UTC: it was halved to 30 a minute, and a tenth of what it had comes back each minute"
            ]
        );
    }
}
