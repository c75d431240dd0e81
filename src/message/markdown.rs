//! Reads Markdown into events, checks and resolves what it points at, and writes the HTML. Tags are marks here; the
//! text part is written from the same events by `plain.rs`.

use crate::course::Course;
use crate::course::Kind;
use crate::keys::nearest;
use crate::message::footnotes;
use crate::message::footnotes::Notes;
use crate::message::homes::containers;
use crate::message::lifted;
use crate::message::marked::Marked;
use crate::message::marked::Part;
use crate::message::raw_html;
use crate::message::raw_html::Finding;
use crate::message::tags;
use crate::message::tags::TagKind;
use crate::picture;
use crate::picture::COLUMN;
use crate::problem::Problem;
use crate::problem::Source;
use crate::site::Site;
use crate::text::words;
use pulldown_cmark::CowStr;
use pulldown_cmark::Event;
use pulldown_cmark::HeadingLevel;
use pulldown_cmark::LinkType;
use pulldown_cmark::Options;
use pulldown_cmark::Parser;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;
use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Octets from which an image is too heavy for readers who pay for theirs.
pub const IMAGE_LIMIT: usize = 1_000_000;

/// A Markdown text after its checks, ready to be written as HTML and as plain text.
pub struct Document<'a> {
    pub events: Vec<Event<'a>>,
    /// The images of the course, by address.
    images: BTreeMap<String, Shown>,
    notes: Notes,
}

/// An image of the course as a text shows it.
struct Shown {
    path: String,
    /// Width and height in pixels, where its file says them.
    size: Option<(u32, u32)>,
}

/// An event and its place in the marked text.
pub type Placed<'a> = (Event<'a>, Range<usize>);

/// Where relative links and images lead.
#[derive(Clone, Copy)]
pub enum Base<'r> {
    Course(&'r Site, &'r Course),
    Nowhere,
}

/// The name of an image below `/image/`: SHA-256 of its bytes, in hex.
pub fn image_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a lesson's Markdown. Every problem is reported at its place in `source`.
pub fn read<'a>(marked: &'a Marked, base: Base<'_>, source: &Arc<Source>, problems: &mut Vec<Problem>) -> Document<'a> {
    let mut reader = Reader { marked, base, source, problems, heading: 1, images: BTreeMap::new() };
    let events = reader.resolve(parse(marked));
    let events = lifted::link_addresses(marked, lifted::lift_block_tags(marked, lifted::caption_images(events)));
    reader.check_constructs(&events);
    for fault in footnotes::faults(&marked.text, &events) {
        reader.error(&fault.range, fault.message, fault.help);
    }
    let language = match base {
        Base::Course(_, course) => course.language.as_str(),
        Base::Nowhere => {
            let note = |event: &Event<'_>| matches!(event, Event::Start(Tag::FootnoteDefinition(_)));
            if let Some((_, range)) = events.iter().find(|(event, _)| note(event)) {
                reader.error(range, "a footnote can't stand here", "write it into the text");
            }
            "en"
        }
    };
    let mail = &words(language).mail;
    let images = reader.images;
    let (events, notes) = footnotes::gather(events, mail.notes, mail.notes_back);
    Document { events, images, notes }
}

/// The events of a marked text.
pub fn parse(marked: &Marked) -> Vec<Placed<'_>> {
    Parser::new_ext(&marked.text, options()).into_offset_iter().collect()
}

/// The path of a file that a text names, as the course knows it.
pub fn path_of(url: &str) -> String {
    url.trim_start_matches("./").replace("%20", " ")
}

impl Document<'_> {
    /// `marked` is what it was read from.
    pub fn html(&self, marked: &Marked) -> String {
        let mut html = String::new();
        pulldown_cmark::html::push_html(&mut html, self.notes.as_html(&self.events, marked).into_iter());
        for (url, shown) in &self.images {
            if let Some((width, height)) = shown.size {
                let source = format!("<img src=\"{url}\"");
                html = html.replace(&source, &format!("{source} width=\"{width}\" height=\"{height}\""));
            }
        }
        // The heads of Markdown's tables stand above their columns; of raw HTML nobody knows.
        let is_head = |event: &Event<'_>| matches!(event, Event::Html(html) if html.contains("<th"));
        if !self.events.iter().any(is_head) {
            html = html.replace("<th>", "<th scope=\"col\">").replace("<th style=", "<th scope=\"col\" style=");
        }
        html
    }

    /// Addresses and paths of the course's images that it shows or links to.
    pub fn images(&self) -> impl Iterator<Item = (&str, &str)> {
        self.images.iter().map(|(address, shown)| (address.as_str(), shown.path.as_str()))
    }

    /// Whether the text has a title of its own.
    pub fn has_title(&self) -> bool {
        let title = |event: &Event<'_>| matches!(event, Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }));
        self.events.iter().any(title)
    }
}

