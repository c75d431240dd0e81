//! What a relay's reply in a phase of the conversation means for a mail: one table. Knows no wire, no row and no retry time.
//!
//! ```
//! use dripline::outcome::{Phase, Reply, Verdict, verdict};
//!
//! let reply = Reply::new(550, "5.1.1 no such user");
//! assert_eq!(reply.to_string(), "550 5.1.1 no such user");
//! assert_eq!(verdict(Phase::Rcpt, &reply), Verdict::AddressRefused);
//! ```

use std::fmt;

/// Longest reply text kept, in characters.
pub const TEXT_CHARACTERS: usize = 500;

/// A step of the SMTP conversation (RFC 5321 §3), named by what the relay had to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    Connect,
    Greeting,
    Ehlo,
    Tls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The final dot: the only phase in which a mail can be accepted.
    Dot,
}

/// An enhanced status code (RFC 3463 §2), as 5.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Enhanced {
    pub class: u8,
    pub subject: u16,
    pub detail: u16,
}

/// What a relay said. The text has no control characters and at most [`TEXT_CHARACTERS`]; it may name the recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub enhanced: Option<Enhanced>,
    /// Without the enhanced code, lines joined by a space.
    pub text: String,
}

/// What is to be done, and so whom the reply is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The relay took the mail over.
    Accepted,
    /// The relay's trouble: the mail isn't charged, the breaker is.
    Relay,
    /// Our account or our settings are wrong: nobody's mail fails, a human is called.
    Configuration,
    /// The relay refuses this sender, whoever the reader is.
    Sender,
    /// We are too fast for this group of domains.
    Throttled,
    /// Not now: try this mail again later.
    Retry,
    /// Nobody lives at this address.
    AddressRefused,
    /// The mailbox is full or switched off: tried a few times over days.
    AddressSoft,
    /// The address has letters that aren't carried all the way there: refused, and nobody is suppressed.
    AddressNotCarried,
    /// This mail is refused, the person isn't to blame.
    ContentRefused,
    /// The dot went out and no usable reply came back.
    InDoubt,
    /// Surely not handed over; never a relay's reply, known by the one who held the wire.
    NotSent,
}

/// The table of replies. It never answers [`Verdict::NotSent`], and [`Verdict::Accepted`] only at the dot.
/// Unknown second and third digits count by their class (RFC 5321 §4.3.2).
pub fn verdict(phase: Phase, reply: &Reply) -> Verdict {
    match phase {
        Phase::Connect | Phase::Greeting | Phase::Ehlo => at_the_relay(reply),
        // 5.7.5: the relay couldn't prove who it is (RFC 3463 §3.8).
        Phase::Tls if reply.class() == 5 && reply.is_enhanced(7, &[5]) => Verdict::Configuration,
        Phase::Tls => at_the_relay(reply),
        Phase::Auth => match reply.class() {
            5 => Verdict::Configuration,
            _ => at_the_relay(reply),
        },
        Phase::Mail => match reply.class() {
            5 if reply.is_too_large() || reply.is_bare(552) => Verdict::ContentRefused,
            5 if reply.is_not_carried() => Verdict::AddressNotCarried,
            5 => Verdict::Sender,
            _ => before_the_dot(reply),
        },
        Phase::Rcpt => match reply.class() {
            5 => at_the_recipient(reply),
            _ => before_the_dot(reply),
        },
        Phase::Data => match reply.class() {
            5 => about_the_content(reply),
            _ => before_the_dot(reply),
        },
        Phase::Dot => match reply.class() {
            2 => Verdict::Accepted,
            4 if reply.is_throttling() => Verdict::Throttled,
            4 => Verdict::Retry,
            5 => about_the_content(reply),
            _ => Verdict::InDoubt,
        },
    }
}

impl Phase {
    /// From MAIL on, what is said is about this message.
    pub fn is_about_the_message(self) -> bool {
        match self {
            Phase::Connect | Phase::Greeting | Phase::Ehlo | Phase::Tls | Phase::Auth => false,
            Phase::Mail | Phase::Rcpt | Phase::Data | Phase::Dot => true,
        }
    }

