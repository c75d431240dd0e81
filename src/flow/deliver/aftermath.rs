//! What an outcome does to the message, to the person's place in the course and to the address: one record each.

use crate::clock::Now;
use crate::delivery;
use crate::delivery::State;
use crate::enrolment;
use crate::enrolment::Enrolment;
use crate::flow::App;
use crate::flow::deliver::claim::Job;
use crate::flow::deliver::freeze::Built;
use crate::flow::deliver::relays::Relays;
use crate::flow::operate::BOUNCED;
use crate::flow::operate::MAILBOX_FULL;
use crate::flow::operate::NOT_CARRIED;
use crate::flow::operate::REFUSED_CONTENT;
use crate::flow::operate::TAKES_NO_MAIL;
use crate::flow::operate::UNMADE;
use crate::flow::shelf::Shelf;
use crate::ids::next_id;
use crate::ids::random;
use crate::outcome::Phase;
use crate::outcome::Reply;
use crate::outcome::Verdict;
use crate::outcome::verdict;
use crate::relay::Broken;
use crate::store::ledger::Attempt;
use crate::store::ledger::Kept;
use crate::store::ledger::Record;
use crate::store::ledger::Suppress;
use crate::store::outbox;
use crate::store::outbox::Lane;
use crate::store::report;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::time::Duration;

/// What waited through an outage has at least this long, whatever a restart made us forget.
const AFTER_AN_OUTAGE: SignedDuration = SignedDuration::from_hours(1);

/// Between two tries to give a lease back (a full disk).
const GIVE_BACK_REST: Duration = Duration::from_secs(1);

/// What was heard about one message.
#[derive(Debug, Clone)]
pub struct Heard {
    pub phase: Phase,
    pub verdict: Verdict,
    /// How many times the mailbox was full before.
    pub times_full: i64,
    /// A sentence of ours for logs and alarms, which may not repeat what a relay says; maybe empty.
    pub why: String,
    /// When one that came too fast may go again.
    pub again: Option<Timestamp>,
    reply: Result<Reply, String>,
}

impl Heard {
    pub fn said(phase: Phase, verdict: Verdict, reply: Reply) -> Heard {
        Heard { phase, verdict, times_full: 0, again: None, why: String::new(), reply: Ok(reply) }
    }

    pub fn silence(phase: Phase, verdict: Verdict, detail: String) -> Heard {
        Heard { phase, verdict, times_full: 0, again: None, why: detail.clone(), reply: Err(detail) }
    }

    /// What ended a session; `silent` where the relay said nothing.
    pub fn lost(broken: Broken, silent: Verdict) -> Heard {
        let phase = broken.phase;
        let verdict = broken.reply.as_ref().map_or(silent, |reply| verdict(phase, reply));
        let why = broken.detail.clone();
        Heard { phase, verdict, times_full: 0, again: None, why, reply: broken.reply.ok_or(broken.detail) }
    }

    /// 0 when nothing was said.
    pub fn code(&self) -> u16 {
        self.reply.as_ref().map_or(0, |reply| reply.code)
    }

    pub fn text(&self) -> String {
        match &self.reply {
            Ok(reply) => reply.to_string(),
            Err(detail) => detail.clone(),
        }
    }

    /// That this relay refuses us. Its own words may name a reader, and alarms are logged.
    pub fn alarm(&self, relay: &str) -> String {
        let why = if self.why.is_empty() { String::new() } else { format!(": {}", self.why) };
        format!(
            "{relay} refuses us at {} with {}{why}; nothing is lost, it is tried every 10 minutes; `dripline why` of a \
             waiting reader shows its words",
            self.phase.as_str(),
            self.code(),
        )
    }

    /// 5.7.x: it may mean us rather than the message.
    pub fn is_policy(&self) -> bool {
        let enhanced = self.reply.as_ref().ok().and_then(|reply| reply.enhanced);
        enhanced.is_some_and(|code| code.class == 5 && code.subject == 7 && code.detail == 1)
    }
}

/// Whether a further lost connection is the third for this message.
pub fn is_third_loss(built: &Built) -> bool {
    built.job.delivery.losses + 1 >= delivery::MAX_LOSSES
}

