//! Finds the Tera tags of a lesson and puts opaque marks in their place, so that Markdown never reads what a tag says
//! and a value never passes through Markdown. Knows no Markdown beyond fences and list markers, and no name.

use crate::keys::round_quotes;
use crate::message::marked::Mapped;
use crate::message::marked::Marked;
use crate::message::marked::Part;
use crate::message::marked::look_up;
use crate::message::marked::parts;
use crate::message::marked::unused_prefix;
use crate::message::stray;
use crate::problem::Problem;
use crate::problem::Source;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// One `{{ … }}` or `{% … %}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub text: String,
    /// Where it stands in the source; empty for a tag that we added.
    pub span: Range<usize>,
    pub kind: TagKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// Prints a value within a line.
    Value,
    /// Prints whole paragraphs: `ask(…)`, `crisis()`, `button(…)`, `audio(…)`.
    Block,
    /// Begins a construct that must be closed.
    Open,
    /// Stands within a construct: `else`, `elif`.
    Middle,
    /// Ends a construct.
    Close,
    /// Prints nothing and needs no end: `set x = …`, `break`, `continue`.
    Single,
}

impl Tag {
    /// One of our own links, which are addresses and nothing else.
    pub fn is_link(&self) -> bool {
        let inner = self.text.strip_prefix("{{").map(|inner| inner.trim_start_matches('-').trim());
        let path = inner.and_then(|inner| inner.strip_prefix("links.")).and_then(|path| path.strip_suffix("}}"));
        let name = path.map(|path| path.trim_end_matches('-').trim());
        name.is_some_and(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    }
}

/// Marks the tags of `source.text[at]`. `added` tags follow as paragraphs of their own.
pub fn mark(source: &Arc<Source>, at: Range<usize>, added: &[String], problems: &mut Vec<Problem>) -> Marked {
    let text = &source.text[at.clone()];
    let prefix = unused_prefix(text);
    let mut scan = Scan::new(source, at.clone(), &prefix, Reads::Lesson);
    scan.run(problems);
    let Scan { mut tags, out, .. } = scan;
    keep_paragraphs(&out.text, &mut tags, &prefix);
    let mut spaced = space_out(&out, &tags, &prefix);
    for tag in added {
        spaced.text.push_str(&format!("\n\n{prefix}{}z\n", tags.len()));
        tags.push(Tag { text: tag.clone(), span: at.end..at.end, kind: TagKind::Block });
    }
    let constructs = constructs(&tags, source, problems);
    Marked::new(spaced, tags, constructs, prefix)
}

/// Marks the tags of a whole template, which may read others. `{{ name }}` with a name in `fixed` is no tag: its value
/// stands there at once. Whether tags are paired is left to Tera.
pub fn mark_template(source: &Arc<Source>, fixed: &BTreeMap<String, String>, problems: &mut Vec<Problem>) -> Marked {
    let prefix = unused_prefix(&source.text);
    let mut scan = Scan::new(source, 0..source.text.len(), &prefix, Reads::Template(fixed));
    scan.run(problems);
    let Scan { tags, out, .. } = scan;
    Marked::new(out, tags, Vec::new(), prefix)
}

/// What is scanned: a template may use every tag.
#[derive(Clone, Copy)]
enum Reads<'s> {
    Lesson,
    Template(&'s BTreeMap<String, String>),
}

struct Scan<'s> {
    source: &'s Arc<Source>,
    text: &'s str,
    start: usize,
    prefix: &'s str,
    reads: Reads<'s>,
    tags: Vec<Tag>,
    out: Mapped,
}

