//! Backups of a database at work, and what a restored one does and doesn't send.

use crate::app::Kind;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

const PEOPLE: usize = 40;

fn calm(sink: &Sink) -> Site {
    let site = Site::on(Kind::Sqlite, sink.url(), "connections = 2\n[delivery]\nin_doubt_after = \"1 s\"");
    site.course("calm", &["one"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    site
}

fn enrol(site: &Site, address: &str) {
    site.good(&["subscriber", "add", address, "--course", "calm", "--confirmed", "--source", "paper"]);
}

/// Who has a lesson, as the database knows.
fn done(site: &Site) -> BTreeSet<String> {
    let people = site.json(&["subscriber", "list", "--json"]);
    let has = |person: &&serde_json::Value| person["enrolments"][0]["done"].as_array().is_some_and(|it| !it.is_empty());
    people.as_array().unwrap().iter().filter(has).map(|it| it["address"].as_str().unwrap().to_string()).collect()
}

fn mails(sink: &Sink) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for mail in sink.accepted() {
        *count.entry(mail.to).or_default() += 1;
    }
    count
}

fn moved_aside(site: &Site) -> Vec<PathBuf> {
    let files = fs::read_dir(site.path().join("data")).unwrap().map(|file| file.unwrap().path());
    let mut found: Vec<PathBuf> = files.filter(|it| it.to_string_lossy().contains(".before-restore-")).collect();
    found.sort();
    found
}

#[test]
fn a_backup_made_under_load_is_restored_held_and_nobody_it_knew_of_gets_a_lesson_twice() {
    let sink = Sink::start("every=1 dot delay 20ms");
    let site = calm(&sink);
    for n in 0..PEOPLE {
        enrol(&site, &format!("p{n}@example.org"));
    }
    let daemon = site.serve(&[]);
    sink.wait_for(PEOPLE / 4, SOON);
    let ran = site.run(&["backup", "kept.db"]);
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.err.contains("whole and verified"), "{}", ran.err);
    assert_eq!(fs::metadata(site.path().join("kept.db")).unwrap().permissions().mode() & 0o777, 0o600);
    let refused = site.run(&["restore", "kept.db"]);
    assert!(refused.status == Some(1) && refused.err.contains("another dripline daemon"), "{}", refused.err);
    sink.wait_for(PEOPLE, SOON);
    until("the last record", SOON, || site.deliveries()["accepted"] == PEOPLE as i64);
    daemon.stop();

    let restored = site.run(&["restore", "kept.db"]);
    assert_eq!(restored.status, Some(0), "{}", restored.err);
    assert!(
        restored.err.contains("Nothing is sent yet") && restored.err.contains(".before-restore-"),
        "{}",
        restored.err
    );
    assert_eq!(moved_aside(&site).len(), 1, "the old database, and no log beside it");
    let known = done(&site);
    assert!(known.len() >= PEOPLE / 8 && known.len() < PEOPLE, "{} of {PEOPLE}", known.len());
    let daemon = site.serve(&[]);
    enrol(&site, "late@example.org");
    let status = site.json(&["status", "--json"]);
    assert!(status["held"][0].as_str().unwrap().contains("restored from a backup"), "{status}");
    assert_eq!(sink.accepted().len(), PEOPLE, "nothing is sent");
    site.good(&["release"]);
    until("everybody's lesson", SOON, || done(&site).len() == PEOPLE + 1);
    daemon.stop();
    let mails = mails(&sink);
    for n in 0..PEOPLE {
        let person = format!("p{n}@example.org");
        let expect = if known.contains(&person) { 1 } else { 2 };
        assert_eq!(mails[&person], expect, "{person}");
    }
    assert_eq!(mails["late@example.org"], 1);
    assert_eq!(site.run(&["verify"]).status, Some(0));
    assert_eq!(site.json(&["status", "--json"])["held"].as_array().unwrap().len(), 0);
}

