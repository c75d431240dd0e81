//! Envelopes and bodies over one open connection, each ending with what surely happened. Where the relay offers PIPELINING
//! (RFC 2920) an envelope is one write, and travels behind the body before it. Knows no row.

use crate::outcome::Phase;
use crate::outcome::Reply;
use crate::relay::body;
use crate::relay::commands;
use crate::relay::commands::Envelope;
use crate::relay::connector::Capabilities;
use crate::relay::reply::Heard;
use crate::relay::settings::Timeouts;
use crate::relay::wire::Broken;
use crate::relay::wire::Handed;
use crate::relay::wire::Wire;
use lettre::transport::smtp::commands::Data;
use lettre::transport::smtp::commands::Quit;
use lettre::transport::smtp::commands::Rset;
use std::time::Duration;

/// Envelopes offered before a session should be replaced: relays dislike long ones.
pub const MESSAGES: u32 = 100;

const BLOCK_BYTES: usize = 64 * 1024;

/// One connection to the relay, logged in.
pub struct Session {
    wire: Wire,
    capabilities: Capabilities,
    timeouts: Timeouts,
    turn: Turn,
    offered: u32,
}

/// Who may write what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// We may, any command.
    Ours,
    /// An envelope was written and its replies weren't all read.
    Proposed,
    /// From 354 to the whole reply after the dot: nothing but a body may be written, and no RSET helps.
    Body,
}

/// What became of an envelope.
pub enum Offer<'s> {
    /// The relay waits for the body (354).
    Ready(Offered<'s>),
    /// It refused. The session can be used again unless it said 421.
    Said(Phase, Reply),
    /// The session ended; the mail surely wasn't handed over.
    Lost(Broken),
}

/// An envelope that the relay took. Dropping it closes the session.
pub struct Offered<'s> {
    hold: Hold<'s>,
}

/// An envelope that was written behind a body, and wasn't answered yet. Dropping it closes the session.
pub struct Proposed<'s> {
    hold: Hold<'s>,
}

/// A session in the middle of something: it is closed unless that comes to its end.
struct Hold<'s> {
    session: &'s mut Session,
}

/// What became of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The relay answered: 2yz means accepted, 4yz and 5yz refused.
    Said(Reply),
    /// The end of the body surely didn't leave this machine.
    NotSent(String),
    /// The end of the body left, and no usable reply came.
    InDoubt(String),
}

enum Refused {
    Said(Phase, Reply),
    Lost(Broken),
}

impl Session {
    pub(in crate::relay) fn new(wire: Wire, capabilities: Capabilities, timeouts: Timeouts) -> Session {
        Session { wire, capabilities, timeouts, turn: Turn::Ours, offered: 0 }
    }

