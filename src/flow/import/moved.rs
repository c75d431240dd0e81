//! A person who comes from another database goes on here where they stood there: nobody gets a lesson twice, and nobody
//! who was stopped is started. Knows no file.

use super::row::Moved;
use super::row::Row;
use crate::clock::Now;
use crate::enrolment;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::shelf::Shelf;
use crate::flow::shelf::Shelved;
use crate::flow::sign_up;
use crate::flow::sign_up::SignedUp;
use crate::flow::sign_up::Word;
use crate::flow::standing::Standing;
use crate::ids::next_id;
use crate::store::subscribers::Consent;
use crate::store::subscribers::Evidence;
use crate::subscriber::Status;
use crate::subscriber::Subscriber;
use anyhow::Result;
use std::collections::BTreeMap;

/// Takes over what another database knew of a person's place. A refusal and `AlreadyEnrolled` change nothing.
pub fn take_over<'a>(
    app: &App,
    shelf: &'a Shelf,
    standing: &mut Standing<'a>,
    row: &'a Row,
    moved: &'a Moved,
    now: Now,
) -> Result<SignedUp> {
    let request = &row.request;
    let Some(shelved) = shelf.get(&request.course) else { return Ok(SignedUp::NoSuchCourse) };
    if let (Some(suppressed), None) = (&standing.suppression, &row.suppressed) {
        return Ok(SignedUp::Suppressed(suppressed.reason.clone()));
    }
    let mut here = standing.enrolments.iter().filter(|it| it.course == request.course);
    if here.any(|it| Some(it.run) == moved.run || it.is_running()) {
        return Ok(SignedUp::AlreadyEnrolled);
    }
    let known = standing.person.as_ref().map(|person| person.status);
    let (mut person, _) = sign_up::remember(standing.person.take(), false, request, now);
    person.hour = moved.hour.or(person.hour);
    person.weekdays = moved.weekdays.clone().or(person.weekdays);
    person.status = match (&row.suppressed, moved.state, known) {
        (Some(_), _, _) => Status::Suppressed,
        (None, State::Left, known) => known.unwrap_or(Status::Left),
        (None, _, _) => person.status,
    };
    standing.put_person(person.clone());
    let mut enrolment = sign_up::new_enrolment(&person, &request.course, &standing.enrolments, now);
    enrolment.run = moved.run.unwrap_or(enrolment.run);
    if moved.state != State::Pending {
        put_in_place(app, shelved, &mut enrolment, &person, row, moved, now);
        if let Word::Confirmed(source) = &request.word {
            standing.add_consent(consent(shelved, moved, person.id, source, now));
        }
        standing.put_enrolment(enrolment);
        return Ok(SignedUp::Enrolled);
    }
    standing.put_enrolment(enrolment);
    if row.suppressed.is_some() {
        return Ok(SignedUp::AskedBefore);
    }
    // The link that the other database mailed leads there.
    sign_up::ask(standing, &person, &request.course, None, now)
}

fn put_in_place(
    app: &App,
    shelved: &Shelved,
    it: &mut Enrolment,
    person: &Subscriber,
    row: &Row,
    moved: &Moved,
    now: Now,
) {
    it.pace = enrolment::clamp_pace(&shelved.course, moved.pace);
    for lesson in &moved.done {
        it.progress.carry(shelved.called_now(lesson));
    }
    for (lesson, mark) in &moved.passed {
        it.progress.set(shelved.called_now(lesson), *mark);
    }
    it.confirmed = moved.confirmed.or(moved.since).unwrap_or(now.reader);
    it.basis = moved.since.or(moved.confirmed).unwrap_or(now.reader);
    it.floor = moved.floor;
    it.last_date = moved.last_date;
    it.last_count = moved.last_count;
    let stopped = row.suppressed.as_ref().map(|it| it.reason.clone());
    match moved.state {
        State::Completed | State::Left => it.state = moved.state,
        State::Waiting | State::InFlight | State::Awaiting | State::Pending | State::Paused | State::Held => {
            it.advance(&shelved.course, &app.reader(person, BTreeMap::new()), now.reader);
            if it.state == State::Completed {
                return;
            }
            if stopped.is_some() || moved.state == State::Held {
                let unknown = || "it was held before the person was brought here".to_string();
                it.state = State::Held;
                it.held_why = Some(moved.held.clone().or(stopped).unwrap_or_else(unknown));
            } else if moved.state == State::Paused && it.state != State::Held {
                it.state = State::Paused;
                it.paused_at = moved.paused_at.or(Some(now.reader));
                it.paused_until = moved.paused_until;
            }
        }
    }
}

/// What the person agreed to there; where the file doesn't say, the words that stand here now.
fn consent<'a>(shelved: &'a Shelved, moved: &'a Moved, person: i64, source: &'a str, now: Now) -> Consent<'a> {
    let course = &shelved.course;
    let text = course.consent.as_deref().unwrap_or_default();
    let (at, text, version) = match &moved.consent {
        Some((at, text, version)) => (*at, text.as_str(), version.as_str()),
        None => (now.wall, text, course.version.as_str()),
    };
    let (id, at) = (next_id(now.wall), at.as_millisecond());
    let evidence = Evidence::default();
    Consent { id, subscriber_id: person, course: &course.id, source, text, version, at, asked: false, evidence }
}
