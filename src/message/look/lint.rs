//! What is wrong with a layout although the renderer takes it: misspelt elements and attributes, elements where they do
//! nothing, and fonts that would be fetched. Reads MJML as tags; knows no Tera.

use crate::keys::nearest;
use crate::message::look::elements::ELEMENTS;
use crate::message::look::elements::Element;
use crate::message::look::elements::Holds;
use crate::message::look::elements::find;
use crate::message::look::mjml::span;
use crate::message::marked::Marked;
use crate::message::visible::markup_end;
use crate::problem::Problem;
use crate::problem::Source;
use std::ops::Range;
use std::sync::Arc;

/// Every problem of a marked layout, in order.
pub fn lint(marked: &Marked, source: &Arc<Source>) -> Vec<Problem> {
    let mut lint = Lint { marked, source, problems: Vec::new(), open: Vec::new(), html: Vec::new() };
    let text = marked.text.as_str();
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        at += found;
        let end = markup_end(&text[at..]).unwrap_or(1);
        let tag = &text[at..at + end];
        if end > 1 && !tag.starts_with("<!") && !tag.starts_with("<?") {
            lint.tag(tag, at);
        }
        at += end;
    }
    lint.problems
}

struct Lint<'l> {
    marked: &'l Marked,
    source: &'l Arc<Source>,
    problems: Vec<Problem>,
    /// The elements of MJML around this place.
    open: Vec<String>,
    /// The elements of HTML around this place, within one of MJML, each with where it opens.
    html: Vec<(String, Range<usize>)>,
}

impl Lint<'_> {
    fn tag(&mut self, tag: &str, at: usize) {
        let closes = tag.starts_with("</");
        let start = if closes { 2 } else { 1 };
        let inner = &tag[start..];
        let length = inner.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).unwrap_or(inner.len());
        let name = inner[..length].to_string();
        let place = at + start..at + start + length;
        let home = self.open.last().cloned();
        let element = home.as_deref().and_then(find);
        if element.is_some_and(|element| element.holds == Holds::Html) && !(closes && name.starts_with("mj")) {
            return self.html(&name, tag, home.as_deref().unwrap_or_default(), place);
        }
        if closes {
            return self.close(&name, place);
        }
        let defaults = home.as_deref() == Some("mj-attributes");
        let (attributes, behind) = (&tag[start + length..], at + start + length);
        match find(&name) {
            None if defaults && matches!(name.as_str(), "mj-all" | "mj-class") => {
                let any = ELEMENTS.iter().flat_map(Element::attributes).chain(["name"]);
                self.attributes(&name, any.collect(), attributes, behind);
            }
            None => self.unknown(&name, &place),
            Some(element) => {
                if !defaults {
                    self.stands_well(element, home.as_deref(), &place);
                }
                self.attributes(&name, element.attributes().collect(), attributes, behind);
            }
        }
        if !tag.ends_with("/>") {
            self.open.push(name);
        }
    }

    fn close(&mut self, name: &str, place: Range<usize>) {
        self.unclosed(0, name);
        let Some(at) = self.open.iter().rposition(|open| open == name) else {
            let open = self.open.last().cloned();
            // One of the two names is misspelt, and said to be that where it opens.
            let opens_wrong = open.as_deref().is_some_and(|open| find(open).is_none());
            if !opens_wrong {
                let help = open.map_or("remove it".to_string(), |open| format!("most likely it should be `</{open}>`"));
                self.error(&place, format!("`</{name}>` closes nothing"), help);
            }
            if opens_wrong || find(name).is_none() {
                self.open.pop();
            }
            return;
        };
        if at + 1 < self.open.len() {
            let inner = self.open[at + 1..].join("`, `");
            self.error(&place, format!("`</{name}>` comes before `{inner}` is closed"), "close it first".into());
        }
        self.open.truncate(at);
    }

    /// Elements of HTML, from the nth on, that should have ended before this one does.
    fn unclosed(&mut self, nth: usize, before: &str) {
        for (open, place) in self.html.split_off(nth) {
            let message = format!("`<{open}>` isn't closed before `</{before}>`");
            self.error(&place, message, format!("write `</{open}>`: MJML wants every element closed"));
        }
    }

    /// What stands in an element that holds HTML: passed on as it is, but it must be whole.
    fn html(&mut self, name: &str, tag: &str, home: &str, place: Range<usize>) {
        const VOID: [&str; 8] = ["area", "br", "col", "hr", "img", "meta", "source", "wbr"];
        if tag.starts_with("</") {
            if let Some(at) = self.html.iter().rposition(|(open, _)| open == name) {
                self.unclosed(at + 1, name);
                self.html.truncate(at);
            }
        } else if name.starts_with("mj-") {
            let message = format!("`{name}` does nothing within `{home}`");
            self.error(&place, message, format!("close `{home}` before it"));
        } else if !VOID.contains(&name) && !tag.ends_with("/>") {
            self.html.push((name.to_string(), place));
        }
    }

    fn unknown(&mut self, name: &str, place: &Range<usize>) {
        let known = ELEMENTS.iter().map(|element| element.name);
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if name.starts_with("mj-") => "see the reference of MJML 4".to_string(),
            None => "HTML stands within mj-text or mj-raw".to_string(),
        };
        self.error(place, format!("`{name}` is no element of MJML"), help);
    }

    fn stands_well(&mut self, element: &Element, home: Option<&str>, place: &Range<usize>) {
        let name = element.name;
        if name == "mj-font" {
            let help = "remove it, and name fonts that people have: font-family=\"Georgia, serif\"";
            self.error(place, "a mail fetches no fonts".into(), help.into());
            return;
        }
        let Some(Holds::Elements(inner)) = home.and_then(find).map(|home| home.holds) else { return };
        if !inner.contains(&name) {
            let places: Vec<&str> = ELEMENTS.iter().filter(|it| holds(it, name)).map(|it| it.name).collect();
            let message = format!("`{name}` can't stand within `{}`", home.unwrap_or_default());
            self.error(place, message, format!("it stands within {}", places.join(", ")));
        }
    }

    fn attributes(&mut self, element: &str, known: Vec<&str>, text: &str, at: usize) {
        for place in names(text) {
            let name = &text[place.clone()];
            // A tag may print attributes, too.
            if name.contains(&self.marked.prefix) || known.contains(&name) {
                continue;
            }
            let help = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            let message = format!("`{element}` has no attribute `{name}`");
            self.error(&(at + place.start..at + place.end), message, help);
        }
    }

    fn error(&mut self, place: &Range<usize>, message: String, help: String) {
        self.problems.push(Problem::error(self.source, span(self.marked, place), message, help));
    }
}

fn holds(element: &Element, name: &str) -> bool {
    matches!(element.holds, Holds::Elements(inner) if inner.contains(&name))
}

/// Where the names of attributes stand behind the name of an element.
fn names(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(|c: char| !c.is_whitespace() && !matches!(c, '/' | '>' | '=')) {
        let start = at + start;
        let rest = &text[start..];
        if text[..start].trim_end().ends_with('=') && !rest.starts_with(['"', '\'']) {
            // A value without quotes, which is complained about elsewhere.
            at = rest.find(|c: char| c.is_whitespace() || c == '>').map_or(text.len(), |end| start + end);
            continue;
        }
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            at = rest[1..].find(quote).map_or(text.len(), |end| start + end + 2);
            continue;
        }
        let length = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '/' | '>')).unwrap_or(rest.len());
        found.push(start..start + length);
        at = start + length;
    }
    found
}
