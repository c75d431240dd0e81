//! Makes the message of a claimed row: rendered, built and checked, or brought back exactly as it was before.

use crate::address::Address;
use crate::delivery::MAX_CLAIMS;
use crate::delivery::MAX_CLAIMS_ALONE;
use crate::enrolment::CLOSING;
use crate::enrolment::Enrolment;
use crate::flow::App;
use crate::flow::compose;
use crate::flow::deliver::claim::Job;
use crate::flow::letter::Letter;
use crate::flow::shelf;
use crate::flow::shelf::Shelved;
use crate::link::Subjects;
use crate::link::Urls;
use crate::message;
use crate::message::Answer;
use crate::message::Titled;
use crate::message::Values;
use crate::site::Images;
use crate::store::courses;
use crate::store::ledger::Intent;
use crate::store::outbox;
use crate::store::outbox::Lane;
use anyhow::Context as _;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long making one message may take.
const RENDER_TIME: Duration = Duration::from_secs(2);
/// How long the links of a mail act, counted from its Date. Leaving and reading never expire.
const LINKS_ACT: SignedDuration = SignedDuration::from_hours(60 * 24);
/// Stored as the version of a message that is made of no course's files.
const NO_VERSION: &str = "-";

/// A message that only waits for a session.
#[derive(Debug)]
pub struct Built {
    pub job: Job,
    /// The envelope's sender.
    pub from: String,
    pub to: Address,
    pub bytes: Vec<u8>,
    pub intent: Intent,
}

/// Why there is no message.
#[derive(Debug)]
pub enum Refusal {
    /// It can't be made, now or later.
    Poison(String),
    /// It can't be made again as it was.
    Changed(String),
    /// The database or the machine failed us.
    Inability(anyhow::Error),
}

/// What a lesson's message was made from, besides the course's version and the date: kept with the row.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Inputs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    pub language: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// The latest to each question, as they were when the message was first made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Answer>,
    pub number: u32,
    pub of: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<Titled>,
    /// Its questions are answered by links. Absent in what was made before there were any: a mail stays as it was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answer_links: bool,
}

/// Makes or restores the message of a job.
pub async fn freeze(app: &Arc<App>, job: &Job) -> Result<Built, Refusal> {
    if job.delivery.hash.is_empty() && job.delivery.claims > MAX_CLAIMS + MAX_CLAIMS_ALONE {
        let why = "the program ended again and again while it made this message and nothing else";
        return Err(Refusal::Poison(why.to_string()));
    }
    if let Some(bytes) = stored_body(app, job).await? {
        return finish(app, job, bytes, job.delivery.dated, job.delivery.inputs.clone(), job.delivery.version.clone());
    }
    let is_new = job.delivery.hash.is_empty();
    let dated = if is_new { app.clock.now().wall } else { job.delivery.dated };
    let (bytes, inputs, version) = match job.delivery.lane {
        Lane::Lesson | Lane::Issue => lesson(app, job, dated).await?,
        Lane::Confirmation => letter(app, job, dated).await?,
    };
    let built = finish(app, job, bytes, dated, inputs, version)?;
    // Images inside a mail are made by this program, the same each time. Another version of it, or another kind of
    // machine, may make other octets of them: such a rebuild is held here as one with another template is, so that nobody
    // gets two different copies. What a relay deferred, or may have taken, doesn't come this far: its bytes were stored.
    if !is_new && built.intent.hash != job.delivery.hash {
        let why = "the message can't be built again as it was (the program, a template or the site changed); \
                   `dripline retry` sends it as it is now";
        return Err(Refusal::Changed(why.to_string()));
    }
    Ok(built)
}

/// What a lesson's links are for one message.
pub fn urls(app: &App, job: &Job, dated: Timestamp) -> Urls {
    let subjects =
        Subjects { subscriber: job.subscriber.id, enrolment: job.delivery.enrolment_id, outbox: job.delivery.id };
    app.links().urls(subjects, links_act(dated))
}

fn links_act(dated: Timestamp) -> Option<Timestamp> {
    Some(dated.saturating_add(LINKS_ACT).unwrap_or(Timestamp::MAX))
}

/// The values of a lesson's message from what it was made from.
pub fn values(inputs: Inputs, links: Urls) -> Values {
    let answer = links.answer.filter(|_| inputs.answer_links);
    Values {
        first_name: inputs.first_name,
        language: inputs.language,
        fields: inputs.fields,
        answers: inputs.answers,
        progress: message::Progress { number: inputs.number, of: inputs.of },
        offered: inputs.offered,
        next: inputs.next,
        links: Urls { answer, ..links },
    }
}

