//! How many mails a relay takes in a day, also over a restart.

use super::crowd;
use super::limited;
use crate::app::days;
use crate::app::hours;
use dripline::mailbox;
use dripline::mailbox::Mailbox;
use dripline::relay::Limits;
use std::net::Ipv4Addr;

fn five_a_day() -> Limits {
    Limits { daily: Some(5), ..Limits::default() }
}

#[tokio::test]
async fn what_is_over_the_days_quota_leaves_after_midnight_utc() {
    let mut app = limited(five_a_day(), "").await;
    crowd(&app, 12, "example.org").await;
    app.settle().await;
    assert_eq!(app.mails(), 5);
    app.restart().await;
    app.advance(hours(14)).await;
    assert_eq!(app.mails(), 5, "a restart forgets nothing");
    app.advance(hours(1)).await;
    assert_eq!(app.mails(), 10, "a new day");
    assert_eq!(app.number("SELECT cast(sum(accepted) as bigint) FROM relay_day").await, 10);
    app.advance(days(4)).await;
    assert_eq!(app.mails(), 24);
    let days = app.numbers("SELECT accepted FROM relay_day ORDER BY day").await;
    assert!(days.iter().all(|accepted| *accepted <= 5), "{days:?}");
    app.verify().await;
}

#[tokio::test]
async fn what_a_relay_refuses_or_puts_off_counts_for_no_day() {
    let script = "to=p0@* rcpt reply \"550 5.1.1 no\"; to=p1@* rcpt reply \"451 4.3.0 later\"";
    let app = limited(five_a_day(), script).await;
    crowd(&app, 8, "example.org").await;
    app.settle().await;
    assert_eq!(app.mails(), 5);
    assert_eq!(app.number("SELECT accepted FROM relay_day").await, 5);
    app.verify().await;
}

#[tokio::test]
async fn another_relay_takes_over_when_the_days_quota_is_used_up() {
    let spare = Mailbox::start((Ipv4Addr::LOCALHOST, 0).into(), mailbox::Settings::default()).unwrap();
    let mut app = limited(five_a_day(), "").await;
    app.with_spare_relay(&spare);
    crowd(&app, 8, "example.org").await;
    app.settle().await;
    assert_eq!((app.mails(), spare.accepted()), (5, 3));
    app.advance(days(1)).await;
    assert_eq!((app.mails(), spare.accepted()), (10, 6));
    app.verify().await;
}
