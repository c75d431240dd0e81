//! What an operator does by hand: hold, release, try again, lift a suppression; and what a human should look at.

use crate::address::Address;
use crate::clock::Now;
use crate::delivery::State as DeliveryState;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::reader::Answers;
use crate::flow::shelf::Shelf;
use crate::flow::shelf::Shelved;
use crate::ids::next_id;
use crate::store::Connection;
use crate::store::enrolments;
use crate::store::meta;
use crate::store::outbox;
use crate::store::outbox::Lane;
use crate::store::people;
use crate::store::subscribers;
use crate::store::suppressions;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use hmac::Hmac;
use hmac::KeyInit as _;
use hmac::Mac as _;
use jiff::Timestamp;
use sha2::Sha256;

pub use crate::store::suppressions::Suppression;

/// How the reason of an enrolment begins whose lesson a relay refused for what is in it: an edit releases it.
pub const REFUSED_CONTENT: &str = "the relay refused this mail for what is in it";
/// How the reason of an enrolment begins whose message couldn't be made, before the delivery's number.
pub const UNMADE: &str = "no message could be made for delivery";

/// How the reason of an enrolment begins whose address was refused for good,
pub const TAKES_NO_MAIL: &str = "the address takes no mail";
/// or whose mailbox was full or switched off for days,
pub const MAILBOX_FULL: &str = "the mailbox took nothing for days";
/// or whose address has letters that aren't carried there,
pub const NOT_CARRIED: &str = "mail to this address isn't carried";
/// and that of a suppressed address, and of the other enrolments of its person: another address frees them all.
pub const BOUNCED: &str = "bounced";

/// What is held or released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    All,
    Course(String),
    Lesson { course: String, lesson: String },
}

impl Scope {
    /// As `hold.scope` keeps it: the beginning of `outbox.what`. A lesson has one for each of its names: what is queued
    /// keeps the one that it was queued by.
    fn stored(&self, shelf: &Shelf) -> Vec<String> {
        match self {
            Scope::All => vec!["all".to_string()],
            Scope::Course(course) => vec![format!("lesson/{course}")],
            Scope::Lesson { course, lesson } => {
                let known = shelf.get(course).and_then(|shelved| shelved.course.lessons.get(lesson));
                let earlier = known.iter().flat_map(|lesson| &lesson.was);
                std::iter::once(lesson).chain(earlier).map(|name| format!("lesson/{course}/{name}")).collect()
            }
        }
    }
}

/// What a try by hand came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    Again,
    /// Nothing by this number.
    Unknown,
    /// It is in a state in which nothing needs a human.
    NotNeeded(DeliveryState),
}

/// Stops sending within a second: nothing goes on the wire without looking for this row first.
pub async fn hold(app: &App, scope: &Scope, why: &str) -> Result<()> {
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    for stored in scope.stored(&shelf) {
        meta::hold(&mut transaction, &stored, why, app.clock.now().wall.as_millisecond()).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Goes on, also with people who are held at a lesson that a relay refused. How many holds and people that were.
pub async fn release(app: &App, scope: &Scope) -> Result<(bool, usize)> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let mut held = false;
    let until = now.wall.saturating_add(app.settings.delivery.lesson_expires).unwrap_or(Timestamp::MAX);
    for stored in scope.stored(&shelf) {
        held |= meta::release(&mut transaction, &stored).await?;
        meta::lower(&mut transaction, &format!("hold/{stored}")).await?;
        outbox::extend_released(&mut transaction, &stored, until).await?;
    }
    let mut released = 0;
    let courses: Vec<String> = match scope {
        Scope::All => shelf.courses.keys().cloned().collect(),
        Scope::Course(course) | Scope::Lesson { course, .. } => vec![course.clone()],
    };
    for course in courses {
        let Some(shelved) = shelf.get(&course) else { continue };
        for (mut enrolment, person) in enrolments::of_course(&mut transaction, &course, 0, i64::MAX).await? {
            let meant = match scope {
                Scope::All | Scope::Course(_) => true,
                Scope::Lesson { lesson, .. } => enrolment.lesson == *lesson,
            };
            if !meant || enrolment.state != State::Held || person.status != Status::Active {
                continue;
            }
            free(app, shelved, &mut transaction, &mut enrolment, &person, now).await?;
            if enrolments::put(&mut transaction, &enrolment, now.wall).await? {
                released += 1;
            }
        }
    }
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok((held, released))
}

/// Sends one held or quarantined delivery after all, or schedules its lesson again when it has ended badly.
pub async fn retry(app: &App, id: i64) -> Result<Retried> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let Some(row) = outbox::by_id(&mut transaction, id).await? else { return Ok(Retried::Unknown) };
    let retried = match row.state {
        DeliveryState::Held | DeliveryState::Quarantined | DeliveryState::Refused | DeliveryState::Expired => {
            let enrolment = match row.lane {
                Lane::Lesson => enrolments::by_id(&mut transaction, row.enrolment_id).await?,
                Lane::Confirmation | Lane::Issue => None,
            };
            let person = subscribers::by_id(&mut transaction, row.subscriber_id).await?;
            let shelved = enrolment.as_ref().and_then(|it| shelf.get(&it.course));
            match (enrolment, person, shelved) {
                (Some(mut it), Some(person), Some(shelved))
                    if it.state == State::Held && person.status == Status::Active =>
                {
                    free(app, shelved, &mut transaction, &mut it, &person, now).await?;
                    anyhow::ensure!(
                        enrolments::put(&mut transaction, &it, now.wall).await?,
                        "the enrolment changed meanwhile; try again"
                    );
                    Retried::Again
                }
                (None, Some(_), _) if !row.state.has_ended() => {
                    outbox::again(&mut transaction, id, now.wall).await?;
                    Retried::Again
                }
                (_, _, _) => Retried::NotNeeded(row.state),
            }
        }
        DeliveryState::Deferred => {
            outbox::hurry(&mut transaction, id, now.wall).await?;
            Retried::Again
        }
        DeliveryState::Ready | DeliveryState::Leased | DeliveryState::Sending | DeliveryState::InDoubt => {
            Retried::NotNeeded(row.state)
        }
        DeliveryState::Accepted | DeliveryState::Cancelled => Retried::NotNeeded(row.state),
    };
    meta::lower(&mut transaction, &format!("delivery/{id}")).await?;
    meta::lower(&mut transaction, &format!("record/{id}")).await?;
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(retried)
}

