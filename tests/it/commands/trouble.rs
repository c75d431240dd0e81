//! What an operator sees and does when a relay says no.

use super::ANA;
use super::add;
use super::add_confirmed;
use super::has;
use super::instant;
use super::journal;
use super::show;
use super::site;
use crate::program::SOON;
use crate::program::Site;
use crate::program::until;
use serde_json::json;

fn wait_for(site: &Site, state: &str, count: i64) {
    until(&format!("{count} {state}"), SOON, || site.deliveries()[state] == count);
}

fn retry(site: &Site, id: &str) -> Option<i32> {
    site.run(&["retry", id]).status
}

fn last_id(site: &Site) -> String {
    let sent = journal(site, ANA).into_iter().rfind(|entry| entry["state"] != "waiting").unwrap();
    sent["id"].to_string()
}

#[test]
fn an_address_that_does_not_exist_is_suppressed_until_somebody_says_otherwise() {
    let (sink, site) = site("to=ana* times=1 rcpt reply \"550 5.1.1 no such user\"");
    add_confirmed(&site, ANA);
    let daemon = site.serve(&[]);
    wait_for(&site, "refused", 1);
    let person = show(&site, ANA);
    assert_eq!((&person["status"], &person["enrolments"][0]["state"]), (&"suppressed".into(), &"held".into()));
    has(&person["suppression"], &["reason", "since"]);
    instant(&person["suppression"]["since"]);
    let list = site.json(&["suppression", "list", "--json"]);
    assert_eq!((&list[0]["address"], list.as_array().unwrap().len()), (&ANA.into(), 1));
    assert_eq!(add(&site, ANA, &["--confirmed", "--source", "paper"]), Some(1));

    site.good(&["suppression", "lift", ANA, "--source", "the mailbox is back"]);
    site.good(&["release"]);
    sink.wait_for(1, SOON);
    wait_for(&site, "accepted", 1);
    daemon.stop();
    assert_eq!(show(&site, ANA)["status"], "active");
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn a_mail_refused_for_its_content_is_tried_again_by_hand_as_a_new_occurrence() {
    let (sink, site) = site("times=1 dot reply \"554 5.6.0 not this one\"");
    add_confirmed(&site, ANA);
    let daemon = site.serve(&[]);
    wait_for(&site, "refused", 1);
    assert_eq!(show(&site, ANA)["enrolments"][0]["state"], "held");
    assert!(site.json(&["status", "--json"])["problems"][0].as_str().unwrap().contains("1 person is held"));
    assert_eq!(retry(&site, &last_id(&site)), Some(0));
    wait_for(&site, "accepted", 1);
    let occurrences: Vec<_> =
        journal(&site, ANA).iter().map(|it| (it["lesson"].clone(), it["occurrence"].clone())).collect();
    assert_eq!(occurrences[..2], [("one".into(), 1.into()), ("one".into(), 2.into())]);
    daemon.stop();
    assert_eq!(retry(&site, &last_id(&site)), Some(1), "what was accepted needs no second try");
    assert_eq!(retry(&site, "1"), Some(1));
    assert_eq!(retry(&site, "one"), Some(2));
    assert_eq!(sink.accepted().len(), 1);
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn a_mail_put_off_again_and_again_never_counts_as_a_copy() {
    let (sink, site) = site("times=3 dot reply \"451 4.3.0 later\"");
    add_confirmed(&site, ANA);
    let daemon = site.serve(&[]);
    for attempts in 1..=3 {
        until("another attempt", SOON, || journal(&site, ANA)[0]["attempts"].as_array().unwrap().len() == attempts);
        wait_for(&site, "deferred", 1);
        assert_eq!(retry(&site, &last_id(&site)), Some(0));
    }
    wait_for(&site, "accepted", 1);
    daemon.stop();
    assert_eq!(sink.accepted().len(), 1);
    assert_eq!(site.json(&["verify", "--json"]), json!([]));
}

#[test]
fn a_course_or_a_lesson_is_held_by_itself() {
    let (sink, site) = site("");
    for missing in ["nowhere", "path/nowhere"] {
        for command in ["hold", "release"] {
            assert_eq!(site.run(&[command, missing]).status, Some(1), "{command} {missing}");
        }
    }
    site.good(&["hold", "path/one"]);
    add_confirmed(&site, ANA);
    site.good(&["subscriber", "add", ANA, "--course", "walk", "--confirmed", "--source", "paper"]);
    let daemon = site.serve(&[]);
    sink.wait_for(1, SOON);
    wait_for(&site, "accepted", 1);
    assert_eq!(show(&site, ANA)["enrolments"][0]["done"], json!([]));
    assert_eq!(show(&site, ANA)["enrolments"][1]["done"], json!(["one"]));
    site.good(&["release", "path/one"]);
    assert_eq!(site.json(&["status", "--json"])["held"], json!([]));
    daemon.stop();
    assert_eq!(site.good(&["verify"]), "");
}
