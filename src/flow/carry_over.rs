//! Brings into a restored database who must get nothing since the backup was made. Adds no mail and frees nobody.

use crate::enrolment::State;
use crate::flow::App;
use crate::flow::farewell;
use crate::flow::preferences;
use crate::store::backup::Stops;
use crate::store::enrolments;
use crate::store::subscribers;
use crate::store::suppressions;
use crate::store::suppressions::Suppression;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use std::collections::BTreeMap;

/// How many people were stopped who weren't in this database.
pub async fn carry_over(app: &App, stops: Stops) -> Result<usize> {
    let mut stopped = 0;
    for enrolment in stops.left {
        let found = enrolments::by_id(&mut *app.store.read().await?, enrolment).await?;
        if found.is_some_and(|it| it.state != State::Left) {
            farewell::leave(app, enrolment, false, None).await?;
            stopped += 1;
        }
    }
    let mut connection = app.store.read().await?;
    let known: BTreeMap<String, Suppression> = suppressions::with_hashes(&mut connection).await?.into_iter().collect();
    let fresh: Vec<_> = stops.suppressions.into_iter().filter(|(hash, _)| !known.contains_key(hash)).collect();
    if fresh.is_empty() {
        return Ok(stopped);
    }
    let people = subscribers::all(&mut connection).await?;
    drop(connection);
    let people: BTreeMap<String, Subscriber> =
        people.into_iter().map(|person| (app.address_hash(&person.address), person)).collect();
    for (hash, suppression) in fresh {
        suppress(app, &hash, &suppression, people.get(&hash)).await?;
        stopped += 1;
    }
    Ok(stopped)
}

async fn suppress(app: &App, hash: &str, it: &Suppression, person: Option<&Subscriber>) -> Result<()> {
    let now = app.clock.now().wall;
    // Nothing but the hash is kept of who was erased.
    if let Some(person) = person.filter(|_| it.address.is_empty()) {
        preferences::erase(app, &person.address).await?;
    }
    let mut transaction = app.store.begin().await?;
    suppressions::add(&mut transaction, hash, &it.address, &it.reason, &it.source, it.since).await?;
    if let Some(person) = person.filter(|_| !it.address.is_empty()) {
        subscribers::set_status(&mut transaction, person.id, Status::Suppressed).await?;
        suppressions::stop_everything(&mut transaction, person.id, &it.reason, now).await?;
    }
    transaction.commit().await?;
    Ok(())
}
