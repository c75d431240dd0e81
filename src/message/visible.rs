//! What a reader sees of a piece of HTML: its words, and where its visible links go. Not a browser: it knows what hides
//! text in mails (comments, the head, `hidden`, `display: none` and its kin, also by class), and nothing of layout.

use memchr::memchr;
use memchr::memchr3;
use memchr::memmem;
use std::borrow::Cow;

/// The words that show, with white space where tags stood, and the addresses of links whose words show.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Visible {
    pub text: String,
    pub links: Vec<String>,
}

const VOID: [&str; 12] = ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"];
const UNSEEN: [&str; 6] = ["head", "style", "script", "template", "title", "noscript"];

pub fn visible(html: &str) -> Visible {
    let mut walk = Walk { hiding: hiding_classes(html), ..Walk::default() };
    let mut rest = html;
    while let Some(open) = memchr(b'<', rest.as_bytes()) {
        walk.text(&rest[..open]);
        rest = &rest[open..];
        let Some(end) = markup_end(rest) else {
            walk.text("<");
            rest = &rest[1..];
            continue;
        };
        if !rest.starts_with("<!--") {
            walk.tag(rest[1..end].trim_end_matches('>'));
        }
        rest = &rest[end..];
    }
    walk.text(rest);
    walk.seen
}

/// The characters that entities stand for.
pub fn decode_entities(text: &str) -> Cow<'_, str> {
    if memchr(b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end <= 10);
        match end.and_then(|end| Some((entity(&rest[1..end])?, end))) {
            Some((c, end)) => {
                decoded.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                decoded.push('&');
                rest = &rest[1..];
            }
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let hex = number.strip_prefix(['x', 'X']);
        let code = hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?;
        return char::from_u32(code);
    }
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        "shy" => Some('\u{ad}'),
        "ndash" => Some('–'),
        "mdash" => Some('—'),
        "hellip" => Some('…'),
        "copy" => Some('©'),
        _ => None,
    }
}

#[derive(Default)]
struct Walk<'h> {
    seen: Visible,
    hiding: Vec<String>,
    open: Vec<Open<'h>>,
    link: Option<(String, usize)>,
}

/// An open element.
struct Open<'h> {
    name: &'h str,
    /// It, or one around it.
    hides: bool,
    /// Its letters have no size. Other than what hides, an element within may give its own letters one: layouts of
    /// tables do, against the gaps between cells.
    tiny: bool,
}

impl<'h> Walk<'h> {
    fn hides(&self) -> bool {
        self.open.last().is_some_and(|open| open.hides)
    }

    fn is_tiny(&self) -> bool {
        self.open.last().is_some_and(|open| open.tiny)
    }

    fn text(&mut self, text: &str) {
        if !self.hides() && !self.is_tiny() {
            self.seen.text.push_str(&decode_entities(text));
        }
    }

    fn tag(&mut self, tag: &'h str) {
        self.seen.text.push(' ');
        if let Some(name) = tag.strip_prefix('/') {
            self.close(name.trim());
            return;
        }
        let end = first(tag, |byte| byte.is_ascii_whitespace() || byte == b'/');
        let name = &tag[..end];
        let (mut hides, mut tiny) = (self.hides() || is_one_of(&UNSEEN, name), self.is_tiny());
        for (attribute, value) in attributes(&tag[end..]) {
            if attribute.eq_ignore_ascii_case("href") && name.eq_ignore_ascii_case("a") {
                self.link = Some((decode_entities(value).into_owned(), self.seen.text.len()));
            } else if attribute.eq_ignore_ascii_case("hidden") {
                hides = true;
            } else if attribute.eq_ignore_ascii_case("style") {
                let style = decode_entities(value);
                let (all, letters) = hiding(&style);
                hides |= all;
                tiny = letters.unwrap_or(tiny);
            } else if attribute.eq_ignore_ascii_case("class") && !self.hiding.is_empty() {
                let classes = decode_entities(value);
                hides |= classes.split_whitespace().any(|class| self.hiding.iter().any(|hiding| hiding == class));
            }
        }
        if !is_one_of(&VOID, name) && !name.starts_with(['!', '?']) {
            self.open.push(Open { name, hides, tiny });
        }
    }

