//! Many people live through many days: by the pure rules beside a model, and through the real store. The same seed
//! always tells the same story. `DRIPLINE_SEEDS=50 DRIPLINE_PEOPLE=20000 DRIPLINE_DAYS=240` makes the run long,
//! `DRIPLINE_SEED=…` plays one again.

#![expect(clippy::explicit_auto_deref, reason = "without it a text is taken for what is to be picked from")]

mod chance;
mod draft;
mod edits;
mod life;
mod model;
mod predictions;
mod town;
mod world;

use chance::number;
use chance::seeds;
use life::Tally;
use std::thread;
use world::World;

/// Seeds that showed a fault once.
const FAILED: &[u64] = &[6];
/// Courses that live side by side in one database.
const HISTORIES_AT_ONCE: u64 = 10;
const FAILED_IN_TOWN: &[u64] = &[];

#[test]
fn everybody_gets_by_the_rules_what_the_model_says() {
    let (people, days) = (number("DRIPLINE_PEOPLE", 150), number("DRIPLINE_DAYS", 200));
    for seed in seeds(FAILED, 3) {
        let world = World::random(seed, days as i64);
        let tally = everybody(&world, seed, people);
        eprintln!("seed {seed}, {people} people, {days} days: {tally:?}");
        assert!(tally.exact > people && tally.acts > people && tally.late > 0 && tally.edits > 0, "{tally:?}");
    }
}

#[tokio::test]
async fn a_town_gets_its_mails_through_the_store_and_a_relay_that_comes_and_goes() {
    let (people, days) = (number("DRIPLINE_RESIDENTS", 20), number("DRIPLINE_TOWN_DAYS", 20));
    for seed in seeds(FAILED_IN_TOWN, 3) {
        let mails = town::live(seed, people as usize, days as i64).await;
        eprintln!("seed {seed}, {people} residents, {days} days: {mails} mails");
        assert!(mails as u64 > 3 * people, "a town in which nothing happens proves nothing: {mails}");
    }
}

#[tokio::test]
async fn what_a_plan_foretells_of_an_edit_is_what_happens() {
    let histories = number("DRIPLINE_HISTORIES", 30);
    for seed in seeds(&[], histories.div_ceil(HISTORIES_AT_ONCE)) {
        let touched = predictions::live(seed, HISTORIES_AT_ONCE as usize).await;
        eprintln!("seed {seed}, {HISTORIES_AT_ONCE} histories: {touched} people touched");
        assert!(touched > 0);
    }
}

fn everybody(world: &World, seed: u64, people: u64) -> Tally {
    let threads = thread::available_parallelism().map_or(1, |it| it.get() as u64);
    let shared = |n: u64| (0..people).filter(move |person| person % threads == n);
    let chosen = std::env::var("DRIPLINE_PERSON").ok().and_then(|text| text.parse::<u64>().ok());
    let lives = |n: u64| {
        shared(n)
            .filter(|person| chosen.is_none_or(|chosen| chosen == *person))
            .map(|person| life::live(world, seed, person))
            .collect::<Vec<_>>()
    };
    let all = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|n| scope.spawn(move || lives(n))).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let mut sum = Tally::default();
    let mut wrong = Vec::new();
    for one in all {
        match one {
            Ok(one) => sum.add(&one),
            Err(text) => wrong.push(text),
        }
    }
    let brief: Vec<&str> = wrong.iter().filter_map(|text| text.lines().next()).take(20).collect();
    assert!(wrong.is_empty(), "{} of {people} lives went wrong:\n{}\n\n{}", wrong.len(), brief.join("\n"), wrong[0]);
    sum
}
