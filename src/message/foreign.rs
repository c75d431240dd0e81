//! The text of an imported issue: what looks like a tag stays text, and pictures are named where they will stand. Knows no
//! file.

use pulldown_cmark::Event;
use pulldown_cmark::Options;
use pulldown_cmark::Parser;
use pulldown_cmark::Tag;

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

/// The text with the addresses of its pictures as `name` gives them; `None` leaves one as it is.
pub fn with_pictures(text: &str, mut name: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let Event::Start(Tag::Image { dest_url, .. }) = event else { continue };
        let written = &text[range.clone()];
        // Behind the description, which may hold the same words.
        let at = written.rfind("](").and_then(|from| Some(from + written[from..].find(dest_url.as_ref())?));
        let place = at.map(|at| range.start + at).filter(|place| *place >= copied);
        if let (Some(place), Some(name)) = (place, name(&dest_url)) {
            // In pointed brackets, as names with spaces are written, the new name stands as well.
            out.push_str(&text[copied..place]);
            out.push_str(&name);
            copied = place + dest_url.len();
        }
    }
    out + &text[copied..]
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
    fn pictures_are_named_anew_and_nothing_else_is() {
        let name = |old: &str| (!old.contains(':')).then(|| format!("images/{}", old.replace(' ', "-")));
        let check = |text: &str, expect: &str| assert_eq!(with_pictures(text, name), expect, "{text}");
        check("![a.png](a.png \"a.png\") and [a](a.png)", "![a.png](images/a.png \"a.png\") and [a](a.png)");
        check("![a](https://example.org/a.png)", "![a](https://example.org/a.png)");
        check("![a](<my a.png>)\n\n    ![b](b.png)\n", "![a](<images/my-a.png>)\n\n    ![b](b.png)\n");
        check("[![a](a.png)](https://example.org)", "[![a](images/a.png)](https://example.org)");
    }
}
