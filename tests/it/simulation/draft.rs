//! A course as its coach writes it: random ones, and their files. Each lesson has a number by birth that survives every
//! edit, so that a model needn't know ids. Knows no rule.

use crate::simulation::chance::Chance;
use dripline::course;
use dripline::course::Course;
use dripline::course::Tree;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::civil::Time;
use std::fmt::Write as _;

#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub id: String,
    pub pages: Vec<Page>,
    /// Empty, or every page is in one.
    pub parts: Vec<Part>,
    /// Ids and births.
    pub retired: Vec<(String, u32)>,
    pub rest: Rest,
    pub send: Moments,
    /// Minutes.
    pub spread: i64,
    pub skip: Vec<(Date, Date)>,
    pub starts: Option<Date>,
    pub keep_dates: bool,
    pub born: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub birth: u32,
    pub id: String,
    pub was: Vec<String>,
    pub rest: Option<Rest>,
    pub send: Option<Moments>,
    pub fixed: Option<DateTime>,
    /// The question that it asks.
    pub asks: Option<u32>,
    /// The question that must be answered with yes.
    pub needs: Option<u32>,
    pub backfill: &'static str,
    pub text: String,
}

/// A stage: births in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub id: String,
    pub pages: Vec<u32>,
    pub after: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rest {
    Hours(i64),
    Days(i64),
}

/// One minute of some hours, on some weekdays (0 is Sunday; none: all).
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    pub minute: i8,
    pub hours: Vec<i8>,
    pub weekdays: Vec<i8>,
}

impl Moments {
    pub fn on(&self, date: Date) -> bool {
        self.weekdays.is_empty() || self.weekdays.contains(&date.weekday().to_sunday_zero_offset())
    }

    pub fn times(&self) -> Vec<Time> {
        self.hours.iter().map(|hour| Time::constant(*hour, self.minute, 0, 0)).collect()
    }

    fn cron(&self) -> String {
        let list = |all: &[i8]| all.iter().map(i8::to_string).collect::<Vec<_>>().join(",");
        let weekdays = if self.weekdays.is_empty() { "*".to_string() } else { list(&self.weekdays) };
        format!("{} {} * * {weekdays}", self.minute, list(&self.hours))
    }

    pub fn random(chance: &mut Chance) -> Moments {
        let minute = *chance.pick(&[0, 15, 30, 45, 59]);
        // Midnight and the hours at which clocks change are the hard ones.
        let mut hours = vec![*chance.pick(&[0, 1, 2, 2, 3, 6, 8, 8, 8, 12, 18, 21, 23])];
        if chance.one_in(5) {
            hours.push(*chance.pick(&[0, 2, 7, 13, 22]));
        }
        hours.sort_unstable();
        hours.dedup();
        let weekdays = chance.pick::<&[i8]>(&[&[], &[], &[], &[1, 2, 3, 4, 5], &[0, 6], &[3], &[1, 4]]).to_vec();
        Moments { minute, hours, weekdays }
    }
}

impl Rest {
    pub fn random(chance: &mut Chance) -> Rest {
        match chance.below(10) {
            0 => Rest::Hours(chance.between(1, 60)),
            1 | 2 => Rest::Days(7 * chance.between(1, 2)),
            3..=6 => Rest::Days(chance.between(2, 5)),
            _ => Rest::Days(1),
        }
    }

    fn text(self) -> String {
        match self {
            Rest::Hours(hours) => format!("{hours} hours"),
            Rest::Days(days) if days % 7 == 0 => format!("{} weeks", days / 7),
            Rest::Days(days) => format!("{days} days"),
        }
    }
}

impl Draft {
    /// A course that begins to run on `from`, or that people may begin then.
    pub fn random(chance: &mut Chance, id: &str, from: Date) -> Draft {
        loop {
            let draft = Draft::any(chance, id, from);
            if draft.checked().is_some() {
                return draft;
            }
        }
    }

    fn any(chance: &mut Chance, id: &str, from: Date) -> Draft {
        let mut draft = Draft {
            id: id.to_string(),
            pages: Vec::new(),
            parts: Vec::new(),
            retired: Vec::new(),
            rest: Rest::random(chance),
            send: Moments::random(chance),
            spread: *chance.pick(&[0, 0, 20, 90]),
            skip: Vec::new(),
            starts: None,
            keep_dates: false,
            born: 0,
        };
        for _ in 0..chance.below(3) {
            let first = from.saturating_add(chance.between(5, 120).days());
            draft.skip.push((first, first.saturating_add(chance.between(0, 12).days())));
        }
        if chance.one_in(5) {
            draft.starts = Some(from.saturating_add(chance.between(0, 40).days()));
            draft.keep_dates = chance.one_in(3);
        }
        for _ in 0..chance.between(3, 40) {
            let page = draft.page(chance, from);
            draft.pages.push(page);
        }
        let mut dates: Vec<DateTime> = draft.pages.iter().filter_map(|page| page.fixed).collect();
        dates.sort_unstable_by_key(|date| std::cmp::Reverse(*date));
        for page in draft.pages.iter_mut().filter(|page| page.fixed.is_some()) {
            page.fixed = dates.pop();
        }
        draft.questions(chance);
        if chance.one_in(4) && draft.pages.len() > 5 {
            draft.split(chance);
        }
        draft
    }

