//! `dripline subscriber`: people by hand.

use crate::address::Address;
use crate::address::clean_line;
use crate::cli::Context;
use crate::cli::output;
use crate::cli::values;
use crate::config;
use crate::flow::App;
use crate::flow::journal;
use crate::flow::operate::Scope;
use crate::flow::preferences;
use crate::flow::preferences::Acted;
use crate::flow::preferences::Which;
use crate::flow::sign_up;
use crate::flow::sign_up::Request;
use crate::flow::sign_up::SignedUp;
use crate::flow::sign_up::Word;
use crate::timing;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use std::process::ExitCode;

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
    /// Stop a person's lessons for a while
    Pause(Pause),
    /// Go on with a person's lessons
    Resume(Person),
    /// End a person's lessons
    Leave(Person),
    /// Forget a person, and keep only that they may not be written to
    Erase(Erase),
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
}

#[derive(Debug, clap::Args)]
pub struct Person {
    pub address: Address,
    /// Only this course [default: all]
    #[arg(long, value_parser = values::course)]
    pub course: Option<String>,
}

/// Takes no course: a person is forgotten whole or not at all.
#[derive(Debug, clap::Args)]
pub struct Erase {
    pub address: Address,
}

/// Exit status 1 when nobody has the address, or a person can't be added; the reason is told.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    match args.action {
        Action::Add(add) => run_add(&app, add).await,
        Action::Show(show) => run_show(&app, &show).await,
        Action::List(list) => run_list(&app, &list).await,
        Action::Pause(Pause { person, until }) => {
            let back = until.map(|last| last.tomorrow()).transpose()?;
            let which = which(person.course);
            tell(&app, &which, preferences::pause(&app, &person.address, &which, back).await?, "paused").await
        }
        Action::Resume(person) => {
            let which = which(person.course);
            tell(&app, &which, preferences::resume(&app, &person.address, &which).await?, "going on").await
        }
        Action::Leave(person) => {
            let which = which(person.course);
            tell(&app, &which, preferences::leave(&app, &person.address, &which).await?, "left").await
        }
        Action::Erase(person) => {
            let erased = preferences::erase(&app, &person.address).await?;
            let done = "erased; only a keyed hash stays, so that nobody writes to this address again";
            eprintln!("{}", if erased { done } else { NOBODY });
            Ok(if erased { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

const NOBODY: &str = "nobody has this address; `dripline subscriber list` shows everybody";

async fn run_add(app: &App, add: Add) -> anyhow::Result<ExitCode> {
    let request = Request {
        first_name: add.name(),
        address: add.address,
        course: add.course.clone(),
        zone: add.zone.and_then(|zone| zone.iana_name().map(str::to_string)),
        language: add.language,
        fields: add.fields.into_iter().collect(),
        word: add.source.filter(|_| add.confirmed).map_or(Word::Operator, Word::Confirmed),
    };
    let (good, said) = match sign_up::add(app, request).await? {
        SignedUp::Enrolled => (true, "enrolled; the first lesson is on its way".to_string()),
        SignedUp::Asked => (true, "a mail asks this person to confirm".to_string()),
        SignedUp::AskedBefore => {
            (true, "this person was asked before; that confirmation counts for this course too".to_string())
        }
        SignedUp::AlreadyEnrolled => (true, "already enrolled; nothing changed".to_string()),
        SignedUp::Suppressed(why) => {
            (false, format!("this address gets nothing: {why}; `dripline suppression lift` undoes that, with a reason"))
        }
        SignedUp::NoSuchCourse => {
            (false, format!("there is no course {}; `dripline check` shows what is wrong with the files", add.course))
        }
        SignedUp::UnknownField(name) => (false, format!("the course asks for no field {name}; add it under [fields]")),
        SignedUp::MissingField(name) => (false, format!("the course needs the field {name}; give --field {name}=TEXT")),
        SignedUp::Closed => (false, "this course has begun and takes nobody any more (late = \"closed\")".to_string()),
    };
    eprintln!("{said}");
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_show(app: &App, show: &Show) -> anyhow::Result<ExitCode> {
    let Some(mut person) = journal::show(app, &show.person.address).await? else {
        eprintln!("{NOBODY}");
        return Ok(ExitCode::FAILURE);
    };
    if let Some(course) = &show.person.course {
        person.enrolments.retain(|place| place.course == *course);
    }
    output::data(if show.json { format!("{}\n", serde_json::to_string_pretty(&person)?) } else { text(&person) })?;
    Ok(ExitCode::SUCCESS)
}

async fn run_list(app: &App, list: &List) -> anyhow::Result<ExitCode> {
    let mut people = journal::list(app).await?;
    if let Some(course) = &list.course {
        people.iter_mut().for_each(|person| person.enrolments.retain(|place| place.course == *course));
        people.retain(|person| !person.enrolments.is_empty());
    }
    if list.json {
        output::data(format!("{}\n", serde_json::to_string_pretty(&people)?))?;
    } else {
        people.iter().try_for_each(|person| output::data(text(person)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn which(course: Option<String>) -> Which {
    course.map_or(Which::All, Which::Course)
}

/// Says what became of an act. A course that is no more can be left all the same; one that nobody knows is a mistake.
async fn tell(app: &App, which: &Which, acted: Acted, done: &str) -> anyhow::Result<ExitCode> {
    let unknown = match which {
        Which::Course(course) => values::unknown(app, &Scope::Course(course.clone())).await,
        Which::All => None,
    };
    let (good, said) = match (acted, unknown) {
        (Acted::On(courses), _) => (true, format!("{done}: {}", courses.join(", "))),
        (Acted::Nothing, None) => (true, "nothing changed".to_string()),
        (Acted::Nothing, Some(unknown)) => (false, unknown),
        (Acted::Over, _) => (false, "the last date of this pause has passed; name a later one".to_string()),
        (Acted::NobodyThere, _) => (false, NOBODY.to_string()),
    };
    eprintln!("{said}");
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(person: &journal::Person) -> String {
    let mut text = format!("{}  {}  {}  {}\n", person.address, person.status, person.zone, person.language);
    if let Some(it) = &person.suppression {
        writeln!(text, "    suppressed since {}: {}", it.since, it.reason).ok();
    }
    for place in &person.enrolments {
        write!(text, "    {} (run {}): {}, {} done", place.course, place.run, place.state, place.done.len()).ok();
        if let Some(next) = &place.next {
            write!(text, "; next {} on {}, {}", next.lesson, next.local.strftime("%a %Y-%m-%d %H:%M"), next.why).ok();
        }
        if let Some(why) = &place.held_why {
            write!(text, "; {why}").ok();
        }
        if let Some(until) = place.paused_until {
            write!(text, "; until {until}").ok();
        }
        text.push('\n');
    }
    text
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
        check("add ana@example.org", false);
    }

    #[test]
    fn a_pause_may_end_on_a_date() {
        let args: Args = parse("pause ana@example.org --until 2026-04-08").unwrap();
        let Action::Pause(pause) = args.action else { panic!("another action") };
        assert_eq!(pause.until, Some(date(2026, 4, 8)));
    }
}
