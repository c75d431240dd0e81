//! Days without the daemon, and days without the relay.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;

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
async fn a_relay_that_is_away_for_three_days_costs_nobody_a_lesson_and_gives_nobody_two_on_a_day() {
    let mut app = TestApp::new().await;
    app.course("calm", &["one", "two", "three", "four"]).await;
    for n in 0..30 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    app.advance(days(1)).await;
    assert_eq!(app.mails(), 60);
    app.relay_says("connect close").await;
    app.advance(days(3)).await;
    assert_eq!(app.mails(), 60);
    assert_eq!(app.line().relays()[0].state, "open");
    for state in ["expired", "refused", "quarantined", "held", "in_doubt", "cancelled"] {
        assert_eq!(app.status().await.deliveries[state], 0, "{state}");
    }
    app.relay_says("").await;
    app.advance(days(3)).await;
    for n in 0..30 {
        let taken = app.taken(&format!("p{n}@example.org")).await;
        let lessons: Vec<&str> = taken.iter().map(|line| &line[17..]).collect();
        assert_eq!(lessons, ["calm/one", "calm/two", "calm/three", "calm/four"], "{taken:?}");
        for pair in taken.windows(2) {
            assert_ne!(pair[0][..10], pair[1][..10], "{taken:?}");
        }
    }
    assert_eq!(app.mails(), 120);
    assert_eq!(app.line().relays()[0].state, "closed");
    assert_eq!(app.number("SELECT coalesce(max(attempts), 0) FROM outbox").await, 0);
    assert_eq!(app.status().await.deliveries["expired"], 0);
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
