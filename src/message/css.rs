//! What mail programs don't do of CSS, and what a mail shouldn't: styles that are dropped, that put words over others, or
//! that fetch something. A short list, for what coaches write by hand; knows no file.

use crate::problem::Severity;
use memchr::memmem;
use std::ops::Range;

/// One thing to say about a piece of CSS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// In bytes of what was looked at.
    pub at: Range<usize>,
    pub severity: Severity,
    pub message: String,
    pub help: &'static str,
}

/// What a program drops. Looked up at caniemail.com, in its data up to April 2024; "Outlook" is the one of 2007 to 2019 on
/// Windows.
struct Dropped {
    property: &'static str,
    /// Any, where it is empty.
    values: &'static [&'static str],
    by: &'static str,
    help: &'static str,
}

const STACK: &str = "let it stand below each other, or write a table in Markdown";
const PLAIN: &str = "remove it: the words must do without";

const DROPPED: [Dropped; 8] = [
    Dropped { property: "display", values: &["flex", "inline-flex"], by: "Outlook", help: STACK },
    Dropped { property: "display", values: &["grid", "inline-grid"], by: "Gmail, Outlook and Yahoo", help: STACK },
    Dropped { property: "column-count", values: &[], by: "Outlook and Yahoo", help: STACK },
    Dropped { property: "transform", values: &[], by: "Gmail, Outlook and Yahoo", help: PLAIN },
    Dropped { property: "animation", values: &[], by: "Gmail, Outlook and Yahoo", help: PLAIN },
    Dropped { property: "filter", values: &[], by: "Gmail, Outlook and Yahoo", help: PLAIN },
    Dropped { property: "clip-path", values: &[], by: "Gmail, Outlook and Yahoo", help: PLAIN },
    Dropped { property: "opacity", values: &[], by: "Outlook and Yahoo", help: "choose a paler colour instead" },
];

/// What is to say about the declarations of a `style` attribute.
pub fn look_at_style(style: &str) -> Vec<Remark> {
    let mut remarks = Vec::new();
    declarations(style, 0, &mut remarks);
    fetched(style, &mut remarks);
    remarks
}

/// What is to say about a style sheet.
pub fn look_at_sheet(sheet: &str) -> Vec<Remark> {
    let plain = without_comments(sheet);
    let mut remarks = Vec::new();
    let (mut start, mut open) = (0, Vec::new());
    for (at, byte) in plain.bytes().enumerate() {
        match byte {
            b'{' => {
                open.push(at);
                start = at + 1;
            }
            b'}' => {
                if open.pop().is_none() {
                    let message = "this `}` closes nothing".to_string();
                    remarks.push(error(at..at + 1, message, "remove it, or write the `{` that it belongs to"));
                }
                declarations(&plain[start..at], start, &mut remarks);
                start = at + 1;
            }
            _ => {}
        }
    }
    for at in open {
        remarks.push(error(at..at + 1, "this `{` is never closed".to_string(), "write a `}` behind its last line"));
    }
    for rule in ["@import", "@font-face"] {
        for at in memmem::find_iter(plain.as_bytes(), rule) {
            let message = format!("`{rule}` fetches something from elsewhere");
            remarks.push(error(at..at + rule.len(), message, "remove it: a mail tells nobody that it was opened"));
        }
    }
    fetched(&plain, &mut remarks);
    remarks
}

/// Comments as white space, so that places stay.
fn without_comments(sheet: &str) -> String {
    let mut plain = sheet.to_string();
    while let Some(at) = plain.find("/*") {
        let end = plain[at..].find("*/").map_or(plain.len(), |end| at + end + 2);
        let blank = " ".repeat(end - at);
        plain.replace_range(at..end, &blank);
    }
    plain
}

fn declarations(style: &str, offset: usize, remarks: &mut Vec<Remark>) {
    let mut start = 0;
    for declaration in style.split(';') {
        let at = offset + start + declaration.len() - declaration.trim_start().len();
        start += declaration.len() + 1;
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let place = at..at + declaration.trim().len();
        remarks.extend(remark(&property.trim().to_ascii_lowercase(), &value.trim().to_ascii_lowercase(), place));
    }
}

fn remark(property: &str, value: &str, at: Range<usize>) -> Option<Remark> {
    let word = value.split_whitespace().next().unwrap_or_default();
    if property.starts_with("--") {
        let message = format!("Gmail, Outlook and Yahoo know no variables, such as `{property}`");
        return Some(warning(at, message, "write the value itself wherever it is needed"));
    }
    if property == "position" && matches!(word, "absolute" | "fixed" | "sticky") {
        let message = format!("`position: {word}` puts words over others where it works, and Gmail drops it");
        return Some(error(at, message, "remove it, and order the words as they are to be read"));
    }
    if property == "behavior" || value.contains("expression(") {
        return Some(error(at, "nothing runs in a mail".to_string(), "remove it"));
    }
    let is_meant =
        |known: &&Dropped| known.property == property && (known.values.is_empty() || known.values.contains(&word));
    let known = DROPPED.iter().find(is_meant)?;
    // What hides is no style: it is looked at where words must show.
    if property == "opacity" && word.trim_end_matches("!important").parse() == Ok(0.0) {
        return None;
    }
    let shown = if known.values.is_empty() { property.to_string() } else { format!("{property}: {word}") };
    Some(warning(at, format!("`{shown}` is dropped by {}", known.by), known.help))
}

fn fetched(css: &str, remarks: &mut Vec<Remark>) {
    for at in memmem::find_iter(css.to_ascii_lowercase().as_bytes(), "url(") {
        let message = "`url(…)` fetches something when the mail is opened".to_string();
        let help = "remove it, and show pictures in Markdown: ![what it shows](images/…)";
        remarks.push(error(at..at + 4, message, help));
    }
}

fn error(at: Range<usize>, message: String, help: &'static str) -> Remark {
    Remark { at, severity: Severity::Error, message, help }
}

fn warning(at: Range<usize>, message: String, help: &'static str) -> Remark {
    Remark { at, severity: Severity::Warning, message, help }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mail_programs_drop_is_found_at_its_place() {
        let check = |sheet: &str, expect: &[(usize, Severity)]| {
            let found: Vec<_> = look_at_sheet(sheet).into_iter().map(|it| (it.at.start, it.severity)).collect();
            assert_eq!(found, expect, "{sheet}");
        };
        check("p { color: red; margin: 0 }", &[]);
        check("p { display: block }", &[]);
        check("p { display: flex; margin: 0 }", &[(4, Severity::Warning)]);
        check("p { margin: 0;\n  position: Absolute }", &[(17, Severity::Error)]);
        check("/* p { transform: x } */ p { --a: b }", &[(29, Severity::Warning)]);
        check("@media print { p { opacity: .5 } }", &[(19, Severity::Warning)]);
        check("p { background: URL(a.png) }", &[(16, Severity::Error)]);
        check("@import 'a.css';", &[(0, Severity::Error)]);
        check("p { color: red", &[(2, Severity::Error)]);
        check("p { } }", &[(6, Severity::Error)]);
    }
}
