//! Where the people of a course stand, and who got which issue of a newsletter. Changes nothing.

use crate::course::Kind;
use crate::delivery::State as DeliveryState;
use crate::enrolment::State;
use crate::enrolment::is_lesson;
use crate::flow::App;
use crate::flow::issue;
use crate::flow::sheet;
use crate::flow::shelf::Shelved;
use crate::store::Connection;
use crate::store::farewells;
use crate::store::issues;
use crate::store::issues::Fate;
use crate::store::issues::Issue;
use crate::store::report;
use crate::store::report::Place;
use crate::store::report::Reader;
use anyhow::Result;
use jiff::Timestamp;
use jiff::civil;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

/// The states of enrolments, as people call them.
const STATES: [State; 6] = [State::Pending, State::Waiting, State::Paused, State::Held, State::Completed, State::Left];

/// One course or newsletter.
#[derive(Debug, Serialize)]
pub struct Report {
    pub course: String,
    /// How many enrolments are in each state, by its name; who starts again counts twice.
    pub people: BTreeMap<&'static str, i64>,
    /// How many left before they got a lesson.
    pub left_at_the_start: i64,
    /// Why people left, oldest first, as far as they said; who came back isn't among them.
    pub farewells: Vec<Farewell>,
    #[serde(flatten)]
    pub lines: Lines,
}

/// Why somebody left, in their own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Farewell {
    pub at: Timestamp,
    pub reason: String,
    /// Only where names were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lines {
    Lessons(Vec<LessonLine>),
    Issues(Vec<IssueLine>),
}

/// How a lesson fares; in the order of the course, then what was sent once and isn't in it any more.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct LessonLine {
    pub lesson: String,
    /// It was sent to so many; who got it several times counts once.
    pub got: i64,
    /// It is the next one of so many, who wait for its due time,
    pub waiting: i64,
    /// whose mail is under way,
    pub in_flight: i64,
    /// or who are asked something before.
    pub awaiting: i64,
    pub paused: i64,
    pub held: i64,
    /// It was the last one that so many got before they left.
    pub left: i64,
}

/// How an issue fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueLine {
    pub issue: String,
    /// `upcoming`, `sent`, `late` (held for a human), `stopped`, `archive` or `draft`.
    pub fate: &'static str,
    /// In the newsletter's time zone, or wherever its readers live; `None` for what comes with the cron line.
    pub moment: Option<civil::DateTime>,
    /// When its recipients were fixed, by the wall clock.
    pub fixed: Option<Timestamp>,
    #[serde(flatten)]
    pub counts: IssueCounts,
    /// Everybody who is or was in the newsletter; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<Name>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IssueCounts {
    pub got: i64,
    pub on_the_way: i64,
    /// A human must look at these.
    pub held: i64,
    /// Nobody knows whether these arrived.
    pub in_doubt: i64,
    /// Too late: their moment had passed, or the relay didn't take them in time.
    pub missed: i64,
    pub refused: i64,
    pub cancelled: i64,
}

/// What became of an issue for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    pub address: String,
    /// As the keys of [`IssueCounts`], or `no recipient`.
    pub outcome: &'static str,
    /// Why they didn't get it, or not yet; what the relay said.
    pub why: String,
}

/// Whether everybody is listed by address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    Counted,
    Listed,
}

/// Reports on a course, or on one lesson or issue of it; `None` when there is no such course. Names are of who got an issue
/// or didn't, and of who said why they left.
pub async fn report(app: &App, course: &str, only: Option<&str>, names: Names) -> Result<Option<Report>> {
    let shelf = app.shelf.read().await.clone();
    let Some(shelved) = shelf.get(course) else { return Ok(None) };
    let mut connection = app.store.read().await?;
    let mut people: BTreeMap<&'static str, i64> = STATES.iter().map(|state| (state.name(), 0)).collect();
    for (state, count) in report::people(&mut connection, course).await? {
        *people.entry(state.name()).or_default() += count;
    }
    let mut left_at_the_start = 0;
    let lines = match shelved.course.kind {
        Kind::Newsletter => Lines::Issues(issue_lines(&mut connection, shelved, only, names).await?),
        Kind::Course => {
            let mut lessons = Lessons::new(shelved);
            report::places(&mut connection, course, |place| lessons.see(shelved, &place)).await?;
            left_at_the_start = lessons.left_at_the_start;
            Lines::Lessons(lessons.lines.into_iter().filter(|line| is_meant(&line.lesson, only)).collect())
        }
    };
    let farewells = match only {
        None => farewells(&mut connection, course, names).await?,
        Some(_) => Vec::new(),
    };
    Ok(Some(Report { course: course.to_string(), people, left_at_the_start, farewells, lines }))
}

