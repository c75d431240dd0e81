//! What a person decides about their own course: pause, pace, the next lesson now, a lesson or a stage again. Values in,
//! values out; after each act but a pause, `advance` says what comes of it.

use super::progress::CLOSING;
use super::progress::Mark;
use super::progress::is_lesson;
use super::reader::Reader;
use super::record::Enrolment;
use super::requests::Again;
use super::requests::StageRest;
use super::state::State;
use crate::course::Course;
use crate::timing::later;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::ToSpan as _;

/// Nobody waits longer than this after a resume for what was already running.
const LONGEST_AFTER_RESUME: SignedDuration = SignedDuration::from_hours(24);
/// Who was away for so many local days gets a short mail first.
const LONG_PAUSE: i32 = 7;
/// Between two lessons that a person asks for.
const BETWEEN: SignedDuration = SignedDuration::from_hours(1);
/// Lessons on one local date, for someone who asks for them.
const MOST_A_DAY: usize = 3;

/// Why an act isn't possible: a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("there is no next lesson in this course")]
    NothingNext,
    #[error("the last lesson left less than an hour ago; ask again after {0}")]
    TooSoon(String),
    #[error("three lessons left today; the next one may leave tomorrow")]
    EnoughToday,
    #[error("lesson {0} never reached this person in this course, so it can't come again")]
    NeverSent(String),
    #[error("this course has no lesson {0}")]
    NoSuchLesson(String),
    #[error("this course has no stage {0}")]
    NoSuchStage(String),
    #[error("nothing of stage {0} was sent yet, so it can't come again")]
    StageNotBegun(String),
    #[error("with these settings no lesson of {0} has a moment within five years; choose others")]
    NoMoment(String),
    #[error("the last date of this pause has passed; name a later one")]
    PauseIsOver,
    #[error("the address takes no mail; `dripline suppression list` says why")]
    TakesNoMail,
    #[error("this course has begun again since, so the earlier run can't go on beside it")]
    BegunAgain,
    #[error("something else was changed since; take that back first")]
    ChangedSince,
}

impl Enrolment {
    /// Freezes what is left of the wait, until `until` or until the person says.
    pub fn pause(&mut self, now: Timestamp, until: Option<Timestamp>) {
        self.paused_at = self.paused_at.or(Some(now));
        self.paused_until = until;
        self.state = State::Paused;
    }

    /// Goes on with what was left of the wait, a day at the most; after a long pause a short mail comes first.
    pub fn resume(&mut self, course: &Course, reader: &Reader, now: Timestamp) {
        let paused = self.paused_at.take().unwrap_or(now);
        self.paused_until = None;
        self.requests.settle(&self.progress);
        // "Now" was before the pause.
        self.requests.next_now = None;
        if self.requests.back.is_some() || !self.is_new() && is_long(reader, paused, now) {
            self.requests.back = Some(now);
        }
        self.floor = Some(floor_on_resume(now, paused.duration_until(self.due)));
        self.advance(course, reader, now);
    }

    /// Every wait of days, weeks or hours becomes so many times as long, within the course's bounds; a frozen one too.
    pub fn set_pace(&mut self, course: &Course, pace: f64) {
        let old = std::mem::replace(&mut self.pace, clamp_pace(course, pace));
        if let Some(paused) = self.paused_at.filter(|_| self.state == State::Paused) {
            let remaining = paused.duration_until(self.due).as_secs_f64() * 1000.0 * self.pace / old;
            self.due = later(paused, SignedDuration::from_millis(remaining.round() as i64));
        }
    }

    /// A choice of the person changed a moment that may already be past by the new rule: nothing leaves because of it
    /// before the next moment.
    pub fn not_before(&mut self, now: Timestamp) {
        self.floor = self.floor.max(Some(now));
        self.requests.settle(&self.progress);
        // The mail to someone who comes back has no other floor.
        self.requests.back = self.requests.back.map(|since| since.max(now));
    }

