//! Proves again and again that nobody hangs: whoever is in a course has a due time, a delivery in flight, something to
//! wait for, or their end.

use crate::flow::App;
use crate::store::meta;
use crate::store::stuck;
use crate::text::counted;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;

/// How long something may be overdue before it counts.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
const ALARM: &str = "stuck";
/// Numbers that the alarm names.
const NAMED: usize = 5;

/// Looks at everybody, and raises an alarm where somebody is stuck, or lowers it. `idle`: there is nothing to be sent now,
/// so that whoever is overdue hangs. How many are stuck.
pub async fn step(app: &App, idle: bool) -> Result<usize> {
    let now = app.clock.now();
    let before = now.wall.saturating_sub(PATIENCE).unwrap_or(Timestamp::MIN);
    let overdue = if idle { app.clock.reader_at(before) } else { Timestamp::MIN };
    let newsletters: Vec<String> = app.shelf.read().await.newsletters().map(String::from).collect();
    let stuck = stuck::enrolments(&mut *app.store.read().await?, overdue, &newsletters).await?;
    if stuck.is_empty() {
        if meta::alarms(&mut *app.store.read().await?).await?.iter().any(|alarm| alarm.name == ALARM) {
            app.lower(ALARM).await;
        }
        return Ok(0);
    }
    let named: Vec<String> = stuck.iter().take(NAMED).map(|(id, why)| format!("{id} {why}")).collect();
    let count = stuck.len();
    let stuck = counted(count, "enrolment is", "enrolments are");
    let text = format!("{stuck} stuck: {}; run `dripline verify`", named.join(", "));
    app.raise(ALARM, &text).await;
    Ok(count)
}
