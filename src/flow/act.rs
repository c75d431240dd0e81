//! How what a person decides comes into force: in one transaction, around a message that may be on the wire, and so that
//! it can be undone for a day. Knows no single decision.

use crate::address::Address;
use crate::clock::Now;
use crate::course::Course;
use crate::delivery::State as DeliveryState;
use crate::enrolment;
use crate::enrolment::Enrolment;
use crate::enrolment::Planned;
use crate::enrolment::Reader;
use crate::enrolment::Refused;
use crate::enrolment::Requests;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::reader::Answers;
use crate::ids::next_id;
use crate::store::Connection;
use crate::store::acts;
use crate::store::acts::Act;
use crate::store::enrolments;
use crate::store::outbox;
use crate::store::outbox::Lane;
use crate::store::people;
use crate::store::subscribers;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

/// How long an act can be undone, by the wall clock.
pub const UNDO: SignedDuration = SignedDuration::from_hours(24);

/// Which of a person's courses an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    All,
    Course(String),
}

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// The courses that it changed.
    On(Vec<String>),
    /// There was nothing to change: it is so already.
    Nothing,
    /// It isn't possible, and why; nothing changed.
    Refused(String),
    NobodyThere,
}

/// What an act makes of one enrolment.
pub enum Wish {
    /// Nothing.
    Stay,
    /// Another state; what is queued isn't sent.
    To(State),
    /// Other settings; what comes next follows from them.
    Settings,
    /// It goes on, and what comes next is worked out already.
    Resumed,
}

/// One enrolment, and all that decides over it, in the hands of an act.
pub struct Hand<'a> {
    pub it: &'a mut Enrolment,
    pub course: &'a Course,
    pub reader: &'a Reader,
    pub now: Timestamp,
}

/// An act by its name, as people call it.
pub struct Deed<'a> {
    pub name: &'a str,
    pub which: &'a Which,
    /// Changes the person, before the enrolments.
    pub person: &'a (dyn Fn(&mut Subscriber) + Sync),
    /// `Err` refuses the whole act.
    pub decide: &'a (dyn Fn(Hand<'_>) -> Result<Wish, Refused> + Sync),
}

/// How a person and their enrolments stood before an act.
#[derive(Debug, Serialize, Deserialize)]
struct Before {
    status: i64,
    zone: Option<String>,
    hour: Option<jiff::civil::Time>,
    weekdays: Option<String>,
    language: Option<String>,
    places: Vec<Place>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Place {
    id: i64,
    course: String,
    state: i64,
    pace: f64,
    requests: Requests,
    due: Timestamp,
    paused_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
}

/// Leaves a person as they are.
pub fn nobody(_person: &mut Subscriber) {}

/// Applies a deed to a person's enrolments. A message on the wire is heard first: what was decided then comes into force
/// with its record.
pub async fn act(app: &App, address: &Address, deed: &Deed<'_>) -> Result<Acted> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let Some(known) = subscribers::by_key(&mut transaction, &address.key()).await? else {
        return Ok(Acted::NobodyThere);
    };
    let mut person = known.clone();
    (deed.person)(&mut person);
    let all = enrolments::of_subscriber(&mut transaction, known.id).await?;
    let answers = Answers::read(&mut transaction, &all).await?;
    let mut before = Before::of(&known);
    for known in all {
        let Some(shelved) = shelf.get(&known.course) else { continue };
        if !deed.which.means(&known.course) {
            continue;
        }
        let (mut it, reader) = (known.clone(), app.reader(&person, answers.of(known.id)));
        let hand = Hand { it: &mut it, course: &shelved.course, reader: &reader, now: now.reader };
        let wish = match (deed.decide)(hand) {
            Ok(wish) => wish,
            Err(refused) => return Ok(Acted::Refused(refused.to_string())),
        };
        let changes = !matches!(wish, Wish::Stay);
        match wish {
            Wish::Stay => {}
            Wish::To(state) => come_to(&mut transaction, &mut it, state, now).await?,
            Wish::Resumed => go_on(&mut transaction, &it, now).await?,
            Wish::Settings => {
                if let Err(refused) = settle(&mut transaction, &mut it, &shelved.course, &reader, now).await? {
                    return Ok(Acted::Refused(refused.to_string()));
                }
            }
        }
        if changes {
            before.places.push(Place::of(&known));
        }
    }
    let courses: Vec<String> = before.places.iter().map(|place| place.course.clone()).collect();
    if person != known {
        people::put(&mut transaction, &[&person], now.wall.as_millisecond()).await?;
    } else if courses.is_empty() {
        return Ok(Acted::Nothing);
    }
    leave_behind(&mut transaction, &person, now).await?;
    remember(&mut transaction, known.id, deed.name, &before, now).await?;
    transaction.commit().await?;
    app.changed.notify_waiters();
    Ok(Acted::On(courses))
}

