//! The link in the mail that asks: what it leads to, and the press of its button.

use crate::enrolment::State;
use crate::flow::App;
use crate::flow::sign_up::Wishes;
use crate::flow::sign_up::begin;
use crate::flow::sign_up::move_along;
use crate::flow::sign_up::token_hash;
use crate::flow::standing::Standings;
use crate::store::confirmations;
use crate::store::enrolments;
use crate::store::subscribers;
use crate::subscriber::Status;
use anyhow::Result;

/// What a confirmation link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Waits for the person's press of the button: titles of the courses.
    Asks(Vec<String>),
    /// Was pressed already.
    Used,
    /// Unknown, or older than seven days.
    Gone,
}

/// What the page behind a confirmation link shows. Changes nothing.
pub async fn look_at(app: &App, token: &str) -> Result<Link> {
    let mut connection = app.store.read().await?;
    let Some(link) = confirmations::get(&mut connection, &token_hash(token)).await? else { return Ok(Link::Gone) };
    if link.used > 0 {
        return Ok(Link::Used);
    }
    if link.expires <= app.clock.now().wall.as_millisecond() {
        return Ok(Link::Gone);
    }
    let shelf = app.shelf.read().await;
    let pending = enrolments::of_subscriber(&mut connection, link.subscriber_id).await?;
    let pending = pending.iter().filter(|it| it.state == State::Pending);
    let titles = pending.filter_map(|it| shelf.get(&it.course)).map(|shelved| shelved.course.title.clone());
    Ok(Link::Asks(titles.collect()))
}

/// Presses the button: every course that waits for this person's word begins. A second press changes nothing.
pub async fn confirm(app: &App, token: &str) -> Result<Link> {
    let looked = look_at(app, token).await?;
    let Link::Asks(_) = &looked else { return Ok(looked) };
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let hash = token_hash(token);
    let Some(link) = confirmations::get(&mut transaction, &hash).await? else { return Ok(Link::Gone) };
    if !confirmations::burn(&mut transaction, &hash, now.wall.as_millisecond()).await? {
        return Ok(Link::Used);
    }
    let Some(mut person) = subscribers::by_id(&mut transaction, link.subscriber_id).await? else {
        return Ok(Link::Gone);
    };
    if person.status == Status::Suppressed {
        return Ok(Link::Gone);
    }
    person.status = Status::Active;
    let mut standings = Standings::read(app, &mut transaction, &[&person.address]).await?;
    let standing = standings.of(&person.address);
    if !link.wishes.is_empty() {
        let wishes: Wishes = serde_json::from_str(&link.wishes)?;
        let moves = wishes.zone.is_some();
        wishes.grant(&mut person);
        if moves {
            move_along(app, &shelf, standing, &person, now);
        }
    }
    for mut enrolment in standing.enrolments.clone() {
        if enrolment.state == State::Pending {
            let consent = begin(app, &shelf, &mut enrolment, &person, "confirmation link", now)?;
            standing.add_consent(consent);
            standing.put_enrolment(enrolment);
        }
    }
    standing.put_person(person);
    standings.write(app, &mut transaction, now).await?;
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(looked)
}
