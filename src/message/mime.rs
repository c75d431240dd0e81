//! Puts the rendered parts and the headers together as the bytes that go on the wire (RFC 5322, 2045–2047, 2369, 8058).
//! Everything is ours, boundary included: two builds of one message are byte-identical, so a copy that is sent again
//! after a crash is the same copy. Knows no template.

use crate::address::Address;
use crate::message::Rendered;
use crate::message::encode;
use crate::message::inside::Inside;
use crate::message::one_line;
use crate::site::Sender;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use memchr::memmem;
use sha2::Digest;
use sha2::Sha256;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What stands in the head of one mail, besides its subject.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    pub from: &'a Sender,
    pub to: &'a Address,
    pub to_name: Option<&'a str>,
    /// With its angle brackets; see [`message_id`].
    pub message_id: &'a str,
    /// The same for every copy of this message.
    pub date: Timestamp,
    pub kind: Kind<'a>,
}

/// Whether a mail is one of many or an answer to one act of one person, which carries no list headers.
#[derive(Debug, Clone)]
pub enum Kind<'a> {
    Lesson(List<'a>),
    Letter,
}

/// The list that a lesson belongs to.
#[derive(Debug, Clone)]
pub struct List<'a> {
    /// As [`list_id`] makes it.
    pub id: &'a str,
    pub name: &'a str,
    /// `None` only where nobody is enrolled: a test mail.
    pub unsubscribe_url: Option<&'a str>,
    /// `a:b:c:sender`, as Gmail reads it: what a complaint is counted by, never who.
    pub feedback_id: Option<&'a str>,
}

/// A mistake in the head that would make a broken mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    #[error("the Message-ID isn't of the form <id@domain>; make it with message_id()")]
    MessageId,
    #[error("the unsubscribe link isn't an http(s) address in ASCII of at most 900 octets; check `url` in [site]")]
    UnsubscribeUrl,
    #[error("the List-Id isn't a name with dots of at most 255 octets; make it with list_id()")]
    ListId,
}

/// The Message-ID of a delivery: the same for every copy of it (RFC 5322 §3.6.4).
pub fn message_id(outbox: i64, occurrence: i64, sender: &Address) -> String {
    format!("<{outbox}.{occurrence}@{}>", sender.domain())
}

/// The List-Id of a course (RFC 2919): stable as long as its folder keeps its name.
pub fn list_id(course: &str, sender: &Address) -> String {
    let label: String =
        course.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    format!("{}.{}", label.trim_matches('-'), sender.domain())
}

/// One message: 7-bit ASCII, CRLF, no line over 998 octets, headers folded at 78 where they can be.
///
/// # Errors
/// When a part of the head would make a broken header; nothing is repaired silently but names and the subject, which
/// lose what can't stand in a line.
pub fn build(rendered: &Rendered, head: &Head<'_>) -> Result<Vec<u8>, BuildError> {
    let placed = rendered.inside.iter().filter_map(|image| Some((image.place_in(&rendered.html)?, image)));
    let inside: BTreeMap<usize, &Inside> = placed.collect();
    let inside: Vec<&Inside> = inside.into_values().collect();
    let mut html = Cow::from(rendered.html.as_str());
    for image in &inside {
        html = image.told_by_id(&html, head.from.address.domain()).into();
    }
    let html = text_part("text/html", &html);
    let rich = if inside.is_empty() { html } else { related(html, &inside, head) };
    let (kind, parts) = several("alternative", head.message_id, &[text_part("text/plain", &rendered.text), rich]);
    let mut lines = headers(rendered, head)?;
    lines.push("MIME-Version: 1.0".to_string());
    lines.push(kind);
    Ok(format!("{}\r\n\r\n{parts}", lines.join("\r\n")).into_bytes())
}

fn text_part(kind: &str, text: &str) -> String {
    let (transfer, body) = encode::body(text);
    format!("Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: {}\r\n\r\n{body}", transfer.name())
}

/// HTML and the images that it names by their ids (RFC 2387, 2392).
fn related(html: String, inside: &[&Inside], head: &Head<'_>) -> String {
    let images = inside.iter().map(|image| image.part(head.from.address.domain()));
    let parts: Vec<String> = [html].into_iter().chain(images).collect();
    let (kind, body) = several("related", &format!("{} related", head.message_id), &parts);
    format!("{kind};\r\n type=\"text/html\"\r\n\r\n{body}")
}