impl<'s> Scan<'s> {
    fn new(source: &'s Arc<Source>, at: Range<usize>, prefix: &'s str, reads: Reads<'s>) -> Scan<'s> {
        let (text, start) = (&source.text[at.clone()], at.start);
        Scan { source, text, start, prefix, reads, tags: Vec::new(), out: Mapped::default() }
    }

    fn run(&mut self, problems: &mut Vec<Problem>) {
        let mut at = 0;
        while let Some(open) = next_open(self.text, at) {
            self.between(at..open, problems);
            let Some(end) = end_of_tag(self.text, open) else {
                let span = self.start + open..self.start + open + 2;
                let message = format!("`{}` opens a tag that nothing closes", &self.text[open..open + 2]);
                let line = self.text[open..].lines().next().unwrap_or_default();
                let otherwise = || "close it, or write it in {% raw %} … {% endraw %}".to_string();
                let help = round_quotes(line).map_or_else(otherwise, |(_, help)| help);
                problems.push(Problem::error(self.source, span, message, help));
                return;
            };
            at = self.tag(open..end, problems);
        }
        self.between(at..self.text.len(), problems);
    }

    /// Takes what stands between two tags.
    fn between(&mut self, range: Range<usize>, problems: &mut Vec<Problem>) {
        if matches!(self.reads, Reads::Lesson) {
            stray::look(self.source, self.start + range.start..self.start + range.end, problems);
        }
        self.copy(range);
    }

    /// Takes one tag, and says where to go on.
    fn tag(&mut self, range: Range<usize>, problems: &mut Vec<Problem>) -> usize {
        let text = &self.text[range.clone()];
        let span = self.start + range.start..self.start + range.end;
        let word = first_word(text);
        if text.starts_with("{#") {
            return range.end;
        }
        if text.starts_with("{%") && word == "raw" {
            return self.raw(range, problems);
        }
        let kind = match self.reads {
            Reads::Lesson => kind(text, word),
            Reads::Template(fixed) => {
                let name = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
                if let Some(value) = name.and_then(|name| fixed.get(name.trim_matches('-').trim())) {
                    self.out.push(value, span.start);
                    return range.end;
                }
                Ok(if text.starts_with("{{") { TagKind::Value } else { TagKind::Single })
            }
        };
        match kind {
            Ok(kind) => {
                self.out.push(&format!("{}{}z", self.prefix, self.tags.len()), span.start);
                self.tags.push(Tag { text: text.to_string(), span, kind });
            }
            Err((message, help)) => problems.push(Problem::error(self.source, span, message, help)),
        }
        range.end
    }

    /// What stands between `raw` and `endraw` is text like any other, braces and all.
    fn raw(&mut self, range: Range<usize>, problems: &mut Vec<Problem>) -> usize {
        let mut at = range.end;
        while let Some(open) = self.text[at..].find("{%").map(|found| at + found) {
            let tag = end_of_tag(self.text, open).map(|end| (&self.text[open..end], end));
            match tag {
                Some((tag, end)) if first_word(tag) == "endraw" => {
                    self.copy(range.end..open);
                    return end;
                }
                _ => at = open + 2,
            }
        }
        let span = self.start + range.start..self.start + range.end;
        problems.push(Problem::error(self.source, span, "`raw` is never closed", "write {% endraw %} behind it"));
        self.text.len()
    }

    fn copy(&mut self, range: Range<usize>) {
        self.out.push(&self.text[range.clone()], self.start + range.start);
    }
}

fn next_open(text: &str, at: usize) -> Option<usize> {
    let found = ["{{", "{%", "{#"].iter().filter_map(|open| text[at..].find(open)).min()?;
    Some(at + found)
}

/// The end of the tag that opens here. Quoted text within it may hold braces.
fn end_of_tag(text: &str, open: usize) -> Option<usize> {
    let close = match &text[open..open + 2] {
        "{{" => "}}",
        "{%" => "%}",
        _ => return text[open..].find("#}").map(|found| open + found + 2),
    };
    let mut quote = None;
    for (n, c) in text[open + 2..].char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if text[open + 2 + n..].starts_with(close) => return Some(open + 2 + n + 2),
            None => {}
        }
    }
    None
}

/// The word that a statement begins with.
pub fn first_word(tag: &str) -> &str {
    let inner = tag.get(2..).unwrap_or_default();
    let inner = inner.strip_prefix('-').unwrap_or(inner).trim_start();
    let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
    &inner[..end]
}

fn kind(text: &str, word: &str) -> Result<TagKind, (String, &'static str)> {
    if text[2..].trim_start_matches('-').trim_start().starts_with('<') {
        return Err(("a lesson can't use components".into(), "write the text here, or change the mail's template"));
    }
    if text.starts_with("{{") {
        let block = matches!(word, "ask" | "crisis" | "button" | "audio") && text.contains('(');
        return Ok(if block { TagKind::Block } else { TagKind::Value });
    }
    match word {
        "if" | "for" | "filter" => Ok(TagKind::Open),
        "set" => Ok(if text.contains('=') { TagKind::Single } else { TagKind::Open }),
        "else" | "elif" => Ok(TagKind::Middle),
        "endif" | "endfor" | "endfilter" | "endset" => Ok(TagKind::Close),
        "break" | "continue" => Ok(TagKind::Single),
        "include" | "import" | "extends" | "block" | "endblock" | "component" | "endcomponent" => {
            let message = format!("a lesson can't use `{word}`: it may not read other files");
            Err((message, "write the text here, or change the mail's template"))
        }
        _ => Err((
            format!("`{word}` is no tag of a lesson"),
            "known: if, elif, else, endif, for, endfor, set, filter, endfilter, raw, endraw",
        )),
    }
}

