//! Follows the tags of a text through their branches, with what is known to be there in each. Reports nothing itself.

use crate::message::paths::Token;
use crate::message::paths::tokens;
use crate::message::proof::Lacks;
use crate::message::proof::expression;
use crate::message::proof::expression::Expression;
use crate::message::tags::Tag;
use crate::message::tags::TagKind;
use crate::message::tags::first_word;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;

/// What is known where words have been shown, and where the crisis text has.
pub const WORDS: &str = "words()";
pub const CRISIS: &str = "crisis()";

/// Names that are known to have a value.
pub type Known = BTreeSet<String>;

/// A walk through one text.
pub struct Walk<'w> {
    tags: &'w [Tag],
    lacks: &'w Lacks,
    /// Whether there are words between two places.
    has_words: &'w dyn Fn(usize, usize) -> bool,
    at: Range<usize>,
    /// Tags that need what may be missing, each with the first such name.
    pub missing: Vec<(Tag, String)>,
}

/// What is known at one place.
#[derive(Debug, Clone, Default)]
struct State {
    known: Known,
    /// Names that tags made themselves, and whether they may be nothing.
    own: BTreeMap<String, bool>,
}

/// What an expression says of the values in it.
#[derive(Debug, Default)]
struct Seen {
    /// The name for whose sake the expression itself may be nothing.
    nothing: Option<String>,
    /// Known to be there where it is true, and where it is false.
    yes: Known,
    no: Known,
}

