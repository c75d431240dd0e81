//! `stop` and `report` from outside.

use super::ANA;
use super::add_confirmed;
use super::has;
use super::keys;
use super::site;
use crate::program::SOON;
use crate::program::Site;
use crate::program::until;
use serde_json::Value;
use serde_json::json;

fn newsletter(site: &Site) {
    let manifest = "title = \"Notes\"\nlanguage = \"en\"\nkind = \"newsletter\"\nlessons = [\"one\", \"two\"]\n\
                    [newsletter]\ntime_zone = \"Europe/London\"\n";
    site.write("courses/notes/course.toml", manifest);
    for (id, year) in [("one", 2090), ("two", 2091)] {
        let text = format!("+++\nsubject = \"{id}\"\ndate = {year}-03-05T09:00:00\n+++\n\nDear friend,\n");
        site.write(&format!("courses/notes/{id}.md"), &text);
    }
}

#[test]
fn an_issue_is_stopped_by_name_and_a_second_time_for_nothing() {
    let (_sink, site) = site("");
    newsletter(&site);
    let check = |words: &[&str], status: i32, said: &str| {
        let ran = site.run(words);
        assert_eq!(ran.status, Some(status), "{words:?}: {}", ran.err);
        assert!(ran.out.contains(said) || ran.err.contains(said), "{words:?}: {} {}", ran.out, ran.err);
    };
    check(&["stop"], 2, "NEWSLETTER/ISSUE");
    check(&["stop", "notes"], 2, "COURSE/LESSON");
    check(&["stop", "note/one"], 1, "there is no course note; there are: notes, path, walk");
    check(&["stop", "notes/three"], 1, "the course notes has no lesson three; it has: one, two");
    check(&["stop", "path/one"], 1, "path is a course, and only an issue of a newsletter can be stopped");
    check(&["stop", "notes/one"], 0, "notes/one is stopped before anybody got it");
    check(&["stop", "notes/one"], 0, "notes/one was stopped already");
    let object = json!({"newsletter": "notes", "issue": "one", "already": true, "sent": 0, "cancelled": 0, "in_flight": 0, "in_doubt": 0});
    assert_eq!(site.json(&["stop", "notes/one", "--json"]), object);
    assert_eq!(site.json(&["stop", "notes/two", "--json"])["already"], false);
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn a_report_tells_of_a_course_and_of_a_newsletter_in_three_forms() {
    let (sink, site) = site("");
    newsletter(&site);
    add_confirmed(&site, ANA);
    site.good(&["subscriber", "add", ANA, "--course", "notes", "--confirmed", "--source", "paper"]);
    let daemon = site.serve(&[]);
    sink.wait_for(1, SOON);
    until("the record", SOON, || site.deliveries()["accepted"] == 1);
    let course = site.json(&["report", "path", "--json"]);
    has(&course, &["course", "people", "left_at_the_start", "lessons"]);
    assert_eq!((&course["course"], &course["people"]["active"]), (&"path".into(), &1.into()));
    let lesson = &course["lessons"][0];
    assert_eq!(keys(lesson).len(), 8);
    assert_eq!((&lesson["lesson"], &lesson["got"], &lesson["waiting"]), (&"one".into(), &1.into(), &0.into()));
    assert_eq!(course["lessons"][1]["waiting"], 1);
    assert!(site.good(&["report", "path"]).contains("path: 1 active"));
    assert!(site.good(&["report", "path/two", "--csv"]).ends_with("held,left\ntwo,0,1,0,0,0,0,0\n"));

    site.good(&["stop", "notes/one"]);
    let notes = site.json(&["report", "notes", "--names", "--json"]);
    let issues = notes["issues"].as_array().unwrap();
    assert_eq!(issues.iter().map(|it| &it["fate"]).collect::<Vec<_>>(), ["stopped", "upcoming"]);
    has(
        &issues[0],
        &["issue", "moment", "fixed", "got", "on_the_way", "held", "in_doubt", "missed", "refused", "cancelled"],
    );
    assert_eq!(
        issues[0]["names"][0],
        json!({"address": ANA, "outcome": "no recipient", "why": "the issue was stopped"})
    );
    assert_eq!((&issues[1]["fixed"], &issues[1].get("names")), (&Value::Null, &None));
    let csv = site.good(&["report", "notes/one", "--names", "--csv"]);
    assert_eq!(csv, format!("issue,email,outcome,why\none,{ANA},no recipient,the issue was stopped\n"));
    assert!(site.good(&["report", "notes"]).contains("two of 2091-03-05 09:00: planned"));
    let check = |words: &[&str], expect: i32| assert_eq!(site.run(words).status, Some(expect), "{words:?}");
    check(&["report"], 2);
    check(&["report", "path", "--json", "--csv"], 2);
    check(&["report", "paht"], 1);
    check(&["report", "path/three"], 1);
    check(&["report", "path", "--names"], 0);
    let told = site.run(&["report", "notes", "--names"]).err;
    assert!(!told.contains('@'), "{told}");
    daemon.stop();
}
