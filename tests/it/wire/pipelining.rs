//! Envelopes in one write, and behind the body before them (RFC 2920): every reply belongs to its command, and no mail
//! takes another's outcome.

use crate::wire::BODY;
use crate::wire::envelope;
use crate::wire::mailbox_with;
use crate::wire::open;
use crate::wire::scripted;
use crate::wire::send;
use crate::wire::settings;
use dripline::mailbox;
use dripline::mailbox::Mailbox;
use dripline::relay::Connector;
use dripline::relay::Envelope;
use dripline::relay::Offer;
use dripline::relay::Outcome;
use dripline::relay::Proposed;
use dripline::relay::Session;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

fn body(n: usize) -> Vec<u8> {
    format!("Message-ID: <{n}@example.org>\r\n\r\nMail {n}.\r\n").into_bytes()
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Said(reply) => format!("dot {}", reply.code),
        Outcome::NotSent(_) => "not sent".to_string(),
        Outcome::InDoubt(_) => "in doubt".to_string(),
    }
}

/// Sends so many mails, each envelope behind the body before it where that is possible; what became of each.
async fn chain(session: &mut Session, mails: usize) -> Vec<String> {
    let mut became = Vec::new();
    let mut behind: Option<Proposed<'_>> = None;
    let mut session = Some(session);
    while became.len() < mails {
        let offer = match behind.take() {
            Some(proposed) => proposed.heard().await,
            None => match session.take() {
                Some(session) => session.offer(&envelope()).await,
                None => break,
            },
        };
        match offer {
            Offer::Said(phase, reply) => became.push(format!("{phase} {}", reply.code)),
            Offer::Lost(broken) => became.push(format!("lost {}", broken.phase)),
            Offer::Ready(offered) => {
                let next = (became.len() + 1 < mails).then(envelope);
                let (outcome, proposed) = offered.body_before(&body(became.len() + 1), next.as_ref()).await;
                became.push(said(&outcome));
                behind = proposed;
            }
        }
    }
    became
}

/// All mails, beginning anew where a chain ends while the session is usable.
async fn chains(session: &mut Session, mails: usize) -> Vec<String> {
    let mut became = chain(session, mails).await;
    while became.len() < mails && session.is_usable() {
        became.extend(chain(session, mails - became.len()).await);
    }
    became.push(if session.is_usable() { "usable" } else { "closed" }.to_string());
    became
}

#[tokio::test]
async fn each_mail_of_a_chain_has_its_own_outcome() {
    let table = [
        ("", "dot 250, dot 250, dot 250, usable", 3),
        ("every=1 dot split; every=1 rcpt split", "dot 250, dot 250, dot 250, usable", 3),
        ("nth=2 mail reply \"452 4.3.1 full\"", "dot 250, mail 452, dot 250, usable", 2),
        ("nth=2 rcpt reply \"550 5.1.1 nobody\"", "dot 250, rcpt 550, dot 250, usable", 2),
        ("nth=2 data reply \"451 4.3.0 later\"", "dot 250, data 451, dot 250, usable", 2),
        ("nth=1 dot reply \"554 5.7.1 spam\"", "dot 554, dot 250, dot 250, usable", 2),
        ("nth=2 rcpt reply \"421 4.3.2 closing\"", "dot 250, rcpt 421, closed", 1),
        ("nth=2 mail close", "dot 250, lost mail, closed", 1),
        ("nth=1 dot close", "in doubt, closed", 0),
        ("nth=1 dot late-reset", "in doubt, closed", 1),
        ("nth=1 dot reply \"421 4.3.2 closing\"", "dot 421, closed", 0),
    ];
    for (script, expect, arrived) in table {
        let mailbox = scripted(script);
        let mut session = open(&mailbox).await;
        assert_eq!(chains(&mut session, 3).await.join(", "), expect, "{script}");
        assert_eq!(mailbox.received().len(), arrived, "{script}");
    }
}

#[tokio::test]
async fn a_relay_without_pipelining_or_told_off_it_hears_one_command_at_a_time() {
    let stepwise = |mailbox: &Mailbox| mailbox.heard().iter().map(|line| line[..4].to_string()).collect::<Vec<_>>();
    let refusing = || mailbox::Settings {
        script: "nth=1 rcpt reply \"550 5.1.1 nobody\"".parse().unwrap(),
        ..mailbox::Settings::default()
    };
    let without = mailbox_with(mailbox::Settings { stepwise: true, ..refusing() });
    let with = mailbox_with(refusing());
    for (mailbox, pipelining) in [(&without, true), (&with, false)] {
        let settings = dripline::relay::Settings { pipelining, ..settings(mailbox) };
        let mut session = Connector::new(&settings).unwrap().open().await.unwrap();
        assert_eq!(chains(&mut session, 2).await.join(", "), "rcpt 550, dot 250, usable");
        assert_eq!(stepwise(mailbox), ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]);
    }
}

