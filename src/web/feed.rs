//! The issues of a newsletter as Atom (RFC 4287). Knows no request.

use crate::course::Course;
use crate::flow::archive::Listed;
use jiff::Timestamp;

/// RFC 4287 §7.
pub const TYPE: &str = "application/atom+xml; charset=utf-8";

/// Issues in a feed: readers keep what they have seen.
pub const MOST: usize = 50;

/// The feed of these issues, newest first. `url` is that of the list that it follows; an issue is known by its first URL, so
/// that one with another name or date isn't new. `words` are those of the first issues, as HTML: one that has none isn't in it.
pub fn atom(course: &Course, author: &str, url: &str, issues: &[Listed], words: &[String]) -> String {
    // As long as nothing has appeared nothing has changed, and the element can't be left out.
    let updated = issues.iter().map(|it| it.since).max().unwrap_or(Timestamp::UNIX_EPOCH);
    let mut feed = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\" xml:base=\"{}/\">\n",
        escaped(&course.language),
        escaped(url)
    );
    let own = [
        element("id", url),
        element("title", &course.title),
        element("updated", &updated.to_string()),
        link("self", "application/atom+xml", &format!("{url}/feed.xml")),
        link("alternate", "text/html", url),
        format!("<author><name>{}</name></author>\n", escaped(author)),
    ];
    feed.extend(own);
    feed.extend((!course.summary.trim().is_empty()).then(|| element("subtitle", &course.summary)));
    feed.extend(issues.iter().zip(words).map(|(issue, words)| entry(issue, words)));
    feed.push_str("</feed>\n");
    feed
}

fn entry(issue: &Listed, words: &str) -> String {
    let at = issue.since.to_string();
    let parts = [
        element("id", &issue.first_url),
        element("title", &issue.title),
        element("updated", &at),
        element("published", &at),
        link("alternate", "text/html", &issue.url),
        if issue.preview.is_empty() { String::new() } else { element("summary", &issue.preview) },
        format!("<content type=\"html\">{}</content>\n", escaped(words)),
    ];
    format!("<entry xml:lang=\"{}\">\n{}</entry>\n", escaped(&issue.language), parts.concat())
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>\n", escaped(text))
}

fn link(rel: &str, kind: &str, href: &str) -> String {
    format!("<link rel=\"{rel}\" type=\"{kind}\" href=\"{}\"/>\n", escaped(href))
}

/// A text between tags or within quotes. What no XML document may hold (XML 1.0 §2.2) is left out.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_end_no_element_and_holds_only_what_xml_may() {
        let check = |text: &str, expect: &str| assert_eq!(escaped(text), expect, "{text:?}");
        check("Ana & Ben", "Ana &amp; Ben");
        check("a <b> \"c\" ]]>", "a &lt;b&gt; &quot;c&quot; ]]&gt;");
        check("a\u{0}b\u{8}c\u{1b}d\u{fffe}e\u{ffff}f", "abcdef");
        check("one\ttwo\nשלום 🎻", "one\ttwo\nשלום 🎻");
    }
}
