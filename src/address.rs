//! An e-mail address that passed the door, and the cleaning of names that people type. Knows no mail.

use email_address::EmailAddress;
use email_address::Options;
use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Longest name kept, in graphemes.
pub const NAME_GRAPHEMES: usize = 64;

/// A mailbox address: an ASCII local part as it was typed, `@`, and a domain in lower-case A-labels (RFC 5890).
/// At most 254 octets, the local part at most 64 (RFC 5321 §4.5.3.1). Doesn't print in full by `{:?}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

/// Why a text is no address we can send to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("this isn't an e-mail address; it should look like name@example.org")]
    NoAddress,
    #[error("the part before @ has letters outside ASCII, which our relay can't carry; use another address")]
    LocalPart,
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

    /// What two spellings of one mailbox share: everything in lower case. Dots and `+tags` stay.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
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
        if !local.is_ascii() {
            return Err(AddressError::LocalPart);
        }
        if local.len() > 64 {
            return Err(AddressError::TooLong);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::Domain)?;
        let address = format!("{local}@{domain}");
        if address.len() > 254 {
            return Err(AddressError::TooLong);
        }
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        EmailAddress::parse_with_options(&address, options).map_err(|_| AddressError::NoAddress)?;
        if local.starts_with('"') {
            return Err(AddressError::NoAddress);
        }
        Ok(Address(address))
    }
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
        check("ü@example.org", Err(AddressError::LocalPart));
        check(&format!("{}@example.org", "a".repeat(65)), Err(AddressError::TooLong));
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
