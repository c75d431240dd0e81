//! The link in the mail that asks: what it leads to, and the press of its button.

use crate::clock::Now;
use crate::course::Kind;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::shelf::Shelf;
use crate::flow::sign_up::Wishes;
use crate::flow::sign_up::begin;
use crate::flow::sign_up::move_along;
use crate::flow::sign_up::token_hash;
use crate::flow::standing::Standings;
use crate::store::confirmations;
use crate::store::enrolments;
use crate::store::subscribers;
use crate::store::subscribers::Consent;
use crate::store::subscribers::Evidence;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::civil::Date;

/// What a confirmation link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Waits for the person's press of the button.
    Asks(Asks),
    /// Was pressed already.
    Used,
    /// Unknown, older than seven days, or of somebody who gets no mail any more.
    Gone,
}

/// Who is asked, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asks {
    pub subscriber: i64,
    /// The person's own, if they chose one.
    pub language: Option<String>,
    pub courses: Vec<AskedCourse>,
}

/// A course that waits for the person's word, in their language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedCourse {
    pub title: String,
    pub kind: Kind,
    /// The date on which it begins, where that is still ahead.
    pub starts: Option<Date>,
}

/// What the page behind a confirmation link shows. Changes nothing.
pub async fn look_at(app: &App, token: &str) -> Result<Link> {
    let now = app.clock.now();
    let mut connection = app.store.read().await?;
    let Some(link) = confirmations::get(&mut connection, &token_hash(token)).await? else { return Ok(Link::Gone) };
    if link.used > 0 {
        return Ok(Link::Used);
    }
    if link.expires <= now.wall.as_millisecond() {
        return Ok(Link::Gone);
    }
    let person = subscribers::by_id(&mut connection, link.subscriber_id).await?;
    let Some(person) = person.filter(|it| it.status != Status::Suppressed) else { return Ok(Link::Gone) };
    let places = enrolments::of_subscriber(&mut connection, person.id).await?;
    let shelf = app.shelf.read().await;
    Ok(Link::Asks(asks(app, &shelf, &person, &places, now)))
}

/// Presses the button: every course that waits for this person's word begins. A second press changes nothing.
/// `evidence` is kept with what they agreed to.
pub async fn confirm(app: &App, token: &str, evidence: &Evidence) -> Result<Link> {
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
    let asked = asks(app, &shelf, &person, &standing.enrolments, now);
    for mut enrolment in standing.enrolments.clone() {
        if enrolment.state == State::Pending {
            let consent = begin(app, &shelf, &mut enrolment, &person, "confirmation link", now)?;
            standing.add_consent(Consent { evidence: evidence.clone(), ..consent });
            standing.put_enrolment(enrolment);
        }
    }
    standing.put_person(person);
    standings.write(app, &mut transaction, now).await?;
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(Link::Asks(asked))
}

fn asks(app: &App, shelf: &Shelf, person: &Subscriber, places: &[Enrolment], now: Now) -> Asks {
    let today = app.local_date(person, now.reader);
    let pending = places.iter().filter(|it| it.state == State::Pending);
    let courses = pending.filter_map(|it| shelf.get(&it.course)).map(|shelved| {
        let language = person.language.as_deref().unwrap_or(&app.settings.site.language);
        let course = &shelved.in_language(language).course;
        AskedCourse {
            title: course.title.clone(),
            kind: course.kind,
            starts: course.schedule.starts.filter(|date| *date > today),
        }
    });
    Asks { subscriber: person.id, language: person.language.clone(), courses: courses.collect() }
}
