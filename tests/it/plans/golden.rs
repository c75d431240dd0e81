//! One golden plan as its file says. Lives nothing.

use super::course::Written;
use super::event::Event;
use dripline::timing::DateRange;
use jiff::civil::DateTime;
use serde::Deserialize;
use std::fmt::Write as _;
use std::path::Path;
use toml::Table;

/// A plan, its file's name, and its lines apart.
pub struct Golden {
    pub name: String,
    pub file: File,
    pub lines: Vec<Line>,
    pub course: Written,
    pub also: Vec<Also>,
    pub events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub title: String,
    /// A line a mail: lesson, local moment, instant, reason. Of a course in `[[also]]`: `course/lesson`.
    pub plan: String,
    /// "the rules" or "the whole program", where the other can't tell of it; else the plan is lived through both.
    through: Option<String>,
    /// The program's own mails are compared too; so they are when `plan` lists one.
    #[serde(default)]
    own_mails: bool,
    /// Course mails a person gets a day.
    pub daily_cap: Option<u32>,
    course: Table,
    stage: Option<toml::Value>,
    #[serde(default)]
    lesson: Table,
    /// Other courses and newsletters of the same person: `id`, `joins`, and the keys of their files.
    #[serde(default)]
    also: Vec<Table>,
    pub person: Person,
    #[serde(default)]
    event: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The moment of confirmation, in `zone`.
    pub signup: String,
    pub zone: String,
    /// A part of the sentence, where the sign-up is refused.
    pub refused: Option<String>,
    pub hour: Option<String>,
    pub weekdays: Option<String>,
    pub pace: Option<f64>,
    pub language: Option<String>,
    /// Paused from 00:00 of the first date to 24:00 of the last.
    #[serde(default)]
    pub pause: Vec<String>,
}

pub struct Also {
    pub id: String,
    pub joins: DateTime,
    pub written: Written,
}

/// One mail of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub lesson: String,
    pub local: String,
    pub utc: String,
    pub why: String,
}

impl Golden {
    pub fn read(path: &Path) -> Golden {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let course = Written::new(file.course.clone(), file.stage.clone(), file.lesson.clone());
        let events = file.event.iter().map(|table| Event::read(&name, table)).collect::<Vec<_>>();
        let pauses = file.person.pause.iter().flat_map(|pause| Event::of_pause(pause.parse().unwrap()));
        let signup = file.person.signup.parse().unwrap();
        let mut events: Vec<Event> = pauses.chain(events).filter(|event| event.at >= signup).collect();
        events.sort_by_key(|event| event.at);
        let also = file.also.iter().map(Also::read).collect();
        let lines = file.plan.lines().filter(|line| !line.trim().is_empty()).map(Line::read).collect();
        Golden { name, lines, course, also, events, file }
    }

    pub fn is_lived_by_rules(&self) -> bool {
        self.is_through("the rules") && self.also.is_empty()
    }

    pub fn is_lived_by_program(&self) -> bool {
        self.is_through("the whole program")
    }

    fn is_through(&self, way: &str) -> bool {
        let through = self.file.through.as_deref();
        assert!(through.is_none_or(|it| ["the rules", "the whole program"].contains(&it)), "{}", self.name);
        through.is_none_or(|through| through == way)
    }

    /// Whether time alone makes the plan, so that `simulate` tells it too.
    pub fn needs_nobody(&self) -> bool {
        self.file.event.is_empty() && self.file.person.refused.is_none() && !self.lists_own_mails()
    }

    pub fn lists_own_mails(&self) -> bool {
        self.file.own_mails || self.lines.iter().any(|line| line.lesson.contains('@'))
    }

    pub fn pauses(&self) -> Vec<DateRange> {
        self.file.person.pause.iter().map(|pause| pause.parse().unwrap()).collect()
    }
}

impl Also {
    fn read(table: &Table) -> Also {
        let mut table = table.clone();
        let text = |value: toml::Value| value.as_str().unwrap().to_string();
        let id = text(table.remove("id").unwrap());
        let joins = text(table.remove("joins").unwrap()).parse().unwrap();
        let stage = table.remove("stage");
        let lesson = table.remove("lesson").and_then(|lesson| lesson.as_table().cloned()).unwrap_or_default();
        Also { id, joins, written: Written::new(table, stage, lesson) }
    }
}

impl Line {
    /// Columns may be aligned with as many spaces as it takes.
    fn read(line: &str) -> Line {
        let mut words = line.split_whitespace();
        let mut next = || words.next().unwrap_or_default().to_string();
        let (lesson, local, utc) = (next(), next(), next());
        Line { lesson, local, utc, why: words.collect::<Vec<_>>().join(" ") }
    }

    /// Without reasons, also without the seconds by which machines differ.
    pub fn text(&self, reasons: bool) -> String {
        if reasons {
            return format!("{} {} {} {}", self.lesson, self.local, self.utc, self.why);
        }
        format!("{} {} {}", self.lesson, &self.local[..16], &self.utc[..16])
    }
}

pub fn difference(expect: &[String], found: &[String]) -> String {
    let mut text = String::new();
    for at in 0..expect.len().max(found.len()) {
        match (expect.get(at), found.get(at)) {
            (Some(expect), Some(found)) if expect == found => writeln!(text, "    {expect}").unwrap(),
            (expect, found) => {
                expect.into_iter().for_each(|line| writeln!(text, "  - {line}").unwrap());
                found.into_iter().for_each(|line| writeln!(text, "  + {line}").unwrap());
            }
        }
    }
    text
}
