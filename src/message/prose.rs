//! What is wrong with a text although a mail can be made of it: headings and links without words, references that lead
//! nowhere, pictures that are none, HTML that isn't whole, styles that are dropped. Changes nothing, and knows where links
//! go, not what answers there.

use crate::message::css;
use crate::message::look::styles;
use crate::message::markdown::options;
use crate::message::markdown::scheme;
use crate::message::marked::Marked;
use crate::message::visible::attributes_of;
use crate::message::visible::element;
use crate::message::visible::markup_end;
use crate::problem::Problem;
use crate::problem::Source;
use pulldown_cmark::BrokenLink;
use pulldown_cmark::Event;
use pulldown_cmark::LinkType;
use pulldown_cmark::Parser;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;
use std::ops::Range;
use std::sync::Arc;
use url::Url;

/// What is said of HTML that hides or swallows what stands behind it.
pub const NEVER_CLOSED: &str = "is never closed";

/// Looks at a text, and says which addresses of the web it leads to, each with its place in the text.
pub fn look(marked: &Marked, source: &Arc<Source>, problems: &mut Vec<Problem>) -> Vec<(String, Range<usize>)> {
    let mut nowhere = Vec::new();
    let mut note = |link: BrokenLink<'_>| {
        // What stands in single brackets may be meant as that.
        if matches!(link.link_type, LinkType::Reference | LinkType::ReferenceUnknown | LinkType::Collapsed) {
            nowhere.push((link.reference.to_string(), link.span));
        }
        None
    };
    let parser = Parser::new_with_broken_link_callback(&marked.text, options(), Some(&mut note));
    let events: Vec<(Event<'_>, Range<usize>)> = parser.into_offset_iter().collect();
    let mut look = Look { marked, source, problems, open: Vec::new(), raw: Vec::new(), outside: Vec::new() };
    for (name, at) in nowhere {
        let help = format!("write the address in the text, [words](https://…), or below it: [{name}]: https://…");
        look.error(&at, format!("no address is written for `[{name}]`"), help);
    }
    look.control();
    look.depth(&events);
    for (event, range) in &events {
        look.event(event, range);
    }
    look.whole();
    look.outside
}

struct Look<'l> {
    marked: &'l Marked,
    source: &'l Arc<Source>,
    problems: &'l mut Vec<Problem>,
    /// The headings and links around this place, each with whether it has words.
    open: Vec<(&'static str, Range<usize>, bool)>,
    /// Pieces of HTML, joined where they follow upon each other.
    raw: Vec<(Range<usize>, String)>,
    outside: Vec<(String, Range<usize>)>,
}

