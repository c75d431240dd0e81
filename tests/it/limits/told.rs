//! What the operator is told: in `status`, and by mail, once for each trouble.

use super::crowd;
use super::limited;
use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until;
use dripline::flow::relay_words;
use dripline::mailbox;
use dripline::mailbox::Mailbox;
use dripline::mailbox::Received;
use dripline::relay::DomainLimit;
use dripline::relay::Limits;
use std::net::Ipv4Addr;

const OPS: &str = "ops@example.net";

async fn told(script: &str) -> TestApp {
    let setup = Setup { script: script.to_string(), operator: Some(OPS), ..Setup::default() };
    let app = TestApp::with(setup).await;
    app.course("calm", &["one", "two"]).await;
    app
}

fn to_ops(mailbox: &Mailbox) -> Vec<String> {
    let text = |mail: Received| String::from_utf8(mail.bytes).unwrap();
    mailbox.received().into_iter().filter(|mail| mail.to == OPS).map(text).collect()
}

#[tokio::test]
async fn a_relay_that_refuses_us_is_told_once_by_another_and_again_when_it_comes_back() {
    let spare = Mailbox::start((Ipv4Addr::LOCALHOST, 0).into(), mailbox::Settings::default()).unwrap();
    let mut app = told("times=1 mail reply \"550 5.7.1 we don't know you, p0@example.org\"").await;
    app.with_spare_relay(&spare);
    crowd(&app, 20, "example.org").await;
    app.settle().await;
    app.settle().await;
    let mails = to_ops(&spare);
    assert_eq!(mails.len(), 1, "at once, by the one that works");
    let mail = &mails[0];
    for part in [
        "Subject: Steady Ground: something needs you",
        "text/plain",
        "refuses us at mail with 550",
        "Since 2026-03-02 09:00 UTC",
    ] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    for part in ["p0@example.org", "List-Unsubscribe", "text/html", "know you"] {
        assert!(!mail.contains(part), "{part}: {mail}");
    }
    app.advance(hours(1)).await;
    assert_eq!(to_ops(&spare).len() + to_ops(&app.mailbox).len(), 1, "refused again and again, told once");
    app.advance(days(1)).await;
    assert_eq!(app.status().await.problems, Vec::<String>::new(), "it works again");
    app.relay_says("times=1 mail reply \"550 5.7.1 no\"").await;
    crowd(&app, 6, "example.com").await;
    app.advance(hours(1)).await;
    assert_eq!(to_ops(&spare).len() + to_ops(&app.mailbox).len(), 2, "it came back");
    app.verify().await;
}

#[tokio::test]
async fn what_happened_while_no_relay_worked_is_told_afterwards() {
    let mut app = told("connect close").await;
    crowd(&app, 3, "example.org").await;
    app.advance(hours(3)).await;
    let problems = app.status().await.problems;
    assert!(
        problems.len() == 1 && problems[0].contains("has taken no mail since 2026-03-02 09:00 UTC"),
        "{problems:?}"
    );
    app.relay_says("").await;
    app.advance(hours(1)).await;
    assert_eq!(app.status().await.problems, Vec::<String>::new());
    let mails = to_ops(&app.mailbox);
    assert!(mails.len() == 1 && mails[0].contains("has taken no mail since 2026-03-02 09:00"), "{mails:?}");
    assert_eq!(app.mails(), 4, "nobody waited for it");
    app.verify().await;
}

#[tokio::test]
async fn many_of_a_kind_are_one_mail() {
    let app = told("times=40 to=*@example.org dot late-reset").await;
    for round in 0..20 {
        app.enrol(&format!("p{round}@example.org"), "calm").await;
    }
    app.advance(days(1)).await;
    assert!(app.status().await.deliveries["held"] > 5, "{:?}", app.status().await.deliveries);
    let mails = to_ops(&app.mailbox);
    let told = mails.iter().filter(|mail| mail.contains("wait for you")).count();
    assert_eq!(told, 1, "{mails:?}");
    app.verify().await;
}

#[tokio::test]
async fn status_says_of_each_relay_and_each_slow_domain_how_it_is() {
    let domains = [("slow.test".to_string(), DomainLimit { rate: Some("60/min".parse().unwrap()), connections: None })];
    let limits = Limits { daily: Some(4), domains: domains.into(), ..Limits::default() };
    let app = limited(limits, "to=*@slow.test times=1 rcpt reply \"450 4.7.1 too many\"").await;
    let said = |app: &TestApp| relay_words::relay(&app.line().relays()[0]);
    assert_eq!((said(&app).state.as_str(), said(&app).said.as_str()), ("working", "takes mail"));
    crowd(&app, 1, "slow.test").await;
    crowd(&app, 3, "example.org").await;
    app.settle().await;
    let slow = said(&app).slowed;
    assert!(slow.len() == 1 && slow[0].starts_with("slow.test asks for less since 2026-03-02 09:00 UTC"), "{slow:?}");
    app.advance(minutes(20)).await;
    assert_eq!(said(&app).slowed, Vec::<String>::new());
    let full = "today's quota of 4 mails is used up; it goes on at 2026-03-03 00:00 UTC";
    assert_eq!((said(&app).state.as_str(), said(&app).said.as_str()), ("used up", full));
}

#[test]
fn a_real_daemon_says_that_the_quota_is_used_up_and_by_whom_it_is_told() {
    let sink = Sink::start("");
    let site = Site::new(sink.url(), "daily = 2\n[operator]\naddress = \"ops@example.net\"");
    site.course("calm", &["one"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    site.good(&["check"]);
    for n in 0..4 {
        let address = format!("p{n}@example.org");
        site.good(&["subscriber", "add", &address, "--course", "calm", "--confirmed", "--source", "paper"]);
    }
    let daemon = site.serve(&[]);
    sink.wait_for(2, SOON);
    let relay = || site.json(&["status", "--json"])["relays"][0].clone();
    until("the quota in status", SOON, || relay()["state"] == "used up");
    let told = relay();
    assert_eq!(told["accepted_today"], 2);
    assert!(told["said"].as_str().unwrap().contains("of 2 mails is used up; it goes on at"), "{told}");
    assert!(site.good(&["status"]).contains("2 accepted today"));
    daemon.stop();
    assert_eq!(sink.accepted().len(), 2);
}
