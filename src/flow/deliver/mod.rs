//! From a due lesson to a recorded outcome: claim, freeze, converse, record. A chain with a bounded number of messages
//! in it, so that memory doesn't depend on how many are due.

mod aftermath;
mod claim;
mod converse;
mod courier;
mod freeze;
mod ledger;
pub mod overdue;
mod relays;
mod sorting;
mod ticket;
mod traffic;

use crate::clock::from_ms;
use crate::delivery::MAX_CLAIMS;
use crate::flow::App;
use crate::pace::day;
use crate::relay::Connector;
use crate::relay::Limits;
use crate::store::outbox;
use crate::store::quota;
use anyhow::Result;
use claim::Job;
use freeze::Built;
use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::SignedDuration;
use jiff::Timestamp;
use ledger::Ledger;
use relays::Relays;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use ticket::Ticket;
use tokio::sync::Mutex;
use tokio::sync::Notify;
use tokio::sync::OnceCell;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use courier::Courier;
pub use freeze::Inputs;
pub use freeze::course_version;
pub use freeze::values;
pub use relays::RelayState;

/// Messages that are made at the same time, each on a thread of its own; more than the cores of small machines only waits.
const MAKERS: usize = 4;

/// Messages between their claim and their record, for each connection that works: enough that no session waits for a
/// claim, and not more than are soon sent.
const AHEAD: usize = 4;

/// How long before its place in a relay's rate a message may be claimed: longer than claiming and making it takes, so
/// that the rate is used, and short enough that a confirmation overtakes what waits.
const EARLY: SignedDuration = SignedDuration::from_millis(250);

/// How long a stopping line waits for replies that are on their way.
const PATIENCE: Duration = Duration::from_secs(20);

/// The assembly line of one daemon. Its sessions live as long as it does.
pub struct Line {
    app: Arc<App>,
    relays: Arc<Relays>,
    out: mpsc::Sender<(Built, Place)>,
    load: Arc<Load>,
    workers: JoinSet<()>,
    stop: CancellationToken,
    ledger: Ledger,
    /// What was counted before the start is known.
    resumed: OnceCell<()>,
}

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// So many messages were put on the line.
    Claimed(usize),
    /// Nothing is to be done before this instant of the wall clock (`None`: before something changes).
    Idle(Option<Timestamp>),
    /// More may leave at this instant of the wall clock: a rate leaves no room before it.
    Paced(Timestamp),
    /// The line is full, or no relay takes mail now.
    Waiting,
}

impl Line {
    /// Starts the sessions' tasks; nothing is connected before there is a message.
    pub fn start(app: Arc<App>, connectors: Vec<(Connector, Limits)>) -> Line {
        let ahead = if app.clock.stands_still() { SignedDuration::ZERO } else { EARLY };
        let relays = Arc::new(Relays::new(connectors, ahead));
        let connections = relays.connections();
        let (out, built) = mpsc::channel(2 * connections);
        let built = Arc::new(Mutex::new(built));
        let stop = CancellationToken::new();
        let mut workers = JoinSet::new();
        let ledger = Ledger::start(Arc::clone(&app));
        for (relay, seat) in relays.seats() {
            let worker = converse::Worker {
                app: Arc::clone(&app),
                relays: Arc::clone(&relays),
                relay,
                seat,
                built: Arc::clone(&built),
                ledger: ledger.clone(),
                stop: stop.clone(),
            };
            workers.spawn(worker.run());
        }
        Line { app, relays, out, load: Arc::default(), workers, stop, ledger, resumed: OnceCell::new() }
    }

    /// Claims what is due and there is room for, makes messages of it and hands them to the sessions.
    ///
    /// # Errors
    /// When the database can't be read or written; nothing is lost then, the next step finds it again.
    pub async fn step(&self) -> Result<Stepped> {
        self.resumed.get_or_try_init(|| self.resume()).await?;
        let now = self.app.clock.now();
        let ready = self.relays.ready_connections(now.wall).min(self.relays.connections());
        let load = self.load.count.load(Ordering::SeqCst);
        // Of a relay that recovers not more is asked than it may carry.
        let room = (AHEAD * ready).saturating_sub(load);
        if room == 0 || load > most_before_a_claim(ready) {
            return Ok(Stepped::Waiting);
        }
        let room = room.min(self.relays.room(now.wall));
        if room == 0 {
            return Ok(paced(self.relays.paced_until(now.wall)));
        }
        let alone = load == 0;
        let claim::Claimed { jobs, parked, unfinished } =
            claim::claim(&self.app, &self.relays, now, room, alone).await?;
        let claimed = jobs.len();
        self.relays.wake();
        if claimed == 0 && !unfinished {
            let next = claim::next(&self.app, now).await?;
            let sooner = parked.filter(|parked| next.is_none_or(|next| *parked < next));
            return Ok(sooner.map_or(Stepped::Idle(next), paced));
        }
        let place = |(job, ticket)| (job, Place::take(&self.load, ticket));
        let places: Vec<(Job, Place)> = jobs.into_iter().map(place).collect();
        self.make(places).await?;
        Ok(Stepped::Claimed(claimed))
    }

    /// Makes the messages, several at a time, and hands them to the sessions. After an inability those that weren't begun
    /// are given back.
    ///
    /// All that were begun go on together: one that stood still while another waits for a session could hold the only
    /// connection that writes, for which that session waits.
    async fn make(&self, places: Vec<(Job, Place)>) -> Result<()> {
        let unable = OnceLock::new();
        let all = stream::iter(places).for_each_concurrent(MAKERS, async |(job, place)| {
            if unable.get().is_some() {
                return aftermath::give_back(&self.app, &job).await;
            }
            match self.freeze(job).await {
                Ok(Some(built)) => drop(self.out.send((built, place)).await),
                Ok(None) => {}
                Err(error) => drop(unable.set(error)),
            }
        });
        all.await;
        unable.into_inner().map_or(Ok(()), Err)
    }

