//! The whole product from outside: a daemon, people in a dozen zones, and a mailbox in another process.

mod agrees;
mod bundled;
mod daemon;

use crate::program::DISCLAIMER;
use crate::program::POSTAL_ADDRESS;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
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
    // Five lessons each, and the mail that ends the course.
    sink.wait_for(1200, Duration::from_secs(90));
    until("everybody to complete", SOON, || site.json(&["status", "--json"])["enrolments"]["completed"] == 200);

    let deliveries = site.deliveries();
    assert!(
        deliveries.iter().all(|(state, count)| *count == if state == "accepted" { 1200 } else { 0 }),
        "{deliveries:?}"
    );
    check_plans(&site);
    daemon.stop();
    assert_eq!(sink.accepted().len(), 1200, "a mail came after everybody had completed");
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
        let mails: Vec<&str> = entries.iter().map(|entry| entry["lesson"].as_str().unwrap()).collect();
        assert_eq!(mails, [LESSONS.as_slice(), &["@closing"]].concat());
        let due = |entry: &Value| entry["due"].as_str().unwrap().parse::<Timestamp>().unwrap().to_zoned(zone.clone());
        let dates: Vec<Date> = entries.iter().map(|entry| due(entry).date()).collect();
        let waits: Vec<i32> = dates.windows(2).map(|two| two[0].until(two[1]).unwrap().get_days()).collect();
        assert!(waits.iter().zip([1, 1, 1, 2, 1]).all(|(wait, least)| *wait >= least), "{waits:?}: {entries:#?}");
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
        let mut expected: Vec<String> = LESSONS.iter().map(|lesson| format!("Lesson {lesson}")).collect();
        expected.push("That was the last lesson of Course path".to_string());
        assert_eq!(subjects, expected, "{}", address(number));
        assert!(journey.iter().all(|mail| mail.text.contains(&format!("Dear {},", name(number)))), "{:#?}", journey[0]);
        for (mail, says) in journey.iter().zip(["The body of one", "two", "three", "Edited while", "told by a signal"])
        {
            assert!(mail.text.contains(says), "{mail:#?}");
        }
    }
    let mut ids: Vec<&str> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1200);
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
