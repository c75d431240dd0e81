//! Each recipient domain has its own rate and connections, and never slows another.

use super::arrived;
use super::crowd;
use super::gaps;
use super::limited;
use crate::app::TestApp;
use crate::app::hours;
use crate::app::minutes;
use dripline::flow::deliver::Stepped;
use dripline::relay::DomainLimit;
use dripline::relay::Limits;
use jiff::SignedDuration;

const SLOW: &str = "slow.test";
const FAST: &str = "fast.test";

fn slow(limit: DomainLimit) -> Limits {
    Limits { domains: [(SLOW.to_string(), limit)].into(), ..Limits::default() }
}

fn one_a_minute() -> Limits {
    slow(DomainLimit { rate: Some("1/min".parse().unwrap()), connections: None })
}

/// How often each message was claimed, at most.
async fn claims(app: &TestApp) -> i64 {
    app.number("SELECT max(epoch) FROM outbox").await
}

#[tokio::test]
async fn a_domain_with_a_rate_gets_its_mails_one_by_one_and_the_others_get_theirs_at_once() {
    let app = limited(one_a_minute(), "").await;
    crowd(&app, 60, SLOW).await;
    crowd(&app, 40, FAST).await;
    app.settle().await;
    assert_eq!((arrived(&app, SLOW), arrived(&app, FAST)), (1, 40));
    app.advance(minutes(10)).await;
    assert_eq!((arrived(&app, SLOW), arrived(&app, FAST)), (11, 40));
    app.advance(minutes(50)).await;
    assert_eq!(arrived(&app, SLOW), 60);
    assert_eq!(claims(&app).await, 2, "each waited once");
    assert_eq!(gaps(&app).await[40..], [60; 59]);
    app.verify().await;
}

#[tokio::test]
async fn what_waits_for_its_domain_waits_over_a_restart_and_leaves_in_its_order() {
    let mut app = limited(one_a_minute(), "").await;
    crowd(&app, 9, SLOW).await;
    app.advance(minutes(2)).await;
    app.restart().await;
    app.advance(minutes(3)).await;
    assert_eq!(arrived(&app, SLOW), 7, "a start begins with a place of its own");
    app.advance(minutes(5)).await;
    let order: Vec<String> = app.mailbox.received().into_iter().map(|mail| mail.to).collect();
    assert_eq!(order, (0..9).map(|n| format!("p{n}@{SLOW}")).collect::<Vec<_>>());
    app.verify().await;
}

#[tokio::test]
async fn a_confirmation_is_next_in_its_domains_queue() {
    let mut app = limited(one_a_minute(), "").await;
    crowd(&app, 30, SLOW).await;
    app.advance(minutes(3)).await;
    app.sign_up("new@slow.test", "calm").await;
    app.advance(minutes(1)).await;
    assert_eq!(app.mailbox.received().last().unwrap().to, "new@slow.test");
    app.confirm("new@slow.test").await;
    app.verify().await;
}

#[tokio::test]
async fn whoever_leaves_while_waiting_for_a_domain_gets_nothing_and_what_waits_too_long_expires() {
    let app = limited(one_a_minute(), "").await;
    crowd(&app, 40, SLOW).await;
    app.settle().await;
    let leaves = "p39@slow.test".parse().unwrap();
    let all = dripline::flow::preferences::Which::All;
    dripline::flow::preferences::act(&app.app, &leaves, &all, &dripline::flow::preferences::Act::Leave).await.unwrap();
    app.break_with(
        "UPDATE outbox SET expires = 1 WHERE id = (SELECT max(id) FROM outbox WHERE parked <> '' AND state <= 1)",
    )
    .await;
    app.settle().await;
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 12").await, 1);
    app.advance(hours(1)).await;
    assert_eq!(arrived(&app, SLOW), 38);
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 13").await, 1);
    app.verify().await;
}

#[tokio::test]
async fn a_domain_that_complains_gets_half_and_recovers_while_the_others_go_on() {
    let script = "to=*@slow.test times=1 nth=11 rcpt reply \"421 4.7.28 Too many messages\"";
    let app = limited(Limits::default(), script).await;
    crowd(&app, 60, SLOW).await;
    crowd(&app, 40, FAST).await;
    app.settle().await;
    let at_once = arrived(&app, SLOW);
    assert!((10..20).contains(&at_once), "{at_once}");
    assert_eq!(arrived(&app, FAST), 40);
    assert_eq!(app.number("SELECT max(attempts) FROM outbox").await, 0);
    app.advance(minutes(1)).await;
    let later = arrived(&app, SLOW) - at_once;
    assert!((4..=10).contains(&later), "half of what it had in the first minute: {later}");
    app.advance(minutes(10)).await;
    assert_eq!(arrived(&app, SLOW), 60);
    assert!(claims(&app).await <= 3, "each waited once, but for the one that was too fast");
    app.verify().await;
}

#[tokio::test]
async fn a_domain_has_so_many_connections_and_the_others_have_the_rest() {
    let script = "to=*@slow.test times=1 dot hang";
    let app = limited(slow(DomainLimit { rate: None, connections: Some(1) }), script).await;
    crowd(&app, 5, SLOW).await;
    crowd(&app, 5, FAST).await;
    while matches!(app.step().await, Stepped::Claimed(_)) {}
    // A silent session holds what is on its wire, and the one behind it.
    app.mailbox.wait_for(4).await;
    assert_eq!(arrived(&app, SLOW), 0, "one hangs, and four wait for it");
    let named = app.mailbox.heard().iter().filter(|line| line.contains(SLOW)).count();
    assert_eq!(named, 1);
}

#[tokio::test]
async fn whatever_the_connections_all_of_a_domain_arrives() {
    let limit = DomainLimit { rate: Some("600/min".parse().unwrap()), connections: Some(1) };
    let app = limited(slow(limit), "").await;
    crowd(&app, 30, SLOW).await;
    app.settle().await;
    app.advance(SignedDuration::from_secs(5)).await;
    assert_eq!(arrived(&app, SLOW), 30);
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE parked <> '' AND state <= 1").await, 0);
    app.verify().await;
}