    /// MAIL, RCPT and DATA. A mail larger than the relay takes is refused here, in the relay's place (RFC 1870 §6.1).
    /// Cancelling this closes the session.
    pub async fn offer(&mut self, envelope: &Envelope) -> Offer<'_> {
        let hold = Hold { session: self };
        let answered = hold.session.propose(envelope).await;
        hold.offer(answered)
    }

    /// In step with the relay, as far as can be known without asking.
    pub fn is_usable(&self) -> bool {
        self.wire.is_open() && self.turn == Turn::Ours
    }

    /// Has carried enough: say goodbye and open another one.
    pub fn wants_rotation(&self) -> bool {
        self.offered >= MESSAGES
    }

    /// Says goodbye, without waiting long for the answer. A session out of step is only closed.
    pub async fn quit(self) {
        if self.is_usable() {
            self.wire.farewell(&Quit.to_string(), self.timeouts.quit).await;
        }
    }

    async fn propose(&mut self, envelope: &Envelope) -> Result<(), Refused> {
        if !self.is_usable() {
            return Err(Refused::Lost(Broken::new(Phase::Mail, "the session is closed")));
        }
        // First: a relay that has gone refuses nothing, and the one that comes back may offer more.
        self.stay_in_step().await?;
        let lines = commands::lines(envelope, &self.capabilities).map_err(|(at, reply)| Refused::Said(at, reply))?;
        self.offered += 1;
        if self.capabilities.pipelining {
            self.turn = Turn::Proposed;
            let written = self.wire.hand_over(lines.group().as_bytes(), BLOCK_BYTES, self.timeouts.block).await;
            written.map_err(|why| Refused::Lost(self.broken(Phase::Mail, why)))?;
            return self.hear().await;
        }
        let timeouts = self.timeouts;
        self.step(Phase::Mail, &lines.mail, timeouts.mail, 2).await?;
        self.step(Phase::Rcpt, &lines.rcpt, timeouts.rcpt, 2).await?;
        self.step(Phase::Data, &Data.to_string(), timeouts.data, 3).await
    }

    /// Reads the replies to an envelope that was written at once. The first refusal counts, but each reply is read: they
    /// come in order, whatever the ones before them said (RFC 2920 §3.1).
    async fn hear(&mut self) -> Result<(), Refused> {
        let timeouts = self.timeouts;
        let mut refused = None;
        for (phase, limit, wanted) in
            [(Phase::Mail, timeouts.mail, 2), (Phase::Rcpt, timeouts.rcpt, 2), (Phase::Data, timeouts.data, 3)]
        {
            let reply = match self.wire.listen(limit).await {
                Ok(heard) => heard.reply,
                Err(why) => return Err(refused.unwrap_or_else(|| Refused::Lost(self.broken(phase, why)))),
            };
            match reply.class() {
                3 if phase == Phase::Data && refused.is_some() => self.take_back().await,
                class if class == wanted => {}
                4 | 5 => {
                    if reply.code == 421 {
                        self.wire.close();
                    }
                    refused.get_or_insert(Refused::Said(phase, reply));
                }
                _ => {
                    self.wire.close();
                    let broken = Broken::said(phase, reply, "the reply makes no sense here");
                    return Err(refused.unwrap_or(Refused::Lost(broken)));
                }
            }
            if !self.wire.is_open() {
                break;
            }
        }
        self.turn = Turn::Ours;
        let Some(refused) = refused else { return Ok(()) };
        self.reset().await;
        Err(refused)
    }

    /// The relay asks for a body although it refused the envelope: it gets a lone dot, never the mail (RFC 2920 §3.1).
    async fn take_back(&mut self) {
        let answered = self.wire.exchange(Phase::Dot, ".\r\n", self.timeouts.reset).await;
        if !answered.is_ok_and(|heard| matches!(heard.reply.class(), 2 | 4 | 5) && heard.reply.code != 421) {
            self.wire.close();
        }
    }

    fn broken(&mut self, phase: Phase, why: String) -> Broken {
        self.wire.close();
        Broken::new(phase, why)
    }

    /// Whatever waits to be read before MAIL is no reply to it: a goodbye to an idle session, or a reply too many.
    async fn stay_in_step(&mut self) -> Result<(), Refused> {
        let broken = match self.wire.unasked().await {
            Ok(None) => return Ok(()),
            Ok(Some(heard)) => Broken::said(Phase::Mail, heard.reply, "the relay spoke before it was asked"),
            Err(why) => Broken::new(Phase::Mail, why),
        };
        self.wire.close();
        Err(Refused::Lost(broken))
    }

    async fn step(&mut self, phase: Phase, command: &str, limit: Duration, wanted: u16) -> Result<(), Refused> {
        let reply = self.wire.exchange(phase, command, limit).await.map_err(Refused::Lost)?.reply;
        match reply.class() {
            class if class == wanted => Ok(()),
            4 | 5 => {
                if reply.code == 421 {
                    self.wire.close();
                }
                self.reset().await;
                Err(Refused::Said(phase, reply))
            }
            _ => {
                self.wire.close();
                Err(Refused::Lost(Broken::said(phase, reply, "the reply makes no sense here")))
            }
        }
    }

    /// After a refusal, so that the next envelope begins afresh.
    async fn reset(&mut self) {
        if !self.wire.is_open() {
            return;
        }
        let reset = self.wire.exchange(Phase::Mail, &Rset.to_string(), self.timeouts.reset).await;
        if !reset.is_ok_and(|heard| heard.reply.class() == 2) {
            self.wire.close();
        }
    }
}

impl<'s> Offered<'s> {
    /// Sends the body, whose lines end by CRLF, and waits for the reply. Bytes that no relay may see (bare CR or LF,
    /// 8-bit, NUL, lines over 998 bytes) are refused in the relay's place, before anything is written.
    /// Cancelling this closes the session, and then the mail is in doubt.
    pub async fn body(self, bytes: &[u8]) -> Outcome {
        self.body_before(bytes, None).await.0
    }

