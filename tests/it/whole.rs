//! The whole product from outside: a daemon, people in a dozen zones, and a mailbox in another process.

use crate::program::DISCLAIMER;
use crate::program::POSTAL_ADDRESS;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::get;
use crate::program::judge;
use crate::program::until;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::time;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::thread;
use std::time::Duration;
use std::time::Instant;

const ZONES: [&str; 12] = [
    "America/Toronto",
    "America/St_Johns",
    "America/Santiago",
    "Europe/Berlin",
    "Europe/Lisbon",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Marquesas",
];
const LESSONS: [&str; 5] = ["one", "two", "three", "four", "five"];
const DAILY: &str = "wait = \"1 day\"\nsend = \"30 8 * * *\"\nspread = \"20 min\"";

/// A mail as the judge read it.
#[derive(Debug, Deserialize)]
struct Mail {
    file: String,
    to: String,
    subject: String,
    message_id: String,
    text: String,
    defects: Vec<String>,
}

#[test]
fn two_hundred_people_in_twelve_zones_get_every_lesson_once_and_in_order() {
    let sink = Sink::start("every=5 dot delay 10ms; every=11 dot split");
    let site = Site::new(sink.url(), "connections = 4");
    site.course("path", &LESSONS, DAILY);
    let start = Instant::now();
    (0..180).for_each(|number| add(&site, number));
    println!("180 people added in {} ms", start.elapsed().as_millis());

    let daemon = site.serve(&["--day", "4s"]);
    (180..200).for_each(|number| add(&site, number));
    sink.wait_for(200, SOON);
    site.lesson("path", "four", "", "Edited while people were on their way.");
    site.lesson("path", "five", "wait = \"2 days\"", "Edited, and told by a signal.");
    daemon.signal("HUP");
    sink.wait_for(1000, Duration::from_secs(90));
    until("everybody to complete", SOON, || site.json(&["status", "--json"])["enrolments"]["completed"] == 200);

    let deliveries = site.deliveries();
    assert!(
        deliveries.iter().all(|(state, count)| *count == if state == "accepted" { 1000 } else { 0 }),
        "{deliveries:?}"
    );
    check_plans(&site);
    daemon.stop();
    assert_eq!(sink.accepted().len(), 1000, "a mail came after everybody had completed");
    assert_eq!(site.good(&["verify"]), "");
    check_mails(&sink);
}

/// By the journal of one person a zone: one lesson a local date, at the hour that the course says. A day may pass without
/// one where the last lesson came within 12 hours of it (a slow machine counts in hours here).
fn check_plans(site: &Site) {
    for (number, zone) in ZONES.iter().enumerate() {
        let zone = TimeZone::get(zone).unwrap();
        let entries = site.json(&["why", &address(number), "--json"]);
        let entries = entries.as_array().unwrap();
        assert_eq!(entries.iter().map(|entry| entry["lesson"].as_str().unwrap()).collect::<Vec<_>>(), LESSONS);
        let due = |entry: &Value| entry["due"].as_str().unwrap().parse::<Timestamp>().unwrap().to_zoned(zone.clone());
        let dates: Vec<Date> = entries.iter().map(|entry| due(entry).date()).collect();
        let waits: Vec<i32> = dates.windows(2).map(|two| two[0].until(two[1]).unwrap().get_days()).collect();
        assert!(waits.iter().zip([1, 1, 1, 2]).all(|(wait, least)| *wait >= least), "{waits:?}: {entries:#?}");
        for entry in &entries[1..] {
            let at = due(entry).time();
            assert!(time(8, 30, 0, 0) <= at && at <= time(8, 50, 0, 0), "{zone:?}: {entry:#}");
        }
        for entry in entries {
            let attempts = entry["attempts"].as_array().unwrap();
            assert_eq!((&entry["state"], attempts.len()), (&"accepted".into(), 1), "{entry:#}");
            assert_eq!((&attempts[0]["code"], &attempts[0]["outcome"]), (&250.into(), &"accepted".into()), "{entry:#}");
        }
    }
}

