//! An import that ends half-way leaves whole rows, and the same command goes on; a daemon sends meanwhile.

use crate::app::TestApp;
use crate::app::course_toml;
use crate::app::lesson;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until;
use dripline::flow::import::Import;
use dripline::flow::import::Settings;
use dripline::flow::open;
use dripline::message::Templates;
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;

const PEOPLE: usize = 10_000;

/// How many people are in the course.
fn enrolled(site: &Site) -> u64 {
    let counts = site.json(&["status", "--json"])["enrolments"].clone();
    counts.as_object().unwrap().values().map(|it| it.as_u64().unwrap()).sum()
}

fn site(sink: &Sink) -> Site {
    let site = Site::new(sink.url(), "");
    site.course("calm", &["one"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    let mut text = "email,first_name,course,source\n".to_string();
    for at in 0..PEOPLE {
        let source = if at % 10 == 0 { "" } else { "paper" };
        writeln!(text, "person{at}@example.org,Name {at},calm,{source}").unwrap();
    }
    site.write("people.csv", &text);
    site
}

fn import(site: &Site) -> Value {
    site.json(&["import", "people.csv", "--json"])
}

#[test]
fn an_import_killed_half_way_and_repeated_brings_everybody_in_once() {
    let sink = Sink::start("");
    let site = site(&sink);
    site.good(&["hold"]);
    let mut import_once = site.start(&["import", "people.csv"]);
    until("the first rows", SOON, || enrolled(&site) > 0);
    import_once.kill();
    let kept = enrolled(&site);
    assert!(kept > 0 && kept.is_multiple_of(1000), "{kept}");
    let told = import(&site);
    assert_eq!((told["already"].as_u64(), told["imported"].as_u64()), (Some(kept), Some(PEOPLE as u64 - kept)));
    assert_eq!(import(&site)["already"], PEOPLE);
    let status = site.json(&["status", "--json"]);
    assert_eq!((&status["enrolments"]["active"], &status["enrolments"]["pending"]), (&9000.into(), &1000.into()));
    assert_eq!(status["deliveries"]["ready"], 1000, "one mail that asks for each who must confirm");
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn an_import_told_to_stop_ends_with_whole_rows_and_says_how_to_go_on() {
    let sink = Sink::start("");
    let site = site(&sink);
    site.good(&["hold"]);
    let mut import_once = site.start(&["import", "people.csv", "--json"]);
    until("the first rows", SOON, || enrolled(&site) > 0);
    import_once.signal("INT");
    let status = import_once.ends(SOON);
    let told: Value = serde_json::from_str(&import_once.printed()).unwrap();
    // On a fast machine it may have come to its end just before.
    let whole = told["imported"] == PEOPLE;
    assert_eq!((status, &told["whole"]), (Some(if whole { 0 } else { 1 }), &whole.into()), "{told}");
    assert_eq!(import_once.told().contains("the same command goes on"), !whole);
    assert_eq!(import(&site)["already"], told["imported"]);
}

#[test]
fn a_daemon_sends_while_people_come_in() {
    let sink = Sink::start("");
    let site = site(&sink);
    let daemon = site.serve(&[]);
    until("the courses", SOON, || daemon.told().contains("in force"));
    let mut import_once = site.start(&["import", "people.csv", "--json"]);
    sink.wait_for(200, Duration::from_secs(60));
    let already_over = import_once.ends(Duration::from_secs(60));
    assert_eq!(already_over, Some(0));
    let told: Value = serde_json::from_str(&import_once.printed()).unwrap();
    assert_eq!((&told["imported"], &told["refused"]), (&PEOPLE.into(), &serde_json::json!([])));
    daemon.stop();
    assert_eq!(site.good(&["verify"]), "");
}

#[tokio::test]
async fn whoever_comes_in_after_an_edit_gets_the_edited_course() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    let mut text = "email,course,source\n".to_string();
    for at in 0..1500 {
        writeln!(text, "person{at}@example.org,calm,paper").unwrap();
    }
    let file = app.folder.path().join("people.csv");
    std::fs::write(&file, text).unwrap();
    let templates = Templates::load(&Default::default()).unwrap();
    let command = open::open(app.database.url(), app.clock.clone(), app.app.settings.clone(), templates).await.unwrap();
    let settings = Settings { file, maps: Vec::new(), dry_run: false };
    let mut import = Import::open(&command, &settings).await.unwrap();
    assert_eq!(import.step(&command).await.unwrap().unwrap().imported, 1000);
    app.write("calm/course.toml", course_toml("calm", &["zero", "two"]));
    app.write("calm/zero.md", lesson("calm zero", "Begin."));
    app.reload().await;
    assert_eq!(import.step(&command).await.unwrap().unwrap().imported, 500);
    assert!(import.step(&command).await.unwrap().is_none());
    assert_eq!(app.texts("SELECT DISTINCT lesson FROM enrolment").await, ["zero"]);
}
