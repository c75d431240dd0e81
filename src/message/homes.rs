//! Which element each tag of a Markdown text stands in, so that what opens in one isn't closed in another. Judges nothing.

use crate::message::marked::Marked;
use crate::message::marked::Part;
use pulldown_cmark::Event;
use pulldown_cmark::Tag;
use std::collections::BTreeMap;
use std::ops::Range;

/// Where a tag stands: the innermost element that is open there, by its number.
#[derive(Debug, PartialEq, Eq)]
pub struct Home {
    element: usize,
    /// Of words, not of paragraphs.
    pub inline: bool,
}

/// The home of every tag.
pub fn containers(marked: &Marked, events: &[(Event<'_>, Range<usize>)]) -> BTreeMap<usize, Home> {
    let mut homes = BTreeMap::new();
    let mut open: Vec<(usize, bool)> = vec![(0, false)];
    for (n, (event, _)) in events.iter().enumerate() {
        let (element, inline) = open.last().copied().unwrap_or_default();
        let mut keep = |text: &str| {
            for part in marked.parts(text) {
                if let Part::Mark(tag) = part {
                    homes.entry(tag).or_insert(Home { element, inline });
                }
            }
        };
        match event {
            // A block of HTML is transparent: its tags stand between paragraphs.
            Event::Start(Tag::HtmlBlock) => open.push((element, false)),
            Event::Start(tag) => {
                if let Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } = tag {
                    for part in marked.parts(dest_url) {
                        if let Part::Mark(tag) = part {
                            homes.entry(tag).or_insert(Home { element: n + 1, inline: true });
                        }
                    }
                }
                open.push((n + 1, is_inline(tag)));
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => keep(text),
            Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }
    homes
}

/// Elements that hold words, not paragraphs. A list item may be either: a tight one is taken for words by Markdown.
fn is_inline(tag: &Tag<'_>) -> bool {
    !matches!(tag, Tag::BlockQuote(_) | Tag::List(_) | Tag::Item | Tag::HtmlBlock | Tag::FootnoteDefinition(_))
}
