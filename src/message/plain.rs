//! Writes the text part from Markdown events: what a careful person would have typed. Knows no HTML part.

use crate::message::marked::Marked;
use crate::message::marked::Part;
use crate::message::tags;
use crate::message::tags::TagKind;
use crate::message::visible::decode_entities;
use crate::message::visible::element;
use crate::message::visible::is_block;
use crate::message::visible::markup_end;
use pulldown_cmark::Event;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;

/// Columns of the text part. Links and words that are longer stand alone on theirs.
const WIDTH: usize = 72;

/// Columns from which a line is broken again.
const SHOWN: usize = 78;

/// Columns that a link of ours takes at least.
const LINK_WIDTH: usize = 64;

/// The plain text of a document, in lines of at most 72 columns. Marks stay in it.
pub fn write(marked: &Marked, events: &[Event<'_>]) -> String {
    let mut writer = Writer::new(marked);
    for event in events {
        writer.event(event);
    }
    writer.flush();
    writer.out
}

/// A sentence or two in lines of at most 72 columns.
pub fn wrap(text: &str) -> String {
    let marked = Marked::untagged(text);
    Writer::new(&marked).wrap(text, WIDTH).join("\n")
}

/// A finished line in lines of at most 72 columns, if a value made it longer than mail programs like to show, and without
/// the double spaces that a false condition leaves. Tables and code stay as they are.
pub fn rewrap(line: &str) -> String {
    let words = line.trim_start_matches([' ', '>']);
    let lead = &line[..line.len() - words.len()];
    let number = words.trim_start_matches(|c: char| c.is_ascii_digit());
    let marker = match (words.strip_prefix("- "), number.strip_prefix(". ")) {
        (Some(behind), _) | (None, Some(behind)) => words.len() - behind.len(),
        (None, None) => 0,
    };
    let code = lead.ends_with("    ") && marker == 0;
    if code || words.contains(" | ") || line.chars().count() <= SHOWN && !words.contains("  ") {
        return line.to_string();
    }
    let hanging = format!("{lead}{}", " ".repeat(marker));
    let marked = Marked::untagged(words);
    let width = if line.chars().count() <= SHOWN { SHOWN } else { WIDTH };
    let lines = Writer::new(&marked).wrap(words, width.saturating_sub(hanging.len()).max(WIDTH / 2));
    format!("{lead}{}", lines.join(&format!("\n{hanging}")))
}

/// The columns that a tag is expected to fill: short names, numbers of lessons, long links.
fn expected_width(tag: &tags::Tag) -> usize {
    match tag.kind {
        TagKind::Value if tag.text.contains("links.") => LINK_WIDTH,
        TagKind::Value if tag.text.contains("progress.") => 2,
        TagKind::Value => 6,
        TagKind::Block | TagKind::Open | TagKind::Middle | TagKind::Close | TagKind::Single => 0,
    }
}

/// What precedes the lines of a quote or list item.
struct Indent {
    first: String,
    rest: &'static str,
    used: bool,
}

struct Writer<'w> {
    marked: &'w Marked,
    out: String,
    inline: String,
    indents: Vec<Indent>,
    lists: Vec<Option<u64>>,
    links: Vec<(String, usize)>,
    rows: Vec<Vec<String>>,
    gap: bool,
}

