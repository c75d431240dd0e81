//! One row of a file becomes a person's wish, and where they stood when they come from another database; or everything
//! that is wrong with it, in words. Knows no database and no course.

use super::columns::Columns;
use super::records::Cells;
use crate::address::Address;
use crate::address::NAME_GRAPHEMES;
use crate::address::is_longer;
use crate::address::one_line;
use crate::clock::from_ms;
use crate::course;
use crate::enrolment::Mark;
use crate::enrolment::State;
use crate::flow::sheet;
use crate::flow::sheet::Fact;
use crate::flow::sign_up::Request;
use crate::flow::sign_up::Word;
use crate::store::suppressions::Suppression;
use crate::timing;
use crate::timing::Weekdays;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::Time;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::str::FromStr;

/// Longest answer to a course's field, in graphemes.
const FIELD_GRAPHEMES: usize = 1000;
/// Longest words about consent or about why something is so.
const WORDS_GRAPHEMES: usize = 10_000;
/// Longest pace and shortest, as a file may say it; the course narrows it.
const PACES: std::ops::RangeInclusive<f64> = 0.01..=100.0;

/// What a row says, cleaned.
#[derive(Debug, Clone)]
pub struct Row {
    pub request: Request,
    /// Where the person stood, when they come from another database.
    pub moved: Option<Box<Moved>>,
    /// The address gets nothing.
    pub suppressed: Option<Suppression>,
}

/// A person's place in a course as another database knew it.
#[derive(Debug, Clone)]
pub struct Moved {
    pub state: State,
    pub run: Option<i64>,
    pub hour: Option<Time>,
    pub weekdays: Option<String>,
    pub pace: f64,
    pub done: Vec<String>,
    pub passed: Vec<(String, Mark)>,
    pub confirmed: Option<Timestamp>,
    pub since: Option<Timestamp>,
    pub floor: Option<Timestamp>,
    pub last_date: Option<Date>,
    pub last_count: u32,
    pub paused_at: Option<Timestamp>,
    pub paused_until: Option<Timestamp>,
    pub held: Option<String>,
    /// When, to which words and to which version of the course the person agreed.
    pub consent: Option<(Timestamp, String, String)>,
}

/// Reads rows below one header.
#[derive(Debug)]
pub struct Door {
    columns: Columns,
    /// Nothing can have happened after this.
    now: Timestamp,
    zones: HashMap<String, Result<(), String>>,
}

impl Door {
    pub fn new(columns: Columns, now: Timestamp) -> Door {
        Door { columns, now, zones: HashMap::new() }
    }

    /// # Errors
    /// Everything that is wrong with the row, as one sentence without what stands in it.
    pub fn read(&mut self, cells: &Cells) -> Result<Row, String> {
        let count = self.columns.count();
        let is_filled = |at: usize| !cells.get(at).trim().is_empty();
        if cells.count() < count || (count..cells.count()).any(is_filled) {
            return Err(format!("the row has {} cells, the header {count}", cells.count()));
        }
        if self.columns.unnamed().any(is_filled) {
            return Err("a cell stands below no column's name".to_string());
        }
        let mut look = Look { columns: &self.columns, cells, faults: Vec::new() };
        let row = look.row(&mut self.zones, self.now);
        row.filter(|_| look.faults.is_empty()).ok_or_else(|| look.faults.join("; "))
    }
}

/// One look at one row: gathers what is wrong.
struct Look<'r> {
    columns: &'r Columns,
    cells: &'r Cells,
    faults: Vec<String>,
}

