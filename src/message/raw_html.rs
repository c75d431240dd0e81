//! What raw HTML in a lesson may not have: what mail programs remove, what runs, and values within tags, where escaping
//! doesn't protect. Judges; reports nothing and knows no file.

use crate::message::marked::Marked;
use crate::message::marked::Part;
use crate::message::visible::attributes_of;
use crate::message::visible::element;
use crate::message::visible::markup_end;

/// One thing to say about a piece of HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// An address of a link, to be judged as any other.
    Link(String),
    /// A heading of this level.
    Heading(usize),
    Fault {
        message: String,
        help: &'static str,
    },
}

const REFUSED: [&str; 25] = [
    "audio", "base", "body", "button", "embed", "form", "frame", "frameset", "head", "html", "iframe", "input", "link",
    "math", "meta", "noscript", "object", "script", "select", "style", "svg", "template", "textarea", "title", "video",
];

/// Everything to say about the tags of this HTML, in order.
pub fn look(html: &str, marked: &Marked) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        rest = &rest[open..];
        let end = markup_end(rest).unwrap_or(1);
        if end > 1 && !rest.starts_with("<!--") {
            look_at_tag(&rest[..end], marked, &mut findings);
        }
        rest = &rest[end..];
    }
    findings
}

/// The same HTML without the coach's notes to herself, which readers find in the source of a mail. Tags in them stay: another
/// tag may belong to them. So do conditions for Outlook, which only look like comments.
pub fn without_comments(html: &str, marked: &Marked) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find("<!--") {
        out.push_str(&rest[..open]);
        let end = open + markup_end(&rest[open..]).unwrap_or(rest.len() - open);
        let comment = &rest[open..end];
        if ["<!--[if", "<!--<!["].iter().any(|condition| comment.starts_with(condition)) {
            out.push_str(comment);
        } else {
            let tags = marked.parts(comment).into_iter().filter(|part| matches!(part, Part::Mark(_)));
            tags.for_each(|part| {
                if let Part::Mark(n) = part {
                    out.push_str(&marked.mark(n))
                }
            });
        }
        rest = &rest[end..];
    }
    out + rest
}

fn look_at_tag(tag: &str, marked: &Marked, findings: &mut Vec<Finding>) {
    let (name, opens) = element(tag);
    let fault = |message: String, help| Finding::Fault { message, help };
    if REFUSED.contains(&name.as_str()) && opens {
        findings.push(fault(format!("a mail can't have `<{name}>`"), "mail programs remove it: write it in Markdown"));
    }
    let foreign =
        |part: &Part<'_>| matches!(part, Part::Mark(n) if !marked.tags.get(*n).is_some_and(|tag| tag.is_link()));
    if marked.parts(tag).iter().any(foreign) {
        let help = "put it between tags, or write the line in Markdown; only {{ links.… }} may stand in an attribute";
        findings.push(fault(format!("a value can't stand within the tag `<{name}>`"), help));
    }
    let level = name.strip_prefix('h').and_then(|level| level.parse().ok()).filter(|level| (1..=6).contains(level));
    findings.extend(level.filter(|_| opens).map(Finding::Heading));
    let attributes = attributes_of(tag);
    if let Some((handler, _)) = attributes.iter().find(|(name, _)| name.starts_with("on")) {
        findings.push(fault(format!("a mail can't have `{handler}`"), "remove it: nothing runs in a mail"));
    }
    let value = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.trim());
    if name == "img" && opens {
        if value("alt").unwrap_or_default().is_empty() {
            let help = "say what it shows, for those who don't see it: alt=\"a hand on a cello\"";
            findings.push(fault("an image without a description".into(), help));
        }
        if !value("src").is_some_and(|src| src.starts_with("https://") || src.starts_with("http://")) {
            let help = "write it in Markdown, ![what it shows](images/…), or give its whole address: https://…";
            findings.push(fault("an image that a mail can't show".into(), help));
        }
    }
    findings.extend(value("href").map(|href| Finding::Link(href.to_string())));
}
