//! Never writing to an address again, at the wish of whoever reads its mail. Knows no page.

use crate::flow::App;
use crate::flow::standing::Standings;
use crate::store::subscribers;
use crate::store::suppressions::Suppression;
use anyhow::Result;

/// Suppresses the address of a person for ever: what waits is cancelled, and no form brings it back. A second time changes
/// nothing, nor does a person who isn't there.
pub async fn never_write(app: &App, subscriber: i64) -> Result<()> {
    let now = app.clock.now();
    let mut transaction = app.store.begin().await?;
    let Some(person) = subscribers::by_id(&mut transaction, subscriber).await? else { return Ok(()) };
    let mut standings = Standings::read(app, &mut transaction, &[&person.address]).await?;
    let standing = standings.of(&person.address);
    if standing.suppression.is_some() {
        return Ok(());
    }
    let suppression = Suppression {
        address: person.address.to_string(),
        reason: "never write to me".to_string(),
        source: "the link in a mail".to_string(),
        since: now.wall.as_millisecond(),
    };
    standing.suppress(suppression, true);
    standings.write(app, &mut transaction, now).await?;
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(())
}
