//! The conversation with the relay against a mailbox that misbehaves on cue.

mod envelopes;
mod faults;
mod kept;
mod pipelining;
mod openssl;
mod postfix;
pub mod protection;
mod sessions;
mod smtp_sink;

use dripline::mailbox;
use dripline::mailbox::Mailbox;
use dripline::relay::Broken;
use dripline::relay::Connector;
use dripline::relay::Envelope;
use dripline::relay::Offer;
use dripline::relay::Outcome;
use dripline::relay::Session;
use dripline::relay::Settings;
use dripline::relay::Timeouts;
use dripline::relay::Tls;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

const BODY: &[u8] = b"Message-ID: <1@example.org>\r\nSubject: Day 1\r\n\r\nHello.\r\n.dot\r\n";

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn scripted(script: &str) -> Mailbox {
    mailbox_with(mailbox::Settings { script: script.parse().unwrap(), ..mailbox::Settings::default() })
}

fn mailbox_with(settings: mailbox::Settings) -> Mailbox {
    Mailbox::start(any_port(), settings).unwrap()
}

fn settings(mailbox: &Mailbox) -> Settings {
    Settings {
        host: mailbox.address().ip().to_string(),
        port: mailbox.address().port(),
        tls: Tls::PlainLoopback,
        user: None,
        password: None,
        connections: 1,
        rate: None,
        daily: None,
        pipelining: true,
        domains: BTreeMap::new(),
        ca_file: None,
        hello: "client.example.org".to_string(),
    }
}

fn envelope() -> Envelope {
    Envelope::new("bounce+1@example.org".to_string(), "ana@example.org".parse().unwrap(), BODY)
}

async fn open(mailbox: &Mailbox) -> Session {
    Connector::new(&settings(mailbox)).unwrap().open().await.unwrap()
}

fn told(broken: &Broken) -> String {
    let code = broken.reply.as_ref().map_or("silent".to_string(), |reply| reply.code.to_string());
    format!("{} {code}", broken.phase)
}

/// One mail over a session, and what became of it in a few words.
async fn send(session: &mut Session, body: &[u8]) -> String {
    match session.offer(&envelope()).await {
        Offer::Said(phase, reply) => format!("said {phase} {}", reply.code),
        Offer::Lost(broken) => format!("lost {}", told(&broken)),
        Offer::Ready(offered) => match offered.body(body).await {
            Outcome::Said(reply) => format!("said dot {}", reply.code),
            Outcome::NotSent(_) => "not sent".to_string(),
            Outcome::InDoubt(_) => "in doubt".to_string(),
        },
    }
}

/// One mail over a new session, with the session's state afterwards.
async fn attempt(connector: &Connector, body: &[u8]) -> String {
    match connector.open().await {
        Err(broken) => format!("broken {}", told(&broken)),
        Ok(mut session) => {
            let became = send(&mut session, body).await;
            let after = if session.is_usable() { "usable" } else { "closed" };
            session.quit().await;
            format!("{became}, {after}")
        }
    }
}

/// Standard waits, but of one phase only an instant.
fn impatient_at(phase: &str) -> Timeouts {
    let short = std::time::Duration::from_millis(60);
    let mut timeouts = Timeouts::default();
    match phase {
        "greeting" => timeouts.greeting = short,
        "ehlo" => timeouts.ehlo = short,
        "tls" => timeouts.tls = short,
        "auth" => timeouts.auth = short,
        "mail" => timeouts.mail = short,
        "rcpt" => timeouts.rcpt = short,
        "data" => timeouts.data = short,
        "body" => timeouts.block = short,
        "dot" => timeouts.dot = short,
        other => panic!("no such phase: {other}"),
    }
    timeouts
}
