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
use jiff::civil::Time;
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
    /// Take back what was last done here for a person, within 24 hours
    Undo(Person),
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
        Action::Set(set) => run_set(&app, set).await,
        Action::Pause(Pause { person, until, stage }) => {
            let back = until.map(|last| last.tomorrow()).transpose()?;
            let (address, which) = person.split();
            let acted = match stage {
                Some(stage) => preferences::pause_stage(&app, &address, &which, &stage, back).await?,
                None => preferences::pause(&app, &address, &which, back).await?,
            };
            tell(&app, &address, &which, acted, "paused").await
        }
        Action::Resume(Resume { person, stage }) => {
            let (address, which) = person.split();
            let acted = match stage {
                Some(stage) => preferences::resume_stage(&app, &address, &which, &stage).await?,
                None => preferences::resume(&app, &address, &which).await?,
            };
            tell(&app, &address, &which, acted, "going on").await
        }
        Action::NextNow(person) => {
            let (address, which) = person.split();
            tell(&app, &address, &which, preferences::next_now(&app, &address, &which).await?, "leaves now").await
        }
        Action::Again(Again { person, lesson }) => {
            let (address, which) = person.split();
            let acted = preferences::again(&app, &address, &which, lesson.as_deref()).await?;
            tell(&app, &address, &which, acted, "comes again").await
        }
        Action::Repeat(Repeat { person, stage }) => {
            let (address, which) = person.split();
            tell(&app, &address, &which, preferences::repeat(&app, &address, &which, &stage).await?, "comes again").await
        }
        Action::Undo(person) => {
            let (address, which) = person.split();
            let (acted, what) = preferences::undo(&app, &address, &which).await?;
            tell(&app, &address, &which, acted, &format!("undone ({what})")).await
        }
        Action::Leave(person) => {
            let (address, which) = person.split();
            tell(&app, &address, &which, preferences::leave(&app, &address, &which).await?, "left").await
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

async fn run_set(app: &App, set: Set) -> anyhow::Result<ExitCode> {
    let settings = preferences::Settings {
        pace: set.pace,
        hour: set.hour,
        weekdays: set.weekdays,
        zone: set.zone.as_ref().and_then(TimeZone::iana_name).map(String::from),
        language: set.language,
    };
    let (address, which) = set.person.split();
    tell(app, &address, &which, preferences::set(app, &address, &which, &settings).await?, "set").await
}

impl Person {
    fn split(self) -> (Address, Which) {
        (self.address, self.course.map_or(Which::All, Which::Course))
    }
}

/// Says what became of an act, and what comes next. A course that is no more can be left all the same; one that nobody
/// knows is a mistake.
async fn tell(app: &App, address: &Address, which: &Which, acted: Acted, done: &str) -> anyhow::Result<ExitCode> {
    let unknown = match which {
        Which::Course(course) => values::unknown(app, &Scope::Course(course.clone())).await,
        Which::All => None,
    };
    let (good, said) = match (acted, unknown) {
        (Acted::On(courses), _) if courses.is_empty() => (true, format!("{done}\n")),
        (Acted::On(courses), _) => (true, outlook(app, address, &courses, done).await?),
        (Acted::Nothing, None) => (true, "nothing changed\n".to_string()),
        (Acted::Nothing, Some(unknown)) => (false, format!("{unknown}\n")),
        (Acted::Refused(why), _) => (false, format!("{why}\n")),
        (Acted::NobodyThere, _) => (false, format!("{NOBODY}\n")),
    };
    eprint!("{said}");
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was done, the next three lessons of each course and why they come then, and how to take it back.
async fn outlook(app: &App, address: &Address, courses: &[String], done: &str) -> anyhow::Result<String> {
    let mut text = format!("{done}: {}\n", courses.join(", "));
    for (it, plan) in preferences::outlook(app, address, &Which::All, 3).await? {
        for next in plan.iter().filter(|_| courses.contains(&it.course)) {
            let local = next.local.strftime("%a %Y-%m-%d %H:%M");
            writeln!(text, "    {}/{} on {local}, {}", it.course, next.lesson, next.why).ok();
        }
    }
    writeln!(text, "within 24 hours, `dripline subscriber undo {address}` takes it back").ok();
    Ok(text)
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