/// A relay played by hand: what it hears up to some words, and what it says.
struct ByHand {
    stream: TcpStream,
    heard: String,
}

impl ByHand {
    /// Up to these words, which must be the last.
    async fn hears(&mut self, end: &str) -> String {
        while !self.heard.ends_with(end) {
            let mut bytes = [0; 4096];
            let count = self.stream.read(&mut bytes).await.unwrap();
            assert!(count > 0, "the client left after {:?}, before {end:?}", self.heard);
            self.heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        std::mem::take(&mut self.heard)
    }

    async fn says(&mut self, words: &str) {
        self.stream.write_all(words.as_bytes()).await.unwrap();
    }
}

/// A session with a relay that is played by hand, and offers PIPELINING.
async fn by_hand() -> (Session, ByHand) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let settings = dripline::relay::Settings { host: at.ip().to_string(), port: at.port(), ..settings(&scripted("")) };
    let relay = async {
        let mut relay = ByHand { stream: listener.accept().await.unwrap().0, heard: String::new() };
        relay.says("220 hello\r\n").await;
        relay.hears("EHLO client.example.org\r\n").await;
        relay.says("250-here\r\n250 PIPELINING\r\n").await;
        relay
    };
    let connector = Connector::new(&settings).unwrap();
    let (session, relay) = tokio::join!(connector.open(), relay);
    (session.unwrap(), relay)
}

const GROUP: &str = "MAIL FROM:<bounce+1@example.org>\r\nRCPT TO:<ana@example.org>\r\nDATA\r\n";

#[tokio::test]
async fn an_envelope_is_not_kept_back_by_any_reply_and_a_body_waits_for_its_own() {
    let (mut session, mut relay) = by_hand().await;
    let relay = async {
        assert_eq!(relay.hears("DATA\r\n").await, GROUP);
        relay.says("250 ok\r\n250 ok\r\n354 go\r\n").await;
        let first = format!("{}.\r\n{GROUP}", String::from_utf8(body(1)).unwrap());
        assert_eq!(relay.hears("DATA\r\n").await, first, "the next envelope comes before the reply to the body");
        relay.says("250 kept\r\n250 ok\r\n").await;
        relay.says("250 ok\r\n354 go\r\n").await;
        assert_eq!(relay.hears("\r\n.\r\n").await, format!("{}.\r\n", String::from_utf8(body(2)).unwrap()));
        relay.says("250 kept\r\n").await;
    };
    let (became, ()) = tokio::join!(chain(&mut session, 2), relay);
    assert_eq!(became, ["dot 250", "dot 250"]);
}

#[tokio::test]
async fn a_relay_that_wants_a_body_for_a_refused_recipient_gets_a_lone_dot() {
    let (mut session, mut relay) = by_hand().await;
    let relay = async {
        relay.hears(GROUP).await;
        relay.says("250 ok\r\n550 5.1.1 nobody\r\n354 go\r\n").await;
        assert_eq!(relay.hears("\r\n").await, ".\r\n", "never the mail");
        relay.says("554 5.5.1 no valid recipients\r\n").await;
        assert_eq!(relay.hears("\r\n").await, "RSET\r\n");
        relay.says("250 forgotten\r\n").await;
        relay.hears(GROUP).await;
        relay.says("250 ok\r\n250 ok\r\n354 go\r\n").await;
        relay.hears("\r\n.\r\n").await;
        relay.says("250 kept\r\n").await;
    };
    let sending = async { [send(&mut session, BODY).await, send(&mut session, BODY).await] };
    let (became, ()) = tokio::join!(sending, relay);
    assert_eq!(became, ["said rcpt 550", "said dot 250"]);
}

#[tokio::test]
async fn a_session_is_rotated_in_the_middle_of_a_chain() {
    let mailbox = scripted("");
    let mut session = open(&mailbox).await;
    assert_eq!(chain(&mut session, 150).await.len(), 100, "the hundred and first envelope isn't written behind a body");
    assert!(session.is_usable() && session.wants_rotation());
    assert_eq!(mailbox.received().len(), 100);
}

#[tokio::test]
async fn what_we_refuse_ourselves_is_not_written_behind_a_body() {
    let mailbox = mailbox_with(mailbox::Settings { largest: Some(1000), ..mailbox::Settings::default() });
    let mut session = open(&mailbox).await;
    let Offer::Ready(offered) = session.offer(&envelope()).await else { panic!("refused") };
    let large = Envelope { size: 2000, ..envelope() };
    let (outcome, proposed) = offered.body_before(BODY, Some(&large)).await;
    assert_eq!((said(&outcome).as_str(), proposed.map(drop)), ("dot 250", None));
    assert!(session.is_usable());
}