impl Look<'_> {
    fn row(&mut self, zones: &mut HashMap<String, Result<(), String>>, now: Timestamp) -> Option<Row> {
        let address = self.address();
        let suppressed = self.suppressed(address.as_ref(), now);
        let course = self.course(suppressed.is_some());
        let request = Request {
            course: course.unwrap_or_default(),
            first_name: self.line(Fact::FirstName, NAME_GRAPHEMES),
            zone: self.zone(zones),
            language: self.language(),
            fields: self.fields(),
            word: self.line(Fact::Source, FIELD_GRAPHEMES).map_or(Word::Operator, Word::Confirmed),
            address: address?,
        };
        let moved = self.moved(&request, suppressed.is_some(), now).map(Box::new);
        Some(Row { request, moved, suppressed })
    }

    fn fault(&mut self, fact: Fact, sentence: impl std::fmt::Display) {
        self.faults.push(format!("{}: {sentence}", fact.name()));
    }

    /// What stands in a column, without the apostrophe that kept a spreadsheet off it.
    fn cell(&self, fact: Fact) -> &str {
        sheet::plain(self.columns.place(fact).map_or("", |at| self.cells.get(at)).trim_matches(' '))
    }

    fn address(&mut self) -> Option<Address> {
        let text = self.cell(Fact::Email).trim();
        let parsed = if text.is_empty() { Err("the cell is empty".to_string()) } else { said(text.parse()) };
        parsed.map_err(|fault| self.fault(Fact::Email, fault)).ok()
    }

    fn course(&mut self, may_be_empty: bool) -> Option<String> {
        let text = self.cell(Fact::Course).trim();
        if course::is_id(text) || (text.is_empty() && may_be_empty) {
            return Some(text.to_string());
        }
        let fault = if text.is_empty() {
            "the cell is empty; write the folder of a course"
        } else {
            "this isn't the name of a course's folder"
        };
        self.fault(Fact::Course, fault);
        None
    }

    fn zone(&mut self, zones: &mut HashMap<String, Result<(), String>>) -> Option<String> {
        let name = self.cell(Fact::Zone).trim();
        if name.is_empty() {
            return None;
        }
        if !zones.contains_key(name) {
            // A name that no zone has may be anything: an address too, where columns were shifted.
            let known = timing::zone(name).map(|_| ()).map_err(|error| {
                if name.contains('@') {
                    "this isn't a time zone; write an IANA name like Europe/Berlin".into()
                } else {
                    error
                }
            });
            zones.insert(name.to_string(), known);
        }
        match zones.get(name) {
            Some(Err(error)) => {
                let error = error.clone();
                self.fault(Fact::Zone, error);
                None
            }
            Some(Ok(())) | None => Some(name.to_string()),
        }
    }

    fn language(&mut self) -> Option<String> {
        let tag = self.cell(Fact::Language).trim();
        if tag.is_empty() || course::is_language(tag) {
            return Some(tag.to_string()).filter(|tag| !tag.is_empty());
        }
        self.fault(Fact::Language, "this is no language tag; they look like en or pt-BR");
        None
    }

    fn fields(&mut self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        for (name, at) in &self.columns.fields {
            let text = one_line(sheet::plain(self.cells.get(*at)));
            if is_longer(&text, FIELD_GRAPHEMES) {
                self.faults.push(format!("field:{name}: longer than {FIELD_GRAPHEMES} characters"));
            } else if !text.is_empty() {
                fields.insert(name.clone(), text);
            }
        }
        fields
    }

    /// One line of text; empty is `None`.
    fn line(&mut self, fact: Fact, most: usize) -> Option<String> {
        let text = one_line(self.cell(fact));
        if is_longer(&text, most) {
            self.fault(fact, format!("longer than {most} characters"));
        }
        Some(text).filter(|text| !text.is_empty())
    }

    fn suppressed(&mut self, address: Option<&Address>, now: Timestamp) -> Option<Suppression> {
        let source = self.line(Fact::SuppressedBy, WORDS_GRAPHEMES);
        let since = self.past(Fact::SuppressedAt, now);
        let Some(reason) = self.line(Fact::Suppressed, WORDS_GRAPHEMES) else {
            if source.is_some() || since.is_some() {
                self.fault(Fact::Suppressed, "the cell is empty; say why this address gets nothing");
            }
            return None;
        };
        Some(Suppression {
            address: address.map(ToString::to_string).unwrap_or_default(),
            reason,
            source: source.unwrap_or_else(|| "an imported file".to_string()),
            since: since.unwrap_or(now).as_millisecond(),
        })
    }

    fn moved(&mut self, request: &Request, suppressed: bool, now: Timestamp) -> Option<Moved> {
        let state = self.cell(Fact::State).trim();
        if state.is_empty() {
            let told = Fact::ALL.iter().find(|fact| fact.is_of_a_place() && !self.cell(**fact).trim().is_empty());
            if let Some(told) = told {
                self.fault(*told, "this counts only in a row with a state; write one, or empty this cell");
            } else if suppressed && !request.course.is_empty() {
                self.fault(Fact::State, "a suppressed person's row needs a state, like held; or empty its course");
            }
            return None;
        }
        let Some(state) = [State::Waiting, State::Pending, State::Paused, State::Held, State::Completed, State::Left]
            .into_iter()
            .find(|known| known.name() == state)
        else {
            self.fault(Fact::State, "this is none of active, pending, paused, held, completed, left");
            return None;
        };
        if request.course.is_empty() {
            self.fault(Fact::Course, "the cell is empty, though the row has a state");
        }
        let needs_consent = match state {
            State::Waiting | State::InFlight | State::Awaiting | State::Paused | State::Held | State::Completed => true,
            State::Pending | State::Left => false,
        };
        if needs_consent && !suppressed && request.word == Word::Operator {
            let fault = "nothing says where consent came from; fill it, or empty the state, and a mail asks the person";
            self.fault(Fact::Source, fault);
        }
        Some(self.place(state, now))
    }

    fn place(&mut self, state: State, now: Timestamp) -> Moved {
        let text = self.cell(Fact::ConsentText).to_string();
        if is_longer(&text, WORDS_GRAPHEMES) {
            self.fault(Fact::ConsentText, format!("longer than {WORDS_GRAPHEMES} characters"));
        }
        let version = self.line(Fact::ConsentVersion, NAME_GRAPHEMES).unwrap_or_default();
        Moved {
            state,
            run: self.number(Fact::Run, 1..=10_000),
            hour: self.parsed(Fact::Hour, "write an hour like 07:30"),
            weekdays: self.weekdays(),
            pace: self.pace(),
            done: self.done(),
            passed: self.passed(),
            confirmed: self.past(Fact::Confirmed, now),
            since: self.past(Fact::Since, now),
            floor: self.instant(Fact::Floor),
            last_date: self.parsed(Fact::LastDate, "write a date like 2026-04-08"),
            last_count: self.number(Fact::LastCount, 0..=1000).and_then(|count| count.try_into().ok()).unwrap_or(0),
            paused_at: self.past(Fact::PausedAt, now),
            paused_until: self.instant(Fact::PausedUntil),
            held: self.line(Fact::Held, WORDS_GRAPHEMES),
            consent: self.past(Fact::ConsentAt, now).map(|at| (at, text, version)),
        }
    }

    fn parsed<T: FromStr>(&mut self, fact: Fact, help: &str) -> Option<T> {
        let text = self.cell(fact).trim();
        if text.is_empty() {
            return None;
        }
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.fault(fact, help);
        }
        parsed
    }

    /// As they were written.
    fn weekdays(&mut self) -> Option<String> {
        self.parsed::<Weekdays>(Fact::Weekdays, "write days like Mon-Fri")?;
        Some(one_line(self.cell(Fact::Weekdays)))
    }

    fn number(&mut self, fact: Fact, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let help = format!("write a whole number from {} to {}", range.start(), range.end());
        let number = self.parsed::<i64>(fact, &help)?;
        if !range.contains(&number) {
            self.fault(fact, help);
        }
        Some(number)
    }

    fn pace(&mut self) -> f64 {
        let help = "a pace is a number above 0; 2 is half as fast";
        let pace = self.parsed::<f64>(Fact::Pace, help).unwrap_or(1.0);
        if !PACES.contains(&pace) {
            self.fault(Fact::Pace, help);
        }
        pace
    }

    /// Whole milliseconds, as the database keeps them.
    fn instant(&mut self, fact: Fact) -> Option<Timestamp> {
        let instant = self.parsed::<Timestamp>(fact, "write an instant in UTC like 2026-04-08T06:30:00Z")?;
        Some(from_ms(instant.as_millisecond()))
    }

    fn past(&mut self, fact: Fact, now: Timestamp) -> Option<Timestamp> {
        let instant = self.instant(fact)?;
        if instant > now {
            self.fault(fact, "this lies in the future");
        }
        Some(instant)
    }

    fn done(&mut self) -> Vec<String> {
        let ids: Vec<String> = self.cell(Fact::Done).split_whitespace().map(str::to_string).collect();
        if !ids.iter().all(|id| course::is_id(id)) {
            self.fault(Fact::Done, "write names of lessons with spaces between them");
        }
        ids
    }

    fn passed(&mut self) -> Vec<(String, Mark)> {
        let marks = self.cell(Fact::Passed).split_whitespace().map(|word| {
            let (id, mark) = word.split_once(':')?;
            let mark = match mark {
                "skipped" => Mark::Skipped,
                "offered" => Mark::Offered,
                "retired" => Mark::Retired,
                _ => return None,
            };
            course::is_id(id).then(|| (id.to_string(), mark))
        });
        let marks: Option<Vec<(String, Mark)>> = marks.collect();
        if marks.is_none() {
            self.fault(Fact::Passed, "write lesson:skipped, lesson:offered or lesson:retired with spaces between them");
        }
        marks.unwrap_or_default()
    }
}

fn said<T, E: std::fmt::Display>(parsed: Result<T, E>) -> Result<T, String> {
    parsed.map_err(|error| error.to_string())
}
