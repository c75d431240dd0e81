//! How a person comes into a course: asked for, or brought in by hand with a source of consent.

use crate::address::Address;
use crate::clock::Now;
use crate::course::Late;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::asking;
use crate::flow::letter::Letter;
use crate::flow::shelf::Shelf;
use crate::flow::shelf::Shelved;
use crate::flow::standing::Standing;
use crate::flow::standing::Standings;
use crate::ids::next_id;
use crate::ids::random;
use crate::store::confirmations::Confirmation;
use crate::store::meta;
use crate::store::subscribers::Consent;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Context as _;
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;
use std::collections::BTreeMap;

pub use crate::store::subscribers::Evidence;

/// How long a confirmation link works.
const LINK_WORKS: SignedDuration = SignedDuration::from_hours(24 * 7);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Confirmation mails to one address in 30 days, over all courses.
const MOST_IN_30_DAYS: usize = 3;
/// When a visitor last signed up, in milliseconds.
const LAST_VISITOR: &str = "last_visitor_ms";

/// Who wants into which course, already cleaned at the door.
#[derive(Debug, Clone)]
pub struct Request {
    pub address: Address,
    pub course: String,
    pub first_name: Option<String>,
    pub zone: Option<String>,
    pub language: Option<String>,
    pub fields: BTreeMap<String, String>,
    pub word: Word,
}

/// Whose word stands behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Anybody who fills in the form: nothing that they say of a person known already holds before that person confirms.
    Visitor(Visit),
    /// Who opened their own page by a link that was mailed to them.
    Owner(Visit),
    /// The operator enters what a person told them; a mail asks that person to confirm.
    Operator,
    /// Consent was given elsewhere: where.
    Confirmed(String),
}

/// How somebody came to a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    pub evidence: Evidence,
    /// The page's: in which they read what they agree to.
    pub language: String,
}

/// What a visitor said of a person who was known already.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Wishes {
    first_name: Option<String>,
    pub(super) zone: Option<String>,
    language: Option<String>,
    fields: BTreeMap<String, String>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedUp {
    /// In the course; the first lesson is on its way.
    Enrolled,
    /// A mail asks the person to confirm.
    Asked,
    /// A mail that asks was sent within the last day (or three within a month); it holds for this course too.
    AskedBefore,
    AlreadyEnrolled,
    /// The address gets nothing, and why.
    Suppressed(String),
    NoSuchCourse,
    /// The course doesn't ask for this.
    UnknownField(String),
    /// The course asks for this, and it wasn't given.
    MissingField(String),
    /// The cohort has begun.
    Closed,
}

/// Enrols a person, or asks them to confirm.
pub async fn add(app: &App, request: Request) -> Result<SignedUp> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    if let Some(refused) = refusal(app, &shelf, &request, now) {
        return Ok(refused);
    }
    let mut transaction = app.store.begin().await?;
    let mut standings = Standings::read(app, &mut transaction, &[&request.address]).await?;
    let signed_up = decide(app, &shelf, standings.of(&request.address), &request, now)?;
    standings.write(app, &mut transaction, now).await?;
    let is_visitor = matches!(request.word, Word::Visitor(_));
    if is_visitor {
        // A commit that writes waits for the disk: without this, how long an answer takes would tell who is known.
        meta::set(&mut transaction, LAST_VISITOR, &now.wall.as_millisecond().to_string()).await?;
    }
    transaction.commit().await?;
    app.changed.notify_waiters();
    if is_visitor {
        asking::warn(app, now).await;
    }
    Ok(signed_up)
}

