//! The same bytes to everybody, through the same sessions: no database, no making. The ceiling.

use super::Result;
use super::case::Case;
use super::case::Leg;
use super::case::Watch;
use super::seed::address;
use super::sink::Counted;
use super::sink::Sink;
use dripline::relay;
use dripline::relay::Connector;
use dripline::relay::Envelope;
use dripline::relay::Offer;
use dripline::relay::Outcome;
use dripline::relay::Session;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

pub async fn replay(case: &Case, mail: &[u8]) -> Result<Leg> {
    let sink = Sink::start(case, "")?;
    let connector = Connector::new(&settings(sink.address, case.connections))?;
    let watch = Watch::start()?;
    let mail: Arc<[u8]> = mail.into();
    let mut sessions = tokio::task::JoinSet::new();
    for seat in 0..case.connections {
        let (connector, mail) = (connector.clone(), Arc::clone(&mail));
        let mut left = (seat..case.due).step_by(case.connections).collect::<Vec<_>>();
        sessions.spawn(async move {
            while !left.is_empty() {
                let mut session = connector.open().await.expect("the sink listens");
                chain(&mut session, &mut left, &mail).await;
                session.quit().await;
            }
        });
    }
    while let Some(done) = sessions.join_next().await {
        done?;
    }
    let leg = watch.leg(case.due)?;
    assert_eq!(sink.count()?, Counted { mails: case.due, different: 1 });
    Ok(leg)
}

/// Each envelope behind the body before it, until the session has carried enough.
async fn chain(session: &mut Session, left: &mut Vec<usize>, mail: &[u8]) {
    let envelope = |n: usize| Envelope::new("b@example.org".to_string(), address(n), mail);
    let Some(first) = left.pop() else { return };
    let mut offer = session.offer(&envelope(first)).await;
    loop {
        let Offer::Ready(offered) = offer else { panic!("the sink refused") };
        let next = left.last().copied().map(envelope);
        let (outcome, proposed) = offered.body_before(mail, next.as_ref()).await;
        assert!(matches!(outcome, Outcome::Said(reply) if reply.class() == 2));
        let Some(proposed) = proposed else { return };
        left.pop();
        offer = proposed.heard().await;
    }
}

pub fn settings(sink: SocketAddr, connections: usize) -> relay::Settings {
    relay::Settings {
        host: sink.ip().to_string(),
        port: sink.port(),
        tls: relay::Tls::PlainLoopback,
        user: None,
        password: None,
        connections,
        rate: None,
        daily: None,
        pipelining: true,
        domains: BTreeMap::new(),
        ca_file: None,
        hello: "learn.example.org".to_string(),
    }
}
