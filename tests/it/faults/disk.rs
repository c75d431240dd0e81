//! A disk that is full, and one that fails, at chosen writes and syncs: nothing leaves that isn't stored, nothing heard is
//! forgotten, and it goes on by itself.

use super::End;
use super::Ground;
use super::LONG;
use super::PEOPLE;
use super::moments;
use super::order::bodies_behind_their_intents;
use super::shim::Faults;
use super::shim::Faulty;
use crate::program::until;
use crate::program::until_or;

/// So many moments of one run.
const MOMENTS: u64 = 6;

#[test]
fn a_full_disk_stops_the_sending_says_so_and_goes_on_when_there_is_room() {
    at_moments("w", "full", &["database or disk is full", "No space left"]);
}

#[test]
fn a_sync_that_fails_is_no_commit_and_what_it_was_for_is_stored_again() {
    at_moments("s", "broken", &["disk I/O error", "Input/output error"]);
}

#[test]
fn what_a_failed_sync_left_behind_is_not_needed_when_the_power_goes_later() {
    let mut ground = Ground::new("every=1 dot delay 5ms");
    for at in [5, 8, 10] {
        ground.renew();
        let faults = Faults { on: "s", at, what: "broken", power: "drop", ..Faults::default() };
        let mut faulty = ground.serve(&faults);
        let words = ["disk I/O error", "Input/output error"];
        until("word of it", LONG, || says(&faulty, &words) || ground.mails().len() == PEOPLE);
        if !faulty.program.told().contains("\"ready\"") {
            assert_eq!(faulty.program.ends(LONG), Some(1), "{faults:?}: {}", faulty.program.told());
            ground.recover(&format!("{faults:?}"));
            continue;
        }
        faulty.mend();
        let before = ground.mails().len();
        until("a mail after it", LONG, || ground.mails().len() > before || before == PEOPLE);
        faulty.end();
        ground.recover(&format!("{faults:?}"));
    }
}

/// The fault begins at moments spread over a whole run, and lasts until the program has said so.
fn at_moments(on: &'static str, what: &'static str, words: &[&str]) {
    let mut ground = Ground::new("every=1 dot delay 5ms");
    let whole = ground.operations(on);
    let moments = moments(whole, MOMENTS);
    let mut lived = 0;
    for at in &moments {
        ground.renew();
        lived += usize::from(lives_through(
            &ground,
            &Faults { on, at: *at, what, logged: true, ..Faults::default() },
            words,
        ));
    }
    println!("{whole} operations; {} times {what}; {lived} times it went on, otherwise it didn't begin", moments.len());
    assert!(2 * lived >= moments.len(), "it hardly ever went on by itself");
}

/// Whether it went on without being started again: when it can't begin, it says why and ends.
fn lives_through(ground: &Ground, faults: &Faults, words: &[&str]) -> bool {
    let mut faulty = ground.serve(faults);
    let told = || format!("{faults:?}\n{}", faulty.program.told());
    until_or("the fault", LONG, || faulty.has_happened() || ground.mails().len() == PEOPLE, told);
    until_or("a word of it", LONG, || says(&faulty, words) || ground.mails().len() == PEOPLE, told);
    if !faulty.program.told().contains("\"ready\"") {
        assert_eq!(faulty.program.ends(LONG), Some(1), "{faults:?}: {}", faulty.program.told());
        ground.recover(&format!("{faults:?}"));
        return false;
    }
    let sent = bodies_behind_their_intents(&faulty.log());
    assert!(sent <= PEOPLE, "{faults:?}: {sent} bodies");
    faulty.mend();
    let log_at_the_end = || bodies_behind_their_intents(&faulty.log());
    until_or("all mails", LONG, || ground.mails().len() == PEOPLE, told);
    assert_eq!(log_at_the_end(), PEOPLE, "{faults:?}");
    assert_eq!(
        ground.bring_to_an_end(faulty, &format!("{faults:?}")),
        End::default(),
        "nobody died, nothing is in doubt"
    );
    true
}

fn says(faulty: &Faulty, words: &[&str]) -> bool {
    let told = faulty.program.told();
    words.iter().any(|it| told.contains(it))
}
