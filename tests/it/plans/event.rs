//! What a person, the coach or the world does in a plan, in the plan's own words.

use dripline::timing::DateRange;
use jiff::civil::Date;
use jiff::civil::DateTime;
use toml::Table;

pub struct Event {
    /// In the person's zone at that moment.
    pub at: DateTime,
    pub act: Act,
    /// A part of the sentence that says why it isn't possible.
    pub refused: Option<String>,
}

#[derive(Debug, Clone)]
pub enum Act {
    Pause(Option<Date>),
    Resume,
    Pace(f64),
    NextNow,
    Again(Option<String>),
    Repeat(String),
    PauseStage(String, Option<Date>),
    ResumeStage(String),
    Zone(String),
    Hour(String),
    Weekdays(String),
    /// Question and option.
    Answer(String, String),
    Leave,
    LeaveAll,
    SignUp,
    /// What is due meanwhile leaves when it ends.
    NoRelay(DateTime),
    NoDaemon(DateTime),
    /// The relay says that nobody reads mail at this address.
    AddressDies,
    /// Somebody does again, and the operator lets mail go there.
    AddressLives,
    Edit(Edit),
    /// The coach says yes to an edit that waits for it.
    Yes,
}

/// Changed keys of the course, and whether it comes into force.
#[derive(Debug, Clone)]
pub struct Edit {
    pub changes: Table,
    /// It can't be read.
    pub broken: bool,
    /// It isn't in force before somebody says yes.
    pub waits: bool,
}

impl Event {
    pub fn read(plan: &str, table: &Table) -> Event {
        let mut rest = table.clone();
        let mut text = |key: &str| rest.remove(key).map(|value| value.as_str().unwrap().to_string());
        let at = text("at").unwrap_or_else(|| panic!("{plan}: an event without `at`"));
        let what = text("do").unwrap_or_else(|| panic!("{plan}: an event without `do`"));
        let refused = text("refused");
        let at = at.parse().unwrap_or_else(|error| panic!("{plan}: {at}: {error}"));
        let act = if what == "edit" {
            let mut flag = |key: &str| rest.remove(key).is_some_and(|value| value.as_bool().unwrap());
            let (broken, waits) = (flag("broken"), flag("waits"));
            Act::Edit(Edit { changes: rest, broken, waits })
        } else {
            assert!(rest.is_empty(), "{plan}: {what}: {rest:?}");
            Act::read(&what).unwrap_or_else(|| panic!("{plan}: nobody knows what `{what}` is"))
        };
        Event { at, act, refused }
    }

    /// From 00:00 of the first date to 24:00 of the last.
    pub fn of_pause(range: DateRange) -> Option<Event> {
        let until = range.last.tomorrow().unwrap();
        Some(Event { at: range.first.at(0, 0, 0, 0), act: Act::Pause(Some(until)), refused: None })
    }
}

impl Act {
    fn read(text: &str) -> Option<Act> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let own = |word: &&str| word.to_string();
        Some(match words.as_slice() {
            ["pause"] => Act::Pause(None),
            ["pause", "until", date] => Act::Pause(Some(date.parse().ok()?)),
            ["resume"] => Act::Resume,
            ["pace", pace] => Act::Pace(pace.parse().ok()?),
            ["next", "now"] => Act::NextNow,
            ["again"] => Act::Again(None),
            ["again", lesson] => Act::Again(Some(own(lesson))),
            ["repeat", stage] => Act::Repeat(own(stage)),
            ["pause", "stage", stage] => Act::PauseStage(own(stage), None),
            ["pause", "stage", stage, "until", date] => Act::PauseStage(own(stage), Some(date.parse().ok()?)),
            ["resume", "stage", stage] => Act::ResumeStage(own(stage)),
            ["zone", zone] => Act::Zone(own(zone)),
            ["hour", hour] => Act::Hour(own(hour)),
            ["weekdays", days] => Act::Weekdays(own(days)),
            ["answer", answer] => {
                let (question, option) = answer.split_once('=')?;
                Act::Answer(question.to_string(), option.to_string())
            }
            ["leave"] => Act::Leave,
            ["leave", "all"] => Act::LeaveAll,
            ["sign", "up", "again"] => Act::SignUp,
            ["no", "relay", "until", moment] => Act::NoRelay(moment.parse().ok()?),
            ["no", "daemon", "until", moment] => Act::NoDaemon(moment.parse().ok()?),
            ["address", "dies"] => Act::AddressDies,
            ["address", "lives"] => Act::AddressLives,
            ["yes"] => Act::Yes,
            _ => return None,
        })
    }
}