impl<'w> Writer<'w> {
    fn new(marked: &'w Marked) -> Writer<'w> {
        Writer {
            marked,
            out: String::new(),
            inline: String::new(),
            indents: Vec::new(),
            lists: Vec::new(),
            links: Vec::new(),
            rows: Vec::new(),
            gap: false,
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) => self.inline.push_str(text),
            Event::Code(code) => self.inline.push_str(&format!("`{code}`")),
            Event::Html(html) | Event::InlineHtml(html) => self.html(html),
            Event::SoftBreak => self.inline.push(' '),
            Event::HardBreak => self.inline.push('\n'),
            Event::Rule => {
                self.flush();
                self.line("* * *");
                self.gap = true;
            }
            Event::FootnoteReference(number) => self.inline.push_str(&format!("[{number}]")),
            // Extensions that our options leave off.
            Event::InlineMath(text) | Event::DisplayMath(text) => self.inline.push_str(text),
            Event::TaskListMarker(done) => self.inline.push_str(if *done { "[x] " } else { "[ ] " }),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } | Tag::HtmlBlock | Tag::CodeBlock(_) | Tag::Table(_) => self.flush(),
            Tag::BlockQuote(_) => {
                self.flush();
                self.indents.push(Indent { first: "> ".into(), rest: "> ", used: false });
            }
            Tag::List(start) => {
                self.flush();
                self.lists.push(*start);
            }
            Tag::Item => self.item(),
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            Tag::Emphasis => self.inline.push('_'),
            Tag::Strong => self.inline.push('*'),
            Tag::Strikethrough => self.inline.push('~'),
            Tag::Link { dest_url, .. } => self.links.push((dest_url.to_string(), self.inline.len())),
            Tag::Image { .. } => self.inline.push('['),
            Tag::FootnoteDefinition(number) => {
                self.flush();
                self.indents.push(Indent { first: format!("[{number}] "), rest: "    ", used: false });
            }
            Tag::TableCell
            | Tag::Superscript
            | Tag::Subscript
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, end: &TagEnd) {
        match end {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.block_ends(),
            TagEnd::Heading(level) => self.heading(*level as usize),
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => {
                self.block_ends();
                self.indents.pop();
            }
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
                self.gap = self.gap || self.lists.is_empty();
            }
            TagEnd::Item => {
                self.flush();
                self.indents.pop();
            }
            TagEnd::Table => self.table(),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inline);
                if let Some(row) = self.rows.last_mut() {
                    row.push(cell.trim().to_string());
                }
            }
            TagEnd::Emphasis => self.inline.push('_'),
            TagEnd::Strong => self.inline.push('*'),
            TagEnd::Strikethrough => self.inline.push('~'),
            TagEnd::Link => self.link(),
            TagEnd::Image => self.inline.push(']'),
            TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::MetadataBlock(_) => {}
        }
    }

    fn block_ends(&mut self) {
        self.flush();
        self.gap = true;
    }

    fn item(&mut self) {
        self.flush();
        let first = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_string(),
        };
        let rest = if first.len() > 3 {
            "    "
        } else if first.len() == 3 {
            "   "
        } else {
            "  "
        };
        self.indents.push(Indent { first, rest, used: false });
    }

    /// `words <address>`; the address alone where the words are the address.
    fn link(&mut self) {
        let Some((url, start)) = self.links.pop() else { return };
        // A block of HTML among its words has written those before it already.
        let start = if self.inline.is_char_boundary(start) { start } else { 0 };
        let words = self.inline[start..].trim().to_string();
        if words.is_empty() || words == url || url == format!("mailto:{words}") {
            self.inline.truncate(start);
            self.inline.push_str(url.strip_prefix("mailto:").unwrap_or(&url));
        } else {
            self.inline.push_str(&format!(" <{url}>"));
        }
    }

    fn heading(&mut self, level: usize) {
        let words = self.inline.trim().to_string();
        self.flush();
        // A value has an unknown width: a rule below it would be too long or too short.
        if level <= 2 && !self.marked.has_mark(&words) && !words.contains('\n') {
            let rule = if level == 1 { "=" } else { "-" };
            self.gap = false;
            self.line(&rule.repeat(words.chars().count().min(WIDTH)));
        }
        self.gap = true;
    }

    fn code_block(&mut self) {
        let code = std::mem::take(&mut self.inline);
        for line in code.trim_end_matches('\n').split('\n') {
            self.line(&format!("    {line}"));
        }
        self.gap = true;
    }

    fn table(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| self.width(cell)).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let fits = widths.iter().sum::<usize>() + 3 * columns <= WIDTH + 3;
        for (n, row) in rows.iter().enumerate() {
            let padded = row.iter().zip(&widths).map(|(cell, width)| {
                let missing = if fits { width.saturating_sub(self.width(cell)) } else { 0 };
                format!("{cell}{}", " ".repeat(missing))
            });
            let line = padded.collect::<Vec<_>>().join(" | ");
            self.line(line.trim_end());
            if n == 0 && fits {
                let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                self.line(&rules.join("-+-"));
            }
        }
        self.gap = true;
    }

    /// Raw HTML keeps its words, and the tags that steer what follows.
    fn html(&mut self, html: &str) {
        let mut rest = html;
        while let Some(open) = rest.find('<') {
            self.html_words(&rest[..open], ' ');
            rest = &rest[open..];
            match markup_end(rest) {
                Some(end) => {
                    self.markup(&rest[..end]);
                    rest = &rest[end..];
                }
                None => {
                    self.inline.push('<');
                    rest = &rest[1..];
                }
            }
        }
        // Without any markup these are tags that were lifted out of a paragraph, each on its line.
        self.html_words(rest, if rest.len() == html.len() { '\n' } else { ' ' });
    }

    fn html_words(&mut self, words: &str, line_break: char) {
        let words = decode_entities(words).replace('\n', &line_break.to_string());
        self.inline.push_str(&words);
    }

    fn markup(&mut self, markup: &str) {
        let (name, opens) = element(markup);
        match name.as_str() {
            "br" => self.inline.push('\n'),
            "td" | "th" => self.inline.push(' '),
            "li" | "tr" | "dt" | "dd" => {
                self.flush();
                self.inline.push_str(if opens && name == "li" { "- " } else { "" });
            }
            block if is_block(block) => {
                self.flush();
                self.gap = true;
            }
            _ => {}
        }
        for part in self.marked.parts(markup) {
            if let Part::Mark(n) = part
                && self.marked.tags.get(n).is_some_and(|tag| tag.kind != TagKind::Value)
            {
                self.inline.push_str(&self.marked.mark(n));
            }
        }
    }

    /// Ends the block that is being written.
    fn flush(&mut self) {
        let inline = std::mem::take(&mut self.inline);
        if inline.trim().is_empty() {
            return;
        }
        let indent: usize = self.indents.iter().map(|indent| indent.rest.len()).sum();
        for line in self.wrap(inline.trim(), WIDTH - indent.min(WIDTH / 2)) {
            self.line(&line);
        }
    }

    fn wrap(&self, text: &str, width: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for forced in text.split('\n') {
            let (mut line, mut used) = (String::new(), 0);
            for word in forced.split(' ').filter(|word| !word.is_empty()) {
                let wide = self.width(word);
                if used > 0 && used + 1 + wide > width {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                if used > 0 || !line.is_empty() {
                    line.push(' ');
                    used += 1;
                }
                line.push_str(word);
                used += wide;
            }
            lines.push(line);
        }
        lines
    }

    fn width(&self, text: &str) -> usize {
        let width = |part: &Part<'_>| match part {
            Part::Text(text) => text.chars().count(),
            Part::Mark(n) => self.marked.tags.get(*n).map_or(0, expected_width),
        };
        self.marked.parts(text).iter().map(width).sum()
    }

    fn line(&mut self, text: &str) {
        if self.gap && !self.out.is_empty() {
            let used = self.indents.iter().take_while(|indent| indent.used);
            let blank: String = used.map(|indent| indent.rest).collect();
            self.out.push_str(blank.trim_end());
            self.out.push('\n');
        }
        self.gap = false;
        let mut line = String::new();
        for indent in &mut self.indents {
            line.push_str(if indent.used { indent.rest } else { &indent.first });
            indent.used = true;
        }
        line.push_str(text);
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }
}