    /// A new lesson; it isn't in the order yet.
    pub fn page(&mut self, chance: &mut Chance, from: Date) -> Page {
        let birth = self.born;
        self.born += 1;
        let fixed = from.saturating_add(chance.between(3, 90).days()).at(chance.between(0, 23) as i8, 30, 0, 0);
        Page {
            birth,
            id: format!("l{birth}"),
            was: Vec::new(),
            rest: chance.one_in(6).then(|| Rest::random(chance)),
            send: chance.one_in(8).then(|| Moments::random(chance)),
            fixed: (birth > 0 && chance.one_in(14)).then_some(fixed),
            asks: None,
            needs: None,
            backfill: *chance.pick(&["offer", "offer", "send", "never"]),
            text: "Breathe.".to_string(),
        }
    }

    fn questions(&mut self, chance: &mut Chance) {
        if self.pages.len() < 4 || chance.one_in(2) {
            return;
        }
        let asking = chance.below(self.pages.len() - 2);
        let question = self.pages[asking].birth;
        self.pages[asking].asks = Some(question);
        for page in &mut self.pages[asking + 1..] {
            page.needs = chance.one_in(4).then_some(question);
        }
    }

    fn split(&mut self, chance: &mut Chance) {
        let at = 2 + chance.below(self.pages.len() - 3);
        let births = |pages: &[Page]| pages.iter().map(|page| page.birth).collect::<Vec<_>>();
        let (one, two) = (births(&self.pages[..at]), births(&self.pages[at..]));
        let after = (!chance.one_in(4)).then(|| *chance.pick(&one));
        self.parts = vec![
            Part { id: "one".to_string(), pages: one, after: None },
            Part { id: "two".to_string(), pages: two, after },
        ];
    }

    pub fn find(&self, id: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.id == id)
    }

    pub fn born(&self, birth: u32) -> Option<&Page> {
        self.pages.iter().find(|page| page.birth == birth)
    }

    pub fn tree(&self) -> Tree {
        let mut tree = Tree::from([("course.toml".to_string(), self.manifest().into_bytes())]);
        for page in &self.pages {
            tree.insert(format!("{}.md", page.id), page.file(&self.id).into_bytes());
        }
        tree
    }

    pub fn course(&self) -> Course {
        self.checked().unwrap_or_else(|| panic!("a draft that isn't checked: {}", self.manifest()))
    }

    /// `None` where coaches would be told to write it otherwise.
    pub fn checked(&self) -> Option<Course> {
        course::load(&self.id, "courses", &self.tree()).course
    }

    fn manifest(&self) -> String {
        let ids = |births: &[u32]| births.iter().map(|it| self.born(*it).unwrap().id.clone()).collect::<Vec<_>>();
        let mut text = format!("title = \"{}\"\nlanguage = \"en\"\n", self.id);
        if self.parts.is_empty() {
            let all: Vec<&String> = self.pages.iter().map(|page| &page.id).collect();
            writeln!(text, "lessons = {all:?}").unwrap();
        }
        let retired: Vec<&String> = self.retired.iter().map(|(id, _)| id).collect();
        writeln!(text, "retired = {retired:?}\n\n[schedule]\nwait = \"{}\"", self.rest.text()).unwrap();
        writeln!(text, "send = \"{}\"\nspread = \"{} min\"", self.send.cron(), self.spread).unwrap();
        let skip: Vec<String> = self.skip.iter().map(|(first, last)| format!("{first}..{last}")).collect();
        writeln!(text, "skip = {skip:?}").unwrap();
        if let Some(starts) = self.starts {
            writeln!(text, "starts = {starts}\nkeep_dates = {}", self.keep_dates).unwrap();
        }
        for part in &self.parts {
            let (id, lessons) = (&part.id, ids(&part.pages));
            writeln!(text, "\n[[stage]]\nid = \"{id}\"\ntitle = \"{id}\"\nlessons = {lessons:?}").unwrap();
            if let Some(page) = part.after.and_then(|after| self.born(after)) {
                writeln!(text, "after = \"{}\"", page.id).unwrap();
            }
        }
        text
    }
}

impl Page {
    fn file(&self, course: &str) -> String {
        let mut text = format!("+++\nsubject = \"{course} {}\"\n", self.id);
        if !self.was.is_empty() {
            writeln!(text, "was = {:?}", self.was).unwrap();
        }
        if let Some(rest) = self.rest {
            writeln!(text, "wait = \"{}\"", rest.text()).unwrap();
        }
        if let Some(send) = &self.send {
            writeln!(text, "send = \"{}\"", send.cron()).unwrap();
        }
        if let Some(fixed) = self.fixed {
            writeln!(text, "date = {fixed}").unwrap();
        }
        if let Some(question) = self.needs {
            writeln!(text, "when = 'answers.q{question} == \"yes\"'").unwrap();
        }
        writeln!(text, "backfill = \"{}\"", self.backfill).unwrap();
        if let Some(question) = self.asks {
            writeln!(text, "[[ask]]\nid = \"q{question}\"\nquestion = \"Well?\"\nkind = \"choice\"").unwrap();
            writeln!(text, "options = {{ yes = \"Yes\", no = \"No\" }}").unwrap();
        }
        writeln!(text, "+++\n\n{}", self.text).unwrap();
        text
    }
}