/// Takes the latest act of the last 24 hours back that touched these courses: settings are as they were, and what comes
/// next follows from them. What was sent meanwhile stays sent. Returns what was undone.
pub async fn undo(app: &App, address: &Address, which: &Which) -> Result<(Acted, String)> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await;
    let mut transaction = app.store.begin().await?;
    let Some(mut person) = subscribers::by_key(&mut transaction, &address.key()).await? else {
        return Ok((Acted::NobodyThere, String::new()));
    };
    let since = now.wall.saturating_sub(UNDO).unwrap_or(Timestamp::MIN);
    for act in acts::of(&mut transaction, person.id, since).await? {
        let before: Before = serde_json::from_str(&act.before)?;
        if *which != Which::All && !before.places.iter().any(|place| which.means(&place.course)) {
            continue;
        }
        before.restore(&mut person);
        people::put(&mut transaction, &[&person], now.wall.as_millisecond()).await?;
        for place in &before.places {
            let Some(mut it) = enrolments::by_id(&mut transaction, place.id).await? else { continue };
            let Some(shelved) = shelf.get(&it.course) else { continue };
            let answers = Answers::read(&mut transaction, [&it]).await?;
            let reader = app.reader(&person, answers.of(it.id));
            place.restore(&mut transaction, &mut it, &shelved.course, &reader, now).await?;
        }
        acts::remove(&mut transaction, act.id).await?;
        transaction.commit().await?;
        app.changed.notify_waiters();
        let courses = before.places.into_iter().map(|place| place.course).collect();
        return Ok((Acted::On(courses), act.what));
    }
    Ok((Acted::Nothing, String::new()))
}

/// The next lessons of a person in each of these courses, at most `most` each.
pub async fn outlook(
    app: &App,
    address: &Address,
    which: &Which,
    most: usize,
) -> Result<Vec<(Enrolment, Vec<Planned>)>> {
    let now = app.clock.now();
    let shelf = app.shelf.read().await.clone();
    let mut connection = app.store.read().await?;
    let Some(person) = subscribers::by_key(&mut connection, &address.key()).await? else { return Ok(Vec::new()) };
    let all = enrolments::of_subscriber(&mut connection, person.id).await?;
    let answers = Answers::read(&mut connection, &all).await?;
    let meant = all.into_iter().filter(|it| which.means(&it.course));
    let seen = meant.filter_map(|it| {
        let shelved = shelf.get(&it.course)?;
        let reader = app.reader(&person, answers.of(it.id));
        let plan = enrolment::forecast(&shelved.course, &it, &reader, now.reader, most);
        Some((it, plan))
    });
    Ok(seen.collect())
}

impl Which {
    fn means(&self, course: &str) -> bool {
        match self {
            Which::All => true,
            Which::Course(named) => named == course,
        }
    }
}

impl Before {
    fn of(person: &Subscriber) -> Before {
        Before {
            status: person.status.stored(),
            zone: person.zone.clone(),
            hour: person.hour,
            weekdays: person.weekdays.clone(),
            language: person.language.clone(),
            places: Vec::new(),
        }
    }

    /// A person whose address takes no mail by now stays suppressed.
    fn restore(&self, person: &mut Subscriber) {
        person.zone.clone_from(&self.zone);
        person.hour = self.hour;
        person.weekdays.clone_from(&self.weekdays);
        person.language.clone_from(&self.language);
        if person.status == Status::Left {
            person.status = Status::from_stored(self.status).unwrap_or(person.status);
        }
    }
}

impl Place {
    fn of(it: &Enrolment) -> Place {
        Place {
            id: it.id,
            course: it.course.clone(),
            state: it.after.unwrap_or(it.state).stored(),
            pace: it.pace,
            requests: it.requests.clone(),
            due: it.due,
            paused_at: it.paused_at,
            paused_until: it.paused_until,
        }
    }

    async fn restore(
        &self,
        connection: &mut Connection,
        it: &mut Enrolment,
        course: &Course,
        reader: &Reader,
        now: Now,
    ) -> Result<()> {
        it.pace = self.pace;
        it.requests = self.requests.clone();
        it.paused_at = self.paused_at;
        it.paused_until = self.paused_until;
        match (it.state, State::from_stored(self.state)) {
            // Held for what happened meanwhile, or ended: settings alone.
            (State::Held | State::Completed, _) | (_, None | Some(State::Pending | State::Held)) => {
                put(connection, it, now).await
            }
            (_, Some(State::Paused)) => {
                it.due = self.due;
                come_to(connection, it, State::Paused, now).await
            }
            (_, Some(state @ (State::Left | State::Completed))) => come_to(connection, it, state, now).await,
            (State::InFlight, Some(State::Waiting | State::InFlight | State::Awaiting)) => {
                enrolments::wish(connection, it, None).await?;
                Ok(enrolments::choose(connection, it).await?)
            }
            (_, Some(State::Waiting | State::InFlight | State::Awaiting)) => {
                call_off(connection, it, now).await?;
                it.after = None;
                it.advance(course, reader, now.reader);
                if it.state == State::Waiting && it.due < now.reader {
                    it.not_before(now.reader);
                    it.advance(course, reader, now.reader);
                }
                put(connection, it, now).await
            }
        }
    }
}

