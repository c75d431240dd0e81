//! What comes next for a person in each of their courses, by the rules that then send it.

use crate::address::Address;
use crate::course::Kind;
use crate::enrolment;
use crate::enrolment::Enrolment;
use crate::enrolment::Planned;
use crate::enrolment::Reader;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::act::Which;
use crate::flow::reader::Answers;
use crate::flow::shelf::Shelved;
use crate::store::enrolments;
use crate::store::subscribers;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::Timestamp;

/// One enrolment, and what comes next in it.
#[derive(Debug)]
pub struct Outlook {
    pub enrolment: Enrolment,
    pub plan: Vec<Planned>,
}

/// A person, and all that decides over them.
pub struct Known {
    pub person: Subscriber,
    pub places: Vec<Enrolment>,
    pub answers: Answers,
}

/// The next mails of a person in each of these courses, at most `most` each.
pub async fn outlook(app: &App, address: &Address, which: &Which, most: usize) -> Result<Vec<Outlook>> {
    let now = app.clock.now().reader;
    let shelf = app.shelf.read().await.clone();
    let Some(Known { person, places, answers }) = known(app, address).await? else { return Ok(Vec::new()) };
    let seen = places.into_iter().filter(|it| which.means(&it.course)).filter_map(|enrolment| {
        let shelved = shelf.get(&enrolment.course)?;
        let plan = ahead(shelved, &enrolment, &app.reader(&person, answers.of(enrolment.id)), now, most);
        Some(Outlook { enrolment, plan })
    });
    Ok(seen.collect())
}

/// `None` when nobody has this address.
pub async fn known(app: &App, address: &Address) -> Result<Option<Known>> {
    let mut connection = app.store.read().await?;
    let Some(person) = subscribers::by_key(&mut connection, &address.key()).await? else { return Ok(None) };
    let places = enrolments::of_subscriber(&mut connection, person.id).await?;
    let answers = Answers::read(&mut connection, places.iter().map(|it| it.id).collect()).await?;
    Ok(Some(Known { person, places, answers }))
}

/// The lessons that come next in one enrolment, or the dated issues of a newsletter.
pub fn ahead(shelved: &Shelved, it: &Enrolment, reader: &Reader, now: Timestamp, most: usize) -> Vec<Planned> {
    match shelved.course.kind {
        Kind::Course => enrolment::forecast(&shelved.course, it, reader, now, most),
        Kind::Newsletter => issues(shelved, it, reader, now, most),
    }
}

fn issues(shelved: &Shelved, it: &Enrolment, reader: &Reader, now: Timestamp, most: usize) -> Vec<Planned> {
    let from = match it.state {
        State::Awaiting | State::Waiting | State::InFlight => Some(now),
        State::Paused => it.paused_until.map(|until| until.max(now)),
        State::Pending | State::Held | State::Completed | State::Left => None,
    };
    let (Some(newsletter), Some(from)) = (&shelved.course.newsletter, from.filter(|_| it.after.is_none())) else {
        return Vec::new();
    };
    let dated =
        shelved.course.dated_issues().map(|(id, moment)| (newsletter.instant(moment, &reader.zone), id, moment));
    let mut coming: Vec<_> = dated.filter(|(utc, ..)| *utc > from).collect();
    coming.sort();
    let planned = coming.into_iter().take(most).map(|(utc, id, moment)| Planned {
        lesson: id.to_string(),
        local: reader.zone.to_datetime(utc),
        utc,
        why: newsletter.in_words(moment),
    });
    planned.collect()
}