    fn close(&mut self, name: &str) {
        let link = if name.eq_ignore_ascii_case("a") { self.link.take() } else { None };
        if let Some((href, start)) = link
            && !self.seen.text[start..].trim().is_empty()
        {
            self.seen.links.push(href);
        }
        if let Some(at) = self.open.iter().rposition(|open| open.name.eq_ignore_ascii_case(name)) {
            self.open.truncate(at);
        }
    }
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The place of the `>` that ends the tag; quoted values may hold one.
fn end_of_tag(html: &str) -> usize {
    let bytes = html.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr3(b'"', b'\'', b'>', &bytes[at..]) {
        at += found;
        if bytes[at] == b'>' {
            return at;
        }
        let Some(closing) = memchr(bytes[at], &bytes[at + 1..]) else { return html.len() };
        at += closing + 2;
    }
    html.len()
}

/// Where the markup ends that begins with this `<`: a tag or a comment. `None` where it is only a character.
pub fn markup_end(html: &str) -> Option<usize> {
    if let Some(comment) = html.strip_prefix("<!--") {
        return Some(memmem::find(comment.as_bytes(), b"-->").map_or(html.len(), |end| end + 7));
    }
    let is_markup = html[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
    is_markup.then(|| html.len().min(end_of_tag(html) + 1))
}

/// The name of a tag's element, and whether the tag opens it.
pub fn element(tag: &str) -> (String, bool) {
    let inner = tag.trim_start_matches('<');
    let name = inner.trim_start_matches('/');
    let end = name.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).unwrap_or(name.len());
    (name[..end].to_ascii_lowercase(), name.len() == inner.len())
}

/// Elements that stand on lines of their own.
pub fn is_block(element: &str) -> bool {
    matches!(element, "p" | "div" | "section" | "center" | "address" | "blockquote" | "pre" | "hr" | "table" | "thead")
        || matches!(element, "tbody" | "ul" | "ol" | "dl" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// The attributes of a tag, their names in small letters, with their entities decoded.
pub fn attributes_of(tag: &str) -> Vec<(String, String)> {
    let name = tag.trim_start_matches('<').find(|c: char| c.is_whitespace() || c == '/');
    let inner = name.map_or("", |end| tag[1 + end..].trim_end_matches('>'));
    attributes(inner).map(|(name, value)| (name.to_ascii_lowercase(), decode_entities(value).into_owned())).collect()
}

/// Names and values as they are written, without quotes.
fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = &rest[first(rest, |byte| !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'='))..];
        let end = first(rest, |byte| byte.is_ascii_whitespace() || byte == b'=');
        let name = &rest[..end];
        rest = rest[end..].trim_ascii_start();
        let mut value = "";
        if let Some(behind) = rest.strip_prefix('=') {
            let behind = behind.trim_ascii_start();
            let quote = behind.bytes().next().filter(|byte| matches!(byte, b'"' | b'\''));
            let (start, end) = match quote {
                Some(quote) => (1, memchr(quote, &behind.as_bytes()[1..]).map_or(behind.len(), |end| end + 1)),
                None => (0, first(behind, |byte| byte.is_ascii_whitespace())),
            };
            value = &behind[start..end];
            rest = behind.get(end + start..).unwrap_or_default();
        }
        (!name.is_empty()).then_some((name, value))
    })
}

/// Where the first such byte is, which is ASCII, or the end.
fn first(text: &str, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(is).unwrap_or(text.len())
}

