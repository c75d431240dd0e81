//! Footnotes: numbers within a text, and the notes behind it in the order in which they are first named. In a mail the
//! numbers are no links, since jumping within a mail fails in many programs; on a page they lead there and back.

use crate::message::blocks::escape;
use crate::message::markdown::Placed;
use crate::message::marked::Marked;
use pulldown_cmark::CowStr;
use pulldown_cmark::Event;
use pulldown_cmark::HeadingLevel;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;

/// Something to say about a place in the marked text.
pub struct Fault {
    pub range: Range<usize>,
    pub message: String,
    pub help: String,
}

/// Where the notes of a document begin among its events.
pub struct Notes {
    start: Option<usize>,
    heading: &'static str,
    back: &'static str,
}

/// Numbers without a note, notes without a number, and notes without words.
pub fn faults(text: &str, events: &[Placed<'_>]) -> Vec<Fault> {
    let mut faults = dangling(text, events);
    let named = |event: &Event<'_>| match event {
        Event::FootnoteReference(label) => Some(label.to_lowercase()),
        _ => None,
    };
    let used: BTreeSet<String> = events.iter().filter_map(|(event, _)| named(event)).collect();
    let mut defined = BTreeSet::new();
    for pair in events.windows(2) {
        let (Event::Start(Tag::FootnoteDefinition(label)), range) = &pair[0] else { continue };
        let (message, help) = if !defined.insert(label.to_lowercase()) {
            (format!("there are two notes `[^{label}]:`"), "give each its own number".to_string())
        } else if pair[1].0 == Event::End(TagEnd::FootnoteDefinition) {
            (format!("the note `[^{label}]:` is empty"), "write its words behind the colon".to_string())
        } else if !used.contains(&label.to_lowercase()) {
            let help = format!("write [^{label}] where it belongs, or remove it");
            (format!("nothing in the text names the note `[^{label}]:`"), help)
        } else {
            continue;
        };
        faults.push(Fault { range: range.start..range.start + label.len() + 4, message, help });
    }
    faults
}

/// What looks like a footnote's number: without a note of this name, Markdown leaves it as words.
fn dangling(text: &str, events: &[Placed<'_>]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut in_code = false;
    let mut run: Vec<(&str, usize)> = Vec::new();
    for (event, range) in events {
        match event {
            Event::Text(words) if !in_code => {
                run.push((words, range.start));
                continue;
            }
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            _ => {}
        }
        faults.extend(dangling_in(text, &std::mem::take(&mut run)));
    }
    faults
}

fn dangling_in(text: &str, run: &[(&str, usize)]) -> Vec<Fault> {
    let words: String = run.iter().map(|(words, _)| *words).collect();
    let source_of = |at: usize| {
        let mut before = 0;
        let piece = run.iter().find(|(words, _)| {
            before += words.len();
            at < before
        });
        piece.map_or(0, |(words, start)| start + at + words.len() - before)
    };
    let mut faults = Vec::new();
    for (at, _) in words.match_indices("[^") {
        let Some(label) = words[at + 2..].split(']').next().filter(|label| at + 2 + label.len() < words.len()) else {
            continue;
        };
        let start = source_of(at);
        let escaped = start.checked_sub(1).is_some_and(|before| text.as_bytes().get(before) == Some(&b'\\'));
        if label.is_empty() || label.contains(|c: char| c.is_whitespace() || c == '[') || escaped {
            continue;
        }
        faults.push(Fault {
            range: start..start + label.len() + 3,
            message: format!("there is no note `[^{label}]:`"),
            help: format!("write it at the end, on a line of its own: [^{label}]: …"),
        });
    }
    faults
}

/// Takes the notes out of the text, numbers them, and puts them behind it below a heading.
pub fn gather<'a>(events: Vec<Placed<'a>>, heading: &'static str, back: &'static str) -> (Vec<Event<'a>>, Notes) {
    let mut body = Vec::with_capacity(events.len());
    let mut notes: BTreeMap<String, Vec<Event<'a>>> = BTreeMap::new();
    let mut within: Option<String> = None;
    for (event, _) in events {
        match event {
            Event::Start(Tag::FootnoteDefinition(label)) => within = Some(label.to_lowercase()),
            Event::End(TagEnd::FootnoteDefinition) => within = None,
            other => match &within {
                Some(label) => notes.entry(label.clone()).or_default().push(other),
                None => body.push(other),
            },
        }
    }
    let order = order(&body, &notes);
    let mut events: Vec<Event<'a>> = body.into_iter().map(|event| numbered(event, &order)).collect();
    let start = (!order.is_empty()).then_some(events.len());
    if start.is_some() {
        let tag = Tag::Heading { level: HeadingLevel::H2, id: None, classes: Vec::new(), attrs: Vec::new() };
        events.extend([Event::Start(tag), Event::Text(heading.into()), Event::End(TagEnd::Heading(HeadingLevel::H2))]);
    }
    for (number, label) in (1..).zip(&order) {
        let number: usize = number;
        events.push(Event::Start(Tag::FootnoteDefinition(number.to_string().into())));
        let note = notes.remove(label).unwrap_or_default();
        events.extend(note.into_iter().map(|event| numbered(event, &order)));
        events.push(Event::End(TagEnd::FootnoteDefinition));
    }
    (events, Notes { start, heading, back })
}

