//! One session's work: takes a built message, offers it, waits for the intent, sends the body, hands in the outcome. While
//! there is more to send, the next envelope goes with the body, and the next intent is asked for with the outcome.

use crate::flow::App;
use crate::flow::deliver::Place;
use crate::flow::deliver::aftermath;
use crate::flow::deliver::aftermath::Heard;
use crate::flow::deliver::freeze::Built;
use crate::flow::deliver::ledger::Ledger;
use crate::flow::deliver::relays::Relays;
use crate::outcome::Phase;
use crate::outcome::Verdict;
use crate::outcome::verdict;
use crate::relay::Broken;
use crate::relay::Envelope;
use crate::relay::Offer;
use crate::relay::Offered;
use crate::relay::Outcome;
use crate::relay::Session;
use crate::store::enrolments;
use crate::store::ledger::Intent;
use crate::store::report;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// An idle session says goodbye after this long.
const IDLE: Duration = Duration::from_secs(20);

/// Between two tries when the database can't be read.
const REST: Duration = Duration::from_secs(1);

/// One seat at one relay.
pub struct Worker {
    pub app: Arc<App>,
    pub relays: Arc<Relays>,
    pub relay: usize,
    pub seat: usize,
    pub built: Arc<Mutex<mpsc::Receiver<(Built, Place)>>>,
    pub ledger: Ledger,
    pub stop: CancellationToken,
}

/// A message that waits for its turn.
struct Message {
    built: Box<Built>,
    /// Given back when the message's outcome is stored.
    place: Place,
}

impl Worker {
    /// Works until the line is stopped or has no more messages.
    pub async fn run(self) {
        let (mut session, mut left) = (None, None);
        loop {
            let next = match left.take() {
                Some(message) => self.consider(message).await,
                None => self.next(session.is_some()).await,
            };
            match next {
                Next::Message(message) => (session, left) = self.send(session, message).await,
                Next::Back(message) => aftermath::give_back(&self.app, &message.built.job).await,
                Next::Idle => quit(session.take()).await,
                Next::End => break,
            }
        }
        quit(session).await;
    }

