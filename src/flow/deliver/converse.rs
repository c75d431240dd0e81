//! One session's work: takes a built message, offers it, waits for the intent, sends the body, hands in the outcome.

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
use crate::relay::Envelope;
use crate::relay::Offer;
use crate::relay::Outcome;
use crate::relay::Session;
use crate::store::enrolments;
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

impl Worker {
    /// Works until the line is stopped or has no more messages.
    pub async fn run(self) {
        let mut session = None;
        loop {
            match self.next(session.is_some()).await {
                Next::Message(mut built, place) => {
                    session = self.send(session, &mut built).await;
                    drop(place);
                }
                Next::Back(built, place) => {
                    aftermath::give_back(&self.app, &built.job).await;
                    drop(place);
                }
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
            let mine = self.relays.may_take(self.relay, self.seat, now);
            let nobodys = self.relays.ready_connections(now) == 0;
            let take = async { self.built.lock().await.recv().await };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Next::End,
                () = changed => {}
                message = take, if mine || nobodys => {
                    let Some((built, place)) = message else { return Next::End };
                    let may_take = self.relays.may_take(self.relay, self.seat, self.app.clock.now().wall);
                    let built = Box::new(built);
                    return if may_take { Next::Message(built, place) } else { Next::Back(built, place) };
                }
                () = tokio::time::sleep(self.relays.until_probe(now)), if !mine => {}
                () = tokio::time::sleep(IDLE), if connected => return Next::Idle,
            }
        }
    }

    /// Sends one message. Returns the session if it can be used again.
    async fn send(&self, session: Option<Session>, built: &mut Built) -> Option<Session> {
        // A relay that is silent before the dot holds up no stop: nothing of this message is on the wire.
        let opened = tokio::select! {
            opened = self.session(session) => opened,
            () = self.stop.cancelled() => {
                aftermath::give_back(&self.app, &built.job).await;
                return None;
            }
        };
        let mut session = match opened {
            Ok(session) => session,
            Err(broken) => {
                let heard = match broken.reply {
                    Some(reply) => Heard::said(broken.phase, verdict(broken.phase, &reply), reply),
                    None => Heard::silence(broken.phase, Verdict::Relay, broken.detail),
                };
                self.hand_in(built, heard, false).await;
                return None;
            }
        };
        let (heard, on_the_wire) = self.converse(&mut session, built).await;
        if let Some(heard) = heard {
            self.hand_in(built, heard, on_the_wire).await;
        } else {
            aftermath::give_back(&self.app, &built.job).await;
        }
        if session.is_usable() && !session.wants_rotation() {
            return Some(session);
        }
        session.quit().await;
        None
    }

    async fn session(&self, session: Option<Session>) -> Result<Session, crate::relay::Broken> {
        match session.filter(Session::is_usable) {
            Some(session) => Ok(session),
            None => self.relays.connector(self.relay).open().await,
        }
    }

    /// What was heard (`None`: we took the envelope back), and whether the intent was stored before.
    async fn converse(&self, session: &mut Session, built: &Built) -> (Option<Heard>, bool) {
        let envelope = Envelope { from: built.from.clone(), to: built.to.clone(), size: built.bytes.len() };
        let offer = tokio::select! {
            offer = session.offer(&envelope) => offer,
            () = self.stop.cancelled() => return (None, false),
        };
        let offered = match offer {
            Offer::Ready(offered) => offered,
            Offer::Said(phase, reply) => return (Some(Heard::said(phase, verdict(phase, &reply), reply)), false),
            Offer::Lost(broken) => {
                let heard = match broken.reply {
                    Some(reply) => Heard::said(broken.phase, verdict(broken.phase, &reply), reply),
                    None => Heard::silence(broken.phase, Verdict::NotSent, broken.detail),
                };
                return (Some(heard), false);
            }
        };
        if self.stop.is_cancelled() || !self.ledger.intent(built.intent.clone()).await {
            offered.withdraw();
            return (None, false);
        }
        let heard = match offered.body(&built.bytes).await {
            Outcome::Said(reply) => Heard::said(Phase::Dot, verdict(Phase::Dot, &reply), reply),
            Outcome::NotSent(detail) => Heard::silence(Phase::Dot, Verdict::NotSent, detail),
            Outcome::InDoubt(detail) => Heard::silence(Phase::Dot, Verdict::InDoubt, detail),
        };
        (Some(heard), true)
    }

    /// Charges what was heard to the relay, the sender or the message, and has it stored.
    async fn hand_in(&self, built: &mut Built, mut heard: Heard, on_the_wire: bool) {
        let now = self.app.clock.now();
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
        match heard.verdict {
            Verdict::Accepted | Verdict::Throttled | Verdict::Retry => self.relay_works(heard.verdict).await,
            Verdict::AddressRefused | Verdict::AddressSoft | Verdict::ContentRefused => {
                self.relay_works(heard.verdict).await
            }
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
        self.ledger.record(aftermath::record(&self.app, &shelf, built, &heard, on_the_wire, &label)).await;
        drop(shelf);
        aftermath::after_the_record(&self.app, built, &heard).await;
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
        let now = self.app.clock.now().wall;
        let outage = self.relays.outage(self.relay, now);
        if let Some(outage) = outage {
            // First the time that was lost is given back, then waiting counts again.
            aftermath::outage_over(&self.app, outage).await;
        }
        self.relays.success(self.relay, now, verdict == Verdict::Accepted);
        if outage.is_some() {
            let label = self.relays.connector(self.relay).label();
            self.app.lower(&format!("relay/{label}")).await;
        }
    }

    async fn trouble(&self, heard: &Heard, hard: bool) {
        self.relays.trouble(self.relay, self.app.clock.now().wall, hard);
        let label = self.relays.connector(self.relay).label().to_string();
        tracing::warn!(
            relay = label,
            phase = heard.phase.as_str(),
            code = heard.code(),
            "the relay doesn't take our mail"
        );
        if hard {
            // The relay's words may name a reader, and alarms are logged.
            let text = format!(
                "{label} refuses us at {} with {}; nothing is lost, it is tried every 10 minutes; `dripline why` of a \
                 waiting reader shows its words",
                heard.phase.as_str(),
                heard.code(),
            );
            self.app.raise(&format!("relay/{label}"), &text).await;
        }
    }
}

enum Next {
    Message(Box<Built>, Place),
    /// Not for this seat, and for no other.
    Back(Box<Built>, Place),
    Idle,
    End,
}

async fn quit(session: Option<Session>) {
    if let Some(session) = session {
        session.quit().await;
    }
}