/// Lets a held enrolment go on: its held or quarantined message is made anew and sent, or its lesson scheduled again.
pub(super) async fn free(
    app: &App,
    shelved: &Shelved,
    connection: &mut Connection,
    it: &mut Enrolment,
    person: &Subscriber,
    now: Now,
) -> Result<()> {
    it.expired = 0;
    it.held_why = None;
    let open = outbox::open_of(connection, person.id).await?;
    if let Some(row) = open.iter().find(|row| row.enrolment_id == it.id) {
        outbox::again(connection, row.id, now.wall).await?;
        it.state = State::InFlight;
    } else {
        it.floor = Some(now.reader);
        // Its message has ended without arriving. Another lesson may come first now.
        it.occurrence = unused(connection, it).await?;
        let answers = Answers::read(connection, vec![it.id]).await?;
        it.advance(&shelved.course, &app.reader(person, answers.of(it.id)), now.reader);
        it.occurrence = unused(connection, it).await?;
    }
    Ok(())
}

/// An occurrence of the next lesson of which there was no message yet.
async fn unused(connection: &mut Connection, it: &Enrolment) -> Result<i64> {
    let what = format!("lesson/{}/{}", it.course, it.lesson);
    Ok(it.occurrence.max(outbox::last_occurrence(connection, &what, it.id).await? + 1))
}

/// Every suppressed address, oldest first.
pub async fn suppressions(app: &App) -> Result<Vec<Suppression>> {
    Ok(suppressions::all(&mut *app.store.read().await?).await?)
}

/// Lets an address receive mail again. False when it wasn't suppressed. Its courses stay held until `release`.
pub async fn lift(app: &App, address: &Address, source: &str) -> Result<bool> {
    let now = app.clock.now();
    let mut transaction = app.store.begin().await?;
    if !suppressions::lift(&mut transaction, &app.address_hash(address)).await? {
        return Ok(false);
    }
    if let Some(person) = subscribers::by_key(&mut transaction, &address.key()).await? {
        subscribers::set_status(&mut transaction, person.id, Status::Active).await?;
        let consent = subscribers::Consent {
            id: next_id(now.wall),
            subscriber_id: person.id,
            course: "",
            source,
            text: "suppression lifted",
            version: "",
            at: now.wall.as_millisecond(),
            asked: false,
            evidence: subscribers::Evidence::default(),
        };
        people::add_consents(&mut transaction, &[consent]).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

impl App {
    /// The keyed hash by which a suppressed address is known, also when nothing else of it is kept.
    pub fn address_hash(&self, address: &Address) -> String {
        let digest = Hmac::<Sha256>::new_from_slice(&self.address_key)
            .map(|mac| mac.chain_update(address.key()).finalize().into_bytes());
        digest.map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect()).unwrap_or_default()
    }

    /// Puts something before the operator's eyes, once; also in the log.
    pub async fn raise(&self, key: &str, text: &str) {
        let now = self.clock.now().wall.as_millisecond();
        let raised = async {
            let mut transaction = self.store.begin().await?;
            let new = meta::raise(&mut transaction, key, text, now).await?;
            transaction.commit().await.map(|()| new)
        };
        match raised.await {
            Ok(true) => tracing::error!(alarm = key, "{text}"),
            Ok(false) => {}
            Err(error) => tracing::error!(alarm = key, %error, "{text}"),
        }
    }

    pub async fn lower(&self, key: &str) {
        let lowered = async {
            let mut transaction = self.store.begin().await?;
            meta::lower(&mut transaction, key).await?;
            transaction.commit().await
        };
        if let Err(error) = lowered.await {
            tracing::error!(alarm = key, %error, "an alarm that is over couldn't be removed");
        }
    }
}
