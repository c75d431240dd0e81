//! The daemon: loops over the steps of `flow`, and ends when it is told to. The only room that loops and sleeps.

mod files;
mod live_through;
pub mod preview;

pub use live_through::live_through;

use crate::config::Config;
use crate::daemon::files::Files;
use crate::flow::App;
use crate::flow::asking;
use crate::flow::check;
use crate::flow::deliver::Courier;
use crate::flow::deliver::Line;
use crate::flow::deliver::Stepped;
use crate::flow::deliver::overdue;
use crate::flow::issue;
use crate::flow::journal;
use crate::flow::open;
use crate::flow::operator;
use crate::flow::preferences;
use crate::flow::relay_words;
use crate::flow::reload;
use crate::flow::retention;
use crate::flow::watchdog;
use crate::relay::Connector;
use crate::relay::Limits;
use crate::store::Lock;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::meta;
use crate::web;
use anyhow::Context as _;
use anyhow::Result;
use axum::Router;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How soon what another process wrote is noticed.
const LOOK: Duration = Duration::from_millis(250);
/// A session on a database server that doesn't answer for so long is lost.
const SILENCE: Duration = Duration::from_secs(20);
/// At most this long between two looks at what time alone does.
const OVERDUE: Duration = Duration::from_secs(1);
/// Between two proofs that nobody hangs.
const PROOF: Duration = Duration::from_secs(600);
/// Between two looks at what has stayed long enough.
const SWEEP: Duration = Duration::from_secs(3600);
/// However far away the next lesson is.
const LONGEST_SLEEP: Duration = PROOF;
/// Rest after an inability (a full disk, a locked file).
const REST: Duration = Duration::from_secs(2);
/// A clock that jumps further than this isn't believed at once.
const JUMP: SignedDuration = SignedDuration::from_hours(2);
const JUMP_REST: Duration = Duration::from_secs(600);

/// How long a daemon that starts waits for a command to end: it has the lock while it puts the coach's files in force.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the daemon works with.
pub struct Daemon {
    pub app: Arc<App>,
    /// From [`lock`]; given back at the end.
    pub lock: Lock,
    pub connectors: Vec<(Connector, Limits)>,
    /// What is served at the listener.
    pub pages: Router,
    pub listener: TcpListener,
    pub stop: CancellationToken,
}

impl Daemon {
    /// Works until the token is cancelled; then hears replies that are on their way, and ends.
    ///
    /// # Errors
    /// When the database can't be written at the start, or when the lock was lost on the way.
    pub async fn run(self) -> Result<()> {
        let Daemon { app, lock, connectors, pages, listener, stop } = self;
        open::take_over(&app).await?;
        let files = Files::new(&app.settings.courses);
        let reloaded = reload::from_disk(&app).await;
        let reloaded = reloaded.map_err(|error| tracing::warn!("{error:#}; the courses stay as they were"));
        let waiting = reloaded.as_ref().map(|it| it.waiting.clone()).unwrap_or_default();
        let courses = app.shelf.read().await.courses.len();
        tracing::info!(courses, swapped = reloaded.map_or(0, |it| it.swapped.len()), "ready");
        let line = Line::start(Arc::clone(&app), connectors);
        let mut tasks = JoinSet::new();
        tasks.spawn(web::serve(listener, pages, stop.clone()));
        tasks.spawn(watch_database(Arc::clone(&app), stop.clone()));
        tasks.spawn(files.follow(Arc::clone(&app), waiting, stop.clone()));
        let locked = tokio::spawn(watch_lock(lock, stop.clone()));
        tasks.spawn(tell_systemd(stop.clone()));
        tasks.spawn(sweep(Arc::clone(&app), stop.clone()));
        let looked = Arc::new(Notify::new());
        tasks.spawn(tell_operator(Arc::clone(&app), line.courier(), Arc::clone(&looked), stop.clone()));
        sd_notify::notify(&[sd_notify::NotifyState::Ready]).ok();
        deliver(&app, &line, &looked, &stop).await;
        sd_notify::notify(&[sd_notify::NotifyState::Stopping]).ok();
        tracing::info!("stopping: no new message leaves, replies on their way are heard");
        line.stop().await;
        tokio::time::timeout(REST, async { while tasks.join_next().await.is_some() {} }).await.ok();
        app.store.close().await;
        locked.await?.map(Lock::release)?.await;
        Ok(())
    }
}

