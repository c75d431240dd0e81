//! Sessions used again, given up, cancelled and replaced; and bodies that arrive as they were sent.

use crate::wire::BODY;
use crate::wire::envelope;
use crate::wire::mailbox_with;
use crate::wire::open;
use crate::wire::scripted;
use crate::wire::send;
use dripline::mailbox;
use dripline::relay::Envelope;
use dripline::relay::Offer;
use dripline::relay::Session;
use proptest::prelude::Strategy;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::future::Future;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Polls a future so many times and then drops it; `None` if it wasn't done by then.
async fn cancelled_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // The last poll's result is waited for by nobody.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn a_refused_mail_leaves_the_session_to_the_next_one() {
    let mailbox = scripted("nth=1 rcpt reply \"550 5.1.1 nobody\"; nth=1 dot reply \"554 5.7.1 spam\"");
    let mut session = open(&mailbox).await;
    assert_eq!(send(&mut session, BODY).await, "said rcpt 550");
    assert_eq!(send(&mut session, BODY).await, "said dot 554");
    assert_eq!(send(&mut session, BODY).await, "said dot 250");
    session.quit().await;
    let verbs: Vec<String> = mailbox.heard().iter().map(|line| line[..4].to_string()).collect();
    let mail = ["MAIL", "RCPT", "DATA"];
    assert_eq!(verbs, [&["EHLO"][..], &mail, &["RSET"], &mail, &mail, &["QUIT"]].concat());
}

#[tokio::test]
async fn the_envelope_arrives_as_it_was_offered() {
    let mailbox = mailbox_with(mailbox::Settings { largest: Some(100), ..mailbox::Settings::default() });
    let mut session = open(&mailbox).await;
    assert_eq!(send(&mut session, BODY).await, "said dot 250");
    let nobody = Envelope { from: String::new(), ..envelope() };
    let Offer::Ready(offered) = session.offer(&nobody).await else { panic!("refused") };
    offered.body(BODY).await;
    let received = mailbox.received();
    assert_eq!((received[0].from.as_str(), received[0].to.as_str()), ("bounce+1@example.org", "ana@example.org"));
    assert_eq!(received[1].from, "");
    assert!(mailbox.heard().contains(&format!("MAIL FROM:<bounce+1@example.org> SIZE={}", BODY.len())));
}

#[tokio::test]
async fn what_cannot_be_offered_is_refused_without_a_word_on_the_wire() {
    let mailbox = mailbox_with(mailbox::Settings { largest: Some(100), ..mailbox::Settings::default() });
    let mut session = open(&mailbox).await;
    let check = async |session: &mut Session, envelope: Envelope, expect: &str| match session.offer(&envelope).await {
        Offer::Said(phase, reply) => assert!(format!("{phase} {reply}").starts_with(expect), "{phase} {reply}"),
        Offer::Ready(_) | Offer::Lost(_) => panic!("wasn't refused: {expect}"),
    };
    check(&mut session, Envelope { size: 101, ..envelope() }, "mail 552 5.3.4 (our words").await;
    let evil = "a@example.org>\r\nRCPT TO:<eve@example.org".to_string();
    check(&mut session, Envelope { from: evil, ..envelope() }, "mail 553 5.1.7 (our words").await;
    assert_eq!(mailbox.heard(), ["EHLO client.example.org"]);
    assert!(session.is_usable());
}

#[tokio::test]
async fn a_session_asks_to_be_replaced_after_a_hundred_mails() {
    let mailbox = scripted("");
    let mut session = open(&mailbox).await;
    for _ in 0..100 {
        assert!(!session.wants_rotation());
        assert_eq!(send(&mut session, BODY).await, "said dot 250");
    }
    assert!(session.wants_rotation());
}

