//! What isn't needed any more goes by itself, in small batches: people who never confirmed, where from people agreed, what
//! relays said, answers of courses that are over. Knows no loop.

use crate::clock::Now;
use crate::flow::App;
use crate::store::address_changes;
use crate::store::meta;
use crate::store::retention;
use crate::store::retention::Looked;
use crate::store::subscribers;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;

/// Rows that one transaction changes at most: others write in between.
const BATCH: i64 = 500;
/// Up to which row of `consent` there is nothing left to blank.
const BLANKED: &str = "retention/consent";

/// `[retention]` of dripline.toml: how long traces stay. All by the wall clock, but `answers` by the reader's: both its
/// ends are dates of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// After somebody was entered who never confirmed.
    pub unconfirmed: SignedDuration,
    pub ip: SignedDuration,
    /// After the relay's answer, once the delivery has ended.
    pub attempts: SignedDuration,
    /// After the course ended.
    pub answers: SignedDuration,
}

/// 7, 30, 90 and 180 days.
impl Default for Retention {
    fn default() -> Retention {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        Retention { unconfirmed: days(7), ip: days(30), attempts: days(90), answers: days(180) }
    }
}

/// How much went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub people: usize,
    pub attempts: usize,
    pub answers: usize,
}

/// Lets go of all that has stayed long enough by now. What can't be done now is done next time.
pub async fn step(app: &App) -> Result<Swept> {
    let now = app.clock.now();
    let kept = app.settings.retention;
    let people = forget_unconfirmed(app, now, before(now.wall, kept.unconfirmed)).await?;
    blank_origins(app, before(now.wall, kept.ip)).await?;
    let attempts = forget_attempts(app, before(now.wall, kept.attempts)).await?;
    let answers = forget_answers(app, before(now.reader, kept.answers)).await?;
    forget_address_changes(app, before(now.wall, kept.unconfirmed)).await?;
    if people + answers > 0 {
        app.store.forget_old_pages().await?;
    }
    let swept = Swept { people, attempts, answers };
    if swept != Swept::default() {
        tracing::info!(people, attempts, answers, "what [retention] names has gone");
    }
    Ok(swept)
}

/// As if they had never come: they aren't suppressed, and may be asked again.
async fn forget_unconfirmed(app: &App, now: Now, before: Timestamp) -> Result<usize> {
    let (mut next, mut gone) = (Some(0), 0);
    while let Some(after) = next {
        let mut connection = app.store.read().await?;
        let page = retention::people(&mut connection, after, now.wall, BATCH).await?;
        for id in ripe(&page, before) {
            let mailed = subscribers::letters_to(&mut connection, id).await?;
            let mut transaction = app.store.begin().await?;
            // They may have confirmed a moment ago.
            let still = retention::people(&mut transaction, id - 1, now.wall, 1).await?;
            if still.first().is_some_and(|it| it.id == id && it.goes) {
                subscribers::erase(&mut transaction, id, &mailed).await?;
                transaction.commit().await?;
                gone += 1;
            }
        }
        next = goes_on(&page, before);
    }
    Ok(gone)
}

/// What was blanked once needs no second look.
async fn blank_origins(app: &App, before: Timestamp) -> Result<()> {
    loop {
        let mut transaction = app.store.begin().await?;
        let after = meta::get(&mut transaction, BLANKED).await?.and_then(|id| id.parse().ok()).unwrap_or(0);
        let page = retention::consents(&mut transaction, after, BATCH).await?;
        let ripe = ripe(&page, before);
        let Some(last) = ripe.last() else { return Ok(()) };
        retention::blank_origins(&mut transaction, &ripe).await?;
        meta::set(&mut transaction, BLANKED, &last.to_string()).await?;
        transaction.commit().await?;
    }
}

async fn forget_attempts(app: &App, before: Timestamp) -> Result<usize> {
    let (mut next, mut gone) = (Some(0), 0);
    while let Some(after) = next {
        let page = retention::attempts(&mut *app.store.read().await?, after, BATCH).await?;
        let ripe = ripe(&page, before);
        if !ripe.is_empty() {
            let mut transaction = app.store.begin().await?;
            retention::forget_attempts(&mut transaction, &ripe).await?;
            transaction.commit().await?;
        }
        gone += ripe.len();
        next = goes_on(&page, before);
    }
    Ok(gone)
}

/// What goes of a page: nothing from the first row on that is too young.
fn ripe(page: &[Looked], before: Timestamp) -> Vec<i64> {
    page.iter().take_while(|it| it.at < before).filter(|it| it.goes).map(|it| it.id).collect()
}

/// Behind which row there may be more that is old enough.
fn goes_on(page: &[Looked], before: Timestamp) -> Option<i64> {
    page.last().filter(|last| last.at < before).map(|last| last.id)
}

/// All are looked at: an answer that was given anew keeps its place.
async fn forget_answers(app: &App, before: Timestamp) -> Result<usize> {
    let (mut after, mut gone) = (0, 0);
    loop {
        let page = retention::answers(&mut *app.store.read().await?, after, before, BATCH).await?;
        let Some(last) = page.last() else { return Ok(gone) };
        after = last.id;
        let ripe: Vec<i64> = page.iter().filter(|it| it.goes).map(|it| it.id).collect();
        if !ripe.is_empty() {
            let mut transaction = app.store.begin().await?;
            retention::forget_answers(&mut transaction, &ripe).await?;
            transaction.commit().await?;
        }
        gone += ripe.len();
    }
}

/// New addresses, of whoever they are, aren't kept longer than people who never confirmed.
async fn forget_address_changes(app: &App, before: Timestamp) -> Result<()> {
    let mut transaction = app.store.begin().await?;
    if address_changes::forget(&mut transaction, before.as_millisecond()).await? > 0 {
        transaction.commit().await?;
    }
    Ok(())
}

fn before(now: Timestamp, kept: SignedDuration) -> Timestamp {
    now.saturating_sub(kept).unwrap_or(Timestamp::MIN).max(Timestamp::UNIX_EPOCH)
}