    /// As [`Offered::body`], with the next envelope behind the body: then its replies are to be heard next. It isn't
    /// written, and there is nothing to hear, where the relay doesn't offer PIPELINING, where we refuse the envelope
    /// ourselves, where the session has carried enough, and where the body ended it.
    pub async fn body_before(self, bytes: &[u8], next: Option<&Envelope>) -> (Outcome, Option<Proposed<'s>>) {
        let stuffed = match body::stuff(bytes) {
            Ok(stuffed) => stuffed,
            Err(unfit) => return (Outcome::Said(unfit_reply(unfit)), None),
        };
        let timeouts = self.hold.session.timeouts;
        if let Err(why) = self.hold.session.wire.hand_over(&stuffed.content, BLOCK_BYTES, timeouts.block).await {
            return (self.not_sent(why).await, None);
        }
        // What is said before the end of the body is no reply to it, however good it sounds.
        match self.hold.session.wire.unasked().await {
            Ok(None) => {}
            Ok(Some(heard)) => return (before_the_end(heard), None),
            Err(why) => return (Outcome::NotSent(why), None),
        }
        match self.hold.session.wire.hand_over_terminator(stuffed.terminator, timeouts.block).await {
            Handed::Whole => self.verdict(next).await,
            // Nothing more is asked of this wire: under TLS even reading may push out what was held back.
            Handed::NotWhole(why) => (Outcome::NotSent(why), None),
            Handed::Unsure(why) => (Outcome::InDoubt(why), None),
        }
    }

    /// Takes the envelope back: closes the connection without the dot, so that the relay forgets the mail (RFC 5321 §4.1.1.4).
    pub fn withdraw(self) {}

    async fn verdict(mut self, next: Option<&Envelope>) -> (Outcome, Option<Proposed<'s>>) {
        let written = self.write_behind(next).await;
        let reply = match self.hold.session.wire.listen(self.hold.session.timeouts.dot).await {
            Ok(heard) => heard.reply,
            Err(why) => return (Outcome::InDoubt(why), None),
        };
        if !matches!(reply.class(), 2 | 4 | 5) {
            return (Outcome::InDoubt(format!("the reply to the final dot makes no sense ({})", reply.code)), None);
        }
        if reply.code == 421 {
            return (Outcome::Said(reply), None);
        }
        match written {
            Ok(false) => {
                self.hold.session.turn = Turn::Ours;
                (Outcome::Said(reply), None)
            }
            Ok(true) => {
                self.hold.session.turn = Turn::Proposed;
                (Outcome::Said(reply), Some(Proposed { hold: self.hold }))
            }
            // The relay answered this body; the next envelope is for another session.
            Err(_) => (Outcome::Said(reply), None),
        }
    }

    /// Whether the next envelope was written.
    async fn write_behind(&mut self, next: Option<&Envelope>) -> Result<bool, String> {
        let session = &mut *self.hold.session;
        let Some(next) = next.filter(|_| session.capabilities.pipelining && !session.wants_rotation()) else {
            return Ok(false);
        };
        let Ok(lines) = commands::lines(next, &session.capabilities) else { return Ok(false) };
        session.offered += 1;
        let written = session.wire.hand_over(lines.group().as_bytes(), BLOCK_BYTES, session.timeouts.block).await;
        written.map(|()| true)
    }

    /// A relay that closes in the middle of a body may have said why.
    async fn not_sent(self, why: String) -> Outcome {
        match self.hold.session.wire.unasked().await {
            Ok(Some(heard)) => before_the_end(heard),
            Ok(None) | Err(_) => Outcome::NotSent(why),
        }
    }
}

impl<'s> Hold<'s> {
    fn offer(self, answered: Result<(), Refused>) -> Offer<'s> {
        match answered {
            Ok(()) => {
                self.session.turn = Turn::Body;
                Offer::Ready(Offered { hold: self })
            }
            Err(Refused::Said(phase, reply)) => Offer::Said(phase, reply),
            Err(Refused::Lost(broken)) => Offer::Lost(broken),
        }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if self.session.turn != Turn::Ours {
            self.session.wire.close();
        }
    }
}

impl<'s> Proposed<'s> {
    /// What the relay says to the envelope. Cancelling this closes the session.
    pub async fn heard(self) -> Offer<'s> {
        let answered = self.hold.session.hear().await;
        self.hold.offer(answered)
    }
}

/// A refusal counts, for the mail wasn't handed over; anything else is noise, and the mail wasn't handed over either.
fn before_the_end(heard: Heard) -> Outcome {
    match heard.reply.class() {
        4 | 5 => Outcome::Said(heard.reply),
        _ => Outcome::NotSent("the relay spoke before the end of the body".to_string()),
    }
}

fn unfit_reply(unfit: body::Unfit) -> Reply {
    Reply::new(554, &format!("5.6.0 (our words, not the relay's) the message has {}", unfit.0))
}