/// The course as it was in this version: the one in force, or a stored one.
pub async fn course_version(app: &App, course: &str, version: &str) -> anyhow::Result<Arc<Shelved>> {
    if let Some(current) = app.shelf.read().await.get(course)
        && current.course.version == version
    {
        return Ok(Arc::clone(current));
    }
    let stored = courses::get(&mut *app.store.read().await?, course, version).await?;
    let stored = stored.with_context(|| format!("course {course} is no longer stored in version {version}"))?;
    let course = shelf::unpack(course, &stored.files)?;
    Shelved::new(&app.templates, &app.settings.site, course)
        .map(Arc::new)
        .map_err(|problems| anyhow::anyhow!("an old version of the course no longer renders: {}", problems[0]))
}

async fn stored_body(app: &App, job: &Job) -> Result<Option<Vec<u8>>, Refusal> {
    if job.delivery.hash.is_empty() {
        return Ok(None);
    }
    let mut connection = app.store.read().await.map_err(|error| Refusal::Inability(error.into()))?;
    let body =
        outbox::body(&mut connection, job.delivery.id).await.map_err(|error| Refusal::Inability(error.into()))?;
    let Some(body) = body else { return Ok(None) };
    match zstd::stream::decode_all(body.as_slice()) {
        Ok(bytes) if hash(&bytes) == job.delivery.hash => Ok(Some(bytes)),
        Ok(_) | Err(_) => Err(Refusal::Changed("the stored message is damaged".to_string())),
    }
}

async fn lesson(app: &Arc<App>, job: &Job, dated: Timestamp) -> Result<(Vec<u8>, String, String), Refusal> {
    let (course_id, lesson_id) = address_of(&job.delivery.what)?;
    let shelved = match job.delivery.version.as_str() {
        "" => job.shelf.get(course_id).cloned().context("the course isn't in force"),
        version => course_version(app, course_id, version).await,
    };
    let shelved = shelved.map_err(|error| Refusal::Changed(format!("{error:#}")))?;
    let inputs = match job.delivery.inputs.as_str() {
        "" => inputs(app, job, &shelved),
        text => serde_json::from_str(text)
            .map_err(|_| Refusal::Changed("what the message was made from is damaged".to_string()))?,
    };
    let text = serde_json::to_string(&inputs).map_err(|error| Refusal::Inability(error.into()))?;
    let version = shelved.course.version.clone();
    let lesson_id = shelved.called_now(lesson_id).to_string();
    if app.settings.site.images == Images::Embed {
        make_images(&shelved, &lesson_id, &inputs.language).await.map_err(Refusal::Inability)?;
    }
    let (app, job) = (Arc::clone(app), job.clone());
    let bytes = off_the_runtime(move || make_lesson(&app, &job, &shelved, &lesson_id, inputs, dated)).await?;
    Ok((bytes, text, version))
}

/// Prepares what a lesson's mails carry. After a start this takes longer once than rendering may.
async fn make_images(shelved: &Arc<Shelved>, lesson: &str, language: &str) -> anyhow::Result<()> {
    let (shelved, lesson, language) = (Arc::clone(shelved), lesson.to_string(), language.to_string());
    let make = move || {
        if let Some((_, prepared)) = shelved.edition(&lesson, &language).lesson(&lesson) {
            prepared.inside();
        }
    };
    Ok(tokio::task::spawn_blocking(make).await?)
}

fn make_lesson(
    app: &App,
    job: &Job,
    shelved: &Shelved,
    lesson: &str,
    inputs: Inputs,
    dated: Timestamp,
) -> Result<Vec<u8>, String> {
    let links = urls(app, job, dated);
    let leave = links.leave.clone();
    let mail = compose::LessonMail {
        shelved,
        lesson,
        values: values(inputs, links),
        to: &job.to,
        message_id: message_id(app, job, Some(shelved)),
        date: dated,
        leave_url: Some(&leave),
    };
    compose::lesson(&app.settings, mail)
}

async fn letter(app: &Arc<App>, job: &Job, dated: Timestamp) -> Result<(Vec<u8>, String, String), Refusal> {
    let letter = Letter::of(&job.delivery);
    let letter = letter.map_err(|_| Refusal::Changed("what this mail was made from is gone".to_string()))?;
    let shelf = Arc::clone(&*app.shelf.read().await);
    let (app, job) = (Arc::clone(app), job.clone());
    let text = job.delivery.inputs.clone();
    let bytes = off_the_runtime(move || {
        let courses: Vec<&Shelved> = letter.courses().iter().filter_map(|id| shelf.get(id)).map(Arc::as_ref).collect();
        let message_id = message_id(&app, &job, courses.first().copied());
        let language = job.subscriber.language.clone();
        let mail = compose::LetterMail {
            letter: &letter,
            language: &language.unwrap_or_else(|| app.settings.site.language.clone()),
            courses: &courses,
            page_url: &app.links().my_course(job.subscriber.id, links_act(dated)),
            never_url: &app.links().never(job.subscriber.id),
            to: &job.to,
            message_id,
            date: dated,
        };
        compose::letter(&app, mail)
    })
    .await?;
    Ok((bytes, text, NO_VERSION.to_string()))
}

