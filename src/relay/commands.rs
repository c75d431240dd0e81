//! What an envelope says to a relay: the lines that open a mail, with the parameters that this relay knows. Knows no
//! connection.

use crate::address::Address;
use crate::outcome::Phase;
use crate::outcome::Reply;
use crate::relay::connector::Capabilities;
use lettre::transport::smtp::commands::Data;
use std::fmt;

/// Longest ENVID and longest ORCPT, in characters (RFC 3461 §4.4, §4.2).
const ENVID_CHARACTERS: usize = 100;
const ORCPT_CHARACTERS: usize = 500;

/// Who the mail is from, whom it is for, and what the relay must know of it beforehand. Prints without addresses.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The bounce address; empty for a mail that may not bounce.
    pub from: String,
    pub to: Address,
    /// Bytes of the mail.
    pub size: usize,
    /// Its headers have letters outside ASCII (RFC 6532). Bodies never do: they travel as 7-bit text.
    pub is_international: bool,
}

/// The commands of one envelope, each with its CRLF.
pub struct Lines {
    pub mail: String,
    pub rcpt: String,
}

impl Lines {
    /// MAIL, RCPT and DATA in one, for a relay that offers PIPELINING; DATA may only come last (RFC 2920 §3.1).
    pub fn group(&self) -> String {
        format!("{}{}{Data}", self.mail, self.rcpt)
    }
}

impl Envelope {
    /// The envelope of the mail with these bytes, and of no other.
    pub fn new(from: String, to: Address, mail: &[u8]) -> Envelope {
        Envelope { from, to, size: mail.len(), is_international: !mail.is_ascii() }
    }
}

/// The lines of an envelope. What the relay can't take is refused here, in its place: a mail larger than its SIZE
/// (RFC 1870 §6.1), and letters outside ASCII where it doesn't offer SMTPUTF8 (RFC 6531 §3.5).
///
/// # Errors
/// What the relay would say, and to which command.
pub fn lines(envelope: &Envelope, capabilities: &Capabilities) -> Result<Lines, (Phase, Reply)> {
    let made_up = |phase, code, text| Err((phase, Reply::new(code, text)));
    let size = u64::try_from(envelope.size).unwrap_or(u64::MAX);
    if capabilities.largest.is_some_and(|largest| size > largest) {
        return made_up(Phase::Mail, 552, "5.3.4 (our words, not the relay's) larger than the relay's SIZE allows");
    }
    let Ok(from) = bounce_address(&envelope.from) else {
        return made_up(Phase::Mail, 553, "5.1.7 (our words, not the relay's) the bounce address is no address");
    };
    let is_international = envelope.is_international || !envelope.to.is_ascii();
    if is_international && !capabilities.smtputf8 {
        return made_up(Phase::Rcpt, 553, NOT_CARRIED);
    }
    let mut mail = format!("MAIL FROM:<{}>", from.as_ref().map_or("", Address::as_str));
    let mut rcpt = format!("RCPT TO:<{}>", envelope.to);
    if capabilities.size {
        mail.push_str(&format!(" SIZE={size}"));
    }
    if is_international {
        mail.push_str(" SMTPUTF8");
    }
    if let Some(from) = from.filter(|_| capabilities.dsn) {
        mail.push_str(&named_in_reports(&from));
        rcpt.push_str(&wanted_reports(&envelope.to));
    }
    mail.push_str("\r\n");
    rcpt.push_str("\r\n");
    Ok(Lines { mail, rcpt })
}

const NOT_CARRIED: &str = "5.6.7 (our words, not the relay's) the address has letters outside ASCII before the @, and \
                           this relay doesn't offer SMTPUTF8; use a relay that does, or another address of this reader";

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("to", &self.to).field("size", &self.size).finish_non_exhaustive()
    }
}

/// `None` for a mail that may not bounce.
fn bounce_address(text: &str) -> Result<Option<Address>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().ok().filter(Address::is_ascii).map(Some).ok_or(())
}

/// What comes back in a report, and which mail it names: the headers are enough, and the bounce address's local part,
/// which is different for every delivery (RFC 3461 §4.3, §4.4).
fn named_in_reports(from: &Address) -> String {
    let id = Some(xtext(from.local_part())).filter(|id| id.len() <= ENVID_CHARACTERS);
    let id = id.map(|id| format!(" ENVID={id}"));
    format!(" RET=HDRS{}", id.unwrap_or_default())
}

/// Reports of failure and of delay, none of success; naming the reader as we do, wherever the mail is forwarded to
/// (RFC 3461 §4.1, §4.2).
fn wanted_reports(to: &Address) -> String {
    let original = if to.is_ascii() {
        format!("rfc822;{}", xtext(to.as_str()))
    } else {
        format!("utf-8;{}", international_xtext(to.as_str()))
    };
    let original = Some(original).filter(|it| it.len() <= ORCPT_CHARACTERS).map(|it| format!(" ORCPT={it}"));
    format!(" NOTIFY=FAILURE,DELAY{}", original.unwrap_or_default())
}

