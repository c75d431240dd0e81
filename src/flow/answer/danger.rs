//! What follows a safety answer, together with the answer itself: the course rests, and the coach finds a notice. Knows no
//! page and no crisis text.

use super::alarm_of;
use crate::clock::Now;
use crate::enrolment::Enrolment;
use crate::enrolment::State;
use crate::flow::App;
use crate::flow::act;
use crate::flow::preferences::Act;
use crate::flow::preferences::Which;
use crate::flow::shelf::Shelf;
use crate::store::Connection;
use crate::store::enrolments;
use crate::store::meta;
use crate::subscriber::Subscriber;
use anyhow::Context as _;
use anyhow::Result;

/// What a safety answer has led to, once its transaction is committed.
pub struct Danger {
    /// The course rests until the person goes on.
    pub paused: bool,
    alarm: String,
    text: String,
    is_new: bool,
}

/// Pauses what is left of the course and puts before the operator's eyes that there is such an answer.
pub async fn meet(
    app: &App,
    shelf: &Shelf,
    transaction: &mut Connection,
    place: &Enrolment,
    person: &Subscriber,
    lesson: &str,
    now: Now,
) -> Result<Danger> {
    let (which, pause) = (Which::Course(place.course.clone()), Act::Pause { until: None });
    // Refused or nothing to do: then it changes nothing, and what is so now is told.
    act::within(app, shelf, transaction, &person.address, &which, &pause, now).await?;
    let it = enrolments::by_id(transaction, place.id).await?.context("the enrolment went while it was answered")?;
    let (id, course) = (it.id, &it.course);
    let so = so_far(&it);
    let text = format!(
        "a safety answer was given in {course}/{lesson} by enrolment {id}; {so}. \
         `dripline answers {course}` shows who it is, and with --seen this notice goes"
    );
    let alarm = alarm_of(course, &id.to_string());
    let is_new = meta::raise(transaction, &alarm, &text, now.wall.as_millisecond()).await?;
    Ok(Danger { paused: is_paused(&it), alarm, text, is_new })
}

impl Danger {
    /// For who reads the log, once, after the commit.
    pub fn log(&self) {
        if self.is_new {
            tracing::error!(alarm = self.alarm, "{}", self.text);
        }
    }
}

fn is_paused(it: &Enrolment) -> bool {
    it.state == State::Paused || it.after == Some(State::Paused)
}

/// What comes of the course now, for the coach.
fn so_far(it: &Enrolment) -> &'static str {
    if is_paused(it) {
        return "what they had left of the course is paused";
    }
    match it.state {
        State::Held => "their course is held, not paused: speak with them before you release it",
        State::Completed | State::Left => "their course had ended before",
        State::Pending | State::Waiting | State::Awaiting | State::InFlight | State::Paused => {
            "their course is not paused: `dripline subscriber pause` does it"
        }
    }
}
