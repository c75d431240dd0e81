//! An e-mail address that passed the door, and the cleaning of names that people type. Knows no mail.

use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Longest local part and longest address, in octets of UTF-8.
const LOCAL_OCTETS: usize = 64;
const OCTETS: usize = 254;

/// Longest name kept, in graphemes.
pub const NAME_GRAPHEMES: usize = 64;

/// A mailbox address: a local part as it was typed, `@`, and a domain in lower-case A-labels (RFC 5890, UTS 46
/// non-transitional). The local part may have letters outside ASCII (RFC 6531 §3.3), which only some relays carry.
/// At most 254 octets, the local part at most 64 (RFC 5321 §4.5.3.1). Doesn't print in full by `{:?}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

/// An address that mails come from or go back to: one that every relay carries.
#[derive(Debug, Clone)]
pub struct OwnAddress(pub Address);

/// Why a text is no address we can send to, or from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("this isn't an e-mail address; it should look like name@example.org")]
    NoAddress,
    #[error("the part before @ has letters outside ASCII, which not every relay carries; use another address")]
    OwnLocalPart,
    #[error("the domain after @ isn't a name that exists in the DNS' alphabet; check its spelling")]
    Domain,
    #[error("the address is too long: at most 64 characters before @ and 254 in all")]
    TooLong,
}

impl Address {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether every relay can carry it: one with other letters needs SMTPUTF8 (RFC 6531).
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }

    /// What two spellings of one mailbox share: everything in lower case, and letters composed in one way (NFC). Dots
    /// and `+tags` stay.
    pub fn key(&self) -> String {
        if self.is_ascii() { self.0.to_ascii_lowercase() } else { self.0.to_lowercase().nfc().collect() }
    }

    /// For logs: the first character and the domain.
    pub fn masked(&self) -> String {
        let first = self.0.chars().next().unwrap_or('?');
        format!("{first}***@{}", self.domain())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let (local, domain) = text.trim().rsplit_once('@').ok_or(AddressError::NoAddress)?;
        if local.len() > LOCAL_OCTETS {
            return Err(AddressError::TooLong);
        }
        if !local.split('.').all(is_atom) {
            return Err(AddressError::NoAddress);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::Domain)?;
        if !domain.contains('.') {
            return Err(AddressError::NoAddress);
        }
        let address = format!("{local}@{domain}");
        if address.len() > OCTETS { Err(AddressError::TooLong) } else { Ok(Address(address)) }
    }
}

impl FromStr for OwnAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<OwnAddress, AddressError> {
        let address: Address = text.parse()?;
        if address.is_ascii() { Ok(OwnAddress(address)) } else { Err(AddressError::OwnLocalPart) }
    }
}

/// An atom of a local part (RFC 5322 §3.2.3, RFC 6531 §3.3). Quoted local parts aren't taken: nobody has one, and many
/// programs on the way misread them.
fn is_atom(text: &str) -> bool {
    let is_sign = |c: char| "!#$%&'*+-/=?^_`{|}~".contains(c);
    let fits = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || is_sign(c),
        false => !c.is_whitespace() && !is_unsafe(c),
    };
    !text.is_empty() && text.chars().all(fits)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.masked())
    }
}

/// A line of text that a person typed (a name, an answer), made safe for headers and pages: NFC, no control
/// characters, line breaks or bidi controls, runs of white space as one space, at most [`NAME_GRAPHEMES`] graphemes.
/// Nothing left is `None`.
pub fn clean_line(text: &str) -> Option<String> {
    let cut: String = one_line(text).graphemes(true).take(NAME_GRAPHEMES).collect();
    Some(cut.trim().to_string()).filter(|line| !line.is_empty())
}

/// The same, however long it is: for who refuses what is too long instead of cutting it.
pub fn one_line(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if text.bytes().all(plain) && !text.contains("  ") {
        return text.trim().to_string();
    }
    let composed: String =
        text.nfc().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_unsafe(*c)).collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text has more graphemes than this.
pub fn is_longer(text: &str, graphemes: usize) -> bool {
    text.len() > graphemes && text.graphemes(true).nth(graphemes).is_some()
}

