//! Reads a TOML table key by key and collects every problem with its span, instead of stopping at the first. Knows no
//! key by name: each room asks for its own, and what nobody asked for is an unknown key.

mod date;
mod nearest;
mod quotes;
mod said;
mod shape;
mod texts;

pub use date::meant as date_meant;
pub use nearest::nearest;
pub use quotes::round_quotes;
pub use texts::texts;

use crate::problem::Problem;
use crate::problem::Source;
use said::MISSING;
use said::kind;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::Range;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;
use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

/// Values that stand in for those of the file, by dotted path: `relay.0.password`.
pub type Overrides = BTreeMap<String, String>;

/// One table while it is being read.
pub struct Keys<'a> {
    table: Option<&'a DeTable<'a>>,
    span: Range<usize>,
    path: String,
    shared: Rc<Shared<'a>>,
    asked: RefCell<Vec<String>>,
}

struct Shared<'a> {
    source: Arc<Source>,
    /// Where the TOML begins in the source: front matter stands behind its fence.
    offset: usize,
    overrides: &'a Overrides,
    /// Every path that was asked for: an override of another one names no key.
    known: RefCell<BTreeSet<String>>,
    /// Paths that unknown keys most likely meant.
    meant: RefCell<Vec<String>>,
    problems: RefCell<Vec<Problem>>,
}

/// A value as it was written: in the file, or by an override (whose span is empty).
enum Raw<'a> {
    File(&'a DeValue<'a>, Range<usize>),
    Override(&'a str),
}

/// Parses `toml`, which begins at byte `offset` of `source`, and hands its root table to `read`.
/// Returns what `read` made of it, and every problem: syntax errors first, then those that `read` met.
pub fn read<T>(
    source: &Arc<Source>,
    toml: &str,
    offset: usize,
    overrides: &Overrides,
    read: impl FnOnce(&Keys<'_>) -> T,
) -> (T, Vec<Problem>) {
    let (root, errors) = DeTable::parse_recoverable(toml);
    let shared = Rc::new(Shared {
        source: Arc::clone(source),
        offset,
        overrides,
        known: RefCell::default(),
        meant: RefCell::default(),
        problems: RefCell::default(),
    });
    let syntax_failed = !errors.is_empty();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let help = said::next_step(toml, span.start);
        shared.report(span, format!("this isn't TOML: {}", error.message()), &help);
    }
    let keys = Keys {
        table: Some(root.get_ref()),
        span: 0..0,
        path: String::new(),
        shared: Rc::clone(&shared),
        asked: RefCell::default(),
    };
    let value = read(&keys);
    shared.report_unknown_overrides();
    let mut problems = shared.problems.borrow_mut().split_off(0);
    if syntax_failed {
        // What is missing may only be what couldn't be read.
        problems.retain(|p| !p.message.ends_with(MISSING));
    }
    said::point_above(&mut problems, root.get_ref(), &shared.known.borrow(), &mut shared.meant.borrow_mut());
    said::drop_what_was_meant(&mut problems, &shared.meant.borrow());
    said::name_items(&mut problems, root.get_ref());
    drop(root);
    (value, problems)
}

impl<'a> Keys<'a> {
    pub fn source(&self) -> &Arc<Source> {
        &self.shared.source
    }

    /// Where this table stands in the source.
    pub fn span(&self) -> Range<usize> {
        self.shared.moved(self.span.clone())
    }