async fn farewells(connection: &mut Connection, course: &str, names: Names) -> Result<Vec<Farewell>> {
    let said = farewells::of_course(connection, course).await?.into_iter();
    let told = said.map(|it| Farewell {
        at: it.farewell.at,
        reason: it.farewell.reason,
        address: (names == Names::Listed).then_some(it.address),
    });
    Ok(told.collect())
}

/// The lines as comma-separated values; of issues with names one row a person, else one a lesson or issue.
///
/// # Errors
/// When memory runs out.
pub fn csv(report: &Report) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    match &report.lines {
        Lines::Lessons(lines) => lines.iter().try_for_each(|line| writer.serialize(line))?,
        Lines::Issues(lines) if lines.iter().any(|line| line.names.is_some()) => {
            writer.write_record(["issue", "email", "outcome", "why"])?;
            for line in lines {
                for name in line.names.iter().flatten() {
                    let cells = [line.issue.as_str(), &name.address, name.outcome, &name.why];
                    writer.write_record(cells.map(sheet::neutral))?;
                }
            }
        }
        Lines::Issues(lines) => {
            let columns = ["issue", "fate", "moment", "fixed"];
            writer.write_record(columns.into_iter().chain(COUNTS))?;
            for line in lines {
                let moment = line.moment.map(|it| it.to_string()).unwrap_or_default();
                let fixed = line.fixed.map(|it| it.to_string()).unwrap_or_default();
                let counts = line.counts.in_order().map(|(_, count)| count.to_string());
                writer
                    .write_record([line.issue.clone(), line.fate.to_string(), moment, fixed].iter().chain(&counts))?;
            }
        }
    }
    writer.into_inner().map_err(|error| anyhow::anyhow!("the report can't be written: {error}"))
}

impl IssueCounts {
    /// Each with its name.
    pub fn in_order(&self) -> [(&'static str, i64); 7] {
        let counts = [self.got, self.on_the_way, self.held, self.in_doubt, self.missed, self.refused, self.cancelled];
        std::array::from_fn(|at| (COUNTS[at], counts[at]))
    }

    fn add(&mut self, state: DeliveryState, may_have_arrived: bool, count: i64) {
        let sum = match outcome(state, may_have_arrived) {
            Outcome::Got => &mut self.got,
            Outcome::OnTheWay => &mut self.on_the_way,
            Outcome::Held => &mut self.held,
            Outcome::InDoubt => &mut self.in_doubt,
            Outcome::Missed => &mut self.missed,
            Outcome::Refused => &mut self.refused,
            Outcome::Cancelled => &mut self.cancelled,
        };
        *sum += count;
    }
}

/// What became of a delivery of an issue. In the order of [`COUNTS`].
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Got,
    OnTheWay,
    Held,
    InDoubt,
    Missed,
    Refused,
    Cancelled,
}

const COUNTS: [&str; 7] = ["got", "on_the_way", "held", "in_doubt", "missed", "refused", "cancelled"];

fn outcome(state: DeliveryState, may_have_arrived: bool) -> Outcome {
    match state {
        DeliveryState::Accepted => Outcome::Got,
        DeliveryState::Ready | DeliveryState::Deferred | DeliveryState::Leased | DeliveryState::Sending => {
            Outcome::OnTheWay
        }
        DeliveryState::Held | DeliveryState::Quarantined => Outcome::Held,
        DeliveryState::InDoubt => Outcome::InDoubt,
        DeliveryState::Cancelled if may_have_arrived => Outcome::InDoubt,
        DeliveryState::Cancelled => Outcome::Cancelled,
        DeliveryState::Expired => Outcome::Missed,
        DeliveryState::Refused => Outcome::Refused,
    }
}

/// The lines of a course while its people are counted.
struct Lessons {
    lines: Vec<LessonLine>,
    places: HashMap<String, usize>,
    left_at_the_start: i64,
}

impl Lessons {
    fn new(shelved: &Shelved) -> Lessons {
        let mut lessons = Lessons { lines: Vec::new(), places: HashMap::new(), left_at_the_start: 0 };
        for id in &shelved.course.order {
            lessons.line(id);
        }
        lessons
    }

    fn line(&mut self, id: &str) -> &mut LessonLine {
        let at = match self.places.get(id) {
            Some(at) => *at,
            None => {
                self.places.insert(id.to_string(), self.lines.len());
                self.lines.push(LessonLine { lesson: id.to_string(), ..LessonLine::default() });
                self.lines.len() - 1
            }
        };
        &mut self.lines[at]
    }

