//! A text whose tags are opaque marks, made of letters and digits so that Markdown leaves them alone, and the way back:
//! from marks to tags, and from places to the places where they were written. Knows no Tera and no Markdown.

use crate::message::tags::Tag;
use crate::message::tags::TagKind;
use std::collections::BTreeMap;
use std::ops::Range;

/// A text with marks in the place of its tags.
#[derive(Debug)]
pub struct Marked {
    pub text: String,
    pub tags: Vec<Tag>,
    /// The tags that belong together, from each `if` to its `endif`.
    pub constructs: Vec<Vec<usize>>,
    pub prefix: String,
    pub places: Vec<(usize, usize)>,
    /// The two tags around what only a page shows; none in a text that is no template.
    page_tags: Option<[usize; 2]>,
}

/// A piece of a text that has marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'t> {
    Text(&'t str),
    Mark(usize),
}

/// A Tera template made of a marked text, and which tag stands where in it.
#[derive(Debug)]
pub struct Filled {
    pub template: String,
    places: Vec<(Range<usize>, usize)>,
}

/// What stands in the place of a tag, by its number.
pub type Instead = BTreeMap<usize, String>;

/// A text, and where its pieces came from: at each of these places, that place of the origin.
#[derive(Debug, Default)]
pub struct Mapped {
    pub text: String,
    pub places: Vec<(usize, usize)>,
}

impl Mapped {
    pub fn push(&mut self, text: &str, from: usize) {
        self.places.push((self.text.len(), from));
        self.text.push_str(text);
    }
}

/// The origin of a place.
pub fn look_up(places: &[(usize, usize)], at: usize) -> usize {
    let next = places.partition_point(|(place, _)| *place <= at);
    let Some((place, from)) = next.checked_sub(1).and_then(|n| places.get(n)) else { return 0 };
    let limit = places.get(next).map_or(usize::MAX, |(_, from)| *from);
    (from + at - place).min(limit.max(*from))
}

/// Cuts a text at the marks of this prefix.
pub fn parts<'t>(text: &'t str, prefix: &str) -> Vec<Part<'t>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(found) = rest.find(prefix) {
        let behind = &rest[found + prefix.len()..];
        let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        if found > 0 {
            parts.push(Part::Text(&rest[..found]));
        }
        if let Ok(n) = behind[..digits].parse() {
            parts.push(Part::Mark(n));
        }
        rest = behind.get(digits + 1..).unwrap_or_default();
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

/// What a mark begins with: letters that the text itself doesn't have.
pub fn unused_prefix(text: &str) -> String {
    let mut prefix = "qtag".to_string();
    while text.contains(&prefix) {
        prefix.push('q');
    }
    prefix
}

impl Marked {
    /// A text whose braces are braces.
    pub fn untagged(text: &str) -> Marked {
        let prefix = unused_prefix(text);
        Marked::new(Mapped { text: text.to_string(), places: vec![(0, 0)] }, Vec::new(), Vec::new(), prefix)
    }

    pub fn new(mapped: Mapped, tags: Vec<Tag>, constructs: Vec<Vec<usize>>, prefix: String) -> Marked {
        Marked { text: mapped.text, tags, constructs, prefix, places: mapped.places, page_tags: None }
    }

    /// Lets a lesson show some things on its page alone.
    pub fn with_pages(mut self) -> Marked {
        let tag = |text: &str, kind| Tag { text: text.to_string(), span: 0..0, kind };
        self.page_tags = Some([self.tags.len(), self.tags.len() + 1]);
        self.tags.extend([tag("{% if mail.page %}", TagKind::Open), tag("{% endif %}", TagKind::Close)]);
        self
    }

    /// The tags that stand in the text itself.
    pub fn written(&self) -> &[Tag] {
        let end = self.page_tags.map_or(self.tags.len(), |[open, _]| open);
        &self.tags[..end]
    }

    /// HTML that only the page of a lesson has; `None` in a text that is the same in mails and on pages.
    pub fn on_pages(&self, html: &str) -> Option<String> {
        self.page_tags.map(|[open, close]| format!("{}{html}{}", self.mark(open), self.mark(close)))
    }

    /// The place in the source of a place in the marked text.
    pub fn source_at(&self, at: usize) -> usize {
        look_up(&self.places, at)
    }

    /// Cuts a text that came out of the marked one into what was written and what is a mark.
    pub fn parts<'t>(&self, text: &'t str) -> Vec<Part<'t>> {
        parts(text, &self.prefix)
    }

    /// The mark of a tag.
    pub fn mark(&self, tag: usize) -> String {
        format!("{}{tag}z", self.prefix)
    }

    pub fn has_mark(&self, text: &str) -> bool {
        text.contains(&self.prefix)
    }

    /// Puts the tags back, or what stands in for them. Every other brace that could open a tag is made harmless to Tera.
    pub fn fill(&self, before: &str, text: &str, after: &str, instead: &Instead) -> Filled {
        let mut template = before.to_string();
        let mut places = Vec::new();
        for part in self.parts(text) {
            match part {
                Part::Text(text) => push_harmless(&mut template, text),
                Part::Mark(n) => {
                    let start = template.len();
                    template.push_str(instead.get(&n).unwrap_or(&self.tags[n].text));
                    places.push((start..template.len(), n));
                }
            }
        }
        template.push_str(after);
        Filled { template, places }
    }
}

/// A brace opens a tag together with what follows it; at the end of a piece that is the brace of a tag.
fn push_harmless(template: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, behind) = (&rest[..at], &rest[at + 1..]);
        template.push_str(before);
        let opens = behind.is_empty() || behind.starts_with(['{', '%', '#']);
        template.push_str(if opens { "{{ \"{\" }}" } else { "{" });
        rest = behind;
    }
    template.push_str(rest);
}

impl Filled {
    /// Where each tag stands in the template, in order.
    pub fn places(&self) -> &[(Range<usize>, usize)] {
        &self.places
    }

    /// The tag that stands at a place of the template, or the last one before it.
    pub fn tag_at(&self, at: usize) -> Option<usize> {
        let behind = self.places.partition_point(|(range, _)| range.start <= at);
        self.places.get(behind.checked_sub(1)?).map(|(_, n)| *n)
    }
}