    /// The dotted path of a key of this table, as messages name it.
    pub fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) }
    }

    pub fn has(&self, key: &str) -> bool {
        self.raw(key).is_some() || self.overridden_below(key)
    }

    /// Reports a problem at a span that one of the readers returned.
    pub fn error(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.shared.problems.borrow_mut().push(Problem::error(&self.shared.source, span, message, help));
    }

    pub fn warning(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.shared.problems.borrow_mut().push(Problem::warning(&self.shared.source, span, message, help));
    }

    /// Says that `key` is missing from this table, unless it was there.
    pub fn missing(&self, key: &str, help: &str) {
        if !self.has(key) {
            self.error(self.span(), format!("`{}` {MISSING}", self.path(key)), help);
        }
    }

    pub fn string(&self, key: &str) -> Option<Spanned<String>> {
        match self.raw(key)? {
            Raw::Override(text) => Some(Spanned::new(0..0, text.to_string())),
            Raw::File(DeValue::String(text), span) => Some(Spanned::new(span, text.to_string())),
            Raw::File(other, span) => self.wrong(key, "text in quotes", other, span),
        }
    }

    /// A text that must not be blank.
    pub fn text(&self, key: &str) -> Option<Spanned<String>> {
        let text = self.string(key)?;
        if text.get_ref().trim().is_empty() {
            self.error(text.span(), format!("{} is empty", self.label(key)), "write a text, or remove the key");
            return None;
        }
        Some(text)
    }

    /// A text that parses as `T`; `T`'s error is the message.
    pub fn parsed<T: FromStr>(&self, key: &str, help: &str) -> Option<Spanned<T>>
    where
        T::Err: Display,
    {
        let text = match self.raw(key)? {
            Raw::File(other, span) if !matches!(other, DeValue::String(_)) => {
                return self.refused(key, "text in quotes", other, span, help);
            }
            Raw::File(..) | Raw::Override(_) => self.string(key)?,
        };
        match text.get_ref().parse::<T>() {
            Ok(value) => Some(Spanned::new(text.span(), value)),
            Err(error) => {
                self.error(text.span(), format!("{}: {error}", self.label(key)), help);
                None
            }
        }
    }

    pub fn boolean(&self, key: &str) -> Option<Spanned<bool>> {
        match self.raw(key)? {
            Raw::Override("true") => Some(Spanned::new(0..0, true)),
            Raw::Override("false") => Some(Spanned::new(0..0, false)),
            Raw::Override(_) => self.wrong_override(key, "true or false"),
            Raw::File(DeValue::Boolean(value), span) => Some(Spanned::new(span, *value)),
            Raw::File(other, span) => self.wrong(key, "true or false", other, span),
        }
    }

    /// A whole number within `range`.
    pub fn integer(&self, key: &str, range: std::ops::RangeInclusive<i64>) -> Option<Spanned<i64>> {
        let (value, span) = match self.raw(key)? {
            Raw::Override(text) => match text.parse::<i64>() {
                Ok(value) => (value, 0..0),
                Err(_) => return self.wrong_override(key, "a whole number"),
            },
            Raw::File(DeValue::Integer(value), span) => match i64::from_str_radix(value.as_str(), value.radix()) {
                Ok(value) => (value, span),
                Err(_) => (i64::MAX, span),
            },
            Raw::File(other, span) => return self.wrong(key, "a whole number", other, span),
        };
        if !range.contains(&value) {
            let message = format!("{} must be from {} to {}", self.label(key), range.start(), range.end());
            self.error(span, message, "choose a number in this range");
            return None;
        }
        Some(Spanned::new(span, value))
    }

    /// A number, whole or with a decimal point.
    pub fn number(&self, key: &str) -> Option<Spanned<f64>> {
        let (text, span) = match self.raw(key)? {
            Raw::Override(text) => (text, 0..0),
            Raw::File(DeValue::Integer(value), span) => (value.as_str(), span),
            Raw::File(DeValue::Float(value), span) => (value.as_str(), span),
            Raw::File(other, span) => return self.wrong(key, "a number", other, span),
        };
        match text.parse::<f64>().ok().filter(|n| n.is_finite()) {
            Some(value) => Some(Spanned::new(span, value)),
            None if self.is_overridden(key) => self.wrong_override(key, "a number"),
            None => {
                let message = format!("`{}` should be a number, and is `{text}`", self.path(key));
                self.error(span, message, "write a finite number");
                None
            }
        }
    }

    /// A list of texts. An element of another kind is reported and left out.
    pub fn strings(&self, key: &str) -> Option<Spanned<Vec<Spanned<String>>>> {
        let (items, span) = match self.raw(key)? {
            Raw::Override(text) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                return Some(Spanned::new(0..0, items.map(|item| Spanned::new(0..0, item.to_string())).collect()));
            }
            Raw::File(DeValue::Array(items), span) => (items, span),
            Raw::File(other, span) => return self.wrong(key, "a list of texts, like [\"a\", \"b\"]", other, span),
        };
        let mut texts = Vec::new();
        for item in items {
            let at = self.shared.moved(item.span());
            match item.get_ref() {
                DeValue::String(text) => texts.push(Spanned::new(at, text.to_string())),
                DeValue::Datetime(date) => {
                    let help = format!("put quotes around the date: \"{date}\"");
                    self.refused::<()>(key, "a list of texts", item.get_ref(), at, help).unwrap_or_default();
                }
                other => self.wrong::<()>(key, "a list of texts", other, at).unwrap_or_default(),
            }
        }
        Some(Spanned::new(span, texts))
    }

    /// The keys of a sub-table in the order written, each with where it stands.
    pub fn names(&self) -> Vec<Spanned<String>> {
        let Some(table) = self.table else { return Vec::new() };
        table.iter().map(|(key, _)| Spanned::new(self.shared.moved(key.span()), key.get_ref().to_string())).collect()
    }

    /// A sub-table: `[key]` or `key = { … }`.
    pub fn table(&self, key: &str) -> Option<Keys<'a>> {
        match self.raw(key) {
            Some(Raw::File(DeValue::Table(table), span)) => Some(self.below(Some(table), span, self.path(key))),
            Some(Raw::File(other, span)) => self.wrong(key, "a table", other, span),
            Some(Raw::Override(_)) => self.wrong_override(key, "a table"),
            None if self.overridden_below(key) => Some(self.below(None, 0..0, self.path(key))),
            None => None,
        }
    }

    /// A sub-table; where there is none, an empty one, so that the keys it must have are reported one by one.
    pub fn section(&self, key: &str) -> Keys<'a> {
        self.table(key).unwrap_or_else(|| self.below(None, 0..0, self.path(key)))
    }

    /// A list of tables: `[[key]]`, or `key = [{ … }]`.
    pub fn tables(&self, key: &str) -> Vec<Keys<'a>> {
        let mut tables = Vec::new();
        match self.raw(key) {
            Some(Raw::File(DeValue::Array(items), _)) => {
                for (n, item) in items.iter().enumerate() {
                    let at = self.shared.moved(item.span());
                    let path = format!("{}.{n}", self.path(key));
                    match item.get_ref() {
                        DeValue::Table(table) => tables.push(self.below(Some(table), at, path)),
                        other => self.wrong::<()>(key, "a list of tables", other, at).unwrap_or_default(),
                    }
                }
            }
            Some(Raw::File(DeValue::Table(_), span)) => {
                let message = format!("`{}` should be a list of tables, and is one table", self.path(key));
                self.error(span, message, format!("write [[{key}]] above it, in two pairs of brackets"));
            }
            Some(Raw::File(other, span)) => self.wrong::<()>(key, "a list of tables", other, span).unwrap_or_default(),
            Some(Raw::Override(_)) => self.wrong_override::<()>(key, "a list of tables").unwrap_or_default(),
            None => {}
        }
        while self.overridden_below(&format!("{key}.{}", tables.len())) {
            tables.push(self.below(None, 0..0, format!("{}.{}", self.path(key), tables.len())));
        }
        tables
    }

    /// Reports every key of this table that nobody asked for. Call it last.
    pub fn finish(&self) {
        let asked = self.asked.borrow();
        for name in self.names() {
            if asked.iter().any(|known| known == name.get_ref()) {
                continue;
            }
            let message = format!("unknown key `{}`", self.path(name.get_ref()));
            let help = match nearest(name.get_ref(), asked.iter().map(String::as_str)) {
                Some(near) => {
                    self.shared.meant.borrow_mut().push(self.path(near));
                    format!("did you mean `{near}`?")
                }
                None => format!("known here: {}", asked.join(", ")),
            };
            self.error(name.span(), message, help);
        }
    }

    fn raw(&self, key: &str) -> Option<Raw<'a>> {
        if !self.asked.borrow().iter().any(|known| known == key) {
            self.asked.borrow_mut().push(key.to_string());
        }
        self.shared.known.borrow_mut().insert(self.path(key));
        if let Some(text) = self.shared.overrides.get(&self.path(key)) {
            return Some(Raw::Override(text));
        }
        let value = self.table?.get(key)?;
        Some(Raw::File(value.get_ref(), self.shared.moved(value.span())))
    }

    /// The key's path as messages name it, with where its value comes from when that isn't the file.
    fn label(&self, key: &str) -> String {
        let origin = if self.is_overridden(key) { " from the environment" } else { "" };
        format!("`{}`{origin}", self.path(key))
    }

    fn overridden_below(&self, key: &str) -> bool {
        let prefix = format!("{}.", self.path(key));
        self.shared.overrides.keys().any(|path| path.starts_with(&prefix))
    }

    fn below(&self, table: Option<&'a DeTable<'a>>, at: Range<usize>, path: String) -> Keys<'a> {
        let start = at.start.saturating_sub(self.shared.offset);
        let span = start..at.end.saturating_sub(self.shared.offset);
        Keys { table, span, path, shared: Rc::clone(&self.shared), asked: RefCell::default() }
    }

    fn wrong<T>(&self, key: &str, expected: &str, found: &DeValue<'_>, span: Range<usize>) -> Option<T> {
        self.refused(key, expected, found, span, format!("write {expected}"))
    }

    fn refused<T>(
        &self,
        key: &str,
        expected: &str,
        found: &DeValue<'_>,
        span: Range<usize>,
        help: impl Into<String>,
    ) -> Option<T> {
        self.error(span, format!("`{}` should be {expected}, and is {}", self.path(key), kind(found)), help);
        None
    }

    fn wrong_override<T>(&self, key: &str, expected: &str) -> Option<T> {
        let message = format!("`{}` from the environment should be {expected}", self.path(key));
        self.error(0..0, message, "correct the variable, or unset it");
        None
    }
}

impl Shared<'_> {
    fn moved(&self, span: Range<usize>) -> Range<usize> {
        span.start + self.offset..span.end + self.offset
    }

    fn report_unknown_overrides(&self) {
        let known = self.known.borrow();
        for path in self.overrides.keys().filter(|path| !known.contains(*path)) {
            let help = match nearest(path, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "unset the variable, or correct its name".to_string(),
            };
            self.report(0..0, format!("`{path}` from the environment names no key"), &help);
        }
    }

    fn report(&self, span: Range<usize>, message: String, help: &str) {
        let problem = Problem::error(&self.source, self.moved(span), message, help);
        self.problems.borrow_mut().push(problem);
    }
}
