//! Every phase of a mail, with every way in which a relay can fail at it.

use crate::wire::BODY;
use crate::wire::attempt;
use crate::wire::impatient_at;
use crate::wire::mailbox_with;
use crate::wire::open;
use crate::wire::scripted;
use crate::wire::send;
use crate::wire::settings;
use dripline::mailbox;
use dripline::relay::Connector;
use dripline::relay::Tls;
use std::net::TcpListener;

/// Larger than what the kernel's buffers of both sides take, so that a body is still under way when the relay goes.
fn large_body() -> Vec<u8> {
    b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n".repeat(400_000)
}

async fn check(script: &str, expect: &str, accepted: u64) {
    let mailbox = scripted(script);
    let phase = script.split(' ').next().unwrap();
    let mut connector = Connector::new(&settings(&mailbox)).unwrap();
    if script.ends_with(" hang") {
        connector = connector.with_timeouts(impatient_at(phase));
    }
    assert_eq!(attempt(&connector, BODY).await, expect, "{script}");
    assert_eq!(mailbox.accepted(), accepted, "{script}");
}

#[tokio::test]
async fn before_mail_a_fault_breaks_the_session_in_its_phase() {
    check("connect close", "broken greeting silent", 0).await;
    for phase in ["greeting", "ehlo"] {
        check(&format!("{phase} reply \"421 4.3.2 later\""), &format!("broken {phase} 421"), 0).await;
        check(&format!("{phase} reply \"451 4.3.0 later\""), &format!("broken {phase} 451"), 0).await;
        check(&format!("{phase} reply \"554 5.7.1 never\""), &format!("broken {phase} 554"), 0).await;
        check(&format!("{phase} reply \"354 what\""), &format!("broken {phase} 354"), 0).await;
        check(&format!("{phase} close"), &format!("broken {phase} silent"), 0).await;
        check(&format!("{phase} hang"), &format!("broken {phase} silent"), 0).await;
        check(&format!("{phase} garbage"), &format!("broken {phase} silent"), 0).await;
        check(&format!("{phase} split"), "said dot 250, usable", 1).await;
    }
}

#[tokio::test]
async fn until_data_a_refusal_keeps_the_session_and_a_fault_loses_it() {
    for phase in ["mail", "rcpt", "data"] {
        check(&format!("{phase} reply \"451 4.7.1 later\""), &format!("said {phase} 451, usable"), 0).await;
        check(&format!("{phase} reply \"550 5.1.1 never\""), &format!("said {phase} 550, usable"), 0).await;
        check(&format!("{phase} reply \"550-5.1.1 no\\r\\n550 5.1.1 never\""), &format!("said {phase} 550, usable"), 0)
            .await;
        check(&format!("{phase} reply \"421 4.3.2 bye\""), &format!("said {phase} 421, closed"), 0).await;
        check(&format!("{phase} close"), &format!("lost {phase} silent, closed"), 0).await;
        check(&format!("{phase} hang"), &format!("lost {phase} silent, closed"), 0).await;
        check(&format!("{phase} garbage"), &format!("lost {phase} silent, closed"), 0).await;
        check(&format!("{phase} split"), "said dot 250, usable", 1).await;
    }
    check("mail reply \"354 what\"", "lost mail 354, closed", 0).await;
    check("rcpt reply \"354 what\"", "lost rcpt 354, closed", 0).await;
    check("data reply \"250 what\"", "lost data 250, closed", 0).await;
}

#[tokio::test]
async fn a_refusal_counts_also_when_the_session_cannot_be_reset() {
    for rset in ["close", "garbage", "reply \"500 what\"", "reply \"421 bye\""] {
        check(&format!("rcpt reply \"550 5.1.1 never\"; rset {rset}"), "said rcpt 550, closed", 0).await;
    }
}