/// What becomes of a request, from where its sender stands; what it changes is put into the standing. A refusal and
/// `AlreadyEnrolled` change nothing.
pub fn decide<'a>(
    app: &App,
    shelf: &'a Shelf,
    standing: &mut Standing<'a>,
    request: &'a Request,
    now: Now,
) -> Result<SignedUp> {
    if let Some(refused) = refusal(app, shelf, request, now) {
        return Ok(refused);
    }
    if let Some(suppressed) = &standing.suppression {
        return Ok(SignedUp::Suppressed(suppressed.reason.clone()));
    }
    let running = standing.enrolments.iter().find(|it| it.course == request.course && it.is_running());
    let running = running.cloned();
    let is_pending = running.as_ref().is_some_and(|it| it.state == State::Pending);
    if running.is_some() && !is_pending {
        return Ok(SignedUp::AlreadyEnrolled);
    }
    let has_confirmed = !standing.agreed.is_empty();
    let (person, wishes) = remember(standing.person.take(), has_confirmed, request, now);
    standing.put_person(person.clone());
    if request.zone.is_some() && wishes.is_none() {
        move_along(app, shelf, standing, &person, now);
    }
    let mut enrolment = running.unwrap_or_else(|| new_enrolment(&person, &request.course, &standing.enrolments, now));
    match &request.word {
        Word::Confirmed(source) => {
            let consent = begin(app, shelf, &mut enrolment, &person, source, now)?;
            standing.add_consent(consent);
            standing.put_enrolment(enrolment);
            Ok(SignedUp::Enrolled)
        }
        Word::Owner(visit) => {
            let consent = begin(app, shelf, &mut enrolment, &person, "own page", now)?;
            standing.add_consent(read_by(visit, shelf, consent)?);
            standing.put_enrolment(enrolment);
            Ok(SignedUp::Enrolled)
        }
        Word::Operator => {
            if !is_pending {
                standing.put_enrolment(enrolment);
            }
            ask(standing, &person, &request.course, wishes, now)
        }
        Word::Visitor(visit) => {
            // Who asks for it again says nothing new, however often.
            if !is_pending {
                standing.add_consent(asked_for(shelf, &person, &request.course, visit, now)?);
                standing.put_enrolment(enrolment);
            }
            let signed_up = ask(standing, &person, &request.course, wishes, now)?;
            if signed_up == SignedUp::Asked {
                let leaves = app.asking.queue(&person.address, now.wall);
                standing.put_off(now.wall.duration_until(leaves), app.clock.reader_at(leaves));
            }
            Ok(signed_up)
        }
    }
}

fn refusal(app: &App, shelf: &Shelf, request: &Request, now: Now) -> Option<SignedUp> {
    let Some(shelved) = shelf.get(&request.course) else { return Some(SignedUp::NoSuchCourse) };
    let course = &shelved.course;
    if let Some(unknown) = request.fields.keys().find(|name| !course.fields.contains_key(*name)) {
        return Some(SignedUp::UnknownField(unknown.clone()));
    }
    let missing = course.fields.iter().find(|(name, field)| field.required && !request.fields.contains_key(*name));
    if let Some((name, _)) = missing {
        return Some(SignedUp::MissingField(name.clone()));
    }
    let closes = course.schedule.starts.filter(|_| course.schedule.late == Late::Closed);
    let today = now.reader.to_zoned(app.settings.site.time_zone.clone()).date();
    closes.filter(|starts| today >= *starts).map(|_| SignedUp::Closed)
}

/// A person as the request tells of them: new, or with what it says written over what was known. What a visitor says of
/// somebody known who once confirmed is given back as wishes instead.
pub fn remember(
    known: Option<Subscriber>,
    has_confirmed: bool,
    request: &Request,
    now: Now,
) -> (Subscriber, Option<Wishes>) {
    // Who left and is asked again is pending, like somebody new.
    let has_confirmed = has_confirmed || known.as_ref().is_some_and(|person| person.status != Status::Pending);
    let mut person = known.unwrap_or_else(|| Subscriber {
        id: next_id(now.wall),
        address: request.address.clone(),
        first_name: None,
        language: None,
        zone: None,
        hour: None,
        weekdays: None,
        fields: BTreeMap::new(),
        status: Status::Pending,
    });
    let wishes = Wishes {
        first_name: request.first_name.clone(),
        zone: request.zone.clone(),
        language: request.language.clone(),
        fields: request.fields.clone(),
    };
    person.status = match (person.status, &request.word) {
        (_, Word::Confirmed(_) | Word::Owner(_)) => Status::Active,
        (Status::Left | Status::Suppressed, Word::Visitor(_) | Word::Operator) => Status::Pending,
        (status @ (Status::Pending | Status::Active), Word::Visitor(_) | Word::Operator) => status,
    };
    let wishes = match request.word {
        Word::Visitor(_) if has_confirmed => Some(wishes),
        Word::Visitor(_) | Word::Owner(_) | Word::Operator | Word::Confirmed(_) => {
            wishes.grant(&mut person);
            None
        }
    };
    (person, wishes)
}

impl Wishes {
    pub(super) fn grant(self, person: &mut Subscriber) {
        person.first_name = self.first_name.or(person.first_name.take());
        person.zone = self.zone.or(person.zone.take());
        person.language = self.language.or(person.language.take());
        person.fields.extend(self.fields);
    }
}