/// What our Markdown has beyond CommonMark. No smart punctuation: it would curl quotes that code and links need.
pub fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES
}

struct Reader<'r> {
    marked: &'r Marked,
    base: Base<'r>,
    source: &'r Arc<Source>,
    problems: &'r mut Vec<Problem>,
    heading: usize,
    images: BTreeMap<String, Shown>,
}

impl<'r> Reader<'r> {
    fn resolve<'a>(&mut self, events: Vec<Placed<'a>>) -> Vec<Placed<'a>> {
        let mut resolved = Vec::with_capacity(events.len());
        let mut events = events.into_iter().peekable();
        while let Some((event, range)) = events.next() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    self.check_heading(level as usize, &range);
                    resolved.push((event, range));
                }
                Event::Start(Tag::Link { link_type, dest_url, title, id }) if link_type != LinkType::Email => {
                    let dest_url = CowStr::from(self.link(&dest_url, &range));
                    resolved.push((Event::Start(Tag::Link { link_type, dest_url, title, id }), range));
                }
                Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                    let alt: Vec<Placed<'a>> =
                        events.by_ref().take_while(|(event, _)| *event != Event::End(TagEnd::Image)).collect();
                    let dest_url =
                        CowStr::from(self.image(&dest_url, alt.iter().any(|(event, _)| says_something(event)), &range));
                    resolved.push((Event::Start(Tag::Image { link_type, dest_url, title, id }), range.clone()));
                    resolved.extend(alt);
                    resolved.push((Event::End(TagEnd::Image), range));
                }
                Event::Html(html) => {
                    // One event a line: a tag may go on in the next.
                    let (mut whole, mut end) = (html.into_string(), range.end);
                    while let Some((Event::Html(html), range)) = events.next_if(|(e, _)| matches!(e, Event::Html(_))) {
                        whole.push_str(&html);
                        end = range.end;
                    }
                    let range = range.start..end;
                    self.check_html(&whole, &range);
                    let whole = raw_html::without_comments(&whole, self.marked);
                    resolved.push((Event::Html(whole.into()), range));
                }
                Event::InlineHtml(html) => {
                    self.check_html(&html, &range);
                    let html = raw_html::without_comments(&html, self.marked);
                    resolved.push((Event::InlineHtml(html.into()), range));
                }
                other => resolved.push((other, range)),
            }
        }
        resolved
    }

    fn check_heading(&mut self, level: usize, range: &Range<usize>) {
        if level > self.heading + 1 {
            let message = format!("a heading of level {level} follows one of level {}", self.heading);
            self.error(range, message, "skip no level: screen readers announce headings as an outline");
        }
        self.heading = level;
    }

    fn link(&mut self, url: &str, range: &Range<usize>) -> String {
        if let Some(Part::Mark(n)) = self.marked.parts(url).first() {
            // A person's value at the front could choose the scheme.
            if !self.marked.tags.get(*n).is_some_and(tags::Tag::is_link) {
                let help = "begin it with https://… or with {{ links.… }}";
                self.error(range, "a link can't begin with a value", help);
            }
            return url.to_string();
        }
        match scheme(url) {
            Some("https" | "http" | "mailto" | "tel") => url.to_string(),
            Some(other) => {
                self.error(range, format!("a link can't go to `{other}:`"), "use https, http, mailto or tel");
                url.to_string()
            }
            None if is_image(url) && self.file(url).is_some() => self.image_url(url),
            None => {
                self.error(range, format!("dead link `{url}`"), self.dead_link_help(url));
                url.to_string()
            }
        }
    }

    fn check_html(&mut self, html: &str, range: &Range<usize>) {
        for finding in raw_html::look(html, self.marked) {
            match finding {
                Finding::Fault { message, help } => self.error(range, message, help),
                Finding::Heading(level) => self.check_heading(level, range),
                Finding::Link(url) => {
                    if self.link(&url, range) != url {
                        let help = "write the link in Markdown: [words](images/…)";
                        self.error(range, format!("raw HTML can't link to the file `{url}`"), help);
                    }
                }
            }
        }
    }

    fn dead_link_help(&self, url: &str) -> &'static str {
        let lesson = url.trim_start_matches("./").strip_suffix(".md");
        if let Base::Course(_, course) = self.base
            && lesson.is_some_and(|id| course.lessons.contains_key(id))
        {
            return match course.kind {
                Kind::Course => "a lesson has no page of its own: name it in words, people find it in their mail",
                Kind::Newsletter => "give the whole address of the issue's page: https://…/archive/NEWSLETTER/ISSUE",
            };
        }
        if is_sound(url) {
            return "sound isn't served from here: put the file where it can be heard, and give its whole address: https://…";
        }
        "in a mail a link needs its whole address: https://…"
    }

    fn image(&mut self, url: &str, has_alt: bool, range: &Range<usize>) -> String {
        if !has_alt {
            let help = "say what it shows, for those who don't see it: ![a hand on a cello](…)";
            self.error(range, "an image without a description", help);
        }
        if matches!(scheme(url), Some("https" | "http")) {
            return url.to_string();
        }
        if url.to_ascii_lowercase().ends_with(".svg") {
            let help = "export it as PNG, 1072 pixels across, and name that file";
            self.error(range, format!("mail programs don't show the SVG drawing `{url}`"), help);
            return url.to_string();
        }
        if self.marked.has_mark(url) || scheme(url).is_some() || !is_image(url) {
            let help = "name a .png, .jpg, .gif or .webp file of this course, or a whole address: https://…";
            self.error(range, "an image that a mail can't show", help);
            return url.to_string();
        }
        match self.file(url).map(Vec::len) {
            None => self.error(range, format!("there is no image `{url}`"), self.no_image_help(url)),
            Some(size) if size > IMAGE_LIMIT => {
                let message = format!("the image `{url}` has {:.1} MB; the limit is 1 MB", size as f64 / 1e6);
                self.error(range, message, "make it smaller: 1200 pixels across are plenty");
            }
            Some(_) => return self.image_url(url),
        }
        url.to_string()
    }

    fn no_image_help(&self, url: &str) -> String {
        let Base::Course(_, course) = self.base else { return "give its whole address: https://…".to_string() };
        match nearest(url, course.files.keys().map(String::as_str).filter(|file| is_image(file))) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "put the file into the course's folder".to_string(),
        }
    }

    fn image_url(&mut self, url: &str) -> String {
        let (Base::Course(site, _), Some(bytes)) = (self.base, self.file(url)) else { return url.to_string() };
        let address = format!("{}/image/{}", site.url, image_hash(bytes));
        let size = picture::size(bytes).map(|(width, height)| {
            let shown = width.clamp(1, COLUMN);
            let height = u64::from(height) * u64::from(shown) / u64::from(width.max(1));
            (shown, u32::try_from(height).unwrap_or(u32::MAX).max(1))
        });
        self.images.insert(address.clone(), Shown { path: path_of(url), size });
        address
    }

    fn file(&self, url: &str) -> Option<&'r Vec<u8>> {
        let Base::Course(_, course) = self.base else { return None };
        course.files.get(&path_of(url))
    }

    /// `if` and `endif` must stand in one paragraph, one list item, one cell – or between paragraphs, both of them.
    fn check_constructs(&mut self, events: &[Placed<'_>]) {
        let containers = containers(self.marked, events);
        for construct in &self.marked.constructs {
            let homes: Vec<_> = construct.iter().map(|n| containers.get(n)).collect();
            let first = construct.first().map(|n| &self.marked.tags[*n]);
            if let Some(tag) = first.filter(|_| homes.windows(2).any(|pair| pair[0] != pair[1])) {
                self.problems.push(Problem::error(
                    self.source,
                    tag.span.clone(),
                    format!("`{}` opens in one paragraph and closes in another", tag.text),
                    "write both in one paragraph, or each on a line of its own",
                ));
            }
        }
        for (n, tag) in self.marked.tags.iter().enumerate() {
            if tag.kind == TagKind::Block && containers.get(&n).is_some_and(|home| home.inline) {
                let help = "put it on a line of its own";
                let message = format!("`{}` prints paragraphs, and stands within one", tag.text);
                self.problems.push(Problem::error(self.source, tag.span.clone(), message, help));
            }
        }
    }

    fn error(&mut self, range: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        let span = self.marked.source_at(range.start)..self.marked.source_at(range.end);
        self.problems.push(Problem::error(self.source, span, message, help));
    }
}

fn says_something(event: &Event<'_>) -> bool {
    matches!(event, Event::Text(text) | Event::Code(text) if !text.trim().is_empty())
}

/// The scheme of an address that has one.
pub fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    ok.then_some(scheme)
}

/// Whether an address ends like an image that mails show.
pub fn is_image(url: &str) -> bool {
    matches!(ending(url).as_str(), "png" | "jpg" | "jpeg" | "gif" | "webp")
}

/// Whether an address ends like a recording.
pub fn is_sound(url: &str) -> bool {
    matches!(ending(url).as_str(), "mp3" | "m4a" | "ogg" | "oga" | "opus" | "wav" | "flac" | "aac")
}

fn ending(url: &str) -> String {
    url.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
}
