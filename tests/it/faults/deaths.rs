//! The process ends at a chosen operation on its files or its connections, with or without the power, and another one goes on.

use super::End;
use super::Ground;
use super::LONG;
use super::PEOPLE;
use super::every;
use super::shim::Faults;
use super::shim::Faulty;
use crate::program::until_or;

/// How it ends, and what then becomes of what wasn't synced.
const ENDS: [(&str, &str); 8] = [
    ("die", ""),
    ("half", "drop"),
    ("after", "torn"),
    ("half", ""),
    ("die", "drop"),
    ("half", "torn"),
    ("after", "drop"),
    ("die", "torn"),
];
/// So many deaths when nobody asks for more.
const DEATHS: u64 = 16;

#[test]
fn whichever_operation_is_the_last_nothing_is_lost_and_only_what_was_in_doubt_comes_twice() {
    let mut ground = Ground::new("every=5 dot delay 5ms");
    let whole = all_operations(&ground);
    let every = every(whole, DEATHS);
    let (mut deaths, mut all, mut at) = (0, End::default(), 1);
    loop {
        let (what, power) = ENDS[deaths % ENDS.len()];
        let faults = Faults { at, what, power, ..Faults::default() };
        ground.renew();
        let mut faulty = ground.serve(&faults);
        if !ends(&ground, &mut faulty) {
            break;
        }
        all += ground.recover(&format!("{faults:?}"));
        deaths += 1;
        at += every;
    }
    println!("{whole} operations; {deaths} deaths, one at each {every}; 0 mails lost; {all:?}");
    assert!(deaths as u64 >= DEATHS / 2, "{deaths} deaths prove little");
}

#[test]
fn power_that_is_lost_again_and_again_makes_no_copy_of_a_database() {
    let ground = Ground::new("data hang");
    for _ in 0..3 {
        let mut faulty = ground.serve(&Faults { power: "drop", ..Faults::default() });
        faulty.is_ready();
        faulty.end();
    }
    let held = ground.site.json(&["status", "--json"])["held"].to_string();
    assert_eq!(held, "[]");
    ground.site.serve(&[]).stop();
    let held = ground.site.json(&["status", "--json"])["held"].to_string();
    assert_eq!(held, "[]");
}

/// How many operations it takes from the start to the end, when nothing goes wrong.
fn all_operations(ground: &Ground) -> u64 {
    let mut faulty = ground.serve(&Faults::default());
    assert!(!ends(ground, &mut faulty));
    faulty.count()
}

/// Whether it ended before its time; otherwise it has done everything, and was stopped.
fn ends(ground: &Ground, faulty: &mut Faulty) -> bool {
    let told = || String::new();
    let all_done = || faulty.has_happened() || ground.mails().len() == PEOPLE;
    until_or("a death or the end of all mails", LONG, all_done, told);
    if !faulty.has_happened() {
        faulty.program.signal("TERM");
    }
    faulty.program.ends(LONG) != Some(0)
}