#[tokio::test]
async fn an_envelope_taken_back_or_dropped_closes_the_session_without_the_dot() {
    let mailbox = scripted("");
    let mut withdrawn = open(&mailbox).await;
    let Offer::Ready(offered) = withdrawn.offer(&envelope()).await else { panic!("refused") };
    offered.withdraw();
    assert!(!withdrawn.is_usable());
    assert_eq!(send(&mut withdrawn, BODY).await, "lost mail silent");

    let mut dropped = open(&mailbox).await;
    drop(dropped.offer(&envelope()).await);
    assert!(!dropped.is_usable());

    let mut forgotten = open(&mailbox).await;
    std::mem::forget(forgotten.offer(&envelope()).await);
    assert!(!forgotten.is_usable());

    let mut other = open(&mailbox).await;
    assert_eq!(send(&mut other, BODY).await, "said dot 250");
    assert_eq!(mailbox.accepted(), 1);
}

#[tokio::test]
async fn a_cancelled_offer_never_leaves_a_usable_session() {
    let mailbox = scripted("mail split; rcpt split; data split");
    let mut cancelled = 0;
    for polls in 1.. {
        let mut session = open(&mailbox).await;
        let done = cancelled_after(polls, session.offer(&envelope())).await.is_some();
        assert!(!session.is_usable(), "after {polls} polls");
        if done {
            break;
        }
        cancelled += 1;
    }
    assert!(cancelled >= 3, "at least one cut in each of MAIL, RCPT and DATA, not {cancelled}");
}

#[tokio::test]
async fn a_cancelled_body_never_leaves_a_usable_session() {
    let mailbox = scripted("dot split");
    for polls in 0.. {
        let mut session = open(&mailbox).await;
        let Offer::Ready(offered) = session.offer(&envelope()).await else { panic!("refused") };
        let done = cancelled_after(polls, offered.body(BODY)).await.is_some();
        assert_eq!(session.is_usable(), done, "after {polls} polls");
        if done {
            assert!(polls > 1, "the reply was cut at least once");
            return;
        }
    }
}

#[tokio::test]
async fn a_relay_that_spoke_or_left_while_idle_is_noticed_before_mail() {
    let chatty = scripted("nth=1 dot reply \"250 kept\\r\\n250 kept again\"");
    let mut session = open(&chatty).await;
    assert_eq!(send(&mut session, BODY).await, "said dot 250");
    assert_eq!(send(&mut session, BODY).await, "lost mail 250");
    assert!(!session.is_usable());

    let gone = scripted("");
    let mut session = open(&gone).await;
    drop(gone);
    assert_eq!(send(&mut session, BODY).await, "lost mail silent");
}

#[tokio::test]
async fn a_relay_that_left_refuses_nothing_by_what_it_once_offered() {
    let gone = mailbox_with(mailbox::Settings { largest: Some(1), ..mailbox::Settings::default() });
    let mut session = open(&gone).await;
    assert_eq!(send(&mut session, BODY).await, "said mail 552");
    drop(gone);
    for _ in 0..100_000 {
        let became = send(&mut session, BODY).await;
        if became != "said mail 552" {
            return assert_eq!(became, "lost mail silent");
        }
        tokio::task::yield_now().await;
    }
    panic!("an envelope is judged by what a relay offered that has gone");
}

#[test]
fn nasty_bodies_arrive_as_they_were_sent() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mailbox = runtime.block_on(async { scripted("") });
    let session = RefCell::new(runtime.block_on(open(&mailbox)));
    let lines = proptest::collection::vec("[.a \t]{0,4}|\\.{0,3}|[ -~]{0,80}", 0..12);
    let bodies = (lines, proptest::bool::ANY).prop_map(|(lines, ended)| {
        let body = lines.join("\r\n");
        if ended { body + "\r\n" } else { body }
    });
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(300) });
    let checked = runner.run(&bodies, |body| {
        mailbox.clear();
        let became = runtime.block_on(send(&mut session.borrow_mut(), body.as_bytes()));
        assert_eq!(became, "said dot 250");
        let ends = body.is_empty() || body.ends_with("\r\n");
        let expect = if ends { body } else { body + "\r\n" };
        assert_eq!(String::from_utf8(mailbox.received().remove(0).bytes).unwrap(), expect);
        Ok(())
    });
    checked.unwrap();
}