/// The record for what was heard. `on_the_wire`: the intent was stored before.
pub fn record(app: &App, shelf: &Shelf, built: &Built, heard: &Heard, on_the_wire: bool, relay: &str) -> Record {
    let now = app.clock.now();
    let job = &built.job;
    let mut record = blank(job, now, if on_the_wire { State::Sending } else { State::Leased });
    record.reply = heard.text();
    record.attempt = Some(Attempt {
        id: next_id(now.wall),
        relay: relay.to_string(),
        code: heard.code(),
        enhanced: heard
            .reply
            .as_ref()
            .ok()
            .and_then(|reply| reply.enhanced)
            .map(|it| it.to_string())
            .unwrap_or_default(),
        text: heard.text(),
        outcome: outcome_name(heard.verdict),
    });
    match heard.verdict {
        Verdict::Accepted => accepted(app, shelf, job, now, &mut record),
        Verdict::Relay | Verdict::Configuration | Verdict::Sender => record.to = State::Ready,
        Verdict::Throttled => {
            record.to = State::Ready;
            record.not_before = heard.again.unwrap_or(now.wall);
        }
        Verdict::NotSent => lost(job, now, &mut record),
        Verdict::Retry => {
            record.to = State::Deferred;
            record.attempts += 1;
            record.not_before = delivery::retry_at(now.wall, record.attempts, f64::from(random::<1>()[0]) / 255.0);
        }
        Verdict::AddressSoft => soft(job, now, &mut record, heard),
        Verdict::AddressRefused => {
            record.to = State::Refused;
            record.enrolment = holding(job, &format!("{TAKES_NO_MAIL}: {}", heard.text()));
            record.suppress = suppression(app, job, heard);
        }
        Verdict::AddressNotCarried => {
            record.to = State::Refused;
            record.enrolment = holding(job, &format!("{NOT_CARRIED}: {}", heard.text()));
        }
        Verdict::ContentRefused => {
            record.to = State::Refused;
            record.enrolment = holding(job, &format!("{REFUSED_CONTENT}: {}", heard.text()));
        }
        Verdict::InDoubt => record.to = State::InDoubt,
    }
    let first_try = job.delivery.hash.is_empty();
    if !record.to.has_ended() && (first_try || on_the_wire) && heard.phase.is_about_the_message() {
        record.kept = compressed(&built.bytes).map(|body| Kept { frozen: built.intent.clone(), body });
    }
    record
}

/// A message that had leave to go on the wire, and of which nothing was written but its envelope.
pub fn taken_back(app: &App, built: &Built) -> Record {
    let mut record = blank(&built.job, app.clock.now(), State::Sending);
    record.to = State::Ready;
    record.kept = compressed(&built.bytes).map(|body| Kept { frozen: built.intent.clone(), body });
    record
}

/// A message that couldn't be made: it alone waits for a human.
pub fn quarantined(app: &App, job: &Job, why: &str) -> Record {
    let mut record = blank(job, app.clock.now(), State::Leased);
    record.to = State::Quarantined;
    record.reply = why.to_string();
    record.enrolment = holding(job, &format!("{UNMADE} {}: {why}", job.delivery.id));
    record
}

/// A message that can't be made again as it was.
pub fn held(app: &App, job: &Job, why: &str) -> Record {
    Record { to: State::Held, ..quarantined(app, job, why) }
}

/// A message that we took back before anything was said about it. What was cancelled meanwhile stays so. Waits as long
/// as it takes: nobody else frees a lease before the next start.
pub async fn give_back(app: &App, job: &Job) {
    loop {
        let given = async {
            let mut transaction = app.store.begin().await?;
            outbox::give_back(&mut transaction, job.delivery.id, job.delivery.epoch).await?;
            transaction.commit().await
        };
        let Err(error) = given.await else { return };
        tracing::error!(%error, delivery = job.delivery.id, "a lease couldn't be given back; trying again");
        tokio::time::sleep(GIVE_BACK_REST).await;
    }
}

/// The relay answered about a message: what was said of it before is over.
pub async fn relay_works(app: &App, relays: &Relays, relay: usize, accepted: bool) {
    let now = app.clock.now().wall;
    let outage = relays.outage(relay, now);
    if let Some(outage) = outage {
        // First the time that was lost is given back, then waiting counts again.
        outage_over(app, outage).await;
    }
    relays.success(relay, now, accepted);
    if relays.is_first_answer(relay, now) || outage.is_some() {
        app.lower(&format!("relay/{}", relays.connector(relay).label())).await;
    }
}

/// Gives what waited through an outage the time back that it lost.
async fn outage_over(app: &App, outage: SignedDuration) {
    tracing::info!(seconds = outage.as_secs(), "the relay takes mail again");
    let extended = async {
        let mut transaction = app.store.begin().await?;
        let at_least = after(app.clock.now().wall, AFTER_AN_OUTAGE);
        outbox::extend_expiry(&mut transaction, outage, at_least).await?;
        transaction.commit().await
    };
    if let Err(error) = extended.await {
        tracing::error!(%error, "messages that waited for the relay may expire early");
    }
}

