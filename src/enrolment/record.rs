//! One subscriber in one course, one run: what is stored of it, and how it moves on. What it waits for is always what
//! [`Planner`] says; the due time is a cache of that.

use super::next::Comes;
use super::next::Planner;
use super::next::failing;
use super::next::passed_over;
use super::progress::CLOSING;
use super::progress::Mark;
use super::progress::Progress;
use super::progress::is_lesson;
use super::reader::Reader;
use super::requests::Requests;
use super::state::State;
use crate::course::Course;
use crate::course::Kind;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Why an enrolment is held whose lesson has no moment.
pub const NO_MOMENT: &str = "no moment within five years allows this lesson; change the schedule";

/// An enrolment as stored. All instants are of the reader's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolment {
    pub id: i64,
    pub subscriber_id: i64,
    pub course: String,
    /// Counted from 1: who starts again makes a new run.
    pub run: i64,
    pub state: State,
    /// What a person's act asked for while a message was on the wire.
    pub after: Option<State>,
    /// Messages recorded and acts done so far; whoever writes compares it first.
    pub serial: i64,
    /// The lesson that comes next or is in flight, or one of the program's own mails.
    pub lesson: String,
    /// Counted from 1: which message of this lesson for this person it is.
    pub occurrence: i64,
    /// When the person confirmed; before that, when they signed up.
    pub confirmed: Timestamp,
    /// When the previous lesson was accepted; for the first lesson, the same as `confirmed`.
    pub basis: Timestamp,
    pub floor: Option<Timestamp>,
    /// When it is looked at next, at the latest: a lesson leaves then, or the wait for an answer ends.
    pub due: Timestamp,
    pub why: String,
    pub progress: Progress,
    pub requests: Requests,
    pub pace: f64,
    /// The latest local date that a lesson of this enrolment used, and how many used it.
    pub last_date: Option<Date>,
    pub last_count: u32,
    /// How many times in a row the lesson expired unsent.
    pub expired: u32,
    pub paused_at: Option<Timestamp>,
    /// `None` while paused: until the person says.
    pub paused_until: Option<Timestamp>,
    pub held_why: Option<String>,
}

impl Enrolment {
    /// A run that waits for the person's word.
    pub fn new(id: i64, subscriber_id: i64, course: &str, run: i64, now: Timestamp) -> Enrolment {
        Enrolment {
            id,
            subscriber_id,
            course: course.to_string(),
            run,
            state: State::Pending,
            after: None,
            serial: 0,
            lesson: String::new(),
            occurrence: 1,
            confirmed: now,
            basis: now,
            floor: None,
            due: now,
            why: String::new(),
            progress: Progress::default(),
            requests: Requests::default(),
            pace: 1.0,
            last_date: None,
            last_count: 0,
            expired: 0,
            paused_at: None,
            paused_until: None,
            held_why: None,
        }
    }

    /// Whether no lesson was accepted yet in this run.
    pub fn is_new(&self) -> bool {
        !self.progress.sent().iter().any(|sent| is_lesson(&sent.lesson))
    }

    /// Whether every lesson was sent: the mail that says so may still be on its way.
    pub fn is_completed(&self) -> bool {
        let closing = matches!(self.state, State::Waiting | State::InFlight) && self.lesson == CLOSING;
        self.state == State::Completed || closing
    }

    /// Whether a sign-up for the same course finds this person still in it.
    pub fn is_running(&self) -> bool {
        !self.is_completed() && self.state != State::Left
    }

    /// Whether the mail that ends a course is still to come, once there is nothing else.
    pub fn is_closing_owed(&self) -> bool {
        self.state != State::Completed && self.progress.mark(CLOSING).is_none()
    }

    /// Which of this person's lessons one is, counted from 1, and of how many by what is known of them now: lessons whose
    /// conditions fail aren't theirs. A repetition keeps its number.
    pub fn count(&self, course: &Course, reader: &Reader, lesson: &str, now: Timestamp) -> (usize, usize) {
        let done = self.progress.done();
        let number = done.iter().position(|id| *id == lesson).unwrap_or(done.len()) + 1;
        let failing = failing(course, &self.progress, reader, &course.order, now);
        let is_owed = |id: &&String| self.progress.mark(id).is_none() && !failing.contains(&id.as_str());
        let owed = course.order.iter().filter(is_owed).count();
        (number, number.max(done.len() + owed))
    }

    /// The person's word is there: the course begins.
    pub fn begin(&mut self, course: &Course, reader: &Reader, now: Timestamp) {
        self.confirmed = now;
        self.basis = now;
        self.advance(course, reader, now);
    }

    /// Moves to what comes next by the rules, or to its end. For an enrolment that is active, has completed, or goes on.
    pub fn advance(&mut self, course: &Course, reader: &Reader, now: Timestamp) {
        if course.kind == Kind::Newsletter {
            return self.await_issues();
        }
        self.requests.settle(&self.progress);
        self.wake_stages(now);
        let comes = Planner { course, enrolment: self, reader, now, taken: &BTreeSet::new() }.comes();
        self.held_why = None;
        match comes {
            Comes::Mail { lesson, due, why, free: _ } => self.wait(State::Waiting, lesson, due, why),
            Comes::Answer { lesson, until, why } => self.wait(State::Awaiting, lesson, until, why),
            Comes::Rest { until, why } => {
                self.wait(State::Awaiting, String::new(), until.unwrap_or(Timestamp::MAX), why);
            }
            Comes::Never { lesson } => {
                self.wait(State::Held, lesson, self.due, String::new());
                self.held_why = Some(NO_MOMENT.to_string());
            }
            Comes::End => self.complete(course, reader, now),
        }
    }

    /// A relay took the mail that was in flight.
    pub fn accepted(&mut self, course: &Course, reader: &Reader, now: Timestamp) {
        let today = reader.local_date(now);
        self.last_count = if self.last_date == Some(today) { self.last_count + 1 } else { 1 };
        self.last_date = Some(today);
        if is_lesson(&self.lesson) {
            for passed in passed_over(course, &self.progress, reader, &self.lesson, now) {
                self.progress.set(passed, Mark::Skipped);
            }
            self.basis = now;
        }
        self.progress.tell();
        self.progress.accept(&self.lesson, now, self.occurrence);
        self.floor = None;
        self.expired = 0;
        self.advance(course, reader, now);
    }

    /// Issues come by themselves, on their dates.
    fn await_issues(&mut self) {
        self.wait(State::Awaiting, String::new(), Timestamp::MAX, String::new());
        self.held_why = None;
    }

    fn complete(&mut self, course: &Course, reader: &Reader, now: Timestamp) {
        // Nothing comes after them by which their conditions would have been decided.
        for id in failing(course, &self.progress, reader, &course.order, now) {
            self.progress.set(id, Mark::Skipped);
        }
        self.wait(State::Completed, String::new(), self.due, String::new());
    }

    /// What was reserved for another mail stays reserved for it.
    fn wait(&mut self, state: State, lesson: String, due: Timestamp, why: String) {
        let mut reserved = self.occurrence;
        if self.lesson != lesson {
            self.progress.put_off(&self.lesson, self.occurrence);
            reserved = 1;
        }
        self.occurrence = self.progress.next_occurrence(&lesson).max(reserved);
        self.lesson = lesson;
        self.state = state;
        self.due = due;
        self.why = why;
    }
}
