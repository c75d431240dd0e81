//! The command line of `dripline subscriber`. Does nothing.

use crate::address::Address;
use crate::address::clean_line;
use crate::cli::answer;
use crate::cli::values;
use crate::config;
use crate::flow::preferences::Which;
use crate::timing;
use jiff::civil::Date;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// Add, show and change people by hand
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Add a person to a course; without --confirmed they are asked by mail first
    Add(Add),
    /// Print what is known about a person
    Show(Show),
    /// Print all people
    List(List),
    /// Change a person's pace, hour, weekdays, zone or language
    Set(Set),
    /// Stop a person's lessons for a while
    Pause(Pause),
    /// Go on with a person's lessons
    Resume(Resume),
    /// Send a person's next lesson at once
    NextNow(Person),
    /// Send a lesson once more, at the next day's moment
    Again(Again),
    /// Send once more what was sent of a stage, in order
    Repeat(Repeat),
    /// Begin a course again from its first lesson, as a new run
    StartAgain(StartAgain),
    /// Take back what was last done here for a person, within 24 hours
    Undo(Person),
    /// End a person's lessons
    Leave(Person),
    /// Store what a person answered to a question of a lesson, in place of what they answered before
    Answer(answer::Args),
    /// Print everything that is stored of a person, for them, as JSON
    Export(Whole),
    /// Forget a person, and keep only that they may not be written to
    Erase(Whole),
}

#[derive(Debug, clap::Args)]
pub struct Add {
    pub address: Address,
    /// The course's folder
    #[arg(long, value_parser = values::course)]
    pub course: String,
    /// What they are called in mails
    #[arg(long = "name", value_name = "NAME")]
    typed_name: Option<String>,
    /// IANA time zone
    #[arg(long, value_parser = timing::zone)]
    pub zone: Option<TimeZone>,
    /// Language tag, like en or pt-BR
    #[arg(long, value_parser = config::language)]
    pub language: Option<String>,
    /// A field of the course, like instrument=viola; may be repeated
    #[arg(long = "field", value_name = "FIELD=TEXT", value_parser = values::pair)]
    pub fields: Vec<(String, String)>,
    /// They have agreed already; --source says where
    #[arg(long, requires = "source")]
    pub confirmed: bool,
    /// Where consent came from
    #[arg(long, value_name = "TEXT", value_parser = values::said)]
    pub source: Option<String>,
}

impl Add {
    /// The name, made safe for headers; one that is empty is none.
    pub fn name(&self) -> Option<String> {
        self.typed_name.as_deref().and_then(clean_line)
    }
}

