//! Several relays: what one doesn't take, another may.

use super::crowd;
use super::limited;
use crate::app::TestApp;
use crate::app::hours;
use dripline::mailbox;
use dripline::mailbox::Mailbox;
use dripline::relay::Limits;
use std::net::Ipv4Addr;

/// Two relays, of which the first follows a script and then is gone; and one reader.
async fn gone_after(script: &str) -> (TestApp, Mailbox) {
    let spare = Mailbox::start((Ipv4Addr::LOCALHOST, 0).into(), mailbox::Settings::default()).unwrap();
    let mut app = limited(Limits::default(), script).await;
    app.with_spare_relay(&spare);
    crowd(&app, 1, "example.org").await;
    app.settle().await;
    assert_eq!(spare.accepted(), 0, "the first one is asked first");
    app.relay_says("connect close").await;
    app.advance(hours(2)).await;
    (app, spare)
}

#[tokio::test]
async fn what_one_relay_puts_off_goes_by_another_when_it_is_gone() {
    let (app, spare) = gone_after("times=1 rcpt reply \"451 4.3.0 later\"").await;
    assert_eq!((app.mails(), spare.accepted()), (0, 1));
    app.verify().await;
}

#[tokio::test]
async fn what_is_in_doubt_with_one_relay_goes_once_more_by_another_as_the_same_bytes() {
    let (app, spare) = gone_after("times=1 dot late-reset").await;
    assert_eq!((app.mails(), spare.accepted()), (1, 1));
    assert_eq!(app.mails_to("p0@example.org")[0].bytes, spare.received()[0].bytes);
    app.verify().await;
}
