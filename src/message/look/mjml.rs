//! MJML with marks in the place of its tags becomes HTML with the same marks; what the parser says becomes problems at
//! their places. Knows no Tera: tags are opaque here, so that none of them can disturb the parser.

use crate::message::marked::Marked;
use crate::problem::Problem;
use crate::problem::Source;
use mrml::prelude::parser::Error;
use mrml::prelude::parser::ParserOptions;
use mrml::prelude::parser::Span;
use mrml::prelude::render::RenderOptions;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

const WELL_FORMED: &str = "close every element, and write every attribute with its value in quotes";

/// The HTML of a layout.
///
/// # Errors
/// What the parser stopped at, or a tag that MJML would drop.
pub fn render(marked: &Marked, source: &Arc<Source>) -> Result<String, Problem> {
    let parsed = mrml::parse_with_options(&marked.text, &ParserOptions::default());
    let root = parsed.map_err(|error| fault(&error, marked, source))?.element;
    // Its list of fonts would fetch them from a third party.
    let options = RenderOptions { fonts: HashMap::new(), disable_comments: false, ..RenderOptions::default() };
    let html = root.render(&options).map_err(|error| {
        let help = "most likely a width or a padding isn't a number of pixels or a percentage";
        Problem::error(source, 0..0, format!("this MJML can't be rendered: {error}"), help)
    })?;
    let lost = (0..marked.tags.len()).find(|n| !html.contains(&marked.mark(*n)));
    match lost.map(|n| &marked.tags[n]) {
        Some(tag) => {
            let help = "write it within mj-text, mj-raw or an attribute";
            let message = format!("MJML keeps nothing of `{}` here", tag.text);
            Err(Problem::error(source, tag.span.clone(), message, help))
        }
        None => Ok(tighten(&html)),
    }
}

/// Without the white space that only people who read the source need: every mail carries the frame.
fn tighten(html: &str) -> String {
    let mut tight = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find("<style") {
        let end = rest[open..].find("</style>").map_or(rest.len(), |end| open + end);
        push_lines(&mut tight, &rest[..open]);
        tight.push_str(&tighten_rules(&rest[open..end]));
        rest = &rest[end..];
    }
    push_lines(&mut tight, rest);
    tight
}

fn push_lines(tight: &mut String, html: &str) {
    for line in html.lines().map(str::trim).filter(|line| !line.is_empty()) {
        tight.push_str(line);
        tight.push('\n');
    }
}

fn tighten_rules(rules: &str) -> String {
    let words = rules.split_whitespace().collect::<Vec<_>>().join(" ");
    let pairs =
        [(" {", "{"), ("{ ", "{"), (" }", "}"), ("} ", "}"), ("; ", ";"), (": ", ":"), (", ", ","), (" > ", ">")];
    let tight = pairs.iter().fold(words, |rules, (loose, tight)| rules.replace(loose, tight));
    tight.replace(";}", "}")
}

fn fault(error: &Error, marked: &Marked, source: &Arc<Source>) -> Problem {
    let at = |span: &Span| marked.source_at(span.start)..marked.source_at(span.end).max(marked.source_at(span.start));
    let end = source.text.len()..source.text.len();
    let (span, message, help) = match error {
        Error::UnexpectedElement { position, .. } => {
            (at(position), "this element can't stand here".to_string(), "see which elements MJML allows within it")
        }
        Error::UnexpectedToken { position, .. } => {
            (at(position), "nothing like this can stand here".to_string(), "words belong into mj-text or mj-raw")
        }
        Error::MissingAttribute { name, position, .. } => {
            (at(position), format!("this element needs the attribute `{name}`"), "add it")
        }
        Error::InvalidAttribute { position, .. } => {
            (at(position), "this attribute can't be read".to_string(), WELL_FORMED)
        }
        Error::InvalidFormat { position, .. } => (at(position), "this can't be read".to_string(), WELL_FORMED),
        Error::EndOfStream { .. } => (end, "the file ends within an element".to_string(), WELL_FORMED),
        Error::SizeLimit { .. } => (0..0, "this file is over 4 GiB".to_string(), "make it smaller"),
        Error::NoRootNode => (0..0, "there is no `<mjml>`".to_string(), "begin the file with <mjml>"),
        Error::IncludeLoaderError { position, .. } => {
            let help = "write {% include \"mail/…\" %} within mj-text instead: the built-in templates do";
            (at(position), "`mj-include` reads no file here".to_string(), help)
        }
        Error::ParserError { source: said, .. } => {
            let place = place(&said.to_string(), &marked.text);
            let at = place.map_or(0, |place| marked.source_at(place));
            (at..at, format!("this isn't MJML: {}", sentence(said)), WELL_FORMED)
        }
    };
    Problem::error(source, span, message, help)
}

/// The innermost of what the tokenizer said, without its place, which counts in the text with marks.
fn sentence(error: &(dyn std::error::Error + 'static)) -> String {
    let innermost = error.source().map_or_else(|| error.to_string(), sentence);
    innermost.split(" at ").next().unwrap_or_default().to_string()
}

/// The byte at the `line:column` that a sentence ends with or mentions.
fn place(said: &str, text: &str) -> Option<usize> {
    let (_, behind) = said.split_once(" at ")?;
    let mut numbers = behind.split(|c: char| !c.is_ascii_digit());
    let (line, column): (usize, usize) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let inner = text.get(start..)?.chars().take(column.checked_sub(1)?).map(char::len_utf8).sum::<usize>();
    Some(start + inner)
}

/// The place of a span of the marked text in the source.
pub fn span(marked: &Marked, at: &Range<usize>) -> Range<usize> {
    let start = marked.source_at(at.start);
    start..marked.source_at(at.end).max(start)
}
