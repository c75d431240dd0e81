//! The ledger: gathers what parallel sessions hand in, and commits what waits as soon as the last commit has ended.

use crate::delivery::State;
use crate::flow::App;
use crate::store::ledger::Intent;
use crate::store::ledger::Record;
use crate::store::outbox;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How long a commit waits for as many sessions as the last one answered.
const FILL: Duration = Duration::from_millis(1);
/// Between two tries when nothing can be committed (a full disk).
const REST: Duration = Duration::from_secs(1);
const MOST: usize = 500;

/// A door to the ledger; every session has one.
#[derive(Debug, Clone)]
pub struct Ledger {
    inbox: mpsc::UnboundedSender<Entry>,
    task: Arc<tokio::sync::Mutex<Option<JoinHandle<()>>>>,
}

/// What one session hands in at once. It is answered when all of it is stored.
#[derive(Debug)]
struct Entry {
    record: Option<Box<Record>>,
    intent: Option<Box<Intent>>,
    /// Whether the intent was granted.
    answer: oneshot::Sender<bool>,
}

impl Ledger {
    pub fn start(app: Arc<App>) -> Ledger {
        let (inbox, entries) = mpsc::unbounded_channel();
        let task = tokio::spawn(work(app, entries));
        Ledger { inbox, task: Arc::new(tokio::sync::Mutex::new(Some(task))) }
    }

    /// Whether the message may go on the wire; by then that is stored. False also when nothing can be stored.
    pub async fn intent(&self, intent: Intent) -> bool {
        self.hand_in(None, Some(intent)).await
    }

    /// Returns when the outcome is stored. Waits as long as it takes: what was heard is never forgotten.
    pub async fn record(&self, record: Record) {
        self.hand_in(Some(record), None).await;
    }

    /// The outcome of a session's message together with the intent of its next one, in one commit: never has a session
    /// two messages that may be on the wire. Returns as [`Ledger::record`] does, with the word of [`Ledger::intent`].
    pub async fn turn(&self, record: Record, next: Intent) -> bool {
        self.hand_in(Some(record), Some(next)).await
    }

    async fn hand_in(&self, record: Option<Record>, intent: Option<Intent>) -> bool {
        let (answer, answered) = oneshot::channel();
        let entry = Entry { record: record.map(Box::new), intent: intent.map(Box::new), answer };
        self.inbox.send(entry).is_ok() && answered.await.unwrap_or(false)
    }

    /// Commits what is left and ends.
    pub async fn finish(self) {
        let Ledger { inbox, task } = self;
        drop(inbox);
        if let Some(task) = task.lock().await.take() {
            tokio::time::timeout(Duration::from_secs(5), task).await.ok();
        }
    }
}

async fn work(app: Arc<App>, mut entries: mpsc::UnboundedReceiver<Entry>) {
    let mut answered = 0;
    while let Some(first) = entries.recv().await {
        let mut batch = vec![first];
        gather(&mut entries, &mut batch, answered).await;
        answered = commit(&app, batch).await;
    }
}

/// Takes what waits; and, for a moment, what those sessions hand in that were just answered.
async fn gather(entries: &mut mpsc::UnboundedReceiver<Entry>, batch: &mut Vec<Entry>, expected: usize) {
    let until = Instant::now() + FILL;
    loop {
        while batch.len() < MOST {
            match entries.try_recv() {
                Ok(entry) => batch.push(entry),
                Err(_) => break,
            }
        }
        if batch.len() >= expected.min(MOST) {
            return;
        }
        match tokio::time::timeout_at(until, entries.recv()).await {
            Ok(Some(entry)) => batch.push(entry),
            Ok(None) | Err(_) => return,
        }
    }
}

/// Commits one batch and answers. Returns how many were answered.
async fn commit(app: &App, batch: Vec<Entry>) -> usize {
    let answered = batch.len();
    let (mut intents, mut records, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
    for Entry { record, intent, answer } in batch {
        waiting.push((intent.as_ref().map(|intent| intent.id), answer));
        intents.extend(intent.map(|intent| *intent));
        records.extend(record.map(|record| *record));
    }
    let granted = match app.store.post(&records, &intents).await {
        Ok(posted) => {
            complain(app, &posted.failed).await;
            posted.granted
        }
        Err(error) => {
            tracing::error!(%error, waiting = records.len(), "can't store what the relay said; nothing is sent until it is");
            keep_trying(app, &records).await;
            HashSet::new()
        }
    };
    for (intent, answer) in waiting {
        answer.send(intent.is_some_and(|id| granted.contains(&id))).ok();
    }
    answered
}

async fn keep_trying(app: &App, records: &[Record]) {
    while !records.is_empty() {
        tokio::time::sleep(REST).await;
        match app.store.post(records, &[]).await {
            Ok(posted) => return complain(app, &posted.failed).await,
            Err(error) => tracing::error!(%error, "still can't store what the relay said"),
        }
    }
}

/// Whether the row was cancelled, or its person erased, before its outcome came.
async fn was_called_off(app: &App, id: i64) -> bool {
    let Ok(mut connection) = app.store.read().await else { return false };
    match outbox::by_id(&mut connection, id).await {
        Ok(row) => row.is_none_or(|row| row.state == State::Cancelled),
        Err(_) => false,
    }
}

/// A record that met another row than it expected: the person was erased meanwhile, or our own book-keeping is wrong.
async fn complain(app: &App, failed: &[i64]) {
    for id in failed {
        if was_called_off(app, *id).await {
            continue;
        }
        tracing::error!(
            delivery = id,
            "an outcome couldn't be recorded: its row isn't as it was; run `dripline verify`"
        );
        let text = format!(
            "the outcome of delivery {id} couldn't be recorded; run `dripline verify`, then `dripline retry {id}`"
        );
        app.raise(&format!("record/{id}"), &text).await;
    }
}