/// The public pages, with the coach's own templates in place of the built-in ones.
///
/// # Errors
/// When one of those can't be used.
pub fn pages(config: &Config, app: &Arc<App>) -> Result<Router> {
    web::router(Arc::clone(app), &check::read_templates(&config.templates)?, &config.web.trusted_proxies)
}

/// Keeps every other daemon away from the database. Comes before anything that a daemon writes.
///
/// # Errors
/// When another daemon has it.
pub async fn lock(store: &Store) -> Result<Lock, StoreError> {
    let start = Instant::now();
    loop {
        match store.lock().await {
            Err(StoreError::Locked(_)) if start.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            locked => return locked,
        }
    }
}

/// Cancels the token on SIGTERM or SIGINT.
pub fn stop_on_signals(stop: CancellationToken) -> Result<()> {
    let mut term = signal(SignalKind::terminate()).context("can't listen for SIGTERM")?;
    let mut int = signal(SignalKind::interrupt()).context("can't listen for SIGINT")?;
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        stop.cancel();
    });
    Ok(())
}

async fn deliver(app: &App, line: &Line, look: &Notify, stop: &CancellationToken) {
    let mut looked = None;
    let mut proven = Instant::now();
    let mut jumps = app.clock.watch_jumps();
    let mut relays = String::new();
    while !stop.is_cancelled() {
        if let Some(jump) = jumps.jump_over(JUMP) {
            let text = format!("the clock jumped by {} minutes; scheduling rests for 10 minutes", jump.as_mins());
            app.raise("clock", &text).await;
            rest(JUMP_REST, stop).await;
            app.lower("clock").await;
        }
        let now = Instant::now();
        if looked.is_none_or(|then| now.duration_since(then) >= OVERDUE) {
            looked = Some(now);
            look_at_time(app, line).await;
            // A line that is never idle is proven a little later.
            if proven.elapsed() >= PROOF + REST {
                proven = Instant::now();
                prove(app, false).await;
            }
            publish(app, line, &mut relays).await;
            operator::watch(app, line).await;
            look.notify_one();
        }
        // A step may wait for a session that waits for a silent relay: what it had claimed is ready after the next start.
        let stepped = tokio::select! { stepped = line.step() => stepped, () = stop.cancelled() => return };
        match stepped {
            Ok(Stepped::Claimed(_)) => {}
            Ok(Stepped::Waiting) => {
                tokio::select! { () = line.wait() => {}, () = rest(OVERDUE, stop) => {} }
            }
            Ok(Stepped::Paced(next)) => sleep_until(app, line, stop, next).await,
            Ok(Stepped::Idle(next)) => {
                if proven.elapsed() >= PROOF {
                    proven = Instant::now();
                    prove(app, true).await;
                }
                let sleep = next.map_or(LONGEST_SLEEP, |next| {
                    // What is due and wasn't claimed is held back by something; whoever changes that rings.
                    let ahead = Duration::try_from(app.clock.now().wall.duration_until(next)).ok();
                    ahead.filter(|ahead| !ahead.is_zero()).unwrap_or(OVERDUE).min(LONGEST_SLEEP)
                });
                looked = None;
                tokio::select! {
                    () = tokio::time::sleep(sleep) => {}
                    () = app.changed.notified() => {}
                    () = line.relays_changed() => {}
                    () = stop.cancelled() => {}
                }
            }
            Err(error) => {
                tracing::error!("can't claim what is due: {error:#}");
                rest(REST, stop).await;
            }
        }
    }
}

/// Until an instant at which a rate leaves room, but not so long that what time alone does would wait for it.
async fn sleep_until(app: &App, line: &Line, stop: &CancellationToken, instant: Timestamp) {
    let ahead = Duration::try_from(app.clock.now().wall.duration_until(instant)).unwrap_or_default();
    tokio::select! {
        () = tokio::time::sleep(ahead.min(OVERDUE)) => {}
        () = app.changed.notified() => {}
        () = line.relays_changed() => {}
        () = stop.cancelled() => {}
    }
}