    fn see(&mut self, shelved: &Shelved, place: &Place) {
        // Who left goes by the names of that time.
        let last = place.progress.last_lesson().map(|id| shelved.called_now(id));
        let got: BTreeSet<&str> = place.progress.done().into_iter().map(|id| shelved.called_now(id)).collect();
        for id in got {
            self.line(id).got += 1;
        }
        let next = Some(place.lesson.as_str()).filter(|id| !id.is_empty() && is_lesson(id));
        match (place.state, next, last) {
            (State::Waiting, Some(id), _) => self.line(id).waiting += 1,
            (State::InFlight, Some(id), _) => self.line(id).in_flight += 1,
            (State::Awaiting, Some(id), _) => self.line(id).awaiting += 1,
            (State::Paused, Some(id), _) => self.line(id).paused += 1,
            (State::Held, Some(id), _) => self.line(id).held += 1,
            (State::Left, _, Some(id)) => self.line(id).left += 1,
            (State::Left, _, None) => self.left_at_the_start += 1,
            (State::Waiting | State::InFlight | State::Awaiting | State::Paused | State::Held, None, _) => {}
            (State::Pending | State::Completed, _, _) => {}
        }
    }
}

fn is_meant(name: &str, only: Option<&str>) -> bool {
    only.is_none_or(|only| only == name)
}

/// What was fixed in the order of its moments, then what is to come in the order of the file, then the drafts.
async fn issue_lines(
    connection: &mut Connection,
    shelved: &Shelved,
    only: Option<&str>,
    names: Names,
) -> Result<Vec<IssueLine>> {
    let course = &shelved.course.id;
    let mut fixed = issues::of(connection, course).await?;
    let known: BTreeSet<String> = fixed.iter().map(|it| shelved.called_now(&it.lesson).to_string()).collect();
    fixed.retain(|it| is_meant(shelved.called_now(&it.lesson), only));
    let whats: Vec<String> = fixed.iter().map(|it| issue::what(course, &it.lesson)).collect();
    let mut counts: HashMap<String, IssueCounts> = HashMap::new();
    for row in report::issue_counts(connection, &whats).await? {
        counts.entry(row.what).or_default().add(row.state, row.may_have_arrived, row.count);
    }
    let mut lines = Vec::new();
    for (it, what) in fixed.iter().zip(&whats) {
        lines.push(IssueLine {
            issue: shelved.called_now(&it.lesson).to_string(),
            fate: it.fate.name(),
            moment: Some(it.moment),
            fixed: Some(it.fixed),
            counts: counts.get(what).copied().unwrap_or_default(),
            names: match names {
                Names::Counted => None,
                Names::Listed => Some(listed(it, report::readers(connection, course, what).await?)),
            },
        });
    }
    let upcoming = shelved.course.order.iter().filter(|id| !known.contains(*id) && is_meant(id, only));
    lines.extend(upcoming.map(|id| {
        let lesson = shelved.course.lessons.get(id);
        let fate = if lesson.is_some_and(|lesson| lesson.archive) { Fate::Archive.name() } else { "upcoming" };
        nobodys(id, fate, lesson.and_then(|lesson| lesson.date))
    }));
    let drafts = shelved.course.drafts.iter().filter(|id| is_meant(id, only));
    lines.extend(drafts.map(|id| nobodys(id, "draft", None)));
    Ok(lines)
}

/// An issue that hasn't gone to anybody.
fn nobodys(id: &str, fate: &'static str, moment: Option<civil::DateTime>) -> IssueLine {
    IssueLine { issue: id.to_string(), fate, moment, fixed: None, counts: IssueCounts::default(), names: None }
}

fn listed(fixed: &Issue, readers: Vec<Reader>) -> Vec<Name> {
    readers.into_iter().map(|reader| name(fixed, reader)).collect()
}

fn name(fixed: &Issue, reader: Reader) -> Name {
    let Some(delivery) = &reader.delivery else {
        return Name {
            why: no_recipient(fixed, &reader).to_string(),
            address: reader.address,
            outcome: "no recipient",
        };
    };
    let outcome = outcome(delivery.state, delivery.may_have_arrived);
    let unknown = delivery.state == DeliveryState::Cancelled && delivery.may_have_arrived;
    let why =
        if unknown { format!("{}; nobody knows whether it arrived", delivery.reply) } else { delivery.reply.clone() };
    Name { address: reader.address, outcome: COUNTS[outcome as usize], why }
}

/// As far as it can be told from how things stand today.
fn no_recipient(fixed: &Issue, reader: &Reader) -> &'static str {
    if fixed.fate == Fate::Archive {
        return "it is only for the archive: it says so, or was dated before the newsletter began";
    }
    if fixed.after_id.is_some_and(|after| reader.enrolment > after) {
        return "not looked at yet";
    }
    if reader.state == State::Pending {
        return "hasn't confirmed";
    }
    if reader.confirmed > fixed.first {
        return "confirmed after its recipients were fixed";
    }
    match reader.state {
        State::Left => "left the newsletter",
        State::Paused => "paused the newsletter",
        State::Held => "the address takes no mail",
        State::Pending | State::Waiting | State::InFlight | State::Completed | State::Awaiting => match fixed.fate {
            Fate::Stopped => "the issue was stopped",
            Fate::Sent | Fate::Late | Fate::Archive => "wasn't in its audience then, was in a course, or paused",
        },
    }
}
