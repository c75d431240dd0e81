//! What comes next for a person in each of their courses, by the rules that then send it.

use crate::address::Address;
use crate::course::Kind;
use crate::enrolment;
use crate::enrolment::Enrolment;
use crate::enrolment::Life;
use crate::enrolment::Planned;
use crate::enrolment::Reader;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::act::Which;
use crate::flow::reader::Answers;
use crate::flow::shelf::Shelf;
use crate::flow::shelf::Shelved;
use crate::store::enrolments;
use crate::store::subscribers;
use crate::subscriber::Subscriber;
use anyhow::Result;
use jiff::Timestamp;
use std::collections::BTreeMap;

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
    let lives = places.into_iter().map(|it| {
        let reader = app.reader(&person, answers.of(it.id));
        (it, reader)
    });
    let told = together(app, &shelf, lives.collect(), now, most);
    Ok(told.into_iter().filter(|it| which.means(&it.enrolment.course)).collect())
}

/// `None` when nobody has this address.
pub async fn known(app: &App, address: &Address) -> Result<Option<Known>> {
    let mut connection = app.store.read().await?;
    let Some(person) = subscribers::by_key(&mut connection, &address.key()).await? else { return Ok(None) };
    let places = enrolments::of_subscriber(&mut connection, person.id).await?;
    let answers = Answers::read(&mut connection, places.iter().map(|it| it.id).collect()).await?;
    Ok(Some(Known { person, places, answers }))
}

/// What comes next in all of a person's enrolments, with the daily cap that joins them. Those whose course is no more are
/// left out.
pub fn together(
    app: &App,
    shelf: &Shelf,
    lives: Vec<(Enrolment, Reader)>,
    now: Timestamp,
    most: usize,
) -> Vec<Outlook> {
    let mut used = BTreeMap::new();
    let (mut told, mut courses) = (Vec::new(), Vec::new());
    for (enrolment, reader) in lives {
        let Some(shelved) = shelf.get(&enrolment.course) else { continue };
        let mut plan = Vec::new();
        if shelved.course.kind == Kind::Newsletter {
            // An issue never slides, and uses its date.
            plan = issues(shelved, &enrolment, &reader, now, most);
            plan.iter().for_each(|issue| *used.entry(issue.local.date()).or_insert(0) += 1);
        } else {
            courses.push((told.len(), Life { course: &shelved.course, enrolment: enrolment.clone(), reader, most }));
        }
        told.push(Outlook { enrolment, plan });
    }
    let (places, lives): (Vec<usize>, Vec<Life<'_>>) = courses.into_iter().unzip();
    let plans = enrolment::forecast(lives, used, app.settings.site.daily_cap, now);
    for (at, plan) in places.into_iter().zip(plans) {
        told[at].plan = plan;
    }
    told
}

/// The dated issues that come next in one enrolment.
pub fn issues(shelved: &Shelved, it: &Enrolment, reader: &Reader, now: Timestamp, most: usize) -> Vec<Planned> {
    let from = match it.state {
        State::Awaiting | State::Waiting | State::InFlight => Some(now),
        State::Paused => it.paused_until.map(|until| until.max(now)),
        State::Pending | State::Held | State::Completed | State::Left => None,
    };
    let (Some(newsletter), Some(from)) = (&shelved.course.newsletter, from.filter(|_| it.after.is_none())) else {
        return Vec::new();
    };
    let dated = shelved
        .course
        .dated_issues_to_send()
        .map(|(id, moment)| (newsletter.instant(moment, &reader.zone), id, moment));
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
