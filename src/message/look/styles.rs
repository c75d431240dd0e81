//! The styles of what coaches write, put into the elements themselves: many mail programs drop every style sheet. Works
//! on HTML whose tags are marks, once for each version of a lesson or template; knows no lesson.

use crate::keys::nearest;
use crate::message::marked::Marked;
use crate::message::marked::Part;
use crate::message::tags::TagKind;
use crate::message::visible::element;
use crate::message::visible::markup_end;
use crate::problem::Problem;
use crate::problem::Source;
use css_inline::CSSInliner;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The style sheet below `templates/`.
pub const FILE: &str = "mail/body.css";

/// What stands in the style sheet for the side at which lines begin and end, until the direction is known.
const START: &str = "side-where-lines-begin";
const END: &str = "side-where-lines-end";

/// The style sheet of the words of a mail.
#[derive(Debug, Clone, Default)]
pub struct Styles {
    css: String,
}

impl Styles {
    /// Puts the theme in. `{{ start }}` and `{{ end }}` are the sides at which lines begin and end.
    ///
    /// # Errors
    /// Every tag that stands for nothing.
    pub fn new(source: &Arc<Source>, fixed: &BTreeMap<String, String>) -> Result<Styles, Vec<Problem>> {
        let (mut css, mut rest, mut problems) = (String::new(), source.text.as_str(), Vec::new());
        while let Some(open) = rest.find("{{") {
            css.push_str(&rest[..open]);
            let at = source.text.len() - rest.len() + open;
            let length = rest[open..].find("}}").map_or(rest.len() - open, |end| end + 2);
            let name = rest[open..open + length].trim_matches(['{', '}']).trim();
            match (name, fixed.get(name)) {
                ("start", _) => css.push_str(START),
                ("end", _) => css.push_str(END),
                (_, Some(value)) => css.push_str(value),
                (_, None) => {
                    let known = fixed.keys().map(String::as_str).chain(["start", "end"]);
                    let help = nearest(name, known).map_or_else(
                        || "a style sheet knows the colours of the theme, `start` and `end`".to_string(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    problems.push(Problem::error(source, at..at + length, format!("unknown name `{name}`"), help));
                }
            }
            rest = &rest[open + length..];
        }
        css.push_str(rest);
        if problems.is_empty() { Ok(Styles { css }) } else { Err(problems) }
    }

    /// HTML without tags, in a language of this direction, with its styles in its elements.
    pub fn of_block(&self, html: &str, direction: &str) -> String {
        self.of_lesson(html, &Marked::untagged(html), direction)
    }

    /// As [`Styles::of_block`], with marks.
    pub fn of_lesson(&self, html: &str, marked: &Marked, direction: &str) -> String {
        let (start, end) = sides(direction);
        self.inline(html, marked, start, end)
    }

    /// Puts the styles into the elements. HTML that isn't sound on its own, such as a tag that opens in one branch of a
    /// condition and closes in another, stays as it was written: mending it would break it for one of the branches.
    pub fn inline(&self, html: &str, marked: &Marked, start: &str, end: &str) -> String {
        // The inliner follows elements by calling itself: too many within each other would be its end, and ours.
        if depth(html) > DEEPEST {
            return html.to_string();
        }
        let css = self.css.replace(START, start).replace(END, end);
        let inliner = CSSInliner::options().inline_style_tags(false).keep_style_tags(true).keep_link_tags(true);
        let inliner = inliner.load_remote_stylesheets(false).minify_css(true).build();
        let Some(shielded) = shield(html, marked) else { return html.to_string() };
        let Ok(inlined) = inliner.inline_fragment(&shielded, &css) else { return html.to_string() };
        if shape(&inlined) == shape(&shielded) { unshield(&inlined, marked) } else { html.to_string() }
    }
}

/// Elements within each other that are followed. No mail has as many.
pub const DEEPEST: usize = 100;

/// How many elements stand within each other at most, if each that opens is closed as soon as it may be.
pub fn depth(html: &str) -> usize {
    const VOID: [&str; 6] = ["area", "br", "col", "hr", "img", "wbr"];
    let (mut depth, mut deepest) = (0_usize, 0);
    for (element, opens) in shape(html).iter().filter(|(element, _)| !element.starts_with("<!--")) {
        if !opens {
            depth = depth.saturating_sub(1);
        } else if !VOID.contains(&element.as_str()) {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    deepest
}

/// Where lines begin and end.
pub fn sides(direction: &str) -> (&'static str, &'static str) {
    if direction == "rtl" { ("right", "left") } else { ("left", "right") }
}

/// Makes comments of the marks that print nothing and stand between elements: a parser moves words out of a table, but
/// comments stay where they are. `None` where such a mark stands within an element's tag.
fn shield(html: &str, marked: &Marked) -> Option<String> {
    let mut shielded = String::with_capacity(html.len());
    let mut rest = html;
    while !rest.is_empty() {
        let open = rest.find('<').unwrap_or(rest.len());
        for part in marked.parts(&rest[..open]) {
            match part {
                Part::Text(text) => shielded.push_str(text),
                Part::Mark(n) if is_silent(marked, n) => shielded.push_str(&format!("<!--{}-->", marked.mark(n))),
                Part::Mark(n) => shielded.push_str(&marked.mark(n)),
            }
        }
        rest = &rest[open..];
        let end = if rest.is_empty() { 0 } else { markup_end(rest).unwrap_or(1) };
        let silent = |part: &Part<'_>| matches!(part, Part::Mark(n) if is_silent(marked, *n));
        if end > 1 && !rest.starts_with("<!--") && marked.parts(&rest[..end]).iter().any(silent) {
            return None;
        }
        shielded.push_str(&rest[..end]);
        rest = &rest[end..];
    }
    Some(shielded)
}

fn unshield(html: &str, marked: &Marked) -> String {
    let mut plain = html.to_string();
    for n in (0..marked.tags.len()).filter(|n| is_silent(marked, *n)) {
        let mark = marked.mark(n);
        plain = plain.replace(&format!("<!--{mark}-->"), &mark);
    }
    plain
}

fn is_silent(marked: &Marked, tag: usize) -> bool {
    marked.tags.get(tag).is_some_and(|tag| match tag.kind {
        TagKind::Value | TagKind::Block => false,
        TagKind::Open | TagKind::Middle | TagKind::Close | TagKind::Single => true,
    })
}

/// The elements and comments in order, each with whether it opens.
fn shape(html: &str) -> Vec<(String, bool)> {
    let mut shape = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        rest = &rest[open..];
        let end = markup_end(rest).unwrap_or(1);
        if rest.starts_with("<!--") {
            shape.push((rest[..end].to_string(), true));
        } else if end > 1 {
            shape.push(element(&rest[..end]));
        }
        rest = &rest[end..];
    }
    shape
}