    /// The next lesson leaves at once.
    ///
    /// # Errors
    /// Within an hour of the last one, after three on one local date, and at the end of the course.
    pub fn next_now(&mut self, course: &Course, reader: &Reader, now: Timestamp) -> Result<(), Refused> {
        if !self.has_next(course, reader, now) {
            return Err(Refused::NothingNext);
        }
        let sent = self.progress.sent().iter().filter(|sent| is_lesson(&sent.lesson)).filter_map(|sent| sent.at);
        if let Some(last) = sent.clone().max().filter(|last| later(*last, BETWEEN) > now) {
            let from = reader.zone.to_datetime(later(last, BETWEEN));
            return Err(Refused::TooSoon(from.strftime("%H:%M").to_string()));
        }
        let today = reader.local_date(now);
        if sent.filter(|at| reader.local_date(*at) == today).count() >= MOST_A_DAY {
            return Err(Refused::EnoughToday);
        }
        self.requests.back = None;
        self.requests.next_now = Some(now);
        Ok(())
    }

    /// A lesson comes once more, at the next day's moment. One that was only offered comes for the first time.
    ///
    /// # Errors
    /// When the course has no such lesson, or it is still owed.
    pub fn again(&mut self, course: &Course, lesson: &str, now: Timestamp) -> Result<(), Refused> {
        if !course.order.iter().any(|id| id == lesson) {
            return Err(Refused::NoSuchLesson(lesson.to_string()));
        }
        if self.progress.mark(lesson).is_none() {
            return Err(Refused::NeverSent(lesson.to_string()));
        }
        self.end_quietly();
        self.requests.settle(&self.progress);
        if !self.requests.again.iter().any(|again| again.lesson == lesson) {
            self.requests.again.push(Again { lesson: lesson.to_string(), since: now });
        }
        Ok(())
    }

    /// The lessons of a stage that were sent come once more, in order; those behind them follow as before.
    ///
    /// # Errors
    /// When there is no such stage, or it hasn't begun.
    pub fn repeat(&mut self, course: &Course, stage: &str, now: Timestamp) -> Result<(), Refused> {
        let found = course.stages.iter().find(|it| it.id == stage);
        let found = found.ok_or_else(|| Refused::NoSuchStage(stage.to_string()))?;
        let done = self.progress.done();
        let sent: Vec<&String> = found.lessons.iter().filter(|id| done.contains(&id.as_str())).collect();
        if sent.is_empty() {
            return Err(Refused::StageNotBegun(stage.to_string()));
        }
        let again: Vec<Again> = sent.into_iter().map(|id| Again { lesson: id.clone(), since: now }).collect();
        self.end_quietly();
        self.requests.again.retain(|known| !found.lessons.contains(&known.lesson));
        self.requests.again.extend(again);
        Ok(())
    }