impl Look<'_> {
    fn event(&mut self, event: &Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(Tag::Heading { .. }) => self.open.push(("heading", range.clone(), false)),
            Event::Start(Tag::Link { dest_url, link_type, .. }) => {
                self.open.push(("link", range.clone(), false));
                if *link_type != LinkType::Email {
                    self.address(dest_url, range);
                }
            }
            Event::Start(Tag::Image { dest_url, .. }) => self.picture(dest_url, range),
            Event::End(TagEnd::Heading(_) | TagEnd::Link) => {
                if let Some((what, at, false)) = self.open.pop() {
                    let help = "write some: it is read aloud, and found, by them";
                    self.error(&at, format!("a {what} without words"), help);
                }
            }
            Event::Text(text) | Event::Code(text) if !text.trim().is_empty() => self.has_words(),
            Event::Html(html) | Event::InlineHtml(html) => {
                if html.contains("<img") {
                    self.has_words();
                }
                match self.raw.last_mut().filter(|(last, _)| last.end == range.start) {
                    Some((last, whole)) => {
                        whole.push_str(html);
                        last.end = range.end;
                    }
                    None => self.raw.push((range.clone(), html.to_string())),
                }
            }
            _ => {}
        }
    }

    /// Characters that nobody sees, and that mail programs show as they like.
    fn control(&mut self) {
        let marked = self.marked;
        let is_odd = |c: &char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        for (at, c) in marked.text.char_indices().filter(|(_, c)| is_odd(c)) {
            let message = format!("a control character stands here (U+{:04X})", u32::from(c));
            self.error(
                &(at..at + c.len_utf8()),
                message,
                "remove it: delete it together with its neighbours, and type those again",
            );
        }
    }

    /// Deeper than this, no mail can be styled.
    fn depth(&mut self, events: &[(Event<'_>, Range<usize>)]) {
        let mut html = String::new();
        pulldown_cmark::html::push_html(&mut html, events.iter().map(|(event, _)| event.clone()));
        let depth = styles::depth(&html);
        if depth > styles::DEEPEST {
            let message = format!("{depth} elements stand within each other here; {} are possible", styles::DEEPEST);
            self.error(&(0..0), message, "take most of the quotes, lists or tags of HTML out");
        }
    }

    fn has_words(&mut self) {
        for (_, _, has_words) in &mut self.open {
            *has_words = true;
        }
    }

    /// An address of the web must be one; whether something answers there, only the web knows.
    fn address(&mut self, url: &str, range: &Range<usize>) {
        match scheme(url) {
            Some("http" | "https") if self.marked.has_mark(url) => {}
            Some("http" | "https") if is_web_address(url) => self.outside.push((url.to_string(), range.clone())),
            Some("http" | "https") => {
                let help = "write it in full, as a browser shows it: https://example.org/page";
                self.error(range, format!("`{url}` can't be an address of the web"), help);
            }
            Some("mailto") if !url.contains('@') => {
                let help = "write mailto:name@example.org";
                self.error(range, format!("`{url}` is no address of a mailbox"), help);
            }
            _ => {}
        }
    }

    /// A file of the course is looked at where its bytes are.
    fn picture(&mut self, url: &str, range: &Range<usize>) {
        if scheme(url).is_some() {
            self.address(url, range);
        }
    }

    /// Elements of HTML must be closed: what stays open takes the rest of the mail with it, the link to leave among it.
    fn whole(&mut self) {
        let pieces = std::mem::take(&mut self.raw);
        // In branches of a condition an element may open twice and close once.
        let branches = !self.marked.constructs.is_empty();
        let mut open: Vec<(String, Range<usize>)> = Vec::new();
        let mut closed: Vec<(String, Range<usize>)> = Vec::new();
        for (range, html) in &pieces {
            for (at, tag) in tags(html) {
                let place = range.start + at..range.start + at + tag.len();
                if tag.starts_with("<!--") {
                    if !tag.ends_with("-->") {
                        let help = "write --> behind it: what follows is hidden, the link to leave among it";
                        self.error(&place, format!("a comment {NEVER_CLOSED}"), help);
                    }
                    continue;
                }
                self.attributes(tag, &place);
                let (name, opens) = element(tag);
                if ENDLESS.contains(&name.as_str()) || name.starts_with(['!', '?']) {
                    continue;
                }
                if opens {
                    open.push((name, place));
                } else if let Some(at) = open.iter().rposition(|(other, _)| *other == name) {
                    closed.extend(open.split_off(at).into_iter().filter(|(other, _)| *other == name).take(1));
                } else {
                    if !branches {
                        let help = "remove it, or open it where it begins: it may close a part of the mail's frame";
                        self.error(&place, format!("`</{name}>` closes nothing"), help);
                    }
                    closed.push((name, place));
                }
            }
        }
        for (name, place) in open.into_iter().take(MOST_UNCLOSED) {
            if !branches || !closed.iter().any(|(other, _)| *other == name) {
                let slash = self.marked.text.get(place.clone()).is_some_and(|tag| tag.ends_with("/>"));
                let why = if slash {
                    "`/>` closes nothing in HTML"
                } else {
                    "what stays open takes the rest of the mail with it"
                };
                let help = format!("write </{name}> where it ends: {why}");
                self.error(&place, format!("`<{name}>` {NEVER_CLOSED}"), help);
            }
        }
    }

    fn attributes(&mut self, tag: &str, place: &Range<usize>) {
        for (name, value) in attributes_of(tag) {
            match name.as_str() {
                "href" | "src" => self.address(value.trim(), place),
                "style" => {
                    for remark in css::look_at_style(&value) {
                        let span = self.marked.source_at(place.start)..self.marked.source_at(place.end);
                        let problem = Problem::error(self.source, span, remark.message, remark.help);
                        self.problems.push(Problem { severity: remark.severity, ..problem });
                    }
                }
                _ => {}
            }
        }
    }

    fn error(&mut self, range: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        let span = self.marked.source_at(range.start)..self.marked.source_at(range.end);
        self.problems.push(Problem::error(self.source, span, message, help));
    }
}

/// Elements that are never closed, of which one text says so: the rest follows from them.
const MOST_UNCLOSED: usize = 10;

/// Elements that end by themselves, as HTML says: those that hold nothing, and those whose end another one brings.
const ENDLESS: [&str; 24] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr", "p", "li", "dt", "dd",
    "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "caption",
];

/// The tags and comments of a piece of HTML, each with its place.
fn tags(html: &str) -> Vec<(usize, &str)> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(found) = html[at..].find('<') {
        at += found;
        let end = markup_end(&html[at..]).unwrap_or(1);
        if end > 1 {
            tags.push((at, &html[at..at + end]));
        }
        at += end;
    }
    tags
}

/// Whether a browser would take it, and a name server be asked for it.
fn is_web_address(url: &str) -> bool {
    let Ok(parsed) = Url::parse(url) else { return false };
    match parsed.host() {
        Some(url::Host::Domain(name)) => {
            name == "localhost" || name.trim_end_matches('.').contains('.') && !name.contains("..")
        }
        Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)) => true,
        None => false,
    }
}
