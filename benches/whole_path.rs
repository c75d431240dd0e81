//! The whole path, from a seeded database to a sink in another process, beside a replay of one prebuilt mail through the
//! same sessions (the ceiling), and the same while people look at the pages. Every mail is counted at the sink: a rate
//! without that count is void.
//!
//! `cargo bench --bench whole_path -- [people] [rounds] [connections]`

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod site;

use axum::body::Body;
use axum::http::Request;
use dripline::address::Address;
use dripline::clock::Clock;
use dripline::clock::Now;
use dripline::enrolment::Enrolment;
use dripline::enrolment::State;
use dripline::flow::App;
use dripline::flow::deliver::Line;
use dripline::flow::deliver::Stepped;
use dripline::flow::reload;
use dripline::ids::next_id;
use dripline::link::Scope;
use dripline::mailbox;
use dripline::mailbox::Mailbox;
use dripline::relay;
use dripline::relay::Connector;
use dripline::relay::Envelope;
use dripline::relay::Offer;
use dripline::relay::Outcome;
use dripline::store::enrolments;
use dripline::store::people;
use dripline::store::subscribers;
use dripline::subscriber::Status;
use dripline::subscriber::Subscriber;
use dripline::web;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use tower::ServiceExt as _;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SINK: &str = "--as-the-sink";
/// More than thousands of readers look at in the minutes after their lesson.
const PAGES_A_SECOND: u32 = 50;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if words.first().is_some_and(|word| word == SINK) {
        return runtime.block_on(sink());
    }
    let number = |at: usize, otherwise: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or(otherwise);
    runtime.block_on(compare(number(0, 20_000), number(1, 3), number(2, 16)))
}

async fn compare(people: usize, rounds: usize, connections: usize) -> Result<()> {
    println!("{people} people, {connections} connections, {rounds} rounds, synchronous=FULL, no DKIM");
    let (mut ratios, mut looked_at) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let (folder, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let lesson = fs::read_to_string("courses/four-stages/the-map.md")?;
        let whole = whole_path(folder.path(), people, connections, &lesson, 0).await?;
        let busy = whole_path(other.path(), people, connections, &lesson, PAGES_A_SECOND).await?;
        let replay = replay(people, connections, &whole.mail).await?;
        let ratio = whole.leg.rate / replay.rate;
        println!("round {round}: whole path {}", whole.leg);
        println!("         making the mails alone {:.0} us each, {} bytes", whole.making, whole.mail.len());
        println!("         replay     {replay}");
        println!("         whole path / replay = {ratio:.2}, peak memory {} MB", peak_memory()?);
        println!(
            "         with {PAGES_A_SECOND} pages a second: {}, {:.2} of the rate without",
            busy.leg,
            busy.leg.rate / whole.leg.rate
        );
        ratios.push(ratio);
        looked_at.push(busy.leg.rate / whole.leg.rate);
    }
    ratios.sort_by(f64::total_cmp);
    looked_at.sort_by(f64::total_cmp);
    println!("ratio of the rate beside the pages: median {:.2}", looked_at[rounds / 2]);
    println!("ratio to the replay: median {:.2}, {:.2}-{:.2}", ratios[rounds / 2], ratios[0], ratios[rounds - 1]);
    Ok(())
}

struct Leg {
    rate: f64,
    /// Processor time of this process for each message, in microseconds.
    cpu: f64,
}

impl std::fmt::Display for Leg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} messages/s, {:.0} us CPU each", self.rate, self.cpu)
    }
}

struct Whole {
    leg: Leg,
    making: f64,
    mail: Vec<u8>,
}

