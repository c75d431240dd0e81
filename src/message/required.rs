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
use std::fmt;

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
    let [text, html] = ["text/plain", "text/html"].map(|kind| part(bytes, kind));
    match text {
        None => missing.push((What::Part, MailPart::Text)),
        Some(text) => {
            let shown = squeeze(&text);
            let absent = required.phrases.iter().filter(|phrase| !shown.contains(&phrase.text));
            missing.extend(absent.map(|phrase| (phrase.what, MailPart::Text)));
            if !text.contains(leave_url) {
                missing.push((What::LeaveLink, MailPart::Text));
            }
        }
    }
    match html.map(|html| visible(&html)) {
        None => missing.push((What::Part, MailPart::Html)),
        Some(Visible { text, links }) => {
            let shown = squeeze(&text);
            let absent = required.phrases.iter().filter(|phrase| !shown.contains(&phrase.html));
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

/// Lines are broken differently in templates and mails: white space doesn't count.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The decoded part of this type, of a multipart message.
fn part(bytes: &[u8], kind: &str) -> Option<String> {
    let message = std::str::from_utf8(bytes).ok()?;
    let (head, body) = message.split_once("\r\n\r\n")?;
    let boundary = header(head, "content-type")?.split_once("boundary=\"")?.1.split('"').next()?.to_string();
    let delimiter = format!("\r\n--{boundary}");
    let body = format!("\r\n{body}");
    let parts = body.split(delimiter.as_str()).skip(1).take_while(|part| !part.starts_with("--"));
    let split = parts.filter_map(|part| part.split_once("\r\n\r\n"));
    let (head, body) = split
        .map(|(head, body)| (head.trim_start(), body))
        .find(|(head, _)| header(head, "content-type").is_some_and(|value| value.starts_with(kind)))?;
    let decoded = match header(head, "content-transfer-encoding")?.as_str() {
        "base64" => STANDARD.decode(body.replace("\r\n", "")).ok()?,
        "quoted-printable" => from_quoted_printable(body),
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8(decoded).ok()
}

/// The unfolded value of a header.
fn header(head: &str, name: &str) -> Option<String> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    unfolded.split("\r\n").find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_string())
    })
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
