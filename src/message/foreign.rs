//! The text of an imported issue: what looks like a tag stays text, and pictures and links lead to where they will
//! stand. Knows no file.

use crate::message::visible::attributes_of;
use crate::message::visible::element;
use crate::message::visible::markup_end;
use pulldown_cmark::Event;
use pulldown_cmark::LinkType;
use pulldown_cmark::Options;
use pulldown_cmark::Parser;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;
use std::collections::BTreeSet;
use std::ops::Range;

/// How a tag begins in a lesson, and how it ends.
const TAGS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];

/// A text in which nothing is a tag: readers see the braces.
pub fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, close)) = next_tag(rest) {
        out.push_str(&rest[..at]);
        let line = rest[at..].lines().next().unwrap_or_default();
        let end = line.get(2..).and_then(|inner| inner.find(close)).map(|found| found + 4);
        let whole = end.filter(|end| !line[..*end].contains("endraw")).unwrap_or(2);
        out.push_str(&format!("{{% raw %}}{}{{% endraw %}}", &rest[at..at + whole]));
        rest = &rest[at + whole..];
    }
    out + rest
}

/// Whether something in it would be taken for a tag.
pub fn has_tags(text: &str) -> bool {
    next_tag(text).is_some()
}

fn next_tag(text: &str) -> Option<(usize, &'static str)> {
    TAGS.iter().filter_map(|(open, close)| Some((text.find(open)?, *close))).min()
}