impl<'w> Walk<'w> {
    pub fn new(
        tags: &'w [Tag],
        lacks: &'w Lacks,
        has_words: &'w dyn Fn(usize, usize) -> bool,
        at: Range<usize>,
    ) -> Walk<'w> {
        Walk { tags, lacks, has_words, at, missing: Vec::new() }
    }

    /// Walks through all of it, and says what is known at its end.
    pub fn whole(&mut self) -> Known {
        let mut state = State::default();
        let mut next = 0;
        while next < self.tags.len() {
            // An end without a beginning is reported elsewhere.
            next = self.body(next, &mut state).max(next) + 1;
        }
        let start = self.tags.first().map_or(self.at.end, |tag| tag.span.start);
        self.words(self.at.start, start, &mut state);
        state.known
    }

    /// Walks from a tag to the one that ends the body it stands in, whose number it gives.
    fn body(&mut self, from: usize, state: &mut State) -> usize {
        let mut n = from;
        while let Some(tag) = self.tags.get(n) {
            match tag.kind {
                TagKind::Middle | TagKind::Close => return n,
                TagKind::Open => n = self.construct(n, state),
                TagKind::Value | TagKind::Block => self.value(n, state),
                TagKind::Single => self.set(n, state),
            }
            self.words_behind(n, state);
            n += 1;
        }
        n
    }

    fn words_behind(&self, n: usize, state: &mut State) {
        let Some(tag) = self.tags.get(n) else { return };
        let end = self.tags.get(n + 1).map_or(self.at.end, |next| next.span.start);
        self.words(tag.span.end, end, state);
    }

    fn words(&self, from: usize, to: usize, state: &mut State) {
        if from < to && (self.has_words)(from, to) {
            state.known.insert(WORDS.to_string());
        }
    }

    fn value(&mut self, n: usize, state: &mut State) {
        let inner = inner(&self.tags[n].text);
        state.known.insert(WORDS.to_string());
        if first_word(&self.tags[n].text) == "crisis" {
            state.known.insert(CRISIS.to_string());
        }
        if let Some(read) = expression::read(&inner) {
            let seen = self.judge(&read, n, state, &state.known.clone());
            if let Some(name) = seen.nothing {
                self.report(n, name);
            }
        }
    }

    /// `set x = …`; `break` and `continue` are passed over.
    fn set(&mut self, n: usize, state: &mut State) {
        let inner = inner(&self.tags[n].text);
        let (Some(name), true) = (inner.get(1), inner.first().is_some_and(|word| word.is("set"))) else { return };
        let read = inner.get(3..).and_then(expression::read);
        let seen = read.map(|read| self.judge(&read, n, state, &state.known.clone())).unwrap_or_default();
        state.known.remove(&name.text);
        state.own.insert(name.text.clone(), seen.nothing.is_some());
    }

    /// A construct from its opening tag on; gives the number of the tag that closes it.
    fn construct(&mut self, n: usize, state: &mut State) -> usize {
        match first_word(&self.tags[n].text) {
            "if" => self.branches(n, state),
            "for" => self.repeated(n, state),
            word => {
                let inner = inner(&self.tags[n].text);
                let end = self.inside(n, state);
                if let Some(name) = inner.get(1).filter(|_| word == "set") {
                    state.own.insert(name.text.clone(), false);
                }
                end
            }
        }
    }

    /// The body behind an opening tag, with the words that begin it.
    fn inside(&mut self, n: usize, state: &mut State) -> usize {
        self.words_behind(n, state);
        self.body(n + 1, state)
    }

    fn branches(&mut self, n: usize, state: &mut State) -> usize {
        let (mut at, mut otherwise) = (n, state.clone());
        let (mut ends, mut has_else) = (Vec::new(), false);
        while let Some(tag) = self.tags.get(at).filter(|tag| tag.kind != TagKind::Close) {
            let mut branch = otherwise.clone();
            if first_word(&tag.text) == "else" {
                has_else = true;
            } else if let Some(read) = inner(&tag.text).get(1..).and_then(expression::read) {
                let seen = self.judge(&read, at, &otherwise, &otherwise.known.clone());
                branch.known.extend(seen.yes);
                otherwise.known.extend(seen.no);
            }
            at = self.inside(at, &mut branch);
            ends.push(branch);
        }
        if !has_else {
            ends.push(otherwise);
        }
        *state = ends.into_iter().reduce(both).unwrap_or_default();
        at
    }

    /// A loop may run not even once, unless it goes through a list that is written there, or a `range`.
    fn repeated(&mut self, n: usize, state: &mut State) -> usize {
        let inner = inner(&self.tags[n].text);
        let place = inner.iter().position(|token| token.is("in")).unwrap_or(inner.len());
        if let Some(read) = inner.get(place + 1..).and_then(expression::read) {
            let seen = self.judge(&read, n, state, &state.known.clone());
            if let Some(name) = seen.nothing {
                self.report(n, name.clone());
                state.known.insert(name);
            }
        }
        let read = inner.get(place + 1..).and_then(expression::read);
        let is_written = matches!(&read, Some(Expression::List(items)) if !items.is_empty());
        let surely = is_written || matches!(&read, Some(Expression::Call(_)));
        let mut body = state.clone();
        let names = inner[..place].iter().skip(1).filter(|token| token.is_name());
        body.own.extend(names.map(|name| (name.text.clone(), false)));
        let end = self.inside(n, &mut body);
        if surely {
            state.known.extend(body.known);
        }
        if self.tags.get(end).is_some_and(|tag| tag.kind == TagKind::Middle) {
            return self.inside(end, &mut state.clone());
        }
        end
    }

    fn report(&mut self, n: usize, name: String) {
        if !self.missing.iter().any(|(tag, _)| tag.span == self.tags[n].span) {
            self.missing.push((self.tags[n].clone(), name));
        }
    }

    /// Reports where the value is nothing; from then on it counts as being there.
    fn need(&mut self, part: &Expression, n: usize, state: &State, known: &Known) -> Known {
        let seen = self.judge(part, n, state, known);
        if let Some(name) = seen.nothing {
            self.report(n, name);
        }
        named(part)
    }

    fn judge(&mut self, part: &Expression, n: usize, state: &State, known: &Known) -> Seen {
        match part {
            Expression::Literal | Expression::None => Seen::default(),
            Expression::List(items) => {
                for item in items {
                    self.judge(item, n, state, known);
                }
                Seen::default()
            }
            Expression::Path { name, optional, .. } => self.path(name, *optional, n, state, known),
            Expression::Needs(parts) | Expression::Call(parts) => {
                let there: Known = parts.iter().flat_map(|part| self.need(part, n, state, known)).collect();
                Seen { nothing: None, yes: there.clone(), no: there }
            }
            Expression::Filter { name, value, arguments } => self.filter(name, value, arguments, n, state, known),
            Expression::Test { name, value } => self.test(name, value, n, state, known),
            Expression::Not(inner) => {
                let seen = self.judge(inner, n, state, known);
                Seen { nothing: None, yes: seen.no, no: seen.yes }
            }
            Expression::And(left, right) => {
                let left = self.judge(left, n, state, known);
                let right = self.judge(right, n, state, &union(known, &left.yes));
                let no = intersection(&left.no, &union(&left.yes, &right.no));
                Seen { nothing: left.nothing.or(right.nothing), yes: union(&left.yes, &right.yes), no }
            }
            Expression::Or(left, right) => {
                let left = self.judge(left, n, state, known);
                let right = self.judge(right, n, state, &union(known, &left.no));
                let yes = intersection(&left.yes, &union(&left.no, &right.yes));
                Seen { nothing: right.nothing, yes, no: union(&left.no, &right.no) }
            }
            Expression::Equal(left, right) => self.equal(left, right, n, state, known),
            Expression::In { wanted, list } => self.within(wanted, list, n, state, known),
            Expression::Ternary { condition, yes, no } => {
                let condition = self.judge(condition, n, state, known);
                let yes = self.judge(yes, n, state, &union(known, &condition.yes));
                let no = self.judge(no, n, state, &union(known, &condition.no));
                Seen { nothing: yes.nothing.or(no.nothing), ..Seen::default() }
            }
        }
    }

    fn path(&mut self, name: &str, optional: bool, n: usize, state: &State, known: &Known) -> Seen {
        let root = name.split('.').next().unwrap_or_default();
        let may_lack = match state.own.get(root) {
            Some(nothing) => *nothing,
            None => self.lacks.lacks(name),
        };
        let is_known = known.iter().any(|it| name == it || name.strip_prefix(it).is_some_and(|r| r.starts_with('.')));
        let yes = Known::from([name.to_string()]);
        if !may_lack || is_known {
            return Seen { nothing: None, yes, no: Known::new() };
        }
        // Looking into what isn't there fails, whatever is done with the result.
        let whole = state.own.contains_key(name) || self.lacks.paths.contains(name);
        if !whole && !optional {
            self.report(n, name.to_string());
        }
        Seen { nothing: Some(name.to_string()), yes, no: Known::new() }
    }

    fn filter(
        &mut self,
        name: &str,
        value: &Expression,
        arguments: &[Expression],
        n: usize,
        state: &State,
        known: &Known,
    ) -> Seen {
        if name == "default" {
            self.judge(value, n, state, known);
            let nothing = arguments.iter().find_map(|part| self.judge(part, n, state, known).nothing);
            return Seen { nothing, ..Seen::default() };
        }
        let mut there = self.need(value, n, state, known);
        for part in arguments {
            there.extend(self.need(part, n, state, known));
        }
        Seen { nothing: None, yes: there.clone(), no: there }
    }

    fn test(&mut self, name: &str, value: &Expression, n: usize, state: &State, known: &Known) -> Seen {
        const OF_KIND: [&str; 8] = ["string", "number", "map", "bool", "array", "iterable", "integer", "float"];
        const OF_VALUE: [&str; 6] = ["odd", "even", "divisible_by", "starting_with", "ending_with", "containing"];
        let there = named(value);
        match name {
            "defined" | "answered" => {
                self.judge(value, n, state, known);
                Seen { nothing: None, yes: there, no: Known::new() }
            }
            "undefined" => {
                self.judge(value, n, state, known);
                Seen { nothing: None, yes: Known::new(), no: there }
            }
            "none" => {
                self.judge(value, n, state, known);
                Seen::default()
            }
            _ if OF_KIND.contains(&name) => {
                self.judge(value, n, state, known);
                Seen { nothing: None, yes: there, no: Known::new() }
            }
            _ if OF_VALUE.contains(&name) => {
                let there = self.need(value, n, state, known);
                Seen { nothing: None, yes: there.clone(), no: there }
            }
            // There is no such test, which Tera says.
            _ => Seen::default(),
        }
    }

    /// Nothing equals no literal.
    fn equal(&mut self, left: &Expression, right: &Expression, n: usize, state: &State, known: &Known) -> Seen {
        self.judge(left, n, state, known);
        self.judge(right, n, state, known);
        let yes = if *right == Expression::Literal {
            named(left)
        } else if *left == Expression::Literal {
            named(right)
        } else {
            Known::new()
        };
        Seen { nothing: None, yes, no: Known::new() }
    }

    /// Nothing is in no list of literals.
    fn within(&mut self, wanted: &Expression, list: &Expression, n: usize, state: &State, known: &Known) -> Seen {
        let mut there = self.need(list, n, state, known);
        let no = there.clone();
        self.judge(wanted, n, state, known);
        if let Expression::List(items) = list
            && items.iter().all(|item| *item == Expression::Literal)
        {
            there.extend(named(wanted));
        }
        Seen { nothing: None, yes: there, no }
    }
}