/// A lesson that relays refuse for many people stops for all, until a human looks.
pub async fn after_the_record(app: &App, built: &Built, heard: &Heard) {
    let what = &built.job.delivery.what;
    if heard.verdict != Verdict::ContentRefused || built.job.delivery.lane == Lane::Confirmation {
        return;
    }
    let counted = async {
        let mut transaction = app.store.begin().await?;
        let (recorded, refused) = report::lesson_refusals(&mut transaction, what).await?;
        if recorded >= 20 && refused * 20 > recorded {
            let now = app.clock.now().wall.as_millisecond();
            let why = format!("the relay refused it for {refused} of {recorded} people");
            crate::store::meta::hold(&mut transaction, what, &why, now).await?;
            let text = format!(
                "{what} is held: {why}; change it, or `dripline release {}`",
                what.trim_start_matches("lesson/")
            );
            crate::store::meta::raise(&mut transaction, &format!("hold/{what}"), &text, now).await?;
        }
        transaction.commit().await
    };
    if let Err(error) = counted.await {
        tracing::error!(%error, "couldn't count how a lesson fares");
    }
}

fn accepted(app: &App, shelf: &Shelf, job: &Job, now: Now, record: &mut Record) {
    record.to = State::Accepted;
    let Some(mut enrolment) = job.enrolment.clone() else { return };
    let reader = app.reader(&job.subscriber, job.answers.clone());
    let shelved = shelf.get(&enrolment.course).or_else(|| job.shelf.get(&enrolment.course));
    if let Some(shelved) = shelved {
        enrolment.accepted(&shelved.course, &reader, now.reader);
    }
    record.enrolment = Some(enrolment);
}

fn lost(job: &Job, now: Now, record: &mut Record) {
    record.to = State::Ready;
    record.losses = job.delivery.losses + 1;
    if record.losses >= delivery::MAX_LOSSES {
        record.to = State::Deferred;
        record.losses = 0;
        record.not_before = after(now.wall, SignedDuration::from_mins(1));
    }
}

fn soft(job: &Job, now: Now, record: &mut Record, heard: &Heard) {
    record.attempts += 1;
    match delivery::soft_retry_at(now.wall, heard.times_full + 1) {
        Some(later) => {
            record.to = State::Deferred;
            record.not_before = later;
            record.expires = record.expires.max(after(later, SignedDuration::from_hours(1)));
        }
        None => {
            record.to = State::Refused;
            record.enrolment = holding(job, &format!("{MAILBOX_FULL}: {}", heard.text()));
        }
    }
}

/// What is said of an address that isn't the person's, or not any more, says nothing of the person.
fn suppression(app: &App, job: &Job, heard: &Heard) -> Option<Suppress> {
    (job.to == job.subscriber.address).then(|| Suppress {
        subscriber_id: job.subscriber.id,
        hash: app.address_hash(&job.to),
        address: job.to.to_string(),
        reason: format!("{BOUNCED}: {}", heard.text()),
    })
}

fn holding(job: &Job, why: &str) -> Option<Enrolment> {
    let mut enrolment = job.enrolment.clone()?;
    enrolment.state = enrolment::State::Held;
    enrolment.held_why = Some(why.to_string());
    Some(enrolment)
}

fn blank(job: &Job, now: Now, from: State) -> Record {
    Record {
        id: job.delivery.id,
        enrolment_id: job.delivery.enrolment_id,
        epoch: job.delivery.epoch,
        from,
        to: from,
        at: now.wall,
        not_before: now.wall,
        expires: job.delivery.expires,
        attempts: job.delivery.attempts,
        losses: job.delivery.losses,
        reply: job.delivery.reply.clone(),
        attempt: None,
        enrolment: None,
        was_kept: !job.delivery.hash.is_empty(),
        kept: None,
        suppress: None,
    }
}

fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::compress(bytes, 3).ok()
}

fn after(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_add(by).unwrap_or(Timestamp::MAX)
}

fn outcome_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Relay | Verdict::Configuration | Verdict::Sender => "halted",
        Verdict::Throttled => "throttled",
        Verdict::Retry | Verdict::AddressSoft => "deferred",
        Verdict::AddressRefused | Verdict::AddressNotCarried | Verdict::ContentRefused => "refused",
        Verdict::InDoubt => "in doubt",
        Verdict::NotSent => "not sent",
    }
}