/// The names of the notes as they are first met: in the text, then in the notes themselves.
fn order(body: &[Event<'_>], notes: &BTreeMap<String, Vec<Event<'_>>>) -> Vec<String> {
    let mut order: Vec<String> = Vec::new();
    let meet = |events: &[Event<'_>], order: &mut Vec<String>| {
        for event in events {
            if let Event::FootnoteReference(label) = event
                && notes.contains_key(&label.to_lowercase())
                && !order.contains(&label.to_lowercase())
            {
                order.push(label.to_lowercase());
            }
        }
    };
    meet(body, &mut order);
    let mut at = 0;
    while let Some(label) = order.get(at) {
        let note = notes.get(label).map(Vec::as_slice).unwrap_or_default();
        meet(note, &mut order);
        at += 1;
    }
    order
}

fn numbered<'a>(event: Event<'a>, order: &[String]) -> Event<'a> {
    match event {
        Event::FootnoteReference(label) => {
            let number = order.iter().position(|known| *known == label.to_lowercase());
            Event::FootnoteReference(number.map_or(label, |at| CowStr::from((at + 1).to_string())))
        }
        other => other,
    }
}

impl Notes {
    /// The events with the notes as a list.
    pub fn as_html<'a>(&self, events: &[Event<'a>], marked: &Marked) -> Vec<Event<'a>> {
        let Some(start) = self.start else { return events.to_vec() };
        let mut named = BTreeSet::new();
        let mut in_link = 0;
        let mut html = Vec::with_capacity(events.len() + 8);
        for (at, event) in events.iter().enumerate() {
            match event {
                Event::Start(Tag::Link { .. }) => in_link += 1,
                Event::End(TagEnd::Link) => in_link -= 1,
                _ => {}
            }
            let next = events.get(at + 1);
            let shown = match event {
                Event::Start(Tag::Heading { .. }) if at == start => Event::Html(self.opening().into()),
                _ if (start + 1..start + 3).contains(&at) => continue,
                Event::FootnoteReference(number) => {
                    let is_first = named.insert(number.to_string());
                    Event::InlineHtml(reference(number, is_first, in_link > 0, marked).into())
                }
                Event::Start(Tag::FootnoteDefinition(number)) => {
                    Event::Html(format!("<li{}>\n", id(number, marked)).into())
                }
                Event::End(TagEnd::Paragraph) if next == Some(&Event::End(TagEnd::FootnoteDefinition)) => {
                    let number = number_before(&events[..at]);
                    html.push(Event::InlineHtml(self.way_back(number, marked).into()));
                    event.clone()
                }
                Event::End(TagEnd::FootnoteDefinition) => Event::Html("</li>\n".into()),
                other => other.clone(),
            };
            html.push(shown);
        }
        html.push(Event::Html("</ol>\n".into()));
        html
    }

    fn opening(&self) -> String {
        format!("<hr />\n<h2 class=\"quiet notes\">{}</h2>\n<ol class=\"quiet\">\n", escape(self.heading))
    }

    fn way_back(&self, number: &str, marked: &Marked) -> String {
        let link = format!(" <a href=\"#note-{number}-ref\" aria-label=\"{}\">↩\u{fe0e}</a>", escape(self.back));
        marked.on_pages(&link).unwrap_or_default()
    }
}

/// The number of the note that the last of these events belongs to.
fn number_before<'e>(events: &'e [Event<'_>]) -> &'e str {
    let note = events.iter().rev().find_map(|event| match event {
        Event::Start(Tag::FootnoteDefinition(number)) => Some(number),
        _ => None,
    });
    note.map_or("", |number| number.as_ref())
}

fn reference(number: &str, is_first: bool, in_link: bool, marked: &Marked) -> String {
    let open = marked.on_pages(&format!("<a href=\"#note-{number}\">")).filter(|_| !in_link);
    let close = open.as_ref().and_then(|_| marked.on_pages("</a>")).unwrap_or_default();
    let id = if is_first { marked.on_pages("").map(|_| format!(" id=\"note-{number}-ref\"")) } else { None };
    format!("<sup class=\"mark\"{}>{}{number}{close}</sup>", id.unwrap_or_default(), open.unwrap_or_default())
}

/// Only what can be shown as a page is jumped to.
fn id(number: &str, marked: &Marked) -> String {
    marked.on_pages("").map(|_| format!(" id=\"note-{number}\"")).unwrap_or_default()
}