/// The Content-Type of several parts and their body. `seed` makes the boundary.
fn several(kind: &str, seed: &str, parts: &[String]) -> (String, String) {
    let boundary = boundary(seed, parts);
    let mut body = String::with_capacity(parts.iter().map(|part| part.len() + 2 * boundary.len()).sum());
    for part in parts {
        body.push_str(&format!("--{boundary}\r\n{part}\r\n"));
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    (format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\""), body)
}

/// The same of the text alone, for whom a picture of it says nothing more.
///
/// # Errors
/// As for [`build`].
pub fn build_plain(rendered: &Rendered, head: &Head<'_>) -> Result<Vec<u8>, BuildError> {
    let (transfer, body) = encode::body(&rendered.text);
    let mut lines = headers(rendered, head)?;
    lines.push("MIME-Version: 1.0".to_string());
    lines.push("Content-Type: text/plain; charset=utf-8".to_string());
    lines.push(format!("Content-Transfer-Encoding: {}", transfer.name()));
    Ok(format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes())
}

fn headers(rendered: &Rendered, head: &Head<'_>) -> Result<Vec<String>, BuildError> {
    if !is_message_id(head.message_id) {
        return Err(BuildError::MessageId);
    }
    let mut lines = vec![
        mailbox("From", &head.from.name, &head.from.address),
        mailbox("To", head.to_name.unwrap_or_default(), head.to),
    ];
    if let Some(reply_to) = &head.from.reply_to {
        lines.push(mailbox("Reply-To", "", reply_to));
    }
    lines.push(encode::unstructured("Subject", &one_line(&rendered.subject)));
    lines.push(format!("Date: {}", date(head.date)));
    lines.push(format!("Message-ID: {}", head.message_id));
    match &head.kind {
        Kind::Lesson(list) => lines.extend(list_headers(list)?),
        Kind::Letter => {}
    }
    lines.push("Auto-Submitted: auto-generated".to_string());
    lines.push("X-Auto-Response-Suppress: All".to_string());
    Ok(lines)
}

fn list_headers(list: &List<'_>) -> Result<Vec<String>, BuildError> {
    if !is_domain_like(list.id) {
        return Err(BuildError::ListId);
    }
    let name = one_line(list.name);
    let mut lines = vec![encode::fold("List-Id", format!("{} <{}>", encode::phrase(&name), list.id).trim_start())];
    if let Some(url) = list.unsubscribe_url {
        let scheme = url.starts_with("https://") || url.starts_with("http://");
        let clean = url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b',' | b'"'));
        if !scheme || !clean || url.len() > 900 {
            return Err(BuildError::UnsubscribeUrl);
        }
        // On one line: programs that act on it have been seen to read no further.
        lines.push(format!("List-Unsubscribe: <{url}>"));
        lines.push("List-Unsubscribe-Post: List-Unsubscribe=One-Click".to_string());
    }
    lines.push("Precedence: bulk".to_string());
    if let Some(id) = list.feedback_id {
        let id: String = id.chars().filter(char::is_ascii_graphic).take(200).collect();
        lines.push(format!("Feedback-ID: {id}"));
    }
    Ok(lines)
}

fn mailbox(header: &str, name: &str, address: &Address) -> String {
    let name = one_line(name);
    let value = if name.is_empty() { address.to_string() } else { format!("{} <{address}>", encode::phrase(&name)) };
    encode::fold(header, &value)
}

/// RFC 5322 §3.3, in UTC with a numeric zone.
fn date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

fn is_message_id(id: &str) -> bool {
    let inner = id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let parts = inner.and_then(|inner| inner.split_once('@'));
    id.len() <= 250 && parts.is_some_and(|(left, right)| is_dot_atom(left) && is_domain_like(right))
}

fn is_dot_atom(text: &str) -> bool {
    let atom = |atom: &str| !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_+".contains(&b));
    text.split('.').all(atom)
}

fn is_domain_like(text: &str) -> bool {
    is_dot_atom(text) && text.contains('.') && text.len() <= 255
}

/// `=_` stands in neither quoted-printable nor base64, so a part can't hold the boundary; looked at all the same.
fn boundary(seed: &str, parts: &[String]) -> String {
    let mut attempt = 0u32;
    loop {
        let digest = Sha256::digest(format!("{seed} {attempt}"));
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let boundary = format!("=_{hex}");
        if !parts.iter().any(|part| memmem::find(part.as_bytes(), boundary.as_bytes()).is_some()) {
            return boundary;
        }
        attempt += 1;
    }
}