    /// One stage rests; the others go on.
    ///
    /// # Errors
    /// When there is no such stage.
    pub fn pause_stage(
        &mut self,
        course: &Course,
        stage: &str,
        now: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<(), Refused> {
        if !course.stages.iter().any(|it| it.id == stage) {
            return Err(Refused::NoSuchStage(stage.to_string()));
        }
        let rest = self.requests.stages.entry(stage.to_string()).or_default();
        rest.paused = rest.paused.or(Some(now));
        rest.until = until;
        Ok(())
    }

    /// One stage goes on. False when it wasn't paused.
    pub fn resume_stage(&mut self, stage: &str, now: Timestamp) -> bool {
        let Some(rest) = self.requests.stages.get_mut(stage).filter(|rest| rest.paused.is_some()) else { return false };
        *rest = StageRest { paused: None, until: None, floor: Some(now) };
        true
    }

    /// Ends the pauses of stages that were to end by now.
    pub(super) fn wake_stages(&mut self, now: Timestamp) {
        for rest in self.requests.stages.values_mut() {
            if let Some(until) = rest.until.filter(|until| rest.paused.is_some() && *until <= now) {
                *rest = StageRest { paused: None, until: None, floor: Some(until) };
            }
        }
    }

    /// Who had completed the course hears of its end no more, however they completed it.
    fn end_quietly(&mut self) {
        if self.state == State::Completed {
            self.progress.set(CLOSING, Mark::Skipped);
        }
    }

    fn has_next(&self, course: &Course, reader: &Reader, now: Timestamp) -> bool {
        let mut it = self.clone();
        it.requests.back = None;
        it.requests.next_now = Some(now);
        it.advance(course, reader, now);
        it.state == State::Waiting && is_lesson(&it.lesson)
    }
}

/// A pace within the course's bounds; what isn't a number becomes the course's own pace.
pub fn clamp_pace(course: &Course, pace: f64) -> f64 {
    let wished = if pace.is_finite() { pace } else { 1.0 };
    // Not `clamp`: bounds that cross must not panic.
    wished.max(course.schedule.fastest).min(course.schedule.slowest)
}

/// The floor of the lesson that waited, for someone who goes on `now`: what was left, a day at the most. Its basis
/// stays, so a pause never makes a lesson come sooner.
fn floor_on_resume(now: Timestamp, remaining: SignedDuration) -> Timestamp {
    later(now, remaining.clamp(SignedDuration::ZERO, LONGEST_AFTER_RESUME))
}

fn is_long(reader: &Reader, paused: Timestamp, now: Timestamp) -> bool {
    let back = reader.local_date(paused).checked_add(LONG_PAUSE.days());
    back.is_ok_and(|back| back <= reader.local_date(now))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::clamp_pace;
    use super::floor_on_resume;
    use crate::enrolment::Enrolment;
    use crate::enrolment::Reader;
    use crate::enrolment::State;
    use crate::enrolment::example::course;
    use jiff::SignedDuration;
    use jiff::Timestamp;

    #[test]
    fn a_resume_waits_what_was_left_and_a_day_at_the_most() {
        let table = [
            ("2026-04-02T06:30:00Z", "2026-04-01T22:00:00Z", "2026-04-09T06:30:00Z"),
            ("2026-04-05T06:30:00Z", "2026-04-01T22:00:00Z", "2026-04-09T22:00:00Z"),
            ("2026-04-01T06:30:00Z", "2026-04-01T22:00:00Z", "2026-04-08T22:00:00Z"),
        ];
        let resumed: Timestamp = "2026-04-08T22:00:00Z".parse().unwrap();
        for (due, paused, floor) in table {
            let (due, paused): (Timestamp, Timestamp) = (due.parse().unwrap(), paused.parse().unwrap());
            assert_eq!(floor_on_resume(resumed, paused.duration_until(due)).to_string(), floor, "due {due}");
        }
        assert_eq!(floor_on_resume(resumed, SignedDuration::MIN), resumed);
    }

    #[test]
    fn a_pace_stays_within_the_bounds_of_the_course() {
        let course = course(&["a"]);
        for (wished, kept) in [(1.5, 1.5), (9.0, 3.0), (0.1, 0.5), (f64::NAN, 1.0), (-1.0, 0.5)] {
            assert_eq!(clamp_pace(&course, wished), kept, "{wished}");
        }
    }

    #[test]
    fn who_completed_elsewhere_and_reads_a_lesson_again_is_not_told_of_the_end() {
        let course = course(&["a", "b"]);
        let now: Timestamp = "2026-05-04T10:00:00Z".parse().unwrap();
        let mut it = Enrolment::new(1, 1, "example", 1, now);
        ["a", "b"].iter().for_each(|id| it.progress.carry(id));
        it.state = State::Completed;
        it.again(&course, "a", now).unwrap();
        let reader = Reader::anybody("en");
        it.advance(&course, &reader, now);
        assert_eq!((it.state, it.lesson.as_str()), (State::Waiting, "a"));
        it.accepted(&course, &reader, it.due);
        assert_eq!((it.state, it.progress.done()), (State::Completed, vec!["a", "b"]));
    }
}
