//! A mail's HTML as it is shown here: in light or in dark whatever the coach's own device is, with its images or without,
//! and with images that come from this machine. Everything else of it stays as it is sent.

use crate::flow::preview::Mail;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Light,
    Dark,
    NoImages,
}

impl Look {
    pub fn word(self) -> &'static str {
        match self {
            Look::Light => "light",
            Look::Dark => "dark",
            Look::NoImages => "no-images",
        }
    }

    pub fn from_word(word: &str) -> Option<Look> {
        [Look::Light, Look::Dark, Look::NoImages].into_iter().find(|look| look.word() == word)
    }
}

/// The document of a frame. `site` is what links of the mail begin with.
pub fn document(mail: &Mail, look: Look, site: &str) -> String {
    let mut html = with_scheme(&mail.html, look == Look::Dark);
    html = html.replace(&format!("{site}/image/"), "/image/");
    for picture in &mail.pictures {
        let data = format!("data:{};base64,{}", picture.content_type, STANDARD.encode(&picture.bytes));
        html = html.replace(&format!("cid:{}", picture.name), &data);
    }
    if look == Look::NoImages {
        html = without_images(&html);
    }
    let scheme = if look == Look::Dark { "dark" } else { "light" };
    // Links open beside the preview. The browser's own colours follow the look, too.
    let head = format!("<base target=\"_blank\"><style>:root {{ color-scheme: {scheme} !important; }}</style>");
    match html.find("</head>") {
        Some(at) => format!("{}{head}{}", &html[..at], &html[at..]),
        None => format!("{head}{html}"),
    }
}

/// Media conditions on the scheme as if it were settled: each becomes one that always or never holds.
fn with_scheme(html: &str, dark: bool) -> String {
    const FEATURE: &str = "prefers-color-scheme";
    let small = html.to_ascii_lowercase();
    let mut out = String::with_capacity(html.len());
    let mut done = 0;
    for (at, _) in small.match_indices(FEATURE) {
        let open = small[done..at].trim_end().strip_suffix('(').map(|before| done + before.len());
        let Some((open, end)) = open.zip(small[at..].find(')').map(|end| at + end)) else { continue };
        let holds = match small[at + FEATURE.len()..end].trim().strip_prefix(':').map(str::trim) {
            Some("dark") => dark,
            Some("light") => !dark,
            Some(_) | None => continue,
        };
        out.push_str(&html[done..open]);
        out.push_str(if holds { "(min-width: 0)" } else { "(max-width: 0)" });
        done = end + 1;
    }
    out + &html[done..]
}

/// Images without what they would load, so that their descriptions show.
fn without_images(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find("<img") {
        let end = tag_end(&rest[at..]).map_or(rest.len(), |end| at + end);
        out.push_str(&rest[..at]);
        out.push_str(&without_attribute(&without_attribute(&rest[at..end], "srcset"), "src"));
        rest = &rest[end..];
    }
    out + rest
}

/// Where a tag ends; quoted values may hold a `>`.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => return Some(at + 1),
            (Some(open), c) if c == open => quote = None,
            (None | Some(_), _) => {}
        }
    }
    None
}

fn without_attribute(tag: &str, name: &str) -> String {
    let Some(at) = tag.find(&format!(" {name}=")) else { return tag.to_string() };
    let value = &tag[at + name.len() + 2..];
    let length = match value.chars().next().filter(|quote| matches!(quote, '"' | '\'')) {
        Some(quote) => value[1..].find(quote).map_or(value.len(), |end| end + 2),
        None => value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len()),
    };
    format!("{}{}", &tag[..at], &value[length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_settles_what_the_mail_asks_the_device() {
        let check = |html: &str, dark: bool, expect: &str| assert_eq!(with_scheme(html, dark), expect);
        check("@media (prefers-color-scheme: dark) { a }", true, "@media (min-width: 0) { a }");
        check("@media (prefers-color-scheme: dark) { a }", false, "@media (max-width: 0) { a }");
        check("@media screen and ( Prefers-Color-Scheme:light ) {", true, "@media screen and (max-width: 0) {");
        check("é (prefers-color-scheme: dark) (prefers-color-scheme: light)", true, "é (min-width: 0) (max-width: 0)");
        check("we write prefers-color-scheme here (twice)", true, "we write prefers-color-scheme here (twice)");
        check("(prefers-color-scheme", true, "(prefers-color-scheme");
    }

    #[test]
    fn images_keep_their_descriptions_and_load_nothing() {
        let check = |html: &str, expect: &str| assert_eq!(without_images(html), expect);
        check("a<img src=\"/x>y\" alt=\"A leaf\">b", "a<img alt=\"A leaf\">b");
        check("<img alt='a > b' src='x' srcset=\"y 2x\">", "<img alt='a > b'>");
        check("<img src=x alt=y><img src=z>", "<img alt=y><img>");
        check("<imgx", "<imgx");
        check("<img src=\"x", "<img");
    }
}