fn check_mails(sink: &Sink) {
    let mails = judged(sink);
    let defects: Vec<&Mail> = mails.iter().filter(|mail| !mail.defects.is_empty()).collect();
    assert!(defects.is_empty(), "{} mails have defects, as {:#?}", defects.len(), defects[0]);
    let mut journeys: BTreeMap<&str, Vec<&Mail>> = BTreeMap::new();
    for mail in &mails {
        lint(sink, mail);
        journeys.entry(&mail.to).or_default().push(mail);
    }
    assert_eq!(journeys.len(), 200);
    for number in 0..200 {
        let journey = &journeys[address(number).as_str()];
        let subjects: Vec<&str> = journey.iter().map(|mail| mail.subject.as_str()).collect();
        assert_eq!(subjects, LESSONS.map(|lesson| format!("Lesson {lesson}")), "{}", address(number));
        assert!(journey.iter().all(|mail| mail.text.contains(&format!("Dear {},", name(number)))), "{:#?}", journey[0]);
        for (mail, says) in journey.iter().zip(["The body of one", "two", "three", "Edited while", "told by a signal"])
        {
            assert!(mail.text.contains(says), "{mail:#?}");
        }
    }
    let mut ids: Vec<&str> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1000);
}

/// What the bytes are before anybody parses them; the judge looks for itself.
fn lint(sink: &Sink, mail: &Mail) {
    let bytes = std::fs::read(sink.mails().join(&mail.file)).unwrap();
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let (last, lines) = lines.split_last().unwrap();
    assert!(last.is_empty(), "{}: the last line doesn't end", mail.file);
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or_else(|| panic!("{}: a line ends with LF alone", mail.file));
        assert!(line.len() <= 998, "{}: a line of {} bytes", mail.file, line.len());
        assert!(line.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')), "{}: {}", mail.file, line.escape_ascii());
    }
}

fn judged(sink: &Sink) -> Vec<Mail> {
    let question = json!({
        "folder": sink.mails(),
        "site": "https://learn.example.org",
        "domain": "learn.example.org",
        "both": [DISCLAIMER, POSTAL_ADDRESS],
    });
    serde_json::from_value(judge("mail.py", &question)).unwrap()
}

fn address(number: usize) -> String {
    format!("reader{number}@example.org")
}

fn name(number: usize) -> &'static str {
    ["Zoë", "Ana", "Björn Łukasz", "山田", "O'Neil, Jr."][number % 5]
}

fn add(site: &Site, number: usize) {
    let zone = ZONES[number % ZONES.len()];
    let consent = ["--confirmed", "--source", "a paper form"];
    let words = ["subscriber", "add", &address(number), "--course", "path", "--name", name(number), "--zone", zone];
    site.good(&[&words[..], &consent].concat());
}

/// A site with so many people whose first lesson is due, and a relay that takes its time.
fn under_load(people: usize, script: &str) -> (Sink, Site) {
    let sink = Sink::start(script);
    let site = Site::new(sink.url(), "connections = 4");
    site.course("path", &LESSONS, DAILY);
    (0..people).for_each(|number| add(&site, number));
    (sink, site)
}

