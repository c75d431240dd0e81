//! The daemon as an operator has it: started, stopped, held, edited under load, and never twice on one database.

use super::DAILY;
use super::LESSONS;
use super::add;
use super::under_load;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::get;
use crate::program::until;
use crate::program::until_or;
use dripline::store::Store;
use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::Duration;
use std::time::Instant;

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
fn sigterm_ends_a_daemon_whose_relay_is_silent_in_every_session() {
    for silent in ["greeting hang", "data hang"] {
        let (_sink, site) = under_load(30, silent);
        let mut daemon = site.serve(&[]);
        until("a full line", SOON, || site.deliveries()["leased"] == 16);
        daemon.signal("TERM");
        assert_eq!(daemon.ends(Duration::from_secs(12)), Some(0), "{silent}");
    }
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lock = runtime.block_on(async { Store::open(site.database()).await.unwrap().lock().await.unwrap() });
    let daemon = site.start(&["serve"]);
    thread::sleep(Duration::from_millis(300));
    runtime.block_on(lock.release());
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

#[test]
fn replies_that_do_not_come_are_waited_for_no_longer_than_twenty_seconds() {
    let (mut sink, site) = under_load(10, "dot hang");
    let mut daemon = site.serve(&[]);
    until("bodies on the wire", SOON, || site.deliveries()["sending"] == 4);
    let start = Instant::now();
    daemon.signal("TERM");
    assert_eq!(daemon.ends(Duration::from_secs(25)), Some(0), "{}", daemon.told());
    println!("stopped after {} ms", start.elapsed().as_millis());
    assert_eq!(site.deliveries()["sending"], 4);

    sink.restart("");
    let daemon = site.serve(&[]);
    until("the others", SOON, || site.deliveries()["accepted"] == 6);
    assert_eq!(site.deliveries()["in_doubt"], 4);
    daemon.stop();
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn edits_are_seen_also_when_another_folder_took_the_place_of_the_courses() {
    let (_sink, site) = under_load(1, "");
    let daemon = site.serve(&[]);
    let at = |name: &str| site.path().join(name);
    let seen = |words: &str| {
        site.lesson("path", "one", "", words);
        let version = site.good(&["check", "--format", "json"]);
        assert_eq!(version.trim(), "[]");
        until_or(
            words,
            SOON,
            || site.good(&["plan"]).contains("everything on disk is in force"),
            || site.good(&["plan"]) + &daemon.told(),
        );
        daemon.told().matches("a course is in force").count()
    };
    let first = seen("As it was.");
    fs::rename(at("courses"), at("old")).unwrap();
    until("the alarm", SOON, || site.good(&["status"]).contains("can't read the courses"));
    fs::rename(at("old"), at("courses")).unwrap();
    until("the end of the alarm", SOON, || !site.good(&["status"]).contains("can't read the courses"));
    assert_eq!(seen("It was away."), first + 1);
    fs::rename(at("courses"), at("second")).unwrap();
    std::os::unix::fs::symlink("second", at("courses")).unwrap();
    assert_eq!(seen("It is a link."), first + 2);
    daemon.stop();
}

#[test]
fn edits_under_load_reach_who_comes_after_them_and_nobody_twice() {
    let (sink, site) = under_load(100, "dot delay 150ms");
    let daemon = site.serve(&[]);
    for edit in 1..=5 {
        sink.wait_for(8 * edit, SOON);
        site.lesson("path", "one", "", &format!("Edit number {edit}."));
        if edit % 2 == 0 {
            daemon.signal("HUP");
        }
    }
    let count = |text: &str| {
        let paths = sink.mails().read_dir().unwrap().map(|entry| entry.unwrap().path());
        let whole = paths.filter(|path| path.extension().is_some_and(|ending| ending == "eml"));
        whole.filter(|path| fs::read_to_string(path).unwrap().contains(text)).count()
    };
    until("the last good edit", SOON, || count("Edit number 5") > 0);
    site.write("courses/path/one.md", "+++\nsubjekt = \"broken\"\n+++\n");
    until("the alarm", SOON, || site.good(&["status"]).contains("courses/path/one.md"));
    until("the last mail", SOON, || site.deliveries()["accepted"] == 100);
    daemon.stop();
    assert_eq!(sink.accepted().iter().map(|mail| &mail.to).collect::<BTreeSet<_>>().len(), 100);
    assert_eq!(sink.accepted().len(), 100);
    assert!(count("The body of one") >= 8, "an edit reached mails that had left");
    assert_eq!(site.good(&["verify"]), "");
}
