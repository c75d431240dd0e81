//! Days without the daemon, and days without the relay.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::mailbox;
use dripline::mailbox::Mailbox;
use std::net::Ipv4Addr;

#[tokio::test]
async fn after_nine_days_of_downtime_one_mail_comes_at_once_and_then_one_a_day() {
    let mut app = TestApp::new().await;
    app.course("calm", &["one", "two", "three", "four"]).await;
    app.enrol("ana@example.org", "calm").await;
    app.settle().await;
    app.sleep_without_a_daemon(days(9) + hours(4));
    app.restart().await;
    app.settle().await;
    assert_eq!(app.mails(), 2);
    app.advance(days(4)).await;
    let taken = app.taken("ana@example.org").await;
    let expect = ["2026-03-11 13:00 calm/two", "2026-03-12 08:30 calm/three", "2026-03-13 08:30 calm/four"];
    assert_eq!(taken[1..], expect);
    app.verify().await;
}

#[tokio::test]
async fn a_relay_that_is_away_for_nine_days_costs_nobody_a_lesson_and_gives_nobody_two_on_a_day() {
    let mut app = TestApp::new().await;
    app.course("calm", &["one", "two", "three", "four"]).await;
    app.course("walk", &["north", "south", "home"]).await;
    for n in 0..30 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    app.advance(days(1)).await;
    for n in 0..10 {
        app.enrol(&format!("p{n}@example.org"), "walk").await;
    }
    app.settle().await;
    assert_eq!(app.mails(), 70);
    app.relay_says("connect close").await;
    app.advance(days(9)).await;
    assert_eq!(app.mails(), 70);
    assert_eq!(app.line().relays()[0].state, "open");
    for state in ["expired", "refused", "quarantined", "held", "in_doubt", "cancelled"] {
        assert_eq!(app.status().await.deliveries[state], 0, "{state}");
    }
    let outage_ends = app.now().to_string();
    app.relay_says("").await;
    app.advance(days(6)).await;
    for n in 0..30 {
        let taken = app.taken(&format!("p{n}@example.org")).await;
        let of =
            |course: &str| taken.iter().map(|line| &line[17..]).filter(|it| it.starts_with(course)).collect::<Vec<_>>();
        assert_eq!(of("calm"), ["calm/one", "calm/two", "calm/three", "calm/four"], "{taken:?}");
        let walk: &[&str] = if n < 10 { &["walk/north", "walk/south", "walk/home"] } else { &[] };
        assert_eq!(of("walk"), walk, "{taken:?}");
        let after: Vec<&str> =
            taken.iter().map(|line| &line[..10]).filter(|date| *date >= &outage_ends[..10]).collect();
        assert_eq!(after.len(), if n < 10 { 4 } else { 2 }, "{taken:?}");
        assert!(after.windows(2).all(|pair| pair[0] != pair[1]), "{taken:?}");
    }
    assert_eq!(app.mails(), 150);
    assert_eq!(app.line().relays()[0].state, "closed");
    assert_eq!(app.number("SELECT coalesce(max(attempts), 0) FROM outbox").await, 0);
    assert_eq!(app.status().await.deliveries["expired"], 0);
    app.verify().await;
}

#[tokio::test]
async fn a_second_relay_takes_over_while_the_first_is_away_and_gives_it_back() {
    let spare = Mailbox::start((Ipv4Addr::LOCALHOST, 0).into(), mailbox::Settings::default()).unwrap();
    let mut app = TestApp::new().await;
    app.with_spare_relay(&spare);
    app.course("calm", &["one", "two", "three"]).await;
    for n in 0..20 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    app.settle().await;
    assert_eq!((app.mails(), spare.accepted()), (20, 0), "the first takes everything while it works");
    app.relay_says("connect close").await;
    app.advance(days(1)).await;
    assert_eq!((app.mails(), spare.accepted()), (20, 20));
    app.relay_says("").await;
    app.advance(days(1)).await;
    assert_eq!(app.mails() as u64 + spare.accepted(), 60);
    assert!(app.mails() > 20, "the first is taken up again");
    app.verify().await;
}

#[tokio::test]
async fn a_relay_away_over_a_restart_expires_nobody() {
    let mut app = TestApp::scripted("connect close").await;
    app.course("calm", &["one", "two"]).await;
    app.enrol("ana@example.org", "calm").await;
    app.advance(days(2)).await;
    app.restart().await;
    app.advance(days(2)).await;
    app.relay_says("").await;
    app.advance(days(2)).await;
    assert_eq!(app.subjects_to("ana@example.org"), ["calm one", "calm two"]);
    assert_eq!(app.status().await.deliveries["expired"], 0);
    app.verify().await;
}
