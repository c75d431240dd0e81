//! Everybody as a file that `import` reads: who they are, what they agreed to, and where they stand in each course.

use crate::clock::from_ms;
use crate::delivery::State as DeliveryState;
use crate::enrolment::Enrolment;
use crate::enrolment::Mark;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::sheet;
use crate::flow::sheet::Fact;
use crate::store::people;
use crate::store::people::Agreed;
use crate::store::report;
use crate::store::suppressions;
use crate::store::suppressions::Suppression;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

/// How many people are read at a time.
const PAGE: i64 = 1000;

/// An export under way.
#[derive(Debug)]
pub struct Export {
    stage: Stage,
    /// Names of every field that a course asks for.
    fields: Vec<String>,
    /// Hashes of suppressed addresses that a person has.
    met: HashSet<String>,
    pub left_out: LeftOut,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Header,
    /// Behind the person with this id.
    People(i64),
    Suppressions,
    Ended,
}

/// What the file can't say.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// Erased people of whom only a hash is left, which no other database can read.
    pub erased: usize,
    /// People in no course.
    pub nowhere: usize,
    /// Answers to fields that no course asks for any more.
    pub answers: usize,
    /// Mails of which it isn't known yet whether they arrived.
    pub under_way: i64,
}

/// One line of the file, by column.
type Line = BTreeMap<Fact, String>;

impl Export {
    pub async fn begin(app: &App) -> Export {
        let shelf = app.shelf.read().await;
        let fields: BTreeSet<&String> = shelf.courses.values().flat_map(|it| it.course.fields.keys()).collect();
        let fields = fields.into_iter().cloned().collect();
        Export { stage: Stage::Header, fields, met: HashSet::new(), left_out: LeftOut::default() }
    }

    /// The next piece of the file; `None` at its end.
    pub async fn step(&mut self, app: &App) -> Result<Option<Vec<u8>>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        self.stage = match self.stage {
            Stage::Header => {
                let facts = Fact::ALL.iter().map(|fact| fact.name().to_string());
                writer.write_record(facts.chain(self.fields.iter().map(|name| format!("field:{name}"))))?;
                Stage::People(0)
            }
            Stage::People(after) => self.people(app, after, &mut writer).await?,
            Stage::Suppressions => {
                self.suppressions(app, &mut writer).await?;
                Stage::Ended
            }
            Stage::Ended => return Ok(None),
        };
        Ok(Some(writer.into_inner()?))
    }

    async fn people(&mut self, app: &App, after: i64, writer: &mut csv::Writer<Vec<u8>>) -> Result<Stage> {
        let mut connection = app.store.read().await?;
        let page = people::page(&mut connection, after, PAGE).await?;
        let Some(last) = page.last().map(|person| person.id) else { return Ok(Stage::Suppressions) };
        let ids: Vec<i64> = page.iter().map(|person| person.id).collect();
        let hashes: Vec<String> = page.iter().map(|person| app.address_hash(&person.address)).collect();
        let mut places: HashMap<i64, Vec<Enrolment>> = HashMap::new();
        for enrolment in people::enrolments(&mut connection, &ids).await? {
            places.entry(enrolment.subscriber_id).or_default().push(enrolment);
        }
        let mut agreed: HashMap<i64, Vec<Agreed>> = HashMap::new();
        for one in people::agreed(&mut connection, &ids).await? {
            agreed.entry(one.subscriber_id).or_default().push(one);
        }
        let suppressed: HashMap<String, Suppression> =
            people::suppressed(&mut connection, &hashes).await?.into_iter().collect();
        for (person, hash) in page.iter().zip(hashes) {
            let mut line = of_person(person);
            if let Some(suppression) = suppressed.get(&hash) {
                suppress(&mut line, suppression);
                self.met.insert(hash);
            }
            let answers = person.fields.keys().filter(|name| !self.fields.contains(name)).count();
            self.left_out.answers += answers;
            let places = places.remove(&person.id).unwrap_or_default();
            let agreed = agreed.remove(&person.id).unwrap_or_default();
            for place in &places {
                let mut line = line.clone();
                of_place(&mut line, place, consent_of(place, &agreed));
                self.write(writer, &line, &person.fields)?;
            }
            if places.is_empty() && line.contains_key(&Fact::Suppressed) {
                // These count only beside a place in a course.
                line.remove(&Fact::Hour);
                line.remove(&Fact::Weekdays);
                self.write(writer, &line, &person.fields)?;
            } else if places.is_empty() {
                self.left_out.nowhere += 1;
            }
        }
        Ok(Stage::People(last))
    }

    /// Those whom no person's row has told of.
    async fn suppressions(&mut self, app: &App, writer: &mut csv::Writer<Vec<u8>>) -> Result<()> {
        let mut connection = app.store.read().await?;
        for suppression in suppressions::all(&mut connection).await? {
            let Ok(address) = suppression.address.parse() else {
                self.left_out.erased += 1;
                continue;
            };
            if !self.met.contains(&app.address_hash(&address)) {
                let mut line = Line::from([(Fact::Email, address.to_string())]);
                suppress(&mut line, &suppression);
                self.write(writer, &line, &BTreeMap::new())?;
            }
        }
        let counts = report::counts(&mut connection).await?;
        let in_doubt = counts.iter().filter(|(it, _)| matches!(it, DeliveryState::Sending | DeliveryState::InDoubt));
        self.left_out.under_way = in_doubt.map(|(_, count)| count).sum();
        Ok(())
    }

    fn write(&self, writer: &mut csv::Writer<Vec<u8>>, line: &Line, answers: &BTreeMap<String, String>) -> Result<()> {
        let facts = Fact::ALL.iter().map(|fact| line.get(fact));
        let answers = self.fields.iter().map(|name| answers.get(name));
        let cells = facts.chain(answers).map(|text| sheet::neutral(text.map_or("", String::as_str)));
        Ok(writer.write_record(cells)?)
    }
}

