//! Reads the final bytes of a mail, as a mail program would, and says which required block a reader wouldn't see. Trusts
//! neither templates nor builder: it has its own decoding.

use crate::course::Block;
use crate::course::Course;
use crate::message::blocks;
use crate::message::visible::Visible;
use crate::message::visible::visible;
use crate::site::Site;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use std::fmt;

/// How often parts may stand within parts.
const DEEPEST: usize = 2;

/// What must be visible in both parts of a mail. Made once for a course version; the leave link is each mail's own.
#[derive(Debug, Clone, Default)]
pub struct Required {
    phrases: Vec<Phrase>,
}

#[derive(Debug, Clone)]
struct Phrase {
    what: What,
    /// Without white space, as it shows in each part.
    html: String,
    text: String,
}

/// A block that a mail must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Disclaimer,
    Crisis,
    PostalAddress,
    LeaveLink,
    /// The part itself.
    Part,
}

/// One of a mail's two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPart {
    Text,
    Html,
}

/// What a reader of one of the parts wouldn't see.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Missing(pub Vec<(What, MailPart)>);

impl Required {
    pub fn new(site: &Site, course: &Course) -> Required {
        let mut phrases = vec![Phrase {
            what: What::PostalAddress,
            html: squeeze(&site.postal_address),
            text: squeeze(&site.postal_address),
        }];
        let mut add = |what, key: &str, markdown: Option<&str>| {
            let block = markdown.map(|markdown| blocks::of_course(markdown, key, site, course, &mut Vec::new()));
            let block = block.unwrap_or_default();
            let html = squeeze(&visible(&block.html).text);
            phrases.push(Phrase { what, html, text: squeeze(&block.text) });
        };
        // A disclaimer can't be missing once it is there, whether or not `require` names it.
        add(What::Disclaimer, "disclaimer", course.disclaimer.as_deref());
        if course.require.contains(&Block::Crisis) {
            add(What::Crisis, "crisis", course.crisis.as_deref());
        }
        Required { phrases }
    }
}

/// Checks the bytes of a mail for every required block and for the leave link, in both parts.
///
/// # Errors
/// Everything that is missing, and from which part.
pub fn required(bytes: &[u8], required: &Required, leave_url: &str) -> Result<(), Missing> {
    let mut missing = Vec::new();
    let [text, html] = parts(bytes);
    match text {
        None => missing.push((What::Part, MailPart::Text)),
        Some(text) => {
            let absent = required.phrases.iter().filter(|phrase| !shows(&text, &phrase.text));
            missing.extend(absent.map(|phrase| (phrase.what, MailPart::Text)));
            if memmem::find(text.as_bytes(), leave_url.as_bytes()).is_none() {
                missing.push((What::LeaveLink, MailPart::Text));
            }
        }
    }
    match html.map(|html| visible(&html)) {
        None => missing.push((What::Part, MailPart::Html)),
        Some(Visible { text, links }) => {
            let absent = required.phrases.iter().filter(|phrase| !shows(&text, &phrase.html));
            missing.extend(absent.map(|phrase| (phrase.what, MailPart::Html)));
            if !links.iter().any(|link| link == leave_url) {
                missing.push((What::LeaveLink, MailPart::Html));
            }
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Missing(missing)) }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(|(what, part)| format!("{what} in the {part}")).collect();
        write!(f, "this mail may not leave: it lacks {}; correct the mail's template", all.join(", "))
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            What::Disclaimer => "the disclaimer",
            What::Crisis => "the crisis text",
            What::PostalAddress => "the postal address",
            What::LeaveLink => "the link to leave",
            What::Part => "everything",
        })
    }
}

impl fmt::Display for MailPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MailPart::Text => "text part",
            MailPart::Html => "HTML part",
        })
    }
}

/// A phrase as it is looked for: lines are broken differently in templates and mails, so white space doesn't count.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Whether the squeezed phrase stands in a text, whatever white space is between its characters.
fn shows(text: &str, phrase: &str) -> bool {
    let Some(first) = phrase.chars().next() else { return true };
    let mut buffer = [0; 4];
    memmem::find_iter(text.as_bytes(), first.encode_utf8(&mut buffer).as_bytes()).any(|at| {
        let mut shown = text[at..].chars().filter(|c| !c.is_whitespace());
        phrase.chars().all(|c| shown.next() == Some(c))
    })
}

/// The decoded parts of a multipart message: text, then HTML.
fn parts(bytes: &[u8]) -> [Option<String>; 2] {
    let mut found = [None, None];
    if let Some((head, body)) = std::str::from_utf8(bytes).ok().and_then(|message| message.split_once("\r\n\r\n")) {
        collect(head, body, DEEPEST, &mut found);
    }
    found
}

/// HTML with images inside is itself a part of several parts (RFC 2387).
fn collect(head: &str, body: &str, depth: usize, found: &mut [Option<String>; 2]) {
    let boundary = header(head, "content-type");
    let boundary = boundary.as_deref().and_then(|value| value.split_once("boundary=\"")?.1.split('"').next());
    let Some(boundary) = boundary else { return };
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter may stand at the very beginning.
    let mut rest = body.strip_prefix(&delimiter[2..]).or_else(|| body.split_once(&delimiter).map(|(_, rest)| rest));
    while let Some(part) = rest.filter(|part| !part.starts_with("--")) {
        let end = memmem::find(part.as_bytes(), delimiter.as_bytes());
        rest = end.map(|end| &part[end + delimiter.len()..]);
        let Some((head, body)) = part[..end.unwrap_or(part.len())].split_once("\r\n\r\n") else { continue };
        let Some(kind) = header(head, "content-type") else { continue };
        if kind.starts_with("multipart/") && depth > 0 {
            collect(head, body, depth - 1, found);
        }
        for (place, wanted) in found.iter_mut().zip(["text/plain", "text/html"]) {
            if place.is_none() && kind.starts_with(wanted) {
                *place = decoded(head, body);
            }
        }
    }
}

fn decoded(head: &str, body: &str) -> Option<String> {
    let decoded = match header(head, "content-transfer-encoding")?.as_str() {
        "base64" => STANDARD.decode(body.replace("\r\n", "")).ok()?,
        "quoted-printable" => from_quoted_printable(body),
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8(decoded).ok()
}

/// The unfolded value of a header.
fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.split("\r\n");
    let value = lines.find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })?;
    let folded = lines.take_while(|line| line.starts_with([' ', '\t']));
    let unfolded = folded.fold(value.to_string(), |value, line| value + " " + &line[1..]);
    Some(unfolded.trim().to_string())
}

fn from_quoted_printable(body: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body.as_bytes();
    while let Some(at) = memchr::memchr(b'=', rest) {
        bytes.extend_from_slice(&rest[..at]);
        let behind = &rest[at + 1..];
        let digit = |n: usize| behind.get(n).and_then(|byte| char::from(*byte).to_digit(16));
        rest = match (digit(0), digit(1)) {
            (Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                &behind[2..]
            }
            _ if behind.starts_with(b"\r\n") => &behind[2..],
            _ => {
                bytes.push(b'=');
                behind
            }
        };
    }
    bytes.extend_from_slice(rest);
    bytes
}
