//! From the database to the sink: claim, making, conversation, record.

use super::Result;
use super::case::Case;
use super::case::Leg;
use super::case::Watch;
use super::case::peak_memory;
use super::replay::settings;
use super::seed;
use super::seed::address;
use super::sink::Counted;
use super::sink::Sink;
use axum::body::Body;
use axum::http::Request;
use dripline::flow::App;
use dripline::flow::deliver::Line;
use dripline::flow::deliver::Stepped;
use dripline::flow::journal;
use dripline::link::Scope;
use dripline::relay::Connector;
use dripline::store::subscribers;
use dripline::web;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use tower::ServiceExt as _;

pub struct Whole {
    pub leg: Leg,
    /// Microseconds to make one mail, on one thread with nothing else to do.
    pub making: f64,
    pub mail: Vec<u8>,
    /// MB, at the most, while it was sent.
    pub memory: u64,
}

pub async fn whole_path(folder: &Path, case: &Case) -> Result<Whole> {
    let sink = Sink::start(case, &case.script())?;
    let app = Arc::new(seed::open(folder, case.dkim).await?);
    let (making, mail) = make_alone(&app).await?;
    let relay = settings(sink.address, case.connections);
    let line = Line::start(Arc::clone(&app), vec![(Connector::new(&relay)?, relay.limits())]);
    let looking = (case.pages > 0).then(|| tokio::spawn(look(Arc::clone(&app), case.pages)));
    let watch = Watch::start()?;
    // What a silent session holds isn't waited for: the message on its wire, and the one behind it.
    let awaited = case.taken() - if case.silent { 2 } else { 0 };
    let mut idle = false;
    while !idle {
        match line.step().await? {
            Stepped::Claimed(_) => {}
            Stepped::Waiting | Stepped::Paced(_) => line.wait().await,
            Stepped::Idle(_) => idle = true,
        }
    }
    // Before anybody counts what was sent, which reads all of it.
    let memory = peak_memory()?;
    while accepted(&app).await? < awaited {
        tokio::time::sleep(Duration::from_millis(5)).await;
        line.step().await?;
    }
    let leg = watch.leg(awaited)?;
    if let Some(looking) = looking {
        looking.abort();
    }
    if case.silent {
        drop(line);
    } else {
        line.stop().await;
        let breaches = journal::verify(&app).await?;
        assert!(breaches.is_empty(), "{breaches:?}");
        assert_eq!(sink.count()?, Counted { mails: awaited, different: awaited });
    }
    app.store.close().await;
    Ok(Whole { leg, making, mail, memory })
}

async fn accepted(app: &App) -> Result<usize> {
    let counts = journal::status(app).await?.deliveries;
    Ok(usize::try_from(counts.get("accepted").copied().unwrap_or_default())?)
}

/// Somebody looks at the course's page and at a page of their own by turns, so many times a second, until it is aborted.
async fn look(app: Arc<App>, a_second: u32) {
    let pages = web::router(Arc::clone(&app), &BTreeMap::new(), &[]).expect("the built-in templates are good");
    let mut connection = app.store.read().await.expect("the database can be read");
    let person = subscribers::by_key(&mut connection, &address(0).key()).await.expect("it is read").expect("reader 0");
    drop(connection);
    let own = format!("/my/{}", app.keys.sign(Scope::My, person.id, None));
    let mut beat = tokio::time::interval(Duration::from_secs(1) / a_second);
    for path in ["/c/bench", own.as_str()].into_iter().cycle() {
        beat.tick().await;
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = pages.clone().oneshot(request).await.expect("the router never fails");
        assert_eq!(answer.status(), 200, "{path}");
    }
}

/// What it costs to make one mail, on one thread.
async fn make_alone(app: &Arc<App>) -> Result<(f64, Vec<u8>)> {
    const TIMES: u32 = 500;
    let shelf = app.shelf.read().await;
    let shelved = shelf.get("bench").ok_or("the course is in force")?;
    let make = || dripline::flow::send_test::make(app, shelved, "one", &address(0), "en");
    let (_, mail) = make()?;
    let started = Instant::now();
    for _ in 0..TIMES {
        make()?;
    }
    Ok((started.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES), mail))
}