fn is_unsafe(c: char) -> bool {
    let bidi = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || bidi || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_pass_the_door_or_say_why_not() {
        let check = |text: &str, expect: Result<&str, AddressError>| {
            let got = text.parse::<Address>();
            assert_eq!(got.as_ref().map(Address::as_str).map_err(Clone::clone), expect, "{text}");
        };
        check(" Ana@Example.ORG ", Ok("Ana@example.org"));
        check("a+b@exämple.de", Ok("a+b@xn--exmple-cua.de"));
        check("o'neil@example.org", Ok("o'neil@example.org"));
        check("nobody", Err(AddressError::NoAddress));
        check("a@localhost", Err(AddressError::NoAddress));
        check("a@[127.0.0.1]", Err(AddressError::Domain));
        check("\"q s\"@example.org", Err(AddressError::NoAddress));
        check("a b@example.org", Err(AddressError::NoAddress));
        check("a\r\nBcc:x@example.org", Err(AddressError::NoAddress));
        check("a..b@example.org", Err(AddressError::NoAddress));
        check(".a@example.org", Err(AddressError::NoAddress));
        check("a@b@example.org", Err(AddressError::NoAddress));
        check("<a@example.org>", Err(AddressError::NoAddress));
        check("@example.org", Err(AddressError::NoAddress));
        check("a@example.org.", Err(AddressError::Domain));
        check("a@-example.org", Err(AddressError::Domain));
        check("a@exam_ple.org", Err(AddressError::Domain));
    }

    #[test]
    fn letters_of_every_script_may_stand_before_the_at_and_what_steers_may_not() {
        let check = |text: &str, fits: bool| {
            let got = text.parse::<Address>();
            assert_eq!(got.as_ref().ok().map(Address::as_str), Some(text).filter(|_| fits), "{text:?}");
            assert_eq!(text.parse::<OwnAddress>().is_ok(), fits && text.is_ascii(), "{text:?}");
        };
        check("jürgen@example.org", true);
        check("संपर्क@example.org", true);
        check("用户.名@example.org", true);
        check("u\u{308}@example.org", true);
        check("a\u{a0}b@example.org", false);
        check("a\u{85}b@example.org", false);
        check("a\u{2028}b@example.org", false);
        check("a\u{202e}b@example.org", false);
        check("a\u{feff}@example.org", false);
        check("\"ü\"@example.org", false);
    }

    #[test]
    fn addresses_too_long_for_smtp_are_refused() {
        let check = |local: String, domain: String, expect: Option<AddressError>| {
            let got = format!("{local}@{domain}").parse::<Address>();
            assert_eq!(got.err(), expect, "{} octets before the @, {} behind it", local.len(), domain.len());
        };
        let domain = |octets: usize| format!("{}b.org", "a.".repeat((octets - 5) / 2));
        check("a".repeat(64), "example.org".to_string(), None);
        check("a".repeat(65), "example.org".to_string(), Some(AddressError::TooLong));
        check("ü".repeat(32), "example.org".to_string(), None);
        check("ü".repeat(33), "example.org".to_string(), Some(AddressError::TooLong));
        check("a".repeat(10), domain(243), None);
        check("a".repeat(11), domain(243), Some(AddressError::TooLong));
        check("a".to_string(), format!("{}.org", "b".repeat(63)), None);
        check("a".to_string(), format!("{}.org", "b".repeat(64)), Some(AddressError::Domain));
        check("a".to_string(), format!("{}.org", "b.".repeat(130)), Some(AddressError::Domain));
    }

    #[test]
    fn spellings_of_one_mailbox_share_their_key() {
        let check = |one: &str, other: &str, same: bool| {
            let key = |text: &str| text.parse::<Address>().map(|address| address.key());
            assert_eq!(key(one) == key(other), same, "{one} {other}");
        };
        check("ana@bücher.example", "ANA@xn--bcher-kva.example", true);
        check("ana@BÜCHER.example", "ana@bu\u{308}cher.example", true);
        check("ana@bücher。example", "ana@xn--bcher-kva.example", true);
        check("ana@faß.de", "ana@xn--fa-hia.de", true);
        check("ana@faß.de", "ana@fass.de", false);
        check("Jürgen@example.org", "JU\u{308}RGEN@Example.org", true);
        check("jürgen@example.org", "jurgen@example.org", false);
        check("a.na@example.org", "ana@example.org", false);
        check("ana+x@example.org", "ana@example.org", false);
    }

    #[test]
    fn a_typed_line_loses_what_could_harm_a_header_and_keeps_its_letters() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(clean_line(text).as_deref(), expect, "{text:?}");
        check("  Zoë\u{301}  van  Dijk ", Some("Zoë\u{301} van Dijk"));
        check("Bob\r\nBcc: x@evil.test", Some("Bob Bcc: x@evil.test"));
        check("a\u{202e}b\0c", Some("abc"));
        check("\u{2066}\n", None);
        check("👩‍👩‍👧 Ana", Some("👩‍👩‍👧 Ana"));
        assert_eq!(clean_line(&"x".repeat(500)).map(|s| s.len()), Some(NAME_GRAPHEMES));
    }
}