#[test]
fn a_restore_can_be_undone_and_a_copy_made_by_hand_comes_with_its_log() {
    let sink = Sink::start("");
    let site = calm(&sink);
    enrol(&site, "ana@example.org");
    site.good(&["backup", "early.db"]);
    let mut daemon = site.serve(&[]);
    sink.wait_for(1, SOON);
    until("the record", SOON, || done(&site).len() == 1);
    // What isn't in the file yet stands in the log beside it.
    daemon.kill();
    for ending in ["", "-wal"] {
        fs::copy(site.path().join(format!("data/dripline.db{ending}")), site.path().join(format!("hand.db{ending}")))
            .unwrap();
    }
    assert!(fs::metadata(site.path().join("hand.db-wal")).unwrap().len() > 0);
    site.good(&["restore", "early.db"]);
    assert!(done(&site).is_empty());
    let aside = moved_aside(&site).remove(0);
    site.good(&["restore", aside.to_str().unwrap()]);
    assert_eq!(done(&site).len(), 1);
    site.good(&["restore", "early.db"]);
    site.good(&["restore", "hand.db"]);
    assert_eq!((done(&site).len(), moved_aside(&site).len()), (1, 4));
    assert_eq!(site.run(&["verify"]).status, Some(0));
}

#[test]
fn what_is_no_backup_is_refused_and_the_database_stays_as_it_is() {
    let sink = Sink::start("");
    let site = calm(&sink);
    enrol(&site, "ana@example.org");
    site.good(&["backup", "good.db"]);
    let good = fs::read(site.path().join("good.db")).unwrap();
    let before = site.json(&["subscriber", "list", "--json"]);
    site.write("words.db", "these are words");
    let mut damaged = good.clone();
    damaged[20_000..22_000].fill(0x5a);
    fs::write(site.path().join("damaged.db"), damaged).unwrap();
    fs::write(site.path().join("short.db"), &good[..good.len() / 2]).unwrap();
    fs::write(site.path().join("empty.db"), "").unwrap();
    for name in ["words.db", "damaged.db", "short.db", "empty.db", "nowhere.db"] {
        let ran = site.run(&["restore", name]);
        assert!(ran.status == Some(1) && ran.err.contains(name), "{name}: {}", ran.err);
        assert!(moved_aside(&site).is_empty() && !site.path().join("data/dripline.db.restoring").exists(), "{name}");
    }
    assert_eq!(site.json(&["subscriber", "list", "--json"]), before);
    let ran = site.run(&["backup", "good.db"]);
    assert!(ran.status == Some(1) && ran.err.contains("left as it is"), "{}", ran.err);
    assert_eq!(fs::read(site.path().join("good.db")).unwrap(), good);
    let ran = site.run(&["backup", "no/such/folder/x.db"]);
    assert!(ran.status == Some(1) && ran.err.contains("can't write"), "{}", ran.err);
}

