//! `dripline subscriber`: people by hand.

mod args;

use crate::address::Address;
use crate::cli::Context;
use crate::cli::answer;
use crate::cli::output;
use crate::cli::values;
use crate::course::Kind;
use crate::flow::App;
use crate::flow::journal;
use crate::flow::operate::Scope;
use crate::flow::personal;
use crate::flow::preferences;
use crate::flow::preferences::Act;
use crate::flow::preferences::Acted;
use crate::flow::preferences::Outlook;
use crate::flow::preferences::Which;
use crate::flow::sign_up;
use crate::flow::sign_up::Request;
use crate::flow::sign_up::SignedUp;
use crate::flow::sign_up::Word;
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use std::process::ExitCode;

use args::Action;
use args::Add;
use args::Again;
use args::List;
use args::Pause;
use args::Person;
use args::Repeat;
use args::Resume;
use args::Set;
use args::Show;
use args::StartAgain;

pub use args::Args;

/// Exit status 1 when nobody has the address, or a person can't be added; the reason is told.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, app) = context.app().await?;
    match args.action {
        Action::Add(add) => run_add(&app, add).await,
        Action::Show(show) => run_show(&app, &show).await,
        Action::List(list) => run_list(&app, &list).await,
        Action::Set(set) => run_set(&app, set).await,
        Action::Pause(pause) => run_pause(&app, pause).await,
        Action::Resume(Resume { person, stage }) => {
            let (address, which) = person.split();
            let acted = match stage {
                Some(stage) => preferences::act(&app, &address, &which, &Act::ResumeStage(stage.clone())).await?,
                None => preferences::act(&app, &address, &which, &Act::Resume).await?,
            };
            tell(&app, &address, &which, acted, "going on").await
        }
        Action::NextNow(person) => {
            let (address, which) = person.split();
            tell(&app, &address, &which, preferences::act(&app, &address, &which, &Act::NextNow).await?, "leaves now")
                .await
        }
        Action::Again(Again { person, lesson }) => {
            let (address, which) = person.split();
            let acted = preferences::act(&app, &address, &which, &Act::Again(lesson.clone())).await?;
            tell(&app, &address, &which, acted, "comes again").await
        }
        Action::Repeat(Repeat { person, stage }) => {
            let (address, which) = person.split();
            tell(
                &app,
                &address,
                &which,
                preferences::act(&app, &address, &which, &Act::Repeat(stage.clone())).await?,
                "comes again",
            )
            .await
        }
        Action::StartAgain(StartAgain { address, course }) => {
            let acted = preferences::start_again(&app, &address, &course).await?;
            tell(&app, &address, &Which::Course(course), acted, "begins again").await
        }
        Action::Undo(person) => run_undo(&app, person).await,
        Action::Leave(person) => {
            let (address, which) = person.split();
            tell(&app, &address, &which, preferences::act(&app, &address, &which, &Act::Leave).await?, "left").await
        }
        Action::Answer(answer) => answer::run(&app, &answer).await,
        Action::Export(person) => run_export(&app, &person.address).await,
        Action::Erase(person) => {
            let erased = preferences::erase(&app, &person.address).await?;
            let done = "erased; only a keyed hash stays, so that nobody writes to this address again";
            eprintln!("{}", if erased { done } else { NOBODY });
            Ok(if erased { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

const UNCHANGED: &str = "nothing changed: it is so already, or there is nothing of this person's that it could change; \
    `dripline subscriber show` says how they stand";
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
    let shelved = app.shelf.read().await.get(&add.course).cloned();
    let first = match shelved.is_some_and(|shelved| shelved.course.kind == Kind::Newsletter) {
        true => "the next issue comes to them",
        false => "the first lesson is on its way",
    };
    let (good, said) = match sign_up::add(app, request).await? {
        SignedUp::Enrolled => (true, format!("enrolled; {first}")),
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

async fn run_export(app: &App, address: &Address) -> anyhow::Result<ExitCode> {
    let Some(everything) = personal::export(app, address).await? else {
        eprintln!("{NOBODY}");
        return Ok(ExitCode::FAILURE);
    };
    output::data(format!("{}\n", serde_json::to_string_pretty(&everything)?))?;
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

async fn run_pause(app: &App, Pause { person, until, stage }: Pause) -> anyhow::Result<ExitCode> {
    let back = until.map(|last| last.tomorrow()).transpose()?;
    let done = until.map_or("paused until resumed".to_string(), |last| format!("paused until the end of {last}"));
    let (address, which) = person.split();
    let acted = match stage {
        Some(stage) => {
            preferences::act(app, &address, &which, &Act::PauseStage { stage: stage.clone(), until: back }).await?
        }
        None => preferences::act(app, &address, &which, &Act::Pause { until: back }).await?,
    };
    tell(app, &address, &which, acted, &done).await
}

async fn run_undo(app: &App, person: Person) -> anyhow::Result<ExitCode> {
    let (address, which) = person.split();
    let (acted, what) = preferences::undo(app, &address, &which, None).await?;
    if acted == Acted::Nothing && which == Which::All {
        eprintln!("nothing was done for this person in the last 24 hours that could be taken back");
        return Ok(ExitCode::SUCCESS);
    }
    tell(app, &address, &which, acted, &format!("taken back ({what})")).await
}

async fn run_set(app: &App, set: Set) -> anyhow::Result<ExitCode> {
    let settings = preferences::Settings {
        pace: set.pace,
        hour: set.hour.map(Some),
        weekdays: set.weekdays.map(Some),
        zone: set.zone.as_ref().and_then(TimeZone::iana_name).map(String::from),
        language: set.language,
        first_name: None,
    };
    let (address, which) = set.person.split();
    tell(app, &address, &which, preferences::act(app, &address, &which, &Act::Set(settings.clone())).await?, "set")
        .await
}

/// Says what became of an act, and what comes next. A course that is no more can be left all the same; one that nobody
/// knows is a mistake.
async fn tell(app: &App, address: &Address, which: &Which, acted: Acted, done: &str) -> anyhow::Result<ExitCode> {
    let unknown = match which {
        Which::Course(course) => values::unknown(app, &Scope::Course(course.clone())).await,
        Which::All => None,
    };
    let (good, said) = match (acted, unknown) {
        (Acted::On(it), _) if it.courses.is_empty() => (true, format!("{done}\n")),
        (Acted::On(it), _) => (true, outlook(app, address, &it.courses, done).await?),
        (Acted::Nothing, None) => (true, format!("{UNCHANGED}\n")),
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
    for Outlook { enrolment, plan } in preferences::outlook(app, address, &Which::All, 3).await? {
        for next in plan.iter().filter(|_| courses.contains(&enrolment.course)) {
            let local = next.local.strftime("%a %Y-%m-%d %H:%M");
            writeln!(text, "    {}/{} on {local}, {}", enrolment.course, next.lesson, next.why).ok();
        }
    }
    writeln!(text, "`dripline subscriber undo {address}` takes the latest change of the last 24 hours back").ok();
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
