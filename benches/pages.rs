//! How long the answer to a sign-up takes for addresses that are new, known and suppressed: nobody may learn from it who is
//! on the list. And how many pages a second two cores make. Over the router, without a socket; the database is a file in
//! `TMPDIR`, synchronous=FULL.
//!
//! `cargo bench --bench pages -- [sign-ups of each kind]`

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod site;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use dripline::clock::Clock;
use dripline::flow::App;
use dripline::flow::never;
use dripline::flow::reload;
use dripline::flow::sign_up;
use dripline::flow::sign_up::Word;
use dripline::link::Scope;
use dripline::store::subscribers;
use dripline::web;
use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use tower::ServiceExt as _;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const COURSE: &str = "title = \"Calm\"\nsummary = \"Calm.\"\nlanguage = \"en\"\nlessons = [\"one\"]\nconsent = \"I agree.\"\n\
                      [schedule]\nwait = \"2 days\"\nsend = \"30 8 * * *\"\n";
const LESSON: &str = "+++\nsubject = \"One\"\n+++\nThree quiet minutes.\n";
/// Differences of medians beyond this would be told.
const LIMIT: Duration = Duration::from_millis(5);

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let each = words.first().and_then(|word| word.parse().ok()).unwrap_or(1000);
    runtime.block_on(measure(each))
}

async fn measure(each: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let app = Arc::new(site::app(folder.path(), Clock::system(), false).await?);
    let tree = BTreeMap::from([("course.toml", COURSE), ("one.md", LESSON)]);
    let tree = tree.into_iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec())).collect();
    assert_eq!(reload::put(&app, BTreeMap::from([("calm".to_string(), tree)]), "courses").await?.swapped, ["calm"]);
    seed(&app, each).await?;
    let pages = web::router(Arc::clone(&app), &BTreeMap::new(), &[])?;
    // By turns, so that whatever else the machine does meets all alike.
    let kinds = ["new", "active", "pending", "suppressed"];
    let mut took: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for n in 0..each {
        for kind in kinds {
            took.entry(kind).or_default().push(sign_up(&pages, &format!("{kind}{n}@example.org")).await?);
        }
    }
    let mut medians = Vec::new();
    for kind in kinds {
        let all = took.get_mut(kind).expect("measured");
        all.sort_unstable();
        let at = |part: f64| all[((all.len() - 1) as f64 * part) as usize];
        println!("{kind:>10}: median {:.2?}, a tenth below {:.2?}, a tenth above {:.2?}", at(0.5), at(0.1), at(0.9));
        medians.push(at(0.5));
    }
    let apart = *medians.iter().max().expect("four") - *medians.iter().min().expect("four");
    println!("medians are {apart:.2?} apart; {LIMIT:.2?} is the limit");
    let person = subscribers::by_key(&mut *app.store.read().await?, "active0@example.org").await?.expect("seeded");
    let own = app.keys.sign(Scope::My, person.id, None);
    for path in [
        "/healthz".to_string(),
        "/".to_string(),
        "/c/calm".to_string(),
        format!("/my/{own}"),
        format!("/my/{own}/calm/pause"),
    ] {
        let rate = rate(&pages, &path, each).await?;
        println!("{:>22}: {rate:.0} a second", path.replace(&own, "TOKEN"));
    }
    if apart > LIMIT { Err("how long an answer takes tells who is on the list".into()) } else { Ok(()) }
}

/// People who are in the course, who were asked, and who get nothing any more.
async fn seed(app: &App, each: usize) -> Result<()> {
    for n in 0..each {
        for (kind, word) in [
            ("active", Word::Confirmed("by hand".to_string())),
            ("pending", Word::Operator),
            ("suppressed", Word::Confirmed("by hand".to_string())),
        ] {
            let address: dripline::address::Address = format!("{kind}{n}@example.org").parse()?;
            let request = sign_up::Request {
                address: address.clone(),
                course: "calm".to_string(),
                first_name: None,
                zone: None,
                language: None,
                fields: BTreeMap::new(),
                word,
            };
            sign_up::add(app, request).await?;
            if kind == "suppressed" {
                let known = subscribers::by_key(&mut *app.store.read().await?, &address.key()).await?;
                never::never_write(app, known.expect("just added").id).await?;
            }
        }
    }
    Ok(())
}

/// Answers a second, with one asker for each core.
async fn rate(pages: &Router, path: &str, times: usize) -> Result<f64> {
    let started = Instant::now();
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (pages, path) = (pages.clone(), path.to_string());
        askers.spawn(async move {
            for _ in 0..times / 2 {
                let request = Request::get(&path).body(Body::empty()).expect("a request");
                let answer = pages.clone().oneshot(request).await.expect("the router never fails");
                assert_eq!(answer.status(), 200, "{path}");
            }
        });
    }
    while let Some(done) = askers.join_next().await {
        done?;
    }
    Ok(times as f64 / started.elapsed().as_secs_f64())
}

async fn sign_up(pages: &Router, address: &str) -> Result<Duration> {
    let body = format!("email={}&first_name=Sam&zone=Europe%2FBerlin&agree=1", address.replace('@', "%40"));
    let request = Request::post("/c/calm")
        .header("content-type", "application/x-www-form-urlencoded")
        .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 4000))))
        .body(Body::from(body))?;
    let started = Instant::now();
    let response = pages.clone().oneshot(request).await?;
    let took = started.elapsed();
    assert_eq!(response.status(), 200);
    Ok(took)
}