    /// The stable name, as it is stored, logged and written in a mailbox's script.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Connect => "connect",
            Phase::Greeting => "greeting",
            Phase::Ehlo => "ehlo",
            Phase::Tls => "tls",
            Phase::Auth => "auth",
            Phase::Mail => "mail",
            Phase::Rcpt => "rcpt",
            Phase::Data => "data",
            Phase::Dot => "dot",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Reply {
    /// A reply from its code and its text, the lines of which are separated by line breaks. An enhanced code at the
    /// start counts when its class is the code's (RFC 2034 §4); relays repeat it on every line.
    pub fn new(code: u16, text: &str) -> Reply {
        let enhanced = leading_enhanced(text).map(|(enhanced, _)| enhanced);
        let enhanced = enhanced.filter(|e| u16::from(e.class) == code / 100);
        let lines = text.lines().map(|line| match leading_enhanced(line) {
            Some((repeated, rest)) if Some(repeated) == enhanced => rest,
            Some(_) | None => line,
        });
        Reply { code, enhanced, text: clean(lines) }
    }

    /// The first digit; anything but 2 to 5 is no SMTP.
    pub fn class(&self) -> u16 {
        self.code / 100
    }

    fn is_enhanced(&self, subject: u16, details: &[u16]) -> bool {
        self.enhanced.is_some_and(|e| e.subject == subject && details.contains(&e.detail))
    }

    fn is_too_large(&self) -> bool {
        self.is_enhanced(3, &[4])
    }

    /// RFC 6531 §3.5: an address outside ASCII, which some server up to its mailbox doesn't know how to carry.
    fn is_not_carried(&self) -> bool {
        self.is_enhanced(6, &[7])
    }

    fn is_bare(&self, code: u16) -> bool {
        self.code == code && self.enhanced.is_none()
    }

    /// Speaks of speed: 4.7.x, or a 4yz of the old kind without an enhanced code, and says so in words.
    fn is_throttling(&self) -> bool {
        if self.class() != 4 || self.enhanced.is_some_and(|e| e.subject != 7) {
            return false;
        }
        let text = self.text.to_lowercase();
        let of_speed = |word: &str| {
            matches!(word, "rate" | "rates") || word.starts_with("throttl") || word.starts_with("ratelimit")
        };
        text.contains("too many") || text.split(|c: char| !c.is_alphanumeric()).any(of_speed)
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, " {}", self.text) }
    }
}

fn at_the_relay(reply: &Reply) -> Verdict {
    if reply.is_throttling() { Verdict::Throttled } else { Verdict::Relay }
}

/// MAIL, RCPT and DATA, when the reply is no refusal. A 421 closes the relay's session and blames nobody
/// (RFC 5321 §3.8); what is neither a refusal nor 4yz is no SMTP here.
fn before_the_dot(reply: &Reply) -> Verdict {
    if reply.class() == 4 && reply.code != 421 && !reply.is_throttling() {
        return Verdict::Retry;
    }
    at_the_relay(reply)
}

fn at_the_recipient(reply: &Reply) -> Verdict {
    // 5.1.7 and 5.1.8 stand among the addresses but speak of the sender's (RFC 3463 §3.2): no reader may pay for that.
    if reply.is_enhanced(1, &[7, 8]) {
        return Verdict::Sender;
    }
    let unknown = reply.enhanced.is_some_and(|e| e.subject == 1);
    if unknown || [550, 551, 553].iter().any(|code| reply.is_bare(*code)) {
        return Verdict::AddressRefused;
    }
    about_the_content(reply)
}

fn about_the_content(reply: &Reply) -> Verdict {
    if reply.is_enhanced(2, &[1, 2]) || (reply.code == 552 && !reply.is_too_large()) {
        return Verdict::AddressSoft;
    }
    if reply.is_not_carried() { Verdict::AddressNotCarried } else { Verdict::ContentRefused }
}

fn leading_enhanced(text: &str) -> Option<(Enhanced, &str)> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let mut parts = text[..end].split('.');
    let mut part = || parts.next().filter(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()));
    let (class, subject, detail) = (part()?.parse().ok()?, part()?.parse().ok()?, part()?.parse().ok()?);
    if parts.next().is_some() || !matches!(class, 2 | 4 | 5) {
        return None;
    }
    Some((Enhanced { class, subject, detail }, text[end..].trim_start()))
}