#[test]
fn a_backup_is_restored_where_there_was_nothing_and_over_what_cannot_be_read() {
    let sink = Sink::start("");
    let site = calm(&sink);
    enrol(&site, "ana@example.org");
    site.good(&["backup", "kept.db"]);
    fs::remove_dir_all(site.path().join("data")).unwrap();
    site.good(&["restore", "kept.db"]);
    assert_eq!(fs::metadata(site.path().join("data")).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(site.good(&["subscriber", "list"]).contains("ana@example.org") && moved_aside(&site).is_empty());
    site.write("data/dripline.db", "not a database any more");
    site.good(&["restore", "kept.db"]);
    assert!(site.good(&["subscriber", "list"]).contains("ana@example.org"));
    assert_eq!(fs::read_to_string(&moved_aside(&site)[0]).unwrap(), "not a database any more");
}

#[test]
fn a_server_makes_and_restores_its_own_backups() {
    let sink = Sink::start("");
    let site = calm(&sink);
    enrol(&site, "ana@example.org");
    site.good(&["backup", "kept.db"]);
    let config = fs::read_to_string(site.path().join("dripline.toml")).unwrap();
    site.write("dripline.toml", &config.replace(site.database(), "postgres://dripline:hunter2@127.0.0.1:1/dripline"));
    let ran = site.run(&["restore", "kept.db"]);
    assert!(ran.status == Some(1) && ran.err.contains("pg_restore") && !ran.err.contains("hunter2"), "{}", ran.err);
    let ran = site.run(&["backup", "other.db"]);
    assert!(ran.status == Some(1) && ran.err.contains("pg_dump") && !ran.err.contains("hunter2"), "{}", ran.err);
}

#[test]
fn who_left_was_suppressed_or_erased_since_the_backup_stays_so() {
    let sink = Sink::start("to=gone@example.org rcpt reply \"550 5.1.1 nobody\"");
    let site = calm(&sink);
    site.course("calm", &["one", "two"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    let people = ["ana", "left", "gone", "erased"].map(|name| format!("{name}@example.org"));
    for person in &people {
        enrol(&site, person);
    }
    site.good(&["backup", "kept.db"]);
    let daemon = site.serve(&[]);
    sink.wait_for(3, SOON);
    until("the refusal", SOON, || site.good(&["suppression", "list"]).contains("gone@example.org"));
    until("the records", SOON, || site.deliveries()["accepted"] == 3);
    daemon.stop();
    site.good(&["subscriber", "leave", "left@example.org"]);
    site.good(&["subscriber", "erase", "erased@example.org"]);
    let ran = site.run(&["restore", "kept.db"]);
    assert!(ran.status == Some(0) && ran.err.contains("3 had left or were suppressed since"), "{}", ran.err);
    assert_eq!(site.run(&["verify"]).status, Some(0), "{}", site.run(&["verify"]).out);
    let people = site.good(&["subscriber", "list"]);
    assert!(!people.contains("erased@example.org"), "{people}");
    let daemon = site.serve(&[]);
    site.good(&["release"]);
    until("the one lesson that is owed", SOON, || site.deliveries()["accepted"] == 1);
    daemon.stop();
    assert_eq!(
        mails(&sink),
        BTreeMap::from([
            ("ana@example.org".to_string(), 2),
            ("left@example.org".to_string(), 1),
            ("erased@example.org".to_string(), 1)
        ])
    );
    // Without a database to ask, it says so.
    fs::remove_dir_all(site.path().join("data")).unwrap();
    assert!(site.run(&["restore", "kept.db"]).err.contains("isn't known"));
}

#[test]
fn a_backup_may_have_any_name_that_a_file_may_have() {
    let site = calm(&Sink::start(""));
    for name in ["before spring.db", "a#b.db", "x y?z=1&100%.db", "a:b@c.db", "[.db", "\u{e9}t\u{e9}.db"] {
        let ran = site.run(&["backup", name]);
        assert_eq!(ran.status, Some(0), "{name}: {}", ran.err);
        assert!(site.path().join(name).exists(), "{name}");
        let ran = site.run(&["restore", name]);
        assert_eq!(ran.status, Some(0), "{name}: {}", ran.err);
    }
}

#[test]
fn a_restore_names_the_issues_that_went_out_since_the_backup() {
    let sink = Sink::start("");
    let site = calm(&sink);
    let newsletter = |lessons: &str| {
        let keys = format!("title = \"Notes\"\nlanguage = \"en\"\nkind = \"newsletter\"\n{lessons}\n");
        site.write("courses/notes/course.toml", &format!("{keys}[newsletter]\nissues = \"* * * * *\"\n"));
    };
    newsletter("lessons = [\"first\", \"second\"]");
    for issue in ["first", "second"] {
        site.lesson("notes", issue, "", "Hello.");
    }
    site.good(&["subscriber", "add", "ana@example.org", "--course", "notes", "--confirmed", "--source", "paper"]);
    site.good(&["backup", "kept.db"]);
    let quick = ["--day", "10 s"];
    let daemon = site.serve(&quick);
    sink.wait_for(1, SOON);
    until("the record", SOON, || site.deliveries().get("accepted").is_some_and(|count| *count > 0));
    daemon.stop();
    let ran = site.run(&["restore", "kept.db"]);
    assert!(ran.status == Some(0) && ran.err.contains("issue notes/first"), "{}", ran.err);
    assert!(ran.err.contains("retired"), "{}", ran.err);
    // What it says to do is enough.
    newsletter("lessons = [\"third\"]\nretired = [\"first\", \"second\"]");
    site.lesson("notes", "third", "", "Hello.");
    let daemon = site.serve(&quick);
    site.good(&["release"]);
    let sent = |issue: &str| {
        let mails = fs::read_dir(sink.mails()).unwrap().map(|mail| mail.unwrap().file_name());
        mails.filter(|name| name.to_string_lossy().contains(issue)).count()
    };
    until("the issue that is owed", SOON, || sent("lesson-third") == 1);
    daemon.stop();
    assert_eq!(sent("lesson-first"), 1);
    // Without a database to ask, it says so.
    fs::remove_dir_all(site.path().join("data")).unwrap();
    let told = site.run(&["restore", "kept.db"]).err;
    assert!(told.contains("Which issues went out since isn't known"), "{told}");
}
