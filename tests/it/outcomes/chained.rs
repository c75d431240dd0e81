//! Messages behind one another in one session: what is said to one is never charged to its neighbours.

use crate::app::Setup;
use crate::app::TestApp;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use std::time::Duration;

const PEOPLE: [&str; 5] = ["p1@example.org", "p2@example.org", "p3@example.org", "p4@example.org", "p5@example.org"];

/// Everybody's first lesson over one connection, with this script: the state of each row, how often it counts as sent and
/// how many mails came of it. Of those that are made side by side any may come first.
async fn told(script: &str) -> Vec<String> {
    let dot = Duration::from_millis(300);
    let app = TestApp::with(Setup { script: script.to_string(), connections: 1, dot, ..Setup::default() }).await;
    app.course("calm", &["one", "two"]).await;
    for address in PEOPLE {
        app.enrol(address, "calm").await;
    }
    app.settle().await;
    app.verify().await;
    let mut all = Vec::new();
    for address in PEOPLE {
        let state = app.journal(address).await[0].state;
        let id = app.id(address).await;
        let copies = app.number(&format!("SELECT copies FROM outbox WHERE subscriber_id = {id}")).await;
        all.push(format!("{state} {copies} {}", app.mails_to(address).len()));
    }
    all.sort();
    all
}

#[tokio::test]
async fn each_message_has_its_own_outcome_whatever_became_of_the_one_before() {
    let accepted = "accepted 1 1";
    let table = [
        ("", accepted),
        ("nth=3 rcpt reply \"550 5.1.1 nobody\"", "refused 0 0"),
        ("nth=3 mail reply \"452 4.3.1 full\"", "deferred 0 0"),
        ("nth=3 data reply \"451 4.3.0 later\"", "deferred 0 0"),
        ("nth=3 dot reply \"554 5.6.0 no\"", "refused 0 0"),
        ("nth=3 dot close", "in_doubt 1 0"),
        ("nth=3 dot late-reset", "in_doubt 1 1"),
        ("nth=3 dot hang", "in_doubt 1 0"),
        // The session is lost and the message surely wasn't handed over: it goes at once by another.
        ("nth=3 mail close", accepted),
        ("nth=3 rcpt reply \"421 4.3.2 closing\"", accepted),
    ];
    for (script, third) in table {
        let mut expect = vec![accepted; PEOPLE.len() - 1];
        expect.push(third);
        assert_eq!(told(script).await, expect, "{script}");
    }
}

#[tokio::test]
async fn a_hold_stops_what_waits_behind_a_body_and_leaves_nobody_in_doubt() {
    let setup = Setup { script: "nth=2 dot delay 50ms".to_string(), connections: 1, ..Setup::default() };
    let app = TestApp::with(setup).await;
    app.course("calm", &["one", "two"]).await;
    for address in PEOPLE {
        app.enrol(address, "calm").await;
    }
    app.step().await;
    app.until("SELECT count(*) FROM outbox WHERE state = 10", 1).await;
    // By now the second is on the wire, and the third waits behind it.
    operate::hold(&app.app, &Scope::Course("calm".to_string()), "a test").await.unwrap();
    app.settle().await;
    let accepted = app.number("SELECT count(*) FROM outbox WHERE state = 10").await;
    let mails: usize = PEOPLE.iter().map(|address| app.mails_to(address).len()).sum();
    assert_eq!(mails as i64, accepted);
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state IN (3, 4)").await, 0, "nobody is in doubt");
    app.verify().await;
}