    /// Waits for a message that this seat may take. While no relay takes mail, what was made goes back: it may be
    /// paused, left or held meanwhile, and nobody waits for it.
    async fn next(&self, connected: bool) -> Next {
        loop {
            let changed = self.relays.changed.notified();
            let now = self.app.clock.now().wall;
            let mine = self.may_take();
            let sitting = mine.then(|| self.relays.sit(self.relay));
            let nobodys = self.relays.ready_connections(now) == 0;
            let take = async { self.built.lock().await.recv().await };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Next::End,
                () = changed => {}
                message = take, if mine || nobodys => {
                    drop(sitting);
                    let Some((built, place)) = message else { return Next::End };
                    return self.consider(Message { built: Box::new(built), place }).await;
                }
                () = tokio::time::sleep(self.relays.until_probe(now)), if !mine => {}
                () = tokio::time::sleep(IDLE), if connected => return Next::Idle,
            }
        }
    }

    /// Whether this seat may offer a message: waits until its place in the relay's rate has come.
    async fn consider(&self, mut message: Message) -> Next {
        if !self.may_take() {
            return Next::Back(message);
        }
        let now = self.app.clock.now().wall;
        let Some(at) = message.place.ticket.admit(self.relay, now) else { return Next::Back(message) };
        let ahead = Duration::try_from(now.duration_until(at)).unwrap_or_default();
        if !ahead.is_zero() {
            tokio::select! { () = tokio::time::sleep(ahead) => {}, () = self.stop.cancelled() => {} }
        }
        if self.stop.is_cancelled() { Next::Back(message) } else { Next::Message(message) }
    }

    fn may_take(&self) -> bool {
        self.relays.may_take(self.relay, self.seat, self.app.clock.now().wall)
    }

    /// A message that needn't be waited for, if it may be offered at once; else it comes later.
    fn next_at_once(&self) -> Behind {
        let nothing = Behind { next: None, later: None };
        if self.stop.is_cancelled() || !self.may_take() {
            return nothing;
        }
        // Whoever holds the lock waits for the next one that is made: there is none now.
        let taken = self.built.try_lock().ok().and_then(|mut built| built.try_recv().ok());
        let Some((built, place)) = taken else { return nothing };
        let mut message = Message { built: Box::new(built), place };
        let now = self.app.clock.now().wall;
        match message.place.ticket.admit(self.relay, now) {
            Some(at) if at <= now => Behind { next: Some(message), later: None },
            Some(_) | None => Behind { next: None, later: Some(message) },
        }
    }

    /// Sends a message, and those that are ready behind it. Returns the session if it can be used again, and a message
    /// for which it couldn't.
    async fn send(&self, session: Option<Session>, mut message: Message) -> (Option<Session>, Option<Message>) {
        // A relay that is silent before the dot holds up no stop: nothing of this message is on the wire.
        let opened = tokio::select! {
            opened = self.session(session) => opened,
            () = self.stop.cancelled() => {
                aftermath::give_back(&self.app, &message.built.job).await;
                return (None, None);
            }
        };
        let mut session = match opened {
            Ok(session) => session,
            Err(broken) => {
                self.hand_in(&mut message, Heard::lost(broken, Verdict::Relay), false, None).await;
                return (None, None);
            }
        };
        let left = self.carry(&mut session, message).await;
        if session.is_usable() && !session.wants_rotation() {
            return (Some(session), left);
        }
        session.quit().await;
        (None, left)
    }

    async fn session(&self, session: Option<Session>) -> Result<Session, Broken> {
        match session.filter(Session::is_usable) {
            Some(session) => Ok(session),
            None => self.relays.connector(self.relay).open().await,
        }
    }

    /// Sends a message and those behind it, as long as the session goes on and there are any. Returns one that was taken
    /// and not offered.
    async fn carry(&self, session: &mut Session, mut message: Message) -> Option<Message> {
        let envelope = envelope(&message);
        let mut offer = tokio::select! {
            offer = session.offer(&envelope) => offer,
            () = self.stop.cancelled() => {
                aftermath::give_back(&self.app, &message.built.job).await;
                return None;
            }
        };
        // The first message's intent is asked for when the relay waits for its body.
        let mut granted = None;
        loop {
            let offered = match answer(offer) {
                Ok(offered) => offered,
                Err(refused) => {
                    self.hand_in(&mut message, refused, granted.unwrap_or(false), None).await;
                    return None;
                }
            };
            let may_go = match granted {
                Some(granted) => granted,
                None => !self.stop.is_cancelled() && self.ledger.intent(message.built.intent.clone()).await,
            };
            if !may_go || self.stop.is_cancelled() {
                offered.withdraw();
                self.take_back(&message, may_go).await;
                return None;
            }
            let Behind { next, later } = self.next_at_once();
            let behind = next.as_ref().map(self::envelope);
            let (outcome, proposed) = offered.body_before(&message.built.bytes, behind.as_ref()).await;
            let heard = heard(outcome);
            match (proposed, next) {
                (Some(proposed), Some(next)) => {
                    let intent = Some(next.built.intent.clone());
                    let stored = self.hand_in(&mut message, heard, true, intent);
                    let (leave, answered) = tokio::join!(stored, proposed.heard());
                    (message, offer, granted) = (next, answered, Some(leave));
                }
                (_, next) => {
                    self.hand_in(&mut message, heard, true, None).await;
                    return next.or(later);
                }
            }
        }
    }

    /// Nothing of this message was written but its envelope.
    async fn take_back(&self, message: &Message, may_go: bool) {
        match may_go {
            true => self.ledger.record(aftermath::taken_back(&self.app, &message.built)).await,
            false => aftermath::give_back(&self.app, &message.built.job).await,
        }
    }

    /// Charges what was heard to the relay, the sender or the message, and has it stored; together with the intent of the
    /// next message, about which it returns whether that may be sent.
    async fn hand_in(&self, message: &mut Message, mut heard: Heard, on_the_wire: bool, next: Option<Intent>) -> bool {
        let now = self.app.clock.now();
        let Message { built, place } = message;
        if heard.verdict == Verdict::ContentRefused && heard.is_policy() && self.relays.is_suspicious(self.relay) {
            heard.verdict = Verdict::Sender;
        }
        if heard.verdict == Verdict::Throttled && !heard.phase.is_about_the_message() {
            // Too many connections: not this message's domain, and nothing that would close a breaker.
            heard.verdict = Verdict::Relay;
        }
        if heard.verdict == Verdict::AddressRefused && self.app.settings.redirect_to.is_some() {
            // The address of the rehearsal was refused, and no reader's.
            heard.verdict = Verdict::Configuration;
        }
        if heard.verdict == Verdict::Throttled {
            // Before the recipient is named it's about all that we send there.
            heard.again = Some(place.ticket.too_fast(now.wall, heard.phase == Phase::Mail));
        }
        if heard.verdict == Verdict::Accepted {
            place.ticket.accepted(now.wall);
        }
        match heard.verdict {
            Verdict::Accepted | Verdict::Throttled | Verdict::Retry => self.relay_works(heard.verdict).await,
            Verdict::AddressRefused | Verdict::AddressSoft => self.relay_works(heard.verdict).await,
            Verdict::AddressNotCarried | Verdict::ContentRefused => self.relay_works(heard.verdict).await,
            Verdict::Configuration | Verdict::Sender => self.trouble(&heard, true).await,
            Verdict::Relay => self.trouble(&heard, false).await,
            Verdict::InDoubt => self.relays.trouble(self.relay, now.wall, false),
            Verdict::NotSent if aftermath::is_third_loss(built) => self.relays.trouble(self.relay, now.wall, false),
            Verdict::NotSent => {}
        }
        let label = self.relays.connector(self.relay).label().to_string();
        // An edit waits until what was computed from the courses is stored.
        let shelf = self.app.shelf.read().await;
        if !Arc::ptr_eq(&shelf, &built.job.shelf) {
            self.follow_edit(built).await;
        }
        if heard.verdict == Verdict::AddressSoft {
            heard.times_full = self.times_full(built).await;
        }
        let record = aftermath::record(&self.app, &shelf, built, &heard, on_the_wire, &label);
        let granted = match next {
            Some(next) => self.ledger.turn(record, next).await,
            None => {
                self.ledger.record(record).await;
                false
            }
        };
        drop(shelf);
        aftermath::after_the_record(&self.app, built, &heard).await;
        granted
    }

    /// When that can't be read the mailbox counts as full for the first time: it is asked once more than it need be.
    async fn times_full(&self, built: &Built) -> i64 {
        let times = async { report::times_full(&mut *self.app.store.read().await?, built.job.delivery.id).await };
        times.await.unwrap_or_else(|error| {
            tracing::error!(%error, "can't read how often a mailbox was full");
            0
        })
    }

    /// The courses were edited since the claim, and where the person stands with them: the record begins from there.
    async fn follow_edit(&self, built: &mut Built) {
        while let Some(known) = &built.job.enrolment {
            let edited = async { enrolments::by_id(&mut *self.app.store.read().await?, known.id).await };
            match edited.await {
                Ok(edited) => {
                    built.job.enrolment = edited.or(built.job.enrolment.take());
                    return;
                }
                Err(error) => tracing::error!(%error, "can't read where a person stands after an edit; trying again"),
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// It answered about a message: whatever it said, it does its work.
    async fn relay_works(&self, verdict: Verdict) {
        aftermath::relay_works(&self.app, &self.relays, self.relay, verdict == Verdict::Accepted).await;
    }

    async fn trouble(&self, heard: &Heard, hard: bool) {
        self.relays.trouble(self.relay, self.app.clock.now().wall, hard);
        let label = self.relays.connector(self.relay).label().to_string();
        tracing::warn!(
            relay = label,
            phase = heard.phase.as_str(),
            code = heard.code(),
            why = heard.why,
            "the relay doesn't take our mail"
        );
        let is_open = self.relays.states(self.app.clock.now().wall)[self.relay].state != "closed";
        // A 5yz before MAIL says that it won't serve us, which time alone seldom changes.
        if hard || is_open && heard.code() >= 500 {
            let text = heard.alarm(&label);
            self.app.raise(&format!("relay/{label}"), &text).await;
        }
    }
}

/// What there is behind a message: one that may go with it, or one that has to wait.
struct Behind {
    next: Option<Message>,
    later: Option<Message>,
}

enum Next {
    Message(Message),
    /// Not for this seat now.
    Back(Message),
    Idle,
    End,
}

fn envelope(message: &Message) -> Envelope {
    let built = &message.built;
    Envelope::new(built.from.clone(), built.to.clone(), &built.bytes)
}

/// The relay waits for the body, or why it doesn't.
fn answer(offer: Offer<'_>) -> Result<Offered<'_>, Heard> {
    match offer {
        Offer::Ready(offered) => Ok(offered),
        Offer::Said(phase, reply) => Err(Heard::said(phase, verdict(phase, &reply), reply)),
        Offer::Lost(broken) => Err(Heard::lost(broken, Verdict::NotSent)),
    }
}

fn heard(outcome: Outcome) -> Heard {
    match outcome {
        Outcome::Said(reply) => Heard::said(Phase::Dot, verdict(Phase::Dot, &reply), reply),
        Outcome::NotSent(detail) => Heard::silence(Phase::Dot, Verdict::NotSent, detail),
        Outcome::InDoubt(detail) => Heard::silence(Phase::Dot, Verdict::InDoubt, detail),
    }
}

async fn quit(session: Option<Session>) {
    if let Some(session) = session {
        session.quit().await;
    }
}
