//! A wall clock that is turned, forward and back, while the other clock only counts.

use super::Ground;
use super::LONG;
use super::PEOPLE;
use super::SOME_WAIT;
use super::shim::Faults;
use super::shim::Faulty;
use crate::program::until;
use crate::program::until_or;
use std::time::Duration;
use std::time::Instant;

const DAY: i64 = 24 * 3600;
/// Scheduling rests for so long when the clock has jumped.
const REST: i64 = 600;

#[test]
fn a_clock_that_jumps_is_believed_after_ten_minutes_and_nobody_gets_a_lesson_twice() {
    let ground = Ground::new("");
    let faulty = ground.serve(&Faults::default());
    until("the first lessons", LONG, || mails_of_readers(&ground) == PEOPLE);
    // By how much the clock is turned, and how many mails everybody has then: two lessons, and the letter that ends the course.
    for (days, expect) in [(40, 2), (-2, 2), (-340, 2), (380, 3), (1, 3)] {
        jump(&ground, &faulty, days);
        let what = format!("{expect} mails each when the clock was turned by {days} days");
        until(&what, LONG, || mails_of_readers(&ground) >= expect * PEOPLE);
        let most =
            ground.mails().into_iter().filter(|(to, _)| to.starts_with("reader")).map(|(_, mails)| mails.len()).max();
        assert_eq!(most, Some(expect), "{what}");
    }
    faulty.program.stop();
    assert_eq!(mails_of_readers(&ground), 3 * PEOPLE);
    assert_eq!(ground.site.good(&["verify"]), "");
}

/// The clock jumps; the program sees it when somebody comes in, and rests: that person's lesson comes when the rest is over.
fn jump(ground: &Ground, faulty: &Faulty, days: i64) {
    // What is just being claimed may still be claimed by a clock that jumps then.
    until_it_rests(faulty);
    let before = mails_of_readers(ground);
    let jumps = || faulty.program.told().matches("the clock jumped").count();
    let seen = jumps();
    faulty.jump(days * DAY);
    let new = format!("new{}@example.org", days.abs());
    let ran = faulty
        .beside(&ground.site, &["subscriber", "add", &new, "--course", "calm", "--confirmed", "--source", "paper"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    until("word of the jump", LONG, || jumps() > seen);
    assert_eq!(mails_of_readers(ground), before, "a mail left while the clock wasn't believed");
    assert!(!ground.mails().contains_key(&new), "a mail left while the clock wasn't believed");
    let mut rested = None;
    let told = || format!("{days}: {}\n{}", ground.site.good(&["status"]), faulty.program.told());
    let end = || {
        // Once more when its rest had not begun before.
        if rested.is_none_or(|since: Instant| since.elapsed() > SOME_WAIT) {
            faulty.pass(REST + 1);
            rested = Some(Instant::now());
        }
        ground.mails().contains_key(&new)
    };
    until_or("the end of the rest", LONG, end, told);
    let problems = ground.site.json(&["status", "--json"])["problems"].to_string();
    assert!(!problems.contains("the clock jumped"), "what is over is still told: {problems}");
}

/// It has done nothing for a moment.
fn until_it_rests(faulty: &Faulty) {
    let mut last = (faulty.count(), Instant::now());
    until("a moment in which nothing is done", LONG, || {
        if faulty.count() != last.0 {
            last = (faulty.count(), Instant::now());
        }
        last.1.elapsed() > Duration::from_millis(100)
    });
}

fn mails_of_readers(ground: &Ground) -> usize {
    ground.mails().into_iter().filter(|(to, _)| to.starts_with("reader")).map(|(_, mails)| mails.len()).sum()
}
