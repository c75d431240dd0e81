//! A relay that fails in every way, before the dot and after it, told by the real program's own mails.

use super::Ground;
use super::shim::Faults;
use std::ops::RangeInclusive;

/// What the relay does, once each; how many mails are in doubt then, at least and at most, and how many of them it had kept. A body
/// that is cut off is in doubt only when all of it had been handed over.
const SCRIPTS: [(&str, RangeInclusive<usize>, usize); 3] = [
    (
        "connect close; greeting hang; greeting garbage; greeting reply \"421 4.3.2 later\"; greeting reply \"554 5.7.1 no\"; \
         ehlo close; ehlo hang; ehlo reply \"421 4.3.2 later\"; ehlo split",
        0..=0,
        0,
    ),
    (
        "mail close; mail hang; mail garbage; mail reply \"451 4.3.0 later\"; mail reply \"421 4.3.2 later\"; \
         rcpt close; rcpt hang; rcpt garbage; rcpt reply \"451 4.7.1 greylisted\"; rcpt split; \
         data close; data hang; data garbage; data reply \"451 4.3.0 later\"; data split",
        0..=0,
        0,
    ),
    (
        "body close; body hang; dot close; dot garbage; dot hang; dot late-reset; dot reply \"451 4.3.0 later\"; dot reply \"421 4.3.2 later\"; \
         dot split; dot late-reset; dot delay 30ms",
        5..=7,
        2,
    ),
];

#[test]
fn whatever_a_relay_says_or_does_nothing_is_lost_and_only_what_it_kept_in_silence_comes_twice() {
    for (script, doubts, copies) in SCRIPTS {
        let once: Vec<String> = script.split("; ").map(|rule| format!("times=1 {rule}")).collect();
        let ground = Ground::new(&once.join("; "));
        let daemon = ground.serve(&Faults::default());
        let end = ground.bring_to_an_end(daemon, script);
        println!("{} faults: {end:?}", once.len());
        assert!(doubts.contains(&end.doubt) && end.copies == copies, "{script}: {end:?}");
    }
}