    /// Waits until every message on the line has its outcome recorded.
    pub async fn settled(&self) {
        self.load.wait_until(0).await;
    }

    /// Waits until the line has room again, or a relay may be tried.
    pub async fn wait(&self) {
        let changed = self.relays.changed.notified();
        let now = self.app.clock.now().wall;
        let ready = self.relays.ready_connections(now).min(self.relays.connections());
        let has_room = async {
            match ready {
                0 => std::future::pending().await,
                ready => self.load.wait_until(most_before_a_claim(ready)).await,
            }
        };
        tokio::select! {
            () = has_room => {}
            () = changed => {}
            () = tokio::time::sleep(self.relays.until_probe(now)) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Whether some relay has answered since the start and works now.
    pub fn is_heard(&self) -> bool {
        self.relays.are_heard(self.app.clock.now().wall)
    }

    /// Until a relay fails or works again, or takes more.
    pub async fn relays_changed(&self) {
        self.relays.change().await;
    }

    /// Who carries what isn't for a reader.
    pub fn courier(&self) -> Courier {
        Courier { app: Arc::clone(&self.app), relays: Arc::clone(&self.relays), stop: self.stop.clone() }
    }

    /// Relays that have taken nothing for so long, each once in an outage: its URL, and since when.
    pub fn long_away(&self, patience: SignedDuration) -> Vec<(String, Timestamp)> {
        self.relays.long_away(self.app.clock.now().wall, patience)
    }

    /// What `status` shows of each relay.
    pub fn relays(&self) -> Vec<RelayState> {
        self.relays.states(self.app.clock.now().wall)
    }

    /// No new message goes on the wire; replies on their way are heard, up to 20 seconds. What isn't heard by then stays
    /// as it is stored, and is in doubt after the next start.
    pub async fn stop(mut self) {
        self.stop.cancel();
        drop(self.out);
        let heard = tokio::time::timeout(PATIENCE, async { while self.workers.join_next().await.is_some() {} }).await;
        if heard.is_err() {
            tracing::warn!("some replies didn't come in time; those messages are in doubt after the next start");
            self.workers.abort_all();
        }
        self.ledger.finish().await;
    }

    /// What the relays took today, before this daemon began.
    async fn resume(&self) -> Result<()> {
        let today = day(self.app.clock.now().wall);
        let taken = quota::taken(&mut *self.app.store.read().await?, today).await?;
        self.relays.resume(today, &taken);
        Ok(())
    }

    /// A message could be made of a row that was suspected: it isn't what ended the program.
    async fn acquit(&self, job: &Job) -> Result<()> {
        let mut transaction = self.app.store.begin().await?;
        outbox::acquit(&mut transaction, job.delivery.id).await?;
        Ok(transaction.commit().await?)
    }

    async fn freeze(&self, job: Job) -> Result<Option<Built>> {
        match freeze::freeze(&self.app, &job).await {
            Ok(built) => {
                if job.delivery.claims > MAX_CLAIMS
                    && let Err(error) = self.acquit(&job).await
                {
                    aftermath::give_back(&self.app, &job).await;
                    return Err(error);
                }
                Ok(Some(built))
            }
            Err(freeze::Refusal::Poison(why)) => {
                self.ledger.record(aftermath::quarantined(&self.app, &job, &why)).await;
                Ok(None)
            }
            Err(freeze::Refusal::Changed(why)) => {
                self.ledger.record(aftermath::held(&self.app, &job, &why)).await;
                Ok(None)
            }
            Err(freeze::Refusal::Inability(error)) => {
                aftermath::give_back(&self.app, &job).await;
                Err(error)
            }
        }
    }
}

/// A claim is a commit: it waits until a quarter of the line is free, so that it is worth one. Half of the line may be
/// with the sessions, each with a message on its wire and one behind it: waiting for more would leave them without.
fn most_before_a_claim(ready: usize) -> usize {
    AHEAD * ready * 3 / 4
}

/// Both clocks count whole milliseconds: a place between two of them has come at the second.
fn paced(place: Timestamp) -> Stepped {
    Stepped::Paced(
        place.saturating_add(SignedDuration::from_nanos(999_999)).map_or(place, |at| from_ms(at.as_millisecond())),
    )
}

/// How many messages are between their claim and their record.
#[derive(Debug, Default)]
struct Load {
    count: AtomicUsize,
    fell: Notify,
}

impl Load {
    async fn wait_until(&self, most: usize) {
        loop {
            let fell = self.fell.notified();
            tokio::pin!(fell);
            fell.as_mut().enable();
            if self.count.load(Ordering::SeqCst) <= most {
                return;
            }
            fell.await;
        }
    }
}

/// One message's place on the line, given back when it is dropped, with its share of what the relay is given.
///
/// The share is given back first: who sees that the line has room finds that the relay has, too.
struct Place {
    ticket: Ticket,
    _counted: Counted,
}

impl Place {
    fn take(load: &Arc<Load>, ticket: Ticket) -> Place {
        load.count.fetch_add(1, Ordering::SeqCst);
        Place { ticket, _counted: Counted(Arc::clone(load)) }
    }
}

struct Counted(Arc<Load>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::SeqCst);
        self.0.fell.notify_waiters();
    }
}