/// What is asked for of a text.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// The new address of a picture.
    Picture(&'a str),
    /// The new address of a link.
    Link(&'a str),
    /// The words for a picture that has none.
    Words(&'a str),
}

/// The text with the addresses of its pictures and links, and the words of silent pictures, as `answer` gives them; `None`
/// leaves one as it is. `<img>` that is answered becomes Markdown.
pub fn with_addresses(text: &str, mut answer: impl FnMut(Place<'_>) -> Option<String>) -> String {
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    let named = parser.reference_definitions().iter();
    let named: Vec<_> = named.map(|(_, it)| (it.dest.to_string(), it.span.clone())).collect();
    let mut shown = BTreeSet::new();
    let mut events = parser.into_offset_iter().peekable();
    let mut depth = 0;
    while let Some((event, range)) = events.next() {
        match event {
            Event::Start(Tag::List(_) | Tag::BlockQuote(_)) => depth += 1,
            Event::End(TagEnd::List(_) | TagEnd::BlockQuote(_)) => depth -= 1,
            Event::Start(Tag::HtmlBlock) if depth == 0 => {
                of_html(&text[range.clone()], range.start, "\n\n", &mut answer, &mut changes)
            }
            Event::InlineHtml(_) => of_html(&text[range.clone()], range.start, "", &mut answer, &mut changes),
            Event::Start(Tag::Link { link_type: LinkType::Inline, dest_url, .. }) => {
                changes.extend(address(text, range, "](", &dest_url).zip(answer(Place::Link(&dest_url))));
            }
            Event::Start(Tag::Image { link_type, dest_url, .. }) => {
                let is_silent = matches!(events.peek(), Some((Event::End(_), _)));
                if is_silent && text[range.clone()].starts_with("![]") {
                    let words = answer(Place::Words(&dest_url));
                    changes.extend(words.map(|words| (range.start + 2..range.start + 2, escaped(&words))));
                }
                if link_type == LinkType::Inline {
                    changes.extend(address(text, range, "](", &dest_url).zip(answer(Place::Picture(&dest_url))));
                } else {
                    shown.insert(dest_url.to_string());
                }
            }
            _ => {}
        }
    }
    for (url, range) in named {
        let new = answer(if shown.contains(&url) { Place::Picture(&url) } else { Place::Link(&url) });
        changes.extend(address(text, range, "]:", &url).zip(new));
    }
    changes.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (range, new) in changes.into_iter() {
        if range.start >= copied {
            out.push_str(&text[copied..range.start]);
            out.push_str(&new);
            copied = range.end;
        }
    }
    out + &text[copied..]
}

/// Where an address is written: behind the words, which may be the same. In pointed brackets, as names with spaces are
/// written, a new one stands as well.
fn address(text: &str, range: Range<usize>, behind: &str, url: &str) -> Option<Range<usize>> {
    let written = &text[range.clone()];
    let from = if behind == "]:" { written.find(behind) } else { written.rfind(behind) }? + behind.len();
    let at = range.start + from + written[from..].find(url)?;
    (!url.is_empty()).then(|| at..at + url.len())
}

/// The pictures of a piece of HTML become Markdown, with `around` in front and behind.
fn of_html(
    html: &str,
    start: usize,
    around: &str,
    answer: &mut impl FnMut(Place<'_>) -> Option<String>,
    changes: &mut Vec<(Range<usize>, String)>,
) {
    let is_verbatim = ["pre", "script", "style", "textarea"].contains(&element(html.trim_start()).0.as_str());
    if is_verbatim || html.trim_start().starts_with("<!") {
        return;
    }
    let mut at = 0;
    while let Some(open) = html[at..].find('<').map(|open| at + open) {
        let end = open + markup_end(&html[open..]).unwrap_or(1);
        at = end;
        let tag = &html[open..end];
        if !tag.ends_with('>') || element(tag) != ("img".to_string(), true) {
            continue;
        }
        let attributes = attributes_of(tag);
        let value = |name: &str| attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
        let Some(source) = value("src").filter(|source| !source.is_empty()) else { continue };
        let words = value("alt").filter(|words| !words.is_empty());
        let new = answer(Place::Picture(source));
        if new.is_none() && words.is_some() {
            continue;
        }
        let words = words.map(String::from).or_else(|| answer(Place::Words(source)));
        if let Some(words) = words {
            let address = new.unwrap_or_else(|| source.to_string());
            changes.push((start + open..start + end, format!("{around}![{}](<{address}>){around}", escaped(&words))));
        }
    }
}

fn escaped(words: &str) -> String {
    words.replace('\n', " ").replace('[', "\\[").replace(']', "\\]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_tag_stays_text() {
        let check = |text: &str, expect: &str| assert_eq!(without_tags(text), expect, "{text}");
        check("plain { text } 100 %", "plain { text } 100 %");
        check("a {{< youtube x >}} b", "a {% raw %}{{< youtube x >}}{% endraw %} b");
        check("{% include x %}", "{% raw %}{% include x %}{% endraw %}");
        check("{# note #} and {{ open", "{% raw %}{# note #}{% endraw %} and {% raw %}{{{% endraw %} open");
        check(
            "{% raw %}{{ x }}{% endraw %}",
            "{% raw %}{% raw %}{% endraw %}{% raw %}{{ x }}{% endraw %}{% raw %}{%{% endraw %} endraw %}",
        );
        check("{{{x}}}", "{% raw %}{{{x}}{% endraw %}}");
    }

    #[test]
    fn pictures_and_links_lead_elsewhere_and_nothing_else_is_changed() {
        let answer = |asked: Place<'_>| match asked {
            Place::Picture(old) => (!old.contains(':')).then(|| format!("images/{}", old.replace(' ', "-"))),
            Place::Link(old) => (old == "b.md").then(|| "https://x.org/b".to_string()),
            Place::Words(_) => Some("Some words".to_string()),
        };
        let check = |text: &str, expect: &str| assert_eq!(with_addresses(text, answer), expect, "{text}");
        check("![a.png](a.png \"a.png\") and [a](a.png)", "![a.png](images/a.png \"a.png\") and [a](a.png)");
        check("![a](https://example.org/a.png)", "![a](https://example.org/a.png)");
        check("![a](<my a.png>)\n\n    ![b](b.png)\n", "![a](<images/my-a.png>)\n\n    ![b](b.png)\n");
        check("[![a](a.png)](https://example.org)", "[![a](images/a.png)](https://example.org)");
        check(
            "[![a](a.png)](b.md) [b.md](b.md) `[b](b.md)`",
            "[![a](images/a.png)](https://x.org/b) [b.md](https://x.org/b) `[b](b.md)`",
        );
        check("![](a.png)", "![Some words](images/a.png)");
        check(
            "![p] and [q][r]\n\n[p]: p.png\n[r]: b.md \"b\"\n",
            "![p] and [q][r]\n\n[p]: images/p.png\n[r]: https://x.org/b \"b\"\n",
        );
        check("One <img alt='A [b]' src=a.png> two", "One ![A \\[b\\]](<images/a.png>) two");
        check("<p><img src=\"a.png\"></p>\n", "<p>\n\n![Some words](<images/a.png>)\n\n</p>\n");
        check("<img src=\"https://x.org/a.png\" alt=\"A\">", "<img src=\"https://x.org/a.png\" alt=\"A\">");
        check("<pre><img src=\"a.png\"></pre> `<img src=a.png>`", "<pre><img src=\"a.png\"></pre> `<img src=a.png>`");
    }
}
