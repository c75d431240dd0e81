//! A relay's rate: steady, whatever waits, and the most urgent first.

use super::crowd;
use super::gaps;
use super::limited;
use crate::app::minutes;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use dripline::relay::Limits;
use jiff::SignedDuration;
use std::time::Instant;

fn ten_a_minute() -> Limits {
    Limits { rate: Some("10/min".parse().unwrap()), ..Limits::default() }
}

#[tokio::test]
async fn mails_leave_one_by_one_as_fast_as_the_rate_says() {
    let app = limited(ten_a_minute(), "").await;
    crowd(&app, 25, "example.org").await;
    app.settle().await;
    assert_eq!(app.mails(), 1);
    app.advance(minutes(1)).await;
    assert_eq!(app.mails(), 11);
    app.advance(minutes(3)).await;
    assert_eq!(app.mails(), 25);
    assert_eq!(gaps(&app).await, [6; 24]);
    app.verify().await;
}

#[tokio::test]
async fn a_confirmation_is_next_also_when_the_rate_is_what_it_waits_for() {
    let mut app = limited(ten_a_minute(), "").await;
    crowd(&app, 20, "example.org").await;
    app.advance(SignedDuration::from_secs(20)).await;
    assert_eq!(app.mails(), 4);
    app.sign_up("new@example.org", "calm").await;
    app.advance(SignedDuration::from_secs(4)).await;
    assert_eq!(app.mailbox.received().last().unwrap().to, "new@example.org");
    app.confirm("new@example.org").await;
    app.advance(minutes(3)).await;
    assert_eq!(app.mails(), 22);
    app.verify().await;
}

#[tokio::test]
async fn a_relay_that_says_at_mail_that_we_are_too_fast_gets_half_from_everybody() {
    let app = limited(ten_a_minute(), "times=1 nth=3 mail reply \"450 4.7.1 too many messages\"").await;
    crowd(&app, 10, "example.org").await;
    app.advance(SignedDuration::from_secs(12)).await;
    assert_eq!(app.mails(), 2, "the third was too fast");
    app.advance(SignedDuration::from_secs(12)).await;
    assert_eq!(app.mails(), 3);
    assert_eq!(app.number("SELECT max(attempts) FROM outbox").await, 0);
    app.advance(minutes(6)).await;
    let gaps = gaps(&app).await;
    assert!(gaps[1..].windows(2).all(|pair| pair[1] <= pair[0] && pair[1] >= 6), "{gaps:?}");
    app.verify().await;
}

#[test]
fn a_real_daemon_keeps_to_the_rate_and_uses_it() {
    let sink = Sink::start("");
    let site = Site::new(sink.url(), "rate = \"20/s\"");
    site.course("calm", &["one"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    let rows: String = (0..60).map(|n| format!("p{n}@example.org,calm,paper\n")).collect();
    site.write("people.csv", &format!("email,course,source\n{rows}"));
    site.good(&["import", "people.csv"]);
    let daemon = site.serve(&["--day", "20s"]);
    sink.wait_for(1, SOON);
    let first = Instant::now();
    sink.wait_for(60, SOON);
    let taken = first.elapsed().as_secs_f64();
    assert!((2.8..10.0).contains(&taken), "59 mails at 20 a second took {taken} s");
    daemon.stop();
    assert_eq!(site.good(&["verify"]), "");
}