#[test]
fn sigterm_under_load_hears_every_reply_and_nothing_is_lost_or_in_doubt() {
    let (sink, site) = under_load(60, "dot delay 400ms");
    let daemon = site.serve(&[]);
    sink.wait_for(5, SOON);
    daemon.stop();
    let (deliveries, accepted) = (site.deliveries(), sink.accepted().len());
    assert!((5..60).contains(&accepted), "the signal came after all {accepted} mails");
    assert_eq!((deliveries["sending"], deliveries["in_doubt"]), (0, 0), "{deliveries:?}");
    assert_eq!(deliveries["accepted"], accepted as i64);
    assert_eq!(site.good(&["verify"]), "");

    let daemon = site.serve(&[]);
    until("the rest", SOON, || site.deliveries()["accepted"] == 60);
    daemon.stop();
    assert_eq!(sink.accepted().len(), 60);
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn a_hold_stops_within_a_second_and_release_goes_on() {
    let (sink, site) = under_load(60, "dot delay 200ms");
    let daemon = site.serve(&[]);
    sink.wait_for(3, SOON);
    site.good(&["hold"]);
    thread::sleep(Duration::from_secs(1));
    let held = sink.accepted().len();
    assert!(held < 60, "all mails were sent before the hold");
    assert!(site.json(&["status", "--json"])["held"][0].as_str().unwrap().starts_with("all"));
    thread::sleep(Duration::from_secs(1));
    assert_eq!(sink.accepted().len(), held, "mails leave though everything is held");
    site.good(&["release", "path/two"]);
    site.good(&["release"]);
    until("the rest", SOON, || site.deliveries()["accepted"] == 60);
    daemon.stop();
    assert_eq!(sink.accepted().len(), 60);
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn a_second_daemon_on_one_database_is_refused_and_changes_nothing() {
    let sink = Sink::start("");
    let site = Site::new(sink.url(), "");
    site.course("path", &LESSONS, DAILY);
    let daemon = site.serve(&[]);
    for flags in [&["serve"][..], &["serve", "--day", "4s"]] {
        let second = site.run(flags);
        assert_eq!(second.status, Some(1), "{}", second.err);
        assert!(second.err.contains("another dripline daemon works on"), "{}", second.err);
    }
    add(&site, 0);
    sink.wait_for(1, SOON);
    daemon.stop();
    site.serve(&[]).stop();
}

#[test]
fn a_rehearsed_database_is_refused_without_its_day() {
    let sink = Sink::start("");
    let site = Site::new(sink.url(), "");
    site.course("path", &LESSONS, DAILY);
    site.serve(&["--day", "4s"]).stop();
    for flags in [&["serve"][..], &["serve", "--day", "5s"]] {
        let refused = site.run(flags);
        assert_eq!(refused.status, Some(1), "{}", refused.err);
        assert!(refused.err.contains("--day 4s"), "{}", refused.err);
    }
    site.serve(&["--day", "4s"]).stop();
}

#[test]
fn a_rehearsal_goes_to_this_machine_or_is_redirected() {
    let site = Site::new("smtp://relay.example.org:587", "");
    site.course("path", &LESSONS, DAILY);
    let refused = site.run(&["serve", "--day", "4s"]);
    assert_eq!(refused.status, Some(1));
    assert!(refused.err.contains("--redirect-to"), "{}", refused.err);
    site.serve(&["--day", "4s", "--redirect-to", "coach@example.org"]).stop();
}

#[test]
fn a_command_that_looks_at_the_database_keeps_no_daemon_from_starting() {
    let sink = Sink::start("");
    let site = Site::new(sink.url(), "");
    site.course("path", &LESSONS, DAILY);
    site.good(&["status"]);
    let lock = File::options().write(true).open(site.path().join("data/dripline.db.lock")).unwrap();
    lock.lock().unwrap();
    let daemon = site.start(&["serve"]);
    thread::sleep(Duration::from_millis(300));
    drop(lock);
    daemon.tells("\"ready\"");
    daemon.stop();
}

#[test]
fn a_daemon_starts_at_once_and_says_that_it_is_well() {
    let sink = Sink::start("");
    let site = Site::new(sink.url(), "");
    site.course("path", &LESSONS, DAILY);
    site.good(&["status"]);
    let start = Instant::now();
    let daemon = site.serve(&[]);
    println!("ready after {} ms", start.elapsed().as_millis());
    for path in ["/healthz", "/readyz"] {
        assert_eq!(get(&daemon.pages(), path), "HTTP/1.1 200 OK", "{path}");
    }
    daemon.stop();
}