#[derive(Debug, clap::Args)]
pub struct Show {
    #[command(flatten)]
    pub person: Person,
    /// Print an object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct List {
    /// Only people of this course
    #[arg(long, value_parser = values::course)]
    pub course: Option<String>,
    /// Print an array
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct Pause {
    #[command(flatten)]
    pub person: Person,
    /// The last local date of the pause, like 2026-04-08 [default: until resumed]
    #[arg(long, value_name = "DATE")]
    pub until: Option<Date>,
    /// Only this stage; the others go on
    #[arg(long)]
    pub stage: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Resume {
    #[command(flatten)]
    pub person: Person,
    /// Only this stage, if it was paused by itself
    #[arg(long)]
    pub stage: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(id = "settings", required = true, multiple = true, args = ["pace", "hour", "weekdays", "zone", "language"])]
pub struct Set {
    #[command(flatten)]
    pub person: Person,
    /// How many times as long every wait is, like 1.5; within the course's bounds
    #[arg(long, value_parser = values::pace)]
    pub pace: Option<f64>,
    /// The local hour at which every lesson comes, like 07:30
    #[arg(long, value_parser = values::hour)]
    pub hour: Option<Time>,
    /// The weekdays on which lessons come, like Mon-Fri
    #[arg(long, value_parser = values::weekdays)]
    pub weekdays: Option<String>,
    /// IANA time zone
    #[arg(long, value_parser = timing::zone)]
    pub zone: Option<TimeZone>,
    /// Language tag, like en or pt-BR
    #[arg(long, value_parser = config::language)]
    pub language: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Again {
    #[command(flatten)]
    pub person: Person,
    /// Which lesson [default: the last one]
    #[arg(long)]
    pub lesson: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct StartAgain {
    pub address: Address,
    #[arg(long, value_parser = values::course)]
    pub course: String,
}

#[derive(Debug, clap::Args)]
pub struct Repeat {
    #[command(flatten)]
    pub person: Person,
    #[arg(long)]
    pub stage: String,
}

#[derive(Debug, clap::Args)]
pub struct Person {
    pub address: Address,
    /// Only this course [default: all]
    #[arg(long, value_parser = values::course)]
    pub course: Option<String>,
}

/// Takes no course: a person is told everything, and forgotten whole or not at all.
#[derive(Debug, clap::Args)]
pub struct Whole {
    pub address: Address,
}

impl Person {
    /// Whom and which course an act is about.
    pub fn split(self) -> (Address, Which) {
        (self.address, self.course.map_or(Which::All, Which::Course))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::cli::tests::parse;
    use crate::cli::tests::parse_words;
    use clap::error::ErrorKind;
    use jiff::civil::date;

    fn add(words: &[&str]) -> Result<Add, ErrorKind> {
        let words = [&["add", "ana@example.org", "--course", "c"], words].concat();
        parse_words::<Args>(&words).map(|args| match args.action {
            Action::Add(add) => add,
            other => panic!("{other:?} is another action"),
        })
    }

    #[test]
    fn everything_about_a_new_person_can_be_said() {
        let words = "--zone Europe/Berlin --language pt-BR --field a=b --confirmed --source paper --name Ana";
        let add = add(&words.split(' ').collect::<Vec<_>>()).unwrap();
        assert_eq!((add.address.as_str(), add.course.as_str()), ("ana@example.org", "c"));
        assert_eq!(add.name().as_deref(), Some("Ana"));
        assert_eq!(add.zone.as_ref().and_then(TimeZone::iana_name), Some("Europe/Berlin"));
        assert_eq!(add.language.as_deref(), Some("pt-BR"));
        assert_eq!(add.fields, [("a".to_string(), "b".to_string())]);
        assert!(add.confirmed);
        assert_eq!(add.source.as_deref(), Some("paper"));
    }

    #[test]
    fn consent_without_its_source_is_refused() {
        let check = |words: &[&str], expect: Result<bool, ErrorKind>| {
            assert_eq!(add(words).map(|add| add.confirmed), expect, "{words:?}");
        };
        check(&[], Ok(false));
        check(&["--confirmed"], Err(ErrorKind::MissingRequiredArgument));
        check(&["--confirmed", "--source", " "], Err(ErrorKind::ValueValidation));
        check(&["--confirmed", "--source", "a paper form"], Ok(true));
        check(&["--zone", "Mars"], Err(ErrorKind::ValueValidation));
        check(&["--language", "klingon"], Err(ErrorKind::ValueValidation));
        check(&["--field", "x"], Err(ErrorKind::ValueValidation));
    }

    #[test]
    fn an_empty_name_is_no_name() {
        let check = |words: &[&str], expect: Option<&str>| {
            assert_eq!(add(words).unwrap().name().as_deref(), expect, "{words:?}");
        };
        check(&[], None);
        check(&["--name", ""], None);
        check(&["--name", "  "], None);
        check(&["--name", " Ana\nBcc: x "], Some("Ana Bcc: x"));
    }

    #[test]
    fn the_other_actions_take_an_address_and_maybe_a_course() {
        let check = |line: &str, expect: bool| assert_eq!(parse::<Args>(line).is_ok(), expect, "{line}");
        check("show ana@example.org --json", true);
        check("show ana@example.org --course c", true);
        check("show", false);
        check("list", true);
        check("list --course c --json", true);
        check("list ana@example.org", false);
        check("pause ana@example.org", true);
        check("pause ana@example.org --until tomorrow", false);
        check("resume ana@example.org --course c", true);
        check("resume ana@example.org --until 2026-04-08", false);
        check("leave ana@example.org", true);
        check("leave ana", false);
        check("erase ana@example.org", true);
        check("erase ana@example.org --course c", false);
        check("export ana@example.org", true);
        check("export ana@example.org --course c", false);
        check("add ana@example.org", false);
    }

    #[test]
    fn a_pause_may_end_on_a_date() {
        let args: Args = parse("pause ana@example.org --until 2026-04-08").unwrap();
        let Action::Pause(pause) = args.action else { panic!("another action") };
        assert_eq!(pause.until, Some(date(2026, 4, 8)));
    }
}