async fn look_at_time(app: &App, line: &Line) {
    if let Err(error) = overdue::step(app, line.is_heard()).await {
        tracing::error!("can't look at what is overdue: {error:#}");
    }
    if let Err(error) = preferences::step(app).await {
        tracing::error!("can't bring back who paused: {error:#}");
    }
    if let Err(error) = issue::step(app).await {
        tracing::error!("can't look at which issues are due: {error:#}");
    }
    asking::step(app).await;
}

/// Lets go of what isn't needed any more.
async fn sweep(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = retention::step(&app).await {
            tracing::error!("can't let go of what [retention] names: {error:#}");
        }
        rest(SWEEP, &stop).await;
    }
}

/// Tells the operator of trouble, each time somebody has looked how everything stands.
async fn tell_operator(app: Arc<App>, courier: Courier, looked: Arc<Notify>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        tokio::select! { () = looked.notified() => {}, () = stop.cancelled() => return }
        if let Err(error) = operator::step(&app, &courier).await {
            tracing::error!("can't tell the operator of trouble: {error:#}");
            rest(REST, &stop).await;
        }
    }
}

async fn prove(app: &App, idle: bool) {
    if let Err(error) = watchdog::step(app, idle).await {
        tracing::error!("can't look whether somebody is stuck: {error:#}");
    }
}

/// Leaves the state of the relays where `status` finds it, when it changed.
async fn publish(app: &App, line: &Line, published: &mut String) {
    let Ok(json) = serde_json::to_string(&line.relays().iter().map(relay_words::relay).collect::<Vec<_>>()) else {
        return;
    };
    if json == *published {
        return;
    }
    let written = async {
        let mut transaction = app.store.begin().await?;
        meta::set(&mut transaction, journal::RELAYS, &json).await?;
        transaction.commit().await
    };
    match written.await {
        Ok(()) => *published = json,
        Err(error) => tracing::warn!(%error, "can't leave for `status` how the relays are; trying again"),
    }
}

async fn rest(time: Duration, stop: &CancellationToken) {
    tokio::select! { () = tokio::time::sleep(time) => {}, () = stop.cancelled() => {} }
}

/// Notices what other processes wrote: a counter in memory, no table is read.
async fn watch_database(app: Arc<App>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = watch_connection(&app, &stop).await {
            tracing::warn!(%error, "can't see whether another process wrote");
            rest(REST, &stop).await;
        }
    }
}

async fn watch_connection(app: &App, stop: &CancellationToken) -> Result<()> {
    let mut connection = app.store.read().await?;
    let mut seen = String::new();
    while !stop.is_cancelled() {
        let counter = Store::change_counter(&mut connection).await?;
        if counter != seen {
            seen = counter;
            app.changed.notify_one();
        }
        rest(LOOK, stop).await;
    }
    Ok(())
}

/// Ends the daemon when its lock is gone, since another may have begun: what both would do is kept apart by the epoch of
/// each row, but one is enough. Gives the lock back when the daemon ends for another reason.
async fn watch_lock(mut lock: Lock, stop: CancellationToken) -> Result<Lock> {
    while !stop.is_cancelled() {
        let answered = tokio::time::timeout(SILENCE, lock.holds()).await;
        let lost = answered.map_err(anyhow::Error::from).and_then(|holds| Ok(holds?));
        if let Err(error) = lost {
            stop.cancel();
            return Err(error.context(
                "the session that keeps other daemons away from the database is lost, so this one stopped; start it again",
            ));
        }
        rest(LOOK, &stop).await;
    }
    Ok(lock)
}

/// Tells systemd that the runtime turns.
async fn tell_systemd(stop: CancellationToken) {
    let Some(period) = sd_notify::watchdog_enabled() else { return };
    while !stop.is_cancelled() {
        sd_notify::notify(&[sd_notify::NotifyState::Watchdog]).ok();
        rest(period / 3, &stop).await;
    }
}
