//! The promise about crashes, proven with the real program and kill -9: nothing is lost, and what may arrive twice was in doubt before.
//!
//! `DRIPLINE_KILLS=100` makes a long run of it, `DRIPLINE_SEED=…` plays one again.

use crate::program::Accepted;
use crate::program::Program;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until;
use crate::program::until_or;
use dripline::cli::Context;
use dripline::flow::sign_up;
use dripline::flow::sign_up::Request;
use dripline::flow::sign_up::SignedUp;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;
use std::time::Instant;

const CONNECTIONS: usize = 8;
/// Answers come late, so that most kills find bodies on the wire; some are lost after the mail was kept.
const LATE_RESETS: usize = 6;
const FAULTS: &str =
    "every=157 times=6 dot late-reset; every=3 dot delay 15ms; every=7 dot delay 50ms; every=5 data delay 4ms";
/// Enough people that every kill comes under load.
const PEOPLE_PER_KILL: usize = 160;
const FEWEST_PEOPLE: usize = 3000;

#[test]
fn kill_nine_at_any_moment_loses_nothing_and_repeats_only_what_was_in_doubt() {
    let kills = number("DRIPLINE_KILLS").unwrap_or(12) as usize;
    let mut dice = Dice::new();
    let people = (PEOPLE_PER_KILL * kills).max(FEWEST_PEOPLE);
    let mut sink = Sink::start(FAULTS);
    let site = Site::new(sink.url(), &delivery("15 min"));
    site.course("calm", &["one", "two"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    let start = Instant::now();
    seed(&site, people);
    println!("seed {}, {people} people seeded in {} ms", dice.seed, start.elapsed().as_millis());

    let first_mails = kill_again_and_again(&site, &sink, kills, people, &mut dice);
    let Said { doubt, suspected } = let_all_be_said(&site, people);
    let before = copies(&sink);
    let missing = people - before.len();
    println!(
        "{kills} kills, {doubt} in doubt (at most {}), {suspected} quarantined, {missing} people without a mail, \
         {} extra copies; slowest start to first mail {} ms",
        CONNECTIONS * kills + LATE_RESETS,
        extra(&before),
        first_mails.as_millis()
    );
    assert_eq!(extra(&before), 0, "somebody got a copy though nothing in doubt was sent again");
    let known = doubt + suspected;
    assert!(missing <= known, "{missing} people have no mail, and only {known} mails are in doubt or quarantined");
    assert!(doubt <= CONNECTIONS * kills + LATE_RESETS, "{doubt} in doubt");
    assert!(doubt > 0, "no kill found a mail on the wire: this run proves nothing");

    sink.restart("");
    site.configure(sink.url(), &delivery("2 s"));
    release_suspects(&site, suspected);
    let daemon = site.serve(&[]);
    let all_came = || site.deliveries()["accepted"] == people as i64;
    until_or("every mail to be accepted", time_for(people), all_came, || site.good(&["status"]));
    daemon.stop();
    let after = copies(&sink);
    println!("resolved: {} lost, {} extra copies", people - after.len(), extra(&after));
    assert_eq!(after.len(), people, "mails are lost");
    assert!(extra(&after) <= doubt, "{} extra copies of {doubt} in doubt", extra(&after));
    check_copies(&after);
    assert_eq!(site.good(&["verify"]), "");
}

/// The longest time from a start to its first mail.
fn kill_again_and_again(site: &Site, sink: &Sink, kills: usize, people: usize, dice: &mut Dice) -> Duration {
    let mut slowest = Duration::ZERO;
    for kill in 1..=kills {
        let bytes = sink.log_bytes();
        let start = Instant::now();
        let mut daemon = site.start(&["serve"]);
        if dice.below(3) > 0 {
            until(&format!("the first mail after start {kill}"), SOON, || sink.log_bytes() > bytes);
            slowest = slowest.max(start.elapsed());
        }
        thread::sleep(Duration::from_millis(5 + dice.below(396)));
        daemon.kill();
        let done = sink.accepted().len();
        assert!(done < people, "kill {kill} of {kills} came when all was said; seed more people");
    }
    slowest
}

/// A slow machine sends fifty mails a second.
fn time_for(people: usize) -> Duration {
    Duration::from_secs(60 + people as u64 / 50)
}

/// How all ended that the kills left over.
struct Said {
    doubt: usize,
    /// Mails that happened to be made during four kills in a row: the program believes that making them ended it, and
    /// asks a human.
    suspected: usize,
}

/// Goes on without kills until nothing is left but what waits for time or for a human.
fn let_all_be_said(site: &Site, people: usize) -> Said {
    let daemon: Program = site.serve(&[]);
    let mut said = Said { doubt: 0, suspected: 0 };
    let all_said = || {
        let deliveries = site.deliveries();
        let count = |state: &str| deliveries[state] as usize;
        said = Said { doubt: count("in_doubt"), suspected: count("quarantined") };
        count("accepted") + said.doubt + said.suspected == people
    };
    until_or("everything to be said", time_for(people), all_said, || site.good(&["status"]));
    daemon.stop();
    assert_eq!(site.good(&["verify"]), "");
    assert_eq!(site.deliveries()["in_doubt"] as usize, said.doubt);
    said
}

/// What `status` tells the operator to do about each quarantined mail.
fn release_suspects(site: &Site, suspected: usize) {
    let status = site.json(&["status", "--json"]);
    let problems = status["problems"].as_array().unwrap().iter().filter_map(|problem| problem.as_str());
    let told: Vec<&str> = problems.filter(|problem| problem.contains("is quarantined")).collect();
    assert_eq!(told.len(), suspected, "a quarantined mail isn't told: {status:#}");
    for problem in told {
        let id = problem.split_whitespace().nth(1).unwrap();
        site.good(&["retry", id]);
    }
}

/// Nobody has more than two, all of one mail are the same bytes under the same Message-ID, and no two mails share one.
pub fn check_copies(copies: &BTreeMap<String, Vec<Accepted>>) {
    let mut ids = BTreeSet::new();
    for (to, mails) in copies {
        assert!(mails.len() <= 2, "{to} got {} copies", mails.len());
        assert!(mails.iter().all(|mail| *mail == mails[0]), "{to} got copies that differ: {mails:?}");
        assert!(ids.insert(&mails[0].message_id), "two people share a Message-ID: {mails:?}");
    }
}

/// Only the first lesson is due in this test: what one address got are copies of one mail.
fn copies(sink: &Sink) -> BTreeMap<String, Vec<Accepted>> {
    copies_of(sink.accepted())
}

/// By reader.
pub fn copies_of(mails: impl IntoIterator<Item = Accepted>) -> BTreeMap<String, Vec<Accepted>> {
    let mut copies: BTreeMap<String, Vec<Accepted>> = BTreeMap::new();
    for mail in mails {
        copies.entry(mail.to.clone()).or_default().push(mail);
    }
    copies
}

/// How many mails came beyond the first to each.
pub fn extra(copies: &BTreeMap<String, Vec<Accepted>>) -> usize {
    copies.values().map(|mails| mails.len() - 1).sum()
}

fn delivery(in_doubt_after: &str) -> String {
    format!("connections = {CONNECTIONS}\n[delivery]\nin_doubt_after = \"{in_doubt_after}\"")
}

/// People in the course `calm`. Through the library, since thousands of processes would take minutes.
pub fn seed(site: &Site, people: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let context = Context { config: site.path().join("dripline.toml"), environment: Vec::new() };
        let (_, app) = context.app().await.unwrap();
        for number in 0..people {
            let request = Request {
                address: format!("reader{number}@example.org").parse().unwrap(),
                course: "calm".to_string(),
                first_name: Some(format!("Zoë {number}")),
                zone: None,
                language: None,
                fields: BTreeMap::new(),
                word: dripline::flow::sign_up::Word::Confirmed("a test".to_string()),
            };
            assert_eq!(sign_up::add(&app, request).await.unwrap(), SignedUp::Enrolled);
        }
        app.store.close().await;
    });
}

/// A whole number that the environment may hold.
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no whole number")))
}

/// Random numbers that a seed brings back (splitmix64).
struct Dice {
    seed: u64,
    state: u64,
}

impl Dice {
    fn new() -> Dice {
        let seed = number("DRIPLINE_SEED").unwrap_or_else(|| u64::from_le_bytes(dripline::ids::random()) >> 16);
        Dice { seed, state: seed }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