/// Whether a style hides what it is given to; and whether it takes the size of letters away, or gives them one: `None`
/// where it leaves them as they were. A share of nothing is nothing.
fn hiding(style: &str) -> (bool, Option<bool>) {
    let (mut hides, mut letters_vanish) = (false, None);
    for (name, value) in declarations(style) {
        let named = |known: &str| name.eq_ignore_ascii_case(known);
        let says = |known: &str| value.eq_ignore_ascii_case(known);
        if named("display") {
            hides |= says("none");
        } else if named("visibility") {
            hides |= says("hidden") || says("collapse");
        } else if ["opacity", "max-height", "max-width", "height"].into_iter().any(named) {
            hides |= is_zero(value);
        } else if named("font-size") {
            let share = value.ends_with('%') || value.ends_with("em") && !value.ends_with("rem");
            let zero = is_zero(value);
            letters_vanish = if zero || !share { Some(zero) } else { letters_vanish };
        }
    }
    (hides, letters_vanish)
}

/// The declarations of a style as they are written.
fn declarations(style: &str) -> impl Iterator<Item = (&str, &str)> {
    style.split(';').filter_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        let value = value.trim_ascii();
        let important = value.len().checked_sub("!important".len()).filter(|at| value.is_char_boundary(*at));
        let important = important.filter(|at| value[*at..].eq_ignore_ascii_case("!important"));
        Some((name.trim_ascii(), value[..important.unwrap_or(value.len())].trim_ascii()))
    })
}

fn is_zero(length: &str) -> bool {
    let digits = length.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    // Most lengths are none of those: a number is only read where it may be nothing.
    digits.starts_with(['0', '.', '+', '-']) && digits.parse() == Ok(0.0)
}

/// Classes that a `<style>` hides. Rules within a media query count too: somebody wouldn't see it.
fn hiding_classes(html: &str) -> Vec<String> {
    let mut classes = Vec::new();
    for start in memmem::find_iter(html.as_bytes(), b"<style") {
        let behind = &html[start..];
        let style = &behind[..memmem::find(behind.as_bytes(), b"</style").unwrap_or(behind.len())];
        for rule in style.split('}') {
            let mut pieces = rule.rsplit('{');
            let (Some(body), Some(selectors)) = (pieces.next(), pieces.next()) else { continue };
            if matches!(hiding(body), (true, _) | (_, Some(true))) {
                let named = selectors.split('.').skip(1);
                classes.extend(named.map(|name| {
                    name.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect::<String>()
                }));
            }
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_words_and_links_do_not_count() {
        let check = |html: &str, text: &str, links: &[&str]| {
            let seen = visible(html);
            assert_eq!(seen.text.split_whitespace().collect::<Vec<_>>().join(" "), text, "{html}");
            assert_eq!(seen.links, links, "{html}");
        };
        check("<p>a &amp; b</p>", "a & b", &[]);
        check("<!-- a --><p hidden>b</p><title>c</title>d", "d", &[]);
        check("<div style=\"display: NONE\"><b>a</b></div>b", "b", &[]);
        check("<div style='font-size:0px'>a</div><i style='font-size:10px'>b</i>", "b", &[]);
        check(
            "<td style='font-size:0px'>a<div style='font-size:16px'>b<i style='font-size:2em'>c</i></div></td>",
            "b c",
            &[],
        );
        check("<td style='font-size:0'>a<b style='font-size:2em'>b</b><b style='font-size:1rem'>c</b></td>", "c", &[]);
        check("<style>@media x { .gone , .away{ display:none } }</style><p class='x gone'>a</p>b", "b", &[]);
        check("<a href=\"https://x/?a=1&amp;b=2\">go</a><a href='https://y'></a>", "go", &["https://x/?a=1&b=2"]);
        check("<p style='visibility:hidden'><a href=https://z>go</a></p>", "", &[]);
        check("1 < 2 <br> <img alt='>' src=x>3", "1 < 2 3", &[]);
        check("<a title=x href=\"u\" >w</a>", "w", &["u"]);
        check("&#233;&#xe9;&nbsp;&unknown;", "éé &unknown;", &[]);
    }
}