/// Gives every line that holds only block tags blank lines around it, so that Markdown takes it as a paragraph of its own.
fn space_out(marked: &Mapped, tags: &[Tag], prefix: &str) -> Mapped {
    let mut out = Mapped::default();
    let mut fence: Option<char> = None;
    let mut indented = false;
    let mut at = 0;
    for line in marked.text.split_inclusive('\n') {
        let from = look_up(&marked.places, at);
        let trimmed = line.trim();
        let marker = ['`', '~'].into_iter().find(|c| trimmed.starts_with(&c.to_string().repeat(3)));
        if marker.is_some() && (fence.is_none() || fence == marker) {
            fence = if fence.is_some() { None } else { marker };
        }
        if fence.is_none() && only_blocks(trimmed, tags, prefix) {
            // Indented by four, a tag would be code; within a list its indentation says which item it belongs to.
            let indent = if indented { &line[..line.len() - line.trim_start().len()] } else { "" };
            out.push("\n", from);
            out.push(indent, from);
            out.push(trimmed, from);
            out.push("\n\n", from + trimmed.len());
        } else {
            push_pieces(&mut out, marked, at, line);
            if !trimmed.is_empty() {
                indented = line.starts_with([' ', '\t']) || is_list_item(trimmed);
            }
        }
        at += line.len();
    }
    out
}

/// Tags that stand alone in their line can't take white space away: it is what parts the paragraphs around them.
fn keep_paragraphs(text: &str, tags: &mut [Tag], prefix: &str) {
    for line in text.lines().filter(|line| line.contains(prefix)) {
        if only_blocks(line.trim(), tags, prefix) {
            for part in parts(line, prefix) {
                if let Part::Mark(n) = part
                    && let Some(tag) = tags.get_mut(n)
                {
                    // As long as before: places in it are counted.
                    tag.text = tag.text.replacen("{%-", "{% ", 1).replacen("{{-", "{{ ", 1);
                    tag.text = tag.text.replace("-%}", " %}").replace("-}}", " }}");
                }
            }
        }
    }
}

/// A line keeps the places of every tag in it.
fn push_pieces(out: &mut Mapped, marked: &Mapped, at: usize, line: &str) {
    let end = at + line.len();
    let inner = marked.places.iter().map(|(place, _)| *place).filter(|place| *place > at && *place < end);
    let mut start = at;
    for stop in inner.chain([end]) {
        out.push(&marked.text[start..stop], look_up(&marked.places, start));
        start = stop;
    }
}

fn only_blocks(line: &str, tags: &[Tag], prefix: &str) -> bool {
    !line.is_empty()
        && parts(line, prefix).iter().all(|part| match part {
            Part::Text(text) => text.trim().is_empty(),
            Part::Mark(n) => tags.get(*n).is_some_and(|tag| tag.kind != TagKind::Value),
        })
}

fn is_list_item(line: &str) -> bool {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with("- ")
        || line.starts_with("* ")
        || line.starts_with("+ ")
        || digits.len() < line.len() && (digits.starts_with(". ") || digits.starts_with(") "))
}

fn is_for(tag: &Tag) -> bool {
    first_word(&tag.text) == "for"
}

/// Pairs openings with their ends, and reports what has none.
fn constructs(tags: &[Tag], source: &Arc<Source>, problems: &mut Vec<Problem>) -> Vec<Vec<usize>> {
    let mut open: Vec<Vec<usize>> = Vec::new();
    let mut closed = Vec::new();
    for (n, tag) in tags.iter().enumerate() {
        match tag.kind {
            TagKind::Open => {
                let depth =
                    open.iter().filter_map(|group| group.first()).filter(|first| is_for(&tags[**first])).count();
                if depth == 2 && is_for(tag) {
                    let message = "a `for` stands within two others, and may never come to an end";
                    problems.push(Problem::error(source, tag.span.clone(), message, "take one of them out"));
                }
                open.push(vec![n]);
            }
            TagKind::Middle | TagKind::Close => {
                let word = first_word(&tag.text);
                let fits = open.last().and_then(|group| group.first()).is_some_and(|first| {
                    let opener = first_word(&tags[*first].text);
                    matches!((opener, word), ("if", "elif" | "else") | ("for", "else"))
                        || word == format!("end{opener}")
                });
                match open.last_mut() {
                    Some(group) if fits => group.push(n),
                    _ => problems.push(Problem::error(
                        source,
                        tag.span.clone(),
                        format!("`{word}` has no opening tag here"),
                        "remove it, or open and close tags in the same order",
                    )),
                }
                if fits && tag.kind == TagKind::Close {
                    closed.extend(open.pop());
                }
            }
            TagKind::Value | TagKind::Block | TagKind::Single => {}
        }
    }
    for tag in open.iter().filter_map(|group| group.first()).map(|first| &tags[*first]) {
        let word = first_word(&tag.text);
        let message = format!("`{word}` is never closed");
        problems.push(Problem::error(source, tag.span.clone(), message, format!("write {{% end{word} %}} behind it")));
    }
    closed
}