/// RFC 3461 §4: what isn't printable, `+` and `=` as `+` and two hexadecimal digits.
fn xtext(text: &str) -> String {
    let mut coded = String::with_capacity(text.len() + 4);
    for byte in text.bytes() {
        if matches!(byte, b'!'..=b'~') && !matches!(byte, b'+' | b'=') {
            coded.push(char::from(byte));
        } else {
            coded.push_str(&format!("+{byte:02X}"));
        }
    }
    coded
}

/// RFC 6533 §3, `utf-8-addr-xtext`: the same with whole characters, as `\x{FC}`.
fn international_xtext(text: &str) -> String {
    let mut coded = String::with_capacity(2 * text.len());
    for c in text.chars() {
        if matches!(c, '!'..='~') && !matches!(c, '+' | '=' | '\\') {
            coded.push(c);
        } else {
            coded.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
        }
    }
    coded
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "an address that can't be read is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_says_what_the_relay_understands_and_no_more() {
        let check = |from: &str, to: &str, mail: &str, capabilities: &Capabilities, expect: &str| {
            let envelope = Envelope::new(from.to_string(), to.parse().unwrap(), mail.as_bytes());
            let said = match lines(&envelope, capabilities) {
                Ok(Lines { mail, rcpt }) => format!("{mail}{rcpt}").replace("\r\n", "|"),
                Err((phase, reply)) => format!("{phase} {} {}", reply.code, reply.enhanced.unwrap()),
            };
            assert_eq!(said, expect, "{from} {to}");
        };
        let none = Capabilities::default();
        let size = Capabilities { size: true, largest: Some(3), ..none.clone() };
        let utf8 = Capabilities { smtputf8: true, ..none.clone() };
        let dsn = Capabilities { dsn: true, ..none.clone() };
        let both = Capabilities { smtputf8: true, dsn: true, ..none.clone() };
        let (b, ana, jürgen) = ("b+t=1@example.org", "a+b=c@example.org", "jürgen@example.org");

        check(b, ana, "abc", &none, "MAIL FROM:<b+t=1@example.org>|RCPT TO:<a+b=c@example.org>|");
        check("", ana, "abc", &dsn, "MAIL FROM:<>|RCPT TO:<a+b=c@example.org>|");
        check(b, ana, "abc", &utf8, "MAIL FROM:<b+t=1@example.org>|RCPT TO:<a+b=c@example.org>|");
        check(b, ana, "abc", &size, "MAIL FROM:<b+t=1@example.org> SIZE=3|RCPT TO:<a+b=c@example.org>|");
        check(b, ana, "abcd", &size, "mail 552 5.3.4");
        check(b, jürgen, "abc", &none, "rcpt 553 5.6.7");
        check(b, ana, "é", &dsn, "rcpt 553 5.6.7");
        check("é@example.org", ana, "abc", &utf8, "mail 553 5.1.7");
        check("b @example.org", ana, "abc", &utf8, "mail 553 5.1.7");
        check(b, ana, "é", &utf8, "MAIL FROM:<b+t=1@example.org> SMTPUTF8|RCPT TO:<a+b=c@example.org>|");
        check(b, jürgen, "abc", &utf8, "MAIL FROM:<b+t=1@example.org> SMTPUTF8|RCPT TO:<jürgen@example.org>|");
        check(
            b,
            ana,
            "abc",
            &dsn,
            "MAIL FROM:<b+t=1@example.org> RET=HDRS ENVID=b+2Bt+3D1|\
             RCPT TO:<a+b=c@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.org|",
        );
        check(
            b,
            jürgen,
            "abc",
            &both,
            "MAIL FROM:<b+t=1@example.org> SMTPUTF8 RET=HDRS ENVID=b+2Bt+3D1|\
             RCPT TO:<jürgen@example.org> NOTIFY=FAILURE,DELAY ORCPT=utf-8;j\\x{FC}rgen@example.org|",
        );
    }

    #[test]
    fn names_too_long_for_a_report_are_left_out() {
        let full = "+".repeat(64);
        let envelope = Envelope::new(format!("{full}@b.org"), format!("{full}@a.org").parse().unwrap(), b"");
        let dsn = Capabilities { dsn: true, ..Capabilities::default() };
        let lines = lines(&envelope, &dsn).unwrap_or_else(|(_, reply)| panic!("{reply}"));
        assert_eq!(lines.mail, format!("MAIL FROM:<{full}@b.org> RET=HDRS\r\n"));
        let long = format!("{full}@{}.org", "a.".repeat(90).trim_end_matches('.'));
        assert!(wanted_reports(&long.parse().unwrap()).len() < 500, "64 signs thrice, and the domain once, fit");
        assert_eq!(xtext("a b\u{7f}~"), "a+20b+7F~");
    }
}