fn clean<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let joined = lines.collect::<Vec<_>>().join(" ");
    let printable: String =
        joined.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !c.is_control()).collect();
    let words = printable.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    words.chars().take(TEXT_CHARACTERS).collect::<String>().trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Phase; 9] = [
        Phase::Connect,
        Phase::Greeting,
        Phase::Ehlo,
        Phase::Tls,
        Phase::Auth,
        Phase::Mail,
        Phase::Rcpt,
        Phase::Data,
        Phase::Dot,
    ];

    #[test]
    fn every_row_of_the_table_has_its_verdict() {
        let check = |phases: &[Phase], code: u16, text: &str, expect: Verdict| {
            for phase in phases {
                assert_eq!(verdict(*phase, &Reply::new(code, text)), expect, "{phase} {code} {text}");
            }
        };
        let (relay, body) = (&ALL[..4], &ALL[7..]);
        let (mail, rcpt, dot) = (&[Phase::Mail][..], &[Phase::Rcpt][..], &[Phase::Dot][..]);

        check(relay, 554, "no SMTP service here", Verdict::Relay);
        check(relay, 421, "4.3.2 shutting down", Verdict::Relay);
        check(relay, 250, "what was that?", Verdict::Relay);
        check(relay, 421, "4.7.0 too many connections from you", Verdict::Throttled);

        check(&[Phase::Auth], 535, "5.7.8 wrong password", Verdict::Configuration);
        check(&[Phase::Auth], 534, "5.7.9 mechanism too weak", Verdict::Configuration);
        check(&[Phase::Auth], 454, "4.7.0 temporary authentication failure", Verdict::Relay);

        check(mail, 550, "5.7.1 sender not verified", Verdict::Sender);
        check(mail, 553, "", Verdict::Sender);
        check(mail, 552, "5.3.4 too large", Verdict::ContentRefused);
        check(mail, 552, "message size exceeds the maximum", Verdict::ContentRefused);

        check(&ALL[4..8], 421, "4.3.2 closing", Verdict::Relay);
        check(&ALL[4..], 454, "Throttling failure: maximum sending rate exceeded", Verdict::Throttled);
        check(&ALL[5..], 450, "4.7.1 rate-limited, slow down", Verdict::Throttled);
        check(&ALL[5..8], 421, "4.7.28 Too many messages", Verdict::Throttled);
        check(&ALL[5..], 450, "4.2.1 receiving mail at a rate that prevents delivery", Verdict::Retry);
        check(&ALL[5..], 450, "4.7.1 a separate moderator decides", Verdict::Retry);

        check(&ALL[5..], 451, "4.7.1 greylisted", Verdict::Retry);
        check(&ALL[5..], 452, "4.2.2 mailbox full", Verdict::Retry);
        check(&ALL[5..], 499, "never seen before", Verdict::Retry);
        check(dot, 421, "4.3.2 closing", Verdict::Retry);

        check(rcpt, 550, "5.1.1 no such user", Verdict::AddressRefused);
        check(rcpt, 556, "5.1.10 null MX", Verdict::AddressRefused);
        check(rcpt, 550, "unknown", Verdict::AddressRefused);
        check(rcpt, 551, "moved", Verdict::AddressRefused);
        check(rcpt, 553, "4.1.1 of another class is ignored", Verdict::AddressRefused);
        check(rcpt, 550, "5.1.8 sender's domain not found", Verdict::Sender);

        check(&ALL[6..], 550, "5.2.1 disabled", Verdict::AddressSoft);
        check(&ALL[6..], 554, "5.2.2 full", Verdict::AddressSoft);
        check(&ALL[6..], 552, "quota", Verdict::AddressSoft);

        check(&ALL[6..], 552, "5.3.4 too large", Verdict::ContentRefused);
        check(&ALL[6..], 554, "5.7.1 spam", Verdict::ContentRefused);
        check(&ALL[6..], 550, "5.7.1 not from you", Verdict::ContentRefused);
        check(rcpt, 554, "no", Verdict::ContentRefused);
        check(body, 550, "no such user", Verdict::ContentRefused);
        check(body, 554, "5.6.0 bad MIME", Verdict::ContentRefused);
        check(body, 599, "", Verdict::ContentRefused);

        check(dot, 250, "2.0.0 queued", Verdict::Accepted);
        check(dot, 299, "", Verdict::Accepted);
        check(dot, 354, "go ahead", Verdict::InDoubt);
        check(dot, 199, "", Verdict::InDoubt);
        check(&ALL[..8], 354, "out of step", Verdict::Relay);
    }

    #[test]
    fn what_only_a_human_can_mend_and_letters_that_are_not_carried_have_verdicts_of_their_own() {
        let check = |phases: &[Phase], code: u16, text: &str, expect: Verdict| {
            for phase in phases {
                assert_eq!(verdict(*phase, &Reply::new(code, text)), expect, "{phase} {code} {text}");
            }
        };
        check(&[Phase::Tls], 554, "5.7.5 the certificate has expired", Verdict::Configuration);
        check(&[Phase::Tls], 454, "4.7.5 not now", Verdict::Relay);
        check(&ALL[..3], 554, "5.7.5 we have no certificate", Verdict::Relay);
        check(&ALL[5..], 553, "5.6.7 no SMTPUTF8 here", Verdict::AddressNotCarried);
        check(&ALL[5..], 451, "4.6.7 no SMTPUTF8 today", Verdict::Retry);
        check(&ALL[..4], 553, "5.6.7 no SMTPUTF8 here", Verdict::Relay);
    }

    #[test]
    fn a_reply_is_read_cleaned_and_written_again() {
        let check = |code, text: &str, expect: &str| assert_eq!(Reply::new(code, text).to_string(), expect, "{text:?}");
        check(550, "5.1.1 no such user", "550 5.1.1 no such user");
        check(550, "5.1.1 no such\n5.1.1 user\n5.1.2 else", "550 5.1.1 no such user 5.1.2 else");
        check(250, "", "250");
        check(451, "\u{7f}a\0b\r\n\tc", "451 ab c");
        check(550, "4.1.1 stays text", "550 4.1.1 stays text");
        check(550, "5.1.1.1 is no code", "550 5.1.1.1 is no code");
        check(550, "5.1.1000 is no code", "550 5.1.1000 is no code");
        assert_eq!(Reply::new(550, "5.1.1000 x").enhanced, None);
        assert_eq!(Reply::new(550, &"é".repeat(501)).text.chars().count(), TEXT_CHARACTERS);
    }
}