fn of_person(person: &Subscriber) -> Line {
    let hour = person.hour.map(|hour| hour.strftime("%H:%M").to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Line::from([
        (Fact::Email, person.address.to_string()),
        (Fact::FirstName, text(&person.first_name)),
        (Fact::Zone, text(&person.zone)),
        (Fact::Language, text(&person.language)),
        (Fact::Hour, hour.unwrap_or_default()),
        (Fact::Weekdays, text(&person.weekdays)),
    ])
    .into_iter()
    .filter(|(_, text)| !text.is_empty())
    .collect()
}

fn suppress(line: &mut Line, suppression: &Suppression) {
    line.insert(Fact::Suppressed, suppression.reason.clone());
    line.insert(Fact::SuppressedBy, suppression.source.clone());
    line.insert(Fact::SuppressedAt, from_ms(suppression.since).to_string());
}

fn of_place(line: &mut Line, place: &Enrolment, consent: Option<&Agreed>) {
    line.insert(Fact::Course, place.course.clone());
    line.insert(Fact::Run, place.run.to_string());
    let state = place.after.filter(|_| place.state == State::InFlight).unwrap_or(place.state);
    line.insert(Fact::State, state.name().to_string());
    if state == State::Pending {
        return;
    }
    let instant = |instant: Option<Timestamp>| instant.map(|it| it.to_string()).unwrap_or_default();
    line.insert(Fact::Pace, place.pace.to_string());
    line.insert(Fact::Done, place.progress.done().join(" "));
    line.insert(Fact::Passed, passed(place));
    line.insert(Fact::Confirmed, place.confirmed.to_string());
    line.insert(Fact::Since, place.basis.to_string());
    line.insert(Fact::Floor, instant(place.floor));
    line.insert(Fact::LastDate, place.last_date.map(|date| date.to_string()).unwrap_or_default());
    line.insert(Fact::LastCount, place.last_count.to_string());
    if state == State::Paused {
        line.insert(Fact::PausedAt, instant(place.paused_at));
        line.insert(Fact::PausedUntil, instant(place.paused_until));
    }
    if state == State::Held {
        line.insert(Fact::Held, place.held_why.clone().unwrap_or_default());
    }
    if let Some(consent) = consent {
        line.insert(Fact::Source, consent.source.clone());
        line.insert(Fact::ConsentAt, from_ms(consent.at).to_string());
        line.insert(Fact::ConsentText, consent.text.clone());
        line.insert(Fact::ConsentVersion, consent.version.clone());
    }
}

fn passed(place: &Enrolment) -> String {
    let marks = [(Mark::Skipped, "skipped"), (Mark::Offered, "offered"), (Mark::Retired, "retired")];
    let words = marks
        .into_iter()
        .flat_map(|(mark, name)| place.progress.marked(mark).into_iter().map(move |lesson| format!("{lesson}:{name}")));
    words.collect::<Vec<_>>().join(" ")
}

/// What this run of a course began with: said in the same instant, or else the last that was said for this course. Who
/// left before they confirmed said nothing.
fn consent_of<'a>(place: &Enrolment, agreed: &'a [Agreed]) -> Option<&'a Agreed> {
    let mut of_course = agreed.iter().filter(|it| it.course == place.course);
    let same = of_course.clone().find(|it| it.at == place.confirmed.as_millisecond());
    same.or_else(|| of_course.next_back().filter(|_| place.state != State::Left))
}
