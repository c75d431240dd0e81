//! Envelopes and bodies over one open connection, one mail at a time, each ending with what surely happened. Knows no row.

use crate::outcome::Phase;
use crate::outcome::Reply;
use crate::relay::body;
use crate::relay::commands;
use crate::relay::commands::Envelope;
use crate::relay::commands::Lines;
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
    /// From 354 to the whole reply after the dot: nothing but a body may be written, and no RSET helps.
    in_data: bool,
    offered: u32,
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
        Session { wire, capabilities, timeouts, in_data: false, offered: 0 }
    }

    /// MAIL, RCPT and DATA. A mail larger than the relay takes is refused here, in the relay's place (RFC 1870 §6.1).
    /// Cancelling this closes the session.
    pub async fn offer(&mut self, envelope: &Envelope) -> Offer<'_> {
        match self.propose(envelope).await {
            Ok(()) => {
                self.in_data = true;
                Offer::Ready(Offered { session: self })
            }
            Err(Refused::Said(phase, reply)) => Offer::Said(phase, reply),
            Err(Refused::Lost(broken)) => Offer::Lost(broken),
        }
    }

    /// In step with the relay, as far as can be known without asking.
    pub fn is_usable(&self) -> bool {
        self.wire.is_open() && !self.in_data
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
        let Lines { mail, rcpt } =
            commands::lines(envelope, &self.capabilities).map_err(|(at, reply)| Refused::Said(at, reply))?;
        self.offered += 1;
        self.stay_in_step().await?;
        let timeouts = self.timeouts;
        self.step(Phase::Mail, &mail, timeouts.mail, 2).await?;
        self.step(Phase::Rcpt, &rcpt, timeouts.rcpt, 2).await?;
        self.step(Phase::Data, &Data.to_string(), timeouts.data, 3).await
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
                self.after_refusal(&reply).await;
                Err(Refused::Said(phase, reply))
            }
            _ => {
                self.wire.close();
                Err(Refused::Lost(Broken::said(phase, reply, "the reply makes no sense here")))
            }
        }
    }

    async fn after_refusal(&mut self, reply: &Reply) {
        if reply.code == 421 {
            return self.wire.close();
        }
        let reset = self.wire.exchange(Phase::Mail, &Rset.to_string(), self.timeouts.reset).await;
        if !reset.is_ok_and(|heard| heard.reply.class() == 2) {
            self.wire.close();
        }
    }
}

impl Offered<'_> {
    /// Sends the body, whose lines end by CRLF, and waits for the reply. Bytes that no relay may see (bare CR or LF,
    /// 8-bit, NUL, lines over 998 bytes) are refused in the relay's place, before anything is written.
    /// Cancelling this closes the session, and then the mail is in doubt.
    pub async fn body(self, bytes: &[u8]) -> Outcome {
        let stuffed = match body::stuff(bytes) {
            Ok(stuffed) => stuffed,
            Err(unfit) => return Outcome::Said(unfit_reply(unfit)),
        };
        let timeouts = self.session.timeouts;
        if let Err(why) = self.session.wire.hand_over(&stuffed.content, BLOCK_BYTES, timeouts.block).await {
            return self.not_sent(why).await;
        }
        // What is said before the end of the body is no reply to it, however good it sounds.
        match self.session.wire.unasked().await {
            Ok(None) => {}
            Ok(Some(heard)) => return before_the_end(heard),
            Err(why) => return Outcome::NotSent(why),
        }
        match self.session.wire.hand_over_terminator(stuffed.terminator, timeouts.block).await {
            Handed::Whole => self.verdict(timeouts.dot).await,
            // Nothing more is asked of this wire: under TLS even reading may push out what was held back.
            Handed::NotWhole(why) => Outcome::NotSent(why),
            Handed::Unsure(why) => Outcome::InDoubt(why),
        }
    }

    /// Takes the envelope back: closes the connection without the dot, so that the relay forgets the mail (RFC 5321 §4.1.1.4).
    pub fn withdraw(self) {}

    async fn verdict(self, limit: Duration) -> Outcome {
        let reply = match self.session.wire.listen(limit).await {
            Ok(heard) => heard.reply,
            Err(why) => return Outcome::InDoubt(why),
        };
        if !matches!(reply.class(), 2 | 4 | 5) {
            return Outcome::InDoubt(format!("the reply to the final dot makes no sense ({})", reply.code));
        }
        if reply.code != 421 {
            self.session.in_data = false;
        }
        Outcome::Said(reply)
    }

    /// A relay that closes in the middle of a body may have said why.
    async fn not_sent(self, why: String) -> Outcome {
        match self.session.wire.unasked().await {
            Ok(Some(heard)) => before_the_end(heard),
            Ok(None) | Err(_) => Outcome::NotSent(why),
        }
    }
}

impl Drop for Offered<'_> {
    fn drop(&mut self) {
        if self.session.in_data {
            self.session.wire.close();
        }
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