#[tokio::test]
async fn after_the_dot_only_a_reply_names_an_outcome() {
    check("dot reply \"250 kept\"", "said dot 250, usable", 1).await;
    check("dot split", "said dot 250, usable", 1).await;
    check("dot delay 1ms", "said dot 250, usable", 1).await;
    check("dot reply \"451 4.3.0 later\"", "said dot 451, usable", 0).await;
    check("dot reply \"554 5.7.1 spam\"", "said dot 554, usable", 0).await;
    check("dot reply \"421 4.3.2 bye\"", "said dot 421, closed", 0).await;
    check("dot close", "in doubt, closed", 0).await;
    check("dot hang", "in doubt, closed", 0).await;
    check("dot garbage", "in doubt, closed", 0).await;
    check("dot reply \"354 what\"", "in doubt, closed", 0).await;
    check("dot late-reset", "in doubt, closed", 1).await;
}

#[tokio::test]
async fn a_body_that_was_cut_off_is_surely_not_sent() {
    let body = large_body();
    for after in [1, 1000, 65_536, 5_000_000] {
        let mailbox = scripted(&format!("after={after} body close"));
        let connector = Connector::new(&settings(&mailbox)).unwrap();
        assert_eq!(attempt(&connector, &body).await, "not sent, closed", "after {after} bytes");
        assert_eq!(mailbox.accepted(), 0);
    }
}

#[tokio::test]
async fn a_relay_that_takes_no_more_of_a_body_is_given_up() {
    let mailbox =
        mailbox_with(mailbox::Settings { script: "body delay 600s".parse().unwrap(), ..mailbox::Settings::default() });
    let connector = Connector::new(&settings(&mailbox)).unwrap().with_timeouts(impatient_at("body"));
    assert_eq!(attempt(&connector, &large_body()).await, "not sent, closed");
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_a_body_counts_and_a_welcome_does_not() {
    let body = large_body();
    for (said, expect) in [("552 5.3.4 too large", "said dot 552, closed"), ("250 2.0.0 kept", "not sent, closed")] {
        let mailbox = scripted(&format!("body reply \"{said}\""));
        let connector = Connector::new(&settings(&mailbox)).unwrap();
        assert_eq!(attempt(&connector, &body).await, expect);
        assert_eq!(mailbox.accepted(), 0);
    }
}

#[tokio::test]
async fn a_body_that_relays_could_read_differently_never_reaches_the_wire() {
    let mailbox = scripted("");
    let connector = Connector::new(&settings(&mailbox)).unwrap();
    for body in [&b"a\n.\r\nb\r\n"[..], b"a\rb\r\n", b"\xff\r\n", b"a\0\r\n", &[b'a'; 999]] {
        assert_eq!(attempt(&connector, body).await, "said dot 554, closed");
    }
    let mut session = open(&mailbox).await;
    assert_eq!(send(&mut session, BODY).await, "said dot 250");
    assert_eq!(mailbox.accepted(), 1);
}

#[tokio::test]
async fn a_relay_that_knows_no_ehlo_is_greeted_the_old_way() {
    for code in [500, 502] {
        let mailbox = scripted(&format!("times=1 ehlo reply \"{code} what\""));
        let connector = Connector::new(&settings(&mailbox)).unwrap();
        assert_eq!(attempt(&connector, BODY).await, "said dot 250, usable");
        assert_eq!(mailbox.heard()[..2], ["EHLO client.example.org", "HELO client.example.org"]);
    }
}

#[tokio::test]
async fn a_relay_that_is_not_there_or_not_here_breaks_at_connect() {
    let mailbox = scripted("");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let absent = dripline::relay::Settings { port: free.port(), ..settings(&mailbox) };
    assert_eq!(attempt(&Connector::new(&absent).unwrap(), BODY).await, "broken connect silent");

    let far =
        dripline::relay::Settings { host: "192.0.2.1".to_string(), tls: Tls::PlainLoopback, ..settings(&mailbox) };
    let Err(broken) = Connector::new(&far).unwrap().open().await else { panic!("spoke in clear to another machine") };
    assert!(broken.detail.contains("STARTTLS"), "{broken}");
}