async fn whole_path(
    folder: &Path,
    people: usize,
    connections: usize,
    lesson: &str,
    pages_a_second: u32,
) -> Result<Whole> {
    let mut sink = Sink::start()?;
    let app = Arc::new(site::app(folder, Clock::system()).await?);
    let course = [("course.toml", COURSE.to_string()), ("one.md", lesson.to_string())];
    let tree = course.map(|(path, text)| (path.to_string(), text.into_bytes())).into();
    let reloaded = reload::put(&app, BTreeMap::from([("bench".to_string(), tree)]), "courses").await?;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    seed(&app, people).await?;
    let (making, mail) = make_alone(&app).await?;
    let connectors = vec![(Connector::new(&settings(sink.address, connections))?, connections)];
    let line = Line::start(Arc::clone(&app), connectors);
    let looking = (pages_a_second > 0).then(|| tokio::spawn(look(Arc::clone(&app), pages_a_second)));
    let (started, cpu) = (Instant::now(), cpu_time()?);
    loop {
        match line.step().await? {
            Stepped::Claimed(_) => {}
            Stepped::Waiting => line.wait().await,
            Stepped::Idle(_) => break,
        }
    }
    line.settled().await;
    let leg =
        Leg { rate: people as f64 / started.elapsed().as_secs_f64(), cpu: (cpu_time()? - cpu) * 1e6 / people as f64 };
    line.stop().await;
    if let Some(looking) = looking {
        looking.abort();
    }
    let breaches = dripline::flow::journal::verify(&app).await?;
    assert!(breaches.is_empty(), "{breaches:?}");
    sink.assert_counts(people, people)?;
    app.store.close().await;
    Ok(Whole { leg, making, mail })
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

/// The same bytes to everybody, through the same sessions: no database, no making.
async fn replay(people: usize, connections: usize, mail: &[u8]) -> Result<Leg> {
    let mut sink = Sink::start()?;
    let connector = Connector::new(&settings(sink.address, connections))?;
    let (started, cpu) = (Instant::now(), cpu_time()?);
    let mut sessions = tokio::task::JoinSet::new();
    for seat in 0..connections {
        let (connector, mail) = (connector.clone(), mail.to_vec());
        sessions.spawn(async move {
            let mut session = connector.open().await.expect("the sink listens");
            for n in (seat..people).step_by(connections) {
                let to = address(n);
                let envelope = Envelope { from: "b@example.org".to_string(), to, size: mail.len() };
                let Offer::Ready(offered) = session.offer(&envelope).await else { panic!("the sink refused") };
                assert!(matches!(offered.body(&mail).await, Outcome::Said(reply) if reply.class() == 2));
                if session.wants_rotation() {
                    session.quit().await;
                    session = connector.open().await.expect("the sink listens");
                }
            }
            session.quit().await;
        });
    }
    while let Some(done) = sessions.join_next().await {
        done?;
    }
    let leg =
        Leg { rate: people as f64 / started.elapsed().as_secs_f64(), cpu: (cpu_time()? - cpu) * 1e6 / people as f64 };
    sink.assert_counts(people, 1)?;
    Ok(leg)
}

/// What it costs to make one mail, on one thread.
async fn make_alone(app: &Arc<App>) -> Result<(f64, Vec<u8>)> {
    const TIMES: u32 = 500;
    let shelf = app.shelf.read().await;
    let shelved = shelf.get("bench").ok_or("the course is in force")?;
    let make = || dripline::flow::send_test::make(app, shelved, "one", &address(0));
    let (_, mail) = make()?;
    let started = Instant::now();
    for _ in 0..TIMES {
        make()?;
    }
    Ok((started.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES), mail))
}

const COURSE: &str = r#"
title = "A course"
language = "en"
lessons = ["one"]
require = ["disclaimer"]
disclaimer = "This course is educational coaching, not medical care. Ask a health professional."
crisis = "Call your local emergency number."
[schedule]
wait = "1 day"
send = "30 8 * * *"
"#;

/// Everybody's only lesson is due.
async fn seed(app: &App, people: usize) -> Result<()> {
    let Now { wall, reader } = app.clock.now();
    let mut transaction = app.store.begin().await?;
    for n in 0..people {
        let subscriber = Subscriber {
            id: next_id(wall),
            address: address(n),
            first_name: Some(format!("Sam {n}")),
            language: None,
            zone: None,
            hour: None,
            weekdays: None,
            fields: BTreeMap::new(),
            status: Status::Active,
        };
        people::put(&mut transaction, &[&subscriber], wall.as_millisecond()).await?;
        enrolments::put(&mut transaction, &enrolment(next_id(wall), subscriber.id, reader), wall).await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn enrolment(id: i64, subscriber_id: i64, due: jiff::Timestamp) -> Enrolment {
    Enrolment {
        state: State::Waiting,
        lesson: "one".to_string(),
        why: "the benchmark".to_string(),
        ..Enrolment::new(id, subscriber_id, "bench", 1, due)
    }
}

fn address(n: usize) -> Address {
    format!("reader{n}@example.org").parse().expect("an address")
}

fn settings(sink: SocketAddr, connections: usize) -> relay::Settings {
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

/// This program again, as a receiver, so that its work isn't counted as ours.
struct Sink {
    child: Child,
    address: SocketAddr,
}

impl Sink {
    fn start() -> Result<Sink> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg(SINK).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().ok_or("a pipe")?).read_line(&mut line)?;
        Ok(Sink { child, address: line.trim().parse()? })
    }

    /// Ends the sink, and compares what it counted: mails, and different Message-IDs among them.
    fn assert_counts(&mut self, mails: usize, different: usize) -> Result<()> {
        self.child.stdin.take().ok_or("a pipe")?.flush()?;
        let mut line = String::new();
        BufReader::new(self.child.stdout.as_mut().ok_or("a pipe")?).read_line(&mut line)?;
        assert_eq!(line.trim(), format!("{mails} {different}"), "mails at the sink, and different ones among them");
        self.child.wait()?;
        Ok(())
    }
}

/// Keeps what comes until standard input closes, then counts it.
async fn sink() -> Result<()> {
    let mailbox = Mailbox::start((Ipv4Addr::LOCALHOST, 0).into(), mailbox::Settings::default())?;
    println!("{}", mailbox.address());
    tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().count()).await?;
    let received = mailbox.received();
    let id = |bytes: &[u8]| {
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]).into_owned();
        head.lines().find(|line| line.starts_with("Message-ID:")).unwrap_or_default().to_string()
    };
    let different: BTreeSet<String> = received.iter().map(|mail| id(&mail.bytes)).collect();
    println!("{} {}", received.len(), different.len());
    Ok(())
}

/// Seconds of processor time of this process so far, user and system.
fn cpu_time() -> Result<f64> {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("a name in brackets")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / TICKS_A_SECOND)
}

fn peak_memory() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("VmHWM")?;
    Ok(line.split_whitespace().nth(1).ok_or("a number")?.parse::<u64>()? / 1024)
}