/// Other settings for an enrolment. One whose message is under way follows with its record.
async fn settle(
    connection: &mut Connection,
    it: &mut Enrolment,
    course: &Course,
    reader: &Reader,
    now: Now,
) -> Result<Result<(), Refused>> {
    match it.state {
        State::InFlight => enrolments::choose(connection, it).await?,
        State::Pending | State::Paused | State::Held | State::Left => put(connection, it, now).await?,
        State::Waiting | State::Awaiting | State::Completed => {
            it.advance(course, reader, now.reader);
            if it.held_why.is_some() {
                return Ok(Err(Refused::NoMoment(it.course.clone())));
            }
            put(connection, it, now).await?;
        }
    }
    Ok(Ok(()))
}

/// Goes on, or takes back the wish to stop once the message under way is heard.
async fn go_on(connection: &mut Connection, it: &Enrolment, now: Now) -> Result<()> {
    if it.state == State::InFlight {
        return Ok(enrolments::wish(connection, it, None).await?);
    }
    put(connection, it, now).await
}

/// Brings an enrolment to a state in which nothing of it is sent. A message on the wire is heard first.
async fn come_to(connection: &mut Connection, it: &mut Enrolment, state: State, now: Now) -> Result<()> {
    let mut on_the_wire = false;
    for row in outbox::open_of(connection, it.subscriber_id).await? {
        if row.enrolment_id != it.id {
            continue;
        }
        if row.state == DeliveryState::Sending || (row.state == DeliveryState::InDoubt && state == State::Paused) {
            // An issue moves nobody's place: the wish needn't wait for its record.
            on_the_wire |= row.lane == Lane::Lesson;
            continue;
        }
        outbox::set_state(connection, row.id, row.state, DeliveryState::Cancelled, "the person's wish", now.wall)
            .await?;
        it.occurrence += 1;
    }
    if on_the_wire {
        return Ok(enrolments::wish(connection, it, Some(state)).await?);
    }
    it.state = state;
    it.after = None;
    put(connection, it, now).await
}

/// What is queued of an enrolment isn't sent.
async fn call_off(connection: &mut Connection, it: &mut Enrolment, now: Now) -> Result<()> {
    for row in outbox::open_of(connection, it.subscriber_id).await? {
        if row.enrolment_id == it.id && row.state.may_become(DeliveryState::Cancelled) {
            outbox::set_state(connection, row.id, row.state, DeliveryState::Cancelled, "the person's wish", now.wall)
                .await?;
            it.occurrence += 1;
        }
    }
    Ok(())
}

/// Who has left everything gets nothing more, not even a question.
async fn leave_behind(connection: &mut Connection, person: &Subscriber, now: Now) -> Result<()> {
    let all = enrolments::of_subscriber(connection, person.id).await?;
    let has_left = all.iter().all(|it| it.state == State::Left || it.after == Some(State::Left));
    if !has_left || !matches!(person.status, Status::Active | Status::Pending) {
        return Ok(());
    }
    subscribers::set_status(connection, person.id, Status::Left).await?;
    for row in outbox::open_of(connection, person.id).await? {
        if row.enrolment_id == 0 && row.state.may_become(DeliveryState::Cancelled) {
            let why = "the person's wish";
            outbox::set_state(connection, row.id, row.state, DeliveryState::Cancelled, why, now.wall).await?;
        }
    }
    Ok(())
}

async fn remember(connection: &mut Connection, person: i64, name: &str, before: &Before, now: Now) -> Result<()> {
    let what = name.to_string();
    let before = serde_json::to_string(before)?;
    let act = Act { id: next_id(now.wall), subscriber_id: person, what, at: now.wall, before };
    Ok(acts::add(connection, &act, now.wall.saturating_sub(UNDO).unwrap_or(Timestamp::MIN)).await?)
}

async fn put(connection: &mut Connection, it: &Enrolment, now: Now) -> Result<()> {
    anyhow::ensure!(
        enrolments::put(connection, it, now.wall).await?,
        "the enrolment changed meanwhile; try again"
    );
    Ok(())
}
