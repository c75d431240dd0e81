//! What a person did can be undone for a day: how things stood is kept with each act. Knows no single act.

use crate::address::Address;
use crate::clock::Now;
use crate::course::Course;
use crate::enrolment::Enrolment;
use crate::enrolment::Reader;
use crate::enrolment::Refused;
use crate::enrolment::Requests;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::act::Acted;
use crate::flow::act::Done;
use crate::flow::act::Which;
use crate::flow::act::come_to;
use crate::flow::act::put;
use crate::flow::reader::Answers;
use crate::ids::next_id;
use crate::store::Connection;
use crate::store::acts;
use crate::store::acts::Act;
use crate::store::enrolments;
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

/// How a person and their enrolments stood before an act.
#[derive(Debug, Serialize, Deserialize)]
pub struct Before {
    status: i64,
    zone: Option<String>,
    hour: Option<jiff::civil::Time>,
    weekdays: Option<String>,
    language: Option<String>,
    /// Absent in what was kept before names could be changed.
    #[serde(default)]
    first_name: Option<Option<String>>,
    places: Vec<Place>,
    /// A run that the act began, by its enrolment.
    #[serde(default)]
    begun: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Place {
    id: i64,
    course: String,
    state: i64,
    pace: f64,
    requests: Requests,
    due: Timestamp,
    #[serde(default)]
    floor: Option<Timestamp>,
    paused_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
}

/// Takes the latest act of the last 24 hours back that touched these courses: settings are as they were, and what comes
/// next follows from them. What was sent meanwhile stays sent. With the number of an act, that one, unless it isn't the
/// latest any more. Returns what was undone.
pub async fn undo(app: &App, address: &Address, which: &Which, only: Option<i64>) -> Result<(Acted, String)> {
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
        if only.is_some_and(|only| only != act.id) {
            return Ok((Acted::Refused(Refused::ChangedSince), act.what));
        }
        before.restore(&mut person);
        people::put(&mut transaction, &[&person], now.wall.as_millisecond()).await?;
        if let Some(begun) = before.begun
            && let Some(mut it) = enrolments::by_id(&mut transaction, begun).await?
        {
            come_to(&mut transaction, &mut it, State::Left, now).await?;
        }
        let all = enrolments::of_subscriber(&mut transaction, person.id).await?;
        let mut restored = Vec::new();
        for place in &before.places {
            let Some(mut it) = all.iter().find(|it| it.id == place.id).cloned() else { continue };
            let Some(shelved) = shelf.get(&it.course) else { continue };
            if it.state == State::Left && has_begun_again(&all, &it) {
                continue;
            }
            restored.push(it.course.clone());
            let answers = Answers::read(&mut transaction, vec![it.id]).await?;
            let reader = app.reader(&person, answers.of(it.id));
            if person.status == Status::Suppressed && place.is_active() {
                place.restore_held(&mut transaction, &mut it, now).await?;
            } else {
                place.restore(&mut transaction, &mut it, &shelved.course, &reader, now).await?;
            }
        }
        if restored.is_empty() && !before.places.is_empty() {
            return Ok((Acted::Refused(Refused::BegunAgain), act.what));
        }
        acts::remove(&mut transaction, act.id).await?;
        transaction.commit().await?;
        app.changed.notify_waiters();
        return Ok((Acted::On(Done { courses: restored, act: act.id }), act.what));
    }
    Ok((Acted::Nothing, String::new()))
}

/// Whose act this is and what it was, while it can be undone.
pub async fn undoable(app: &App, act: i64) -> Result<Option<(Subscriber, String)>> {
    let since = app.clock.now().wall.saturating_sub(UNDO).unwrap_or(Timestamp::MIN);
    let mut connection = app.store.read().await?;
    let Some(act) = acts::by_id(&mut connection, act).await?.filter(|it| it.at >= since) else { return Ok(None) };
    let person = subscribers::by_id(&mut connection, act.subscriber_id).await?;
    Ok(person.map(|person| (person, act.what)))
}

/// Keeps an act, so that it can be undone, and returns its number.
pub async fn remember(connection: &mut Connection, person: i64, name: &str, before: &Before, now: Now) -> Result<i64> {
    let what = name.to_string();
    let before = serde_json::to_string(before)?;
    let act = Act { id: next_id(now.wall), subscriber_id: person, what, at: now.wall, before };
    acts::add(connection, &act, now.wall.saturating_sub(UNDO).unwrap_or(Timestamp::MIN)).await?;
    Ok(act.id)
}

impl Before {
    pub fn of(person: &Subscriber) -> Before {
        Before {
            status: person.status.stored(),
            zone: person.zone.clone(),
            hour: person.hour,
            weekdays: person.weekdays.clone(),
            language: person.language.clone(),
            first_name: Some(person.first_name.clone()),
            places: Vec::new(),
            begun: None,
        }
    }

    /// Keeps how one of the enrolments stood.
    pub fn keep(&mut self, it: &Enrolment) {
        self.places.push(Place::of(it));
    }

    /// Keeps which run the act began.
    pub fn begun(&mut self, enrolment: i64) {
        self.begun = Some(enrolment);
    }

    /// The courses of which something is kept.
    pub fn courses(&self) -> Vec<String> {
        self.places.iter().map(|place| place.course.clone()).collect()
    }

    /// A person whose address takes no mail by now stays suppressed.
    fn restore(&self, person: &mut Subscriber) {
        person.zone.clone_from(&self.zone);
        person.hour = self.hour;
        person.weekdays.clone_from(&self.weekdays);
        person.language.clone_from(&self.language);
        person.first_name = self.first_name.clone().unwrap_or(person.first_name.take());
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
            floor: it.floor,
            paused_at: it.paused_at,
            paused_until: it.paused_until,
        }
    }

    /// Whether it had mails to come.
    fn is_active(&self) -> bool {
        matches!(
            State::from_stored(self.state),
            Some(State::Waiting | State::InFlight | State::Awaiting | State::Paused)
        )
    }

    /// As [`Place::restore`], for somebody whose address takes no mail by now: all of theirs is held.
    async fn restore_held(&self, connection: &mut Connection, it: &mut Enrolment, now: Now) -> Result<()> {
        (it.pace, it.requests) = (self.pace, self.requests.clone());
        match it.state {
            State::InFlight => Ok(enrolments::choose(connection, it).await?),
            State::Waiting | State::Awaiting | State::Paused | State::Left => {
                it.state = State::Held;
                it.held_why = Some(Refused::TakesNoMail.to_string());
                put(connection, it, now).await
            }
            State::Pending | State::Held | State::Completed => put(connection, it, now).await,
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
        it.floor = self.floor;
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

/// Whether there is a later run of its course, which goes on or waits for the person's word.
fn has_begun_again(all: &[Enrolment], it: &Enrolment) -> bool {
    let later = all.iter().filter(|other| other.course == it.course && other.run > it.run);
    later.map(|other| other.after.unwrap_or(other.state)).any(|state| state != State::Left)
}