/// Runs work that a coach's template can make slow or break, where it harms nobody else. It is waited for in two parts: on a
/// machine that was suspended meanwhile one of them is over before the work goes on.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, Refusal> {
    let mut working = tokio::task::spawn_blocking(work);
    let done = match tokio::time::timeout(RENDER_TIME / 2, &mut working).await {
        Ok(done) => Ok(done),
        Err(_) => tokio::time::timeout(RENDER_TIME / 2, working).await,
    };
    match done {
        Ok(Ok(Ok(made))) => Ok(made),
        Ok(Ok(Err(why))) => Err(Refusal::Poison(why)),
        Ok(Err(_panic)) => Err(Refusal::Poison("making this message broke the renderer".to_string())),
        Err(_) => Err(Refusal::Poison("making this message takes longer than 2 seconds".to_string())),
    }
}

fn finish(
    app: &App,
    job: &Job,
    bytes: Vec<u8>,
    dated: Timestamp,
    inputs: String,
    version: String,
) -> Result<Built, Refusal> {
    let message_id =
        message_id_of(&bytes).ok_or_else(|| Refusal::Poison("the message has no Message-ID".to_string()))?;
    let hash = hash(&bytes);
    let intent = Intent { id: job.delivery.id, epoch: job.delivery.epoch, message_id, dated, hash, inputs, version };
    let to = app.settings.redirect_to.clone().unwrap_or_else(|| job.to.clone());
    let from = app.keys.verp(&app.settings.bounce, job.delivery.id);
    Ok(Built { job: job.clone(), from, to, bytes, intent })
}

fn inputs(app: &App, job: &Job, shelved: &Shelved) -> Inputs {
    let course = &shelved.course;
    let lesson = address_of(&job.delivery.what).map_or("", |(_, id)| shelved.called_now(id));
    let (number, of) = match &job.enrolment {
        Some(it) => it.count(course, &app.reader(&job.subscriber, job.answers.clone()), lesson, app.clock.now().reader),
        None => (course.order.iter().position(|id| id == lesson).map_or(1, |at| at + 1), course.order.len()),
    };
    let language = job.subscriber.language.clone().unwrap_or_else(|| app.settings.site.language.clone());
    Inputs {
        first_name: job.subscriber.first_name.clone(),
        fields: job.subscriber.fields.clone(),
        answers: job.answers.iter().map(|(question, value)| (question.clone(), value.clone().into())).collect(),
        number: u32::try_from(number).unwrap_or(u32::MAX),
        of: u32::try_from(of).unwrap_or(u32::MAX),
        offered: job.enrolment.as_ref().map(|it| offered(shelved, it, &language)).unwrap_or_default(),
        next: if job.delivery.what.ends_with(CLOSING) { next_courses(app, job, shelved) } else { Vec::new() },
        language,
        answer_links: course.lessons.get(lesson).is_some_and(|it| !it.asks.is_empty()),
    }
}

/// What a person is offered and wasn't told of, as the subjects say it.
fn offered(shelved: &Shelved, enrolment: &Enrolment, language: &str) -> Vec<String> {
    let untold = enrolment.progress.untold().into_iter().filter(|id| shelved.course.lessons.contains_key(*id));
    untold.map(|id| shelved.title_of(id, language)).collect()
}

fn next_courses(app: &App, job: &Job, shelved: &Shelved) -> Vec<Titled> {
    let known = shelved.course.next.iter().filter_map(|id| job.shelf.get(id));
    let url = |id: &str| format!("{}/c/{id}", app.settings.site.url);
    known.map(|it| Titled { title: it.course.title.clone(), url: url(&it.course.id) }).collect()
}

/// Course and lesson of `lesson/COURSE/LESSON`.
fn address_of(what: &str) -> Result<(&str, &str), Refusal> {
    let rest = what.strip_prefix("lesson/").and_then(|rest| rest.split_once('/'));
    rest.ok_or_else(|| Refusal::Poison(format!("nobody knows what `{what}` is")))
}

fn message_id(app: &App, job: &Job, course: Option<&Shelved>) -> String {
    let sender = course.and_then(|shelved| shelved.course.sender.as_ref()).unwrap_or(&app.settings.sender);
    message::message_id(job.delivery.id, job.delivery.occurrence, &sender.address)
}

fn message_id_of(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Message-ID: "))?;
    Some(line.trim().to_string())
}

/// Without the signatures, which follow from the rest and the keys: a mail made again after new keys were brought in is
/// the same mail, and its old signature may no longer have a record in the DNS.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(message::unsigned(bytes)).iter().map(|byte| format!("{byte:02x}")).collect()
}
