//! Every command from outside: exit statuses, and the JSON that other programs rely on.

mod answers;
mod imported_issues;
mod newsletters;
mod own;
mod plans;
mod shows;
mod trouble;

use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

const STATES: [&str; 11] = [
    "ready",
    "leased",
    "sending",
    "accepted",
    "deferred",
    "refused",
    "in_doubt",
    "expired",
    "cancelled",
    "quarantined",
    "held",
];
const ANA: &str = "ana@example.org";

/// A site with the courses `path` and `walk`, and a mailbox that plays this script.
fn site(script: &str) -> (Sink, Site) {
    let sink = Sink::start(script);
    let site = Site::new(sink.url(), "");
    for course in ["path", "walk"] {
        site.course(course, &["one", "two"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    }
    (sink, site)
}

fn add(site: &Site, address: &str, more: &[&str]) -> Option<i32> {
    site.run(&[&["subscriber", "add", address, "--course", "path"], more].concat()).status
}

/// Adds somebody who has agreed, and lets the daemon say everything there is to say.
fn add_confirmed(site: &Site, address: &str) {
    assert_eq!(add(site, address, &["--confirmed", "--source", "paper"]), Some(0));
}

/// `why --json` of one person.
fn journal(site: &Site, address: &str) -> Vec<Value> {
    site.json(&["why", address, "--json"]).as_array().unwrap().clone()
}

fn show(site: &Site, address: &str) -> Value {
    site.json(&["subscriber", "show", address, "--json"])
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap_or_else(|| panic!("{object} is no object")).keys().map(String::as_str).collect()
}

/// Each of these keys is there; more may stand beside them.
#[track_caller]
fn has(object: &Value, names: &[&str]) {
    for name in names {
        assert!(keys(object).contains(name), "no {name} in {object:#}");
    }
}

fn instant(value: &Value) -> Timestamp {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no instant"));
    assert!(text.ends_with('Z'), "{text} isn't in UTC");
    text.parse().unwrap()
}

#[test]
fn people_are_added_asked_and_known_again() {
    let (_sink, site) = site("");
    let check = |address: &str, more: &[&str], expect: i32| {
        assert_eq!(add(&site, address, more), Some(expect), "{address} {more:?}");
    };
    check("ana", &[], 2);
    check(ANA, &["--confirmed"], 2);
    check(ANA, &["--zone", "Mars/Base"], 2);
    check(ANA, &["--field", "shoe=42"], 1);
    check(ANA, &["--course", "nowhere"], 2);
    assert_eq!(site.run(&["subscriber", "add", ANA, "--course", "nowhere"]).status, Some(1));
    check(ANA, &["--name", "Ana", "--zone", "Europe/Berlin", "--language", "de"], 0);
    let asked = show(&site, ANA);
    assert_eq!((&asked["status"], &asked["enrolments"][0]["state"]), (&"pending".into(), &"pending".into()));
    assert_eq!(site.deliveries()["ready"], 1);

    check(ANA, &[], 0);
    assert_eq!(site.deliveries()["ready"], 1, "a second sign-up within a day joins the first one's confirmation");
    check(ANA, &["--confirmed", "--source", "paper", "--name", "Anna"], 0);
    check(ANA, &["--confirmed", "--source", "paper"], 0);
    assert_eq!(
        site.run(&["subscriber", "add", ANA, "--course", "walk", "--confirmed", "--source", "x"]).status,
        Some(0)
    );
    let known = show(&site, ANA);
    has(&known, &["address", "status", "zone", "language", "suppression", "enrolments", "answers"]);
    assert_eq!((&known["address"], &known["status"]), (&ANA.into(), &"active".into()));
    assert_eq!((&known["zone"], &known["language"]), (&"Europe/Berlin".into(), &"de".into()));
    assert_eq!((&known["suppression"], &known["answers"]), (&Value::Null, &json!({})));
    let places = known["enrolments"].as_array().unwrap();
    assert_eq!(places.iter().map(|it| &it["course"]).collect::<Vec<_>>(), ["path", "walk"]);
    for place in places {
        has(place, &["course", "run", "state", "done", "next"]);
        assert_eq!((&place["run"], &place["state"], &place["done"]), (&1.into(), &"active".into(), &json!([])));
        has(&place["next"], &["lesson", "local", "utc", "why"]);
        instant(&place["next"]["utc"]);
        assert!(!place["next"]["local"].as_str().unwrap().ends_with('Z'));
    }
    let list = site.json(&["subscriber", "list", "--json"]);
    assert_eq!(list, json!([known]));
    assert_eq!(site.run(&["subscriber", "show", "nobody@example.org"]).status, Some(1));
}

#[test]
fn a_person_pauses_resumes_and_leaves_one_course_or_all() {
    let (_sink, site) = site("");
    add_confirmed(&site, ANA);
    site.good(&["subscriber", "add", ANA, "--course", "walk", "--confirmed", "--source", "paper"]);
    let states = || -> Vec<Value> {
        show(&site, ANA)["enrolments"].as_array().unwrap().iter().map(|place| place["state"].clone()).collect()
    };
    let check = |words: &[&str], expect: [&str; 2]| {
        site.good(&[&["subscriber"], words].concat());
        assert_eq!(states(), expect, "{words:?}");
    };
    check(&["pause", ANA, "--course", "path", "--until", "2030-01-01"], ["paused", "active"]);
    check(&["pause", ANA], ["paused", "paused"]);
    check(&["resume", ANA, "--course", "walk"], ["paused", "active"]);
    check(&["resume", ANA], ["active", "active"]);
    check(&["leave", ANA, "--course", "path"], ["left", "active"]);
    assert_eq!(show(&site, ANA)["status"], "active");
    check(&["leave", ANA], ["left", "left"]);
    for action in ["pause", "resume", "leave", "erase"] {
        assert_eq!(site.run(&["subscriber", action, "nobody@example.org"]).status, Some(1), "{action}");
    }
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn a_pause_gets_a_new_end_but_none_that_has_passed() {
    let (_sink, site) = site("");
    add_confirmed(&site, ANA);
    let pause = |until: &str| {
        let ran = site.run(&["subscriber", "pause", ANA, "--until", until]);
        (ran.status, site.good(&["subscriber", "show", ANA]).contains(&format!("until {}", &until[..7])))
    };
    assert_eq!(pause("2020-01-01"), (Some(1), false));
    assert_eq!(show(&site, ANA)["enrolments"][0]["state"], "active");
    assert_eq!(pause("2040-01-10"), (Some(0), true));
    assert_eq!(pause("2041-02-10"), (Some(0), true));
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn a_course_that_nobody_knows_is_a_mistake_in_every_action() {
    let (_sink, site) = site("");
    add_confirmed(&site, ANA);
    for action in ["pause", "resume", "leave"] {
        let ran = site.run(&["subscriber", action, ANA, "--course", "paht"]);
        assert_eq!(ran.status, Some(1), "{action}");
        assert!(ran.err.contains("there is no course paht"), "{action}: {}", ran.err);
    }
}

#[test]
fn whoever_is_enrolled_already_stays_as_they_are() {
    let (_sink, site) = site("");
    let zone = |zone: &str| add(&site, ANA, &["--confirmed", "--source", "paper", "--zone", zone]);
    assert_eq!((zone("Europe/Berlin"), zone("Asia/Tokyo")), (Some(0), Some(0)));
    assert_eq!(show(&site, ANA)["zone"], "Europe/Berlin");
}

#[test]
fn an_answer_beyond_its_scale_is_refused() {
    let (_sink, site) = site("");
    let ask = "[[ask]]\nid = \"pain\"\nquestion = \"How much?\"\nkind = \"scale\"\nmin = 0\nmax = 10";
    site.lesson("path", "one", ask, "A question.");
    for (answer, status) in [("pain=10", 0), ("pain=11", 1), ("pain=a lot", 1), ("pain=", 1)] {
        assert_eq!(site.run(&["simulate", "path", "--answer", answer]).status, Some(status), "{answer}");
    }
}

#[test]
fn log_lines_that_no_terminal_shows_have_no_colours() {
    let (_sink, site) = site("");
    let ran = site.run(&["status"]);
    assert!(ran.err.contains("a course is in force") && !ran.err.contains('\u{1b}'), "{}", ran.err);
}

#[test]
fn nobody_writes_to_an_erased_address_again_unless_it_is_lifted() {
    let (sink, site) = site("");
    add_confirmed(&site, ANA);
    site.good(&["subscriber", "erase", ANA]);
    assert_eq!(site.run(&["subscriber", "show", ANA]).status, Some(1));
    assert_eq!(site.json(&["subscriber", "list", "--json"]), json!([]));
    let list = site.json(&["suppression", "list", "--json"]);
    has(&list[0], &["address", "reason", "since"]);
    assert_eq!((&list[0]["address"], list.as_array().unwrap().len()), (&Value::Null, 1));
    let refused = site.run(&["subscriber", "add", ANA, "--course", "path", "--confirmed", "--source", "paper"]);
    assert!(refused.status == Some(1) && refused.err.contains("lift"), "{refused:?}");
    assert_eq!(site.run(&["suppression", "lift", ANA]).status, Some(2));
    site.good(&["suppression", "lift", ANA, "--source", "she wrote to us"]);
    assert_eq!(site.run(&["suppression", "lift", ANA, "--source", "again"]).status, Some(1));
    add_confirmed(&site, ANA);
    let daemon = site.serve(&[]);
    sink.wait_for(1, SOON);
    daemon.stop();
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn status_counts_every_state_and_names_the_relay() {
    let (sink, site) = site("");
    let empty = site.json(&["status", "--json"]);
    has(&empty, &["deliveries", "oldest_due", "relays", "problems"]);
    has(&empty["deliveries"], &STATES);
    assert!(STATES.iter().all(|state| empty["deliveries"][state] == 0), "{empty:#}");
    assert_eq!((&empty["oldest_due"], &empty["problems"]), (&Value::Null, &json!([])));
    assert_eq!(empty["relays"][0]["url"], sink.url());
    add_confirmed(&site, ANA);
    instant(&site.json(&["status", "--json"])["oldest_due"]);

    let daemon = site.serve(&[]);
    sink.wait_for(1, SOON);
    until("the record", SOON, || site.deliveries()["accepted"] == 1);
    let status = site.json(&["status", "--json"]);
    assert_eq!((&status["deliveries"]["accepted"], &status["oldest_due"]), (&1.into(), &Value::Null));
    assert!(status["relays"][0]["state"].is_string());
    daemon.stop();
    assert_eq!(site.json(&["verify", "--json"]), json!([]));
    assert!(site.good(&["status"]).contains("1 accepted"));
}

#[test]
fn why_tells_what_was_sent_when_and_by_which_rule_and_what_comes_next() {
    let (sink, site) = site("");
    add_confirmed(&site, ANA);
    let daemon = site.serve(&[]);
    sink.wait_for(1, SOON);
    until("the record", SOON, || site.deliveries()["accepted"] == 1);
    let entries = journal(&site, ANA);
    assert_eq!(entries.len(), 2, "{entries:#?}");
    for entry in &entries {
        has(entry, &["course", "lesson", "occurrence", "due", "why", "state", "message_id", "attempts"]);
        instant(&entry["due"]);
        assert!(!entry["why"].as_str().unwrap().is_empty());
    }
    let (sent, next) = (&entries[0], &entries[1]);
    assert_eq!((&sent["course"], &sent["lesson"], &sent["occurrence"]), (&"path".into(), &"one".into(), &1.into()));
    assert_eq!(
        (&sent["state"], &sent["message_id"]),
        (&"accepted".into(), &sink.accepted()[0].message_id.clone().into())
    );
    let attempt = &sent["attempts"][0];
    has(attempt, &["at", "relay", "code", "enhanced", "text", "outcome"]);
    instant(&attempt["at"]);
    assert_eq!((&attempt["relay"], &attempt["code"]), (&sink.url().into(), &250.into()));
    assert_eq!((&attempt["enhanced"], &attempt["outcome"]), (&"2.0.0".into(), &"accepted".into()));
    assert_eq!((&next["lesson"], &next["attempts"]), (&"two".into(), &json!([])));
    assert_eq!(show(&site, ANA)["enrolments"][0]["done"], json!(["one"]));
    assert_eq!(site.run(&["why", "nobody@example.org"]).status, Some(1));
    daemon.stop();
}