/// Whoever lives in another zone now gets what waits at the new morning.
pub(super) fn move_along(app: &App, shelf: &Shelf, standing: &mut Standing<'_>, person: &Subscriber, now: Now) {
    for before in standing.enrolments.clone().iter().filter(|it| it.state == State::Waiting) {
        let Some(shelved) = shelf.get(&before.course) else { continue };
        let mut after = before.clone();
        after.not_before(now.reader);
        after.advance(&shelved.course, &app.reader(person, standing.answers.of(before.id)), now.reader);
        if after != *before {
            standing.put_enrolment(after);
        }
    }
}

/// A further run of a course, which waits for the person's word.
pub fn new_enrolment(person: &Subscriber, course: &str, known: &[Enrolment], now: Now) -> Enrolment {
    let runs = known.iter().filter(|it| it.course == course).map(|it| it.run).max();
    Enrolment::new(next_id(now.wall), person.id, course, runs.unwrap_or(0) + 1, now.reader)
}

/// The person's word is there: the course begins. Returns what they agreed to, to be stored.
pub(super) fn begin<'a>(
    app: &App,
    shelf: &'a Shelf,
    enrolment: &mut Enrolment,
    person: &Subscriber,
    source: &'a str,
    now: Now,
) -> Result<Consent<'a>> {
    let shelved = shelf.get(&enrolment.course).context("the course isn't in force")?;
    // A run that only begins has no answers yet.
    let reader = app.reader(person, BTreeMap::new());
    enrolment.begin(&shelved.course, &reader, now.reader);
    Ok(consent(shelved, &reader.language, person, source, now))
}

/// What a visitor agreed to on the page of a course, which the person must still confirm.
fn asked_for<'a>(shelf: &'a Shelf, person: &Subscriber, course: &str, visit: &Visit, now: Now) -> Result<Consent<'a>> {
    let shelved = shelf.get(course).context("the course isn't in force")?;
    let asked = Consent { asked: true, ..consent(shelved, &visit.language, person, "sign-up", now) };
    read_by(visit, shelf, asked)
}

/// A consent to what was read on a page.
fn read_by<'a>(visit: &Visit, shelf: &'a Shelf, consent: Consent<'a>) -> Result<Consent<'a>> {
    let shelved = shelf.get(consent.course).context("the course isn't in force")?;
    Ok(Consent { text: words_of(shelved, &visit.language), evidence: visit.evidence.clone(), ..consent })
}

/// The words to agree to in the language in which they are read.
fn words_of<'a>(shelved: &'a Shelved, language: &str) -> &'a str {
    shelved.in_language(language).course.consent.as_deref().unwrap_or_default()
}

fn consent<'a>(shelved: &'a Shelved, language: &str, person: &Subscriber, source: &'a str, now: Now) -> Consent<'a> {
    Consent {
        id: next_id(now.wall),
        subscriber_id: person.id,
        course: &shelved.course.id,
        source,
        text: words_of(shelved, language),
        version: &shelved.course.version,
        at: now.wall.as_millisecond(),
        asked: false,
        evidence: Evidence::default(),
    }
}

/// Queues the mail that asks, unless one was sent within a day and still waits, or three within a month.
pub fn ask(
    standing: &mut Standing<'_>,
    person: &Subscriber,
    course: &str,
    wishes: Option<Wishes>,
    now: Now,
) -> Result<SignedUp> {
    let wall = now.wall.as_millisecond();
    let waits = standing.asked.iter().any(|it| it.used == 0 && it.created > wall - DAY_MS);
    let this_month = standing.asked.iter().filter(|it| it.created > wall - 30 * DAY_MS).count();
    let wishes = wishes.map(|wishes| serde_json::to_string(&wishes)).transpose()?.unwrap_or_default();
    if waits || this_month >= MOST_IN_30_DAYS {
        if !wishes.is_empty() {
            standing.put_wishes(wishes);
        }
        return Ok(SignedUp::AskedBefore);
    }
    let token = new_token();
    let hash = token_hash(&token);
    let expires = now.wall.saturating_add(LINK_WORKS).unwrap_or(Timestamp::MAX).as_millisecond();
    let link = Confirmation { subscriber_id: person.id, created: wall, expires, used: 0, wishes };
    let letter = Letter::Confirmation { token, courses: vec![course.to_string()] };
    standing.add_link(hash, link, letter.delivery(person, standing.last_asked + 1, now)?);
    Ok(SignedUp::Asked)
}

/// What a single-use link ends with: 128 random bits.
pub(super) fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(random::<16>())
}

pub(super) fn token_hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