/// The name that a part is, if it is one.
fn named(part: &Expression) -> Known {
    if let Expression::Path { name, .. } = part { Known::from([name.clone()]) } else { Known::new() }
}

/// The tokens of a tag without its braces.
fn inner(tag: &str) -> Vec<Token> {
    let mut all = tokens(tag);
    let opening = 2 + usize::from(all.get(2).is_some_and(|token| token.is("-")));
    let closing = 2 + usize::from(all.len().checked_sub(3).is_some_and(|at| at >= opening && all[at].is("-")));
    all.truncate(all.len().saturating_sub(closing));
    all.drain(..opening.min(all.len()));
    all
}

/// What is known behind two branches of which one was taken.
fn both(one: State, other: State) -> State {
    let known = intersection(&one.known, &other.known);
    let names: BTreeSet<&String> = one.own.keys().chain(other.own.keys()).collect();
    let nothing = |state: &State, name: &String| state.own.get(name).copied().unwrap_or(true);
    let own = names.into_iter().map(|name| (name.clone(), nothing(&one, name) || nothing(&other, name)));
    State { known, own: own.collect() }
}

fn union(one: &Known, other: &Known) -> Known {
    one.union(other).cloned().collect()
}

fn intersection(one: &Known, other: &Known) -> Known {
    one.intersection(other).cloned().collect()
}
