//! Lives a plan by the rules alone: one enrolment, on a clock that jumps from one moment to the next, moved by the same
//! verbs of the rules as the program's.

use super::course::Written;
use super::event::Act;
use super::event::Edit;
use super::event::Event;
use super::golden::Golden;
use super::golden::Line;
use dripline::course::Course;
use dripline::course::Value;
use dripline::enrolment::Edited;
use dripline::enrolment::Enrolment;
use dripline::enrolment::Reader;
use dripline::enrolment::Refused;
use dripline::enrolment::Simulation;
use dripline::enrolment::State;
use dripline::enrolment::simulate;
use dripline::timing;
use dripline::timing::DateRange;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use std::collections::BTreeMap;

/// Steps of one plan; nobody's has so many.
const MOST: usize = 1000;
const COURSE: &str = "golden";

pub fn live(plan: &Golden) -> Vec<Line> {
    let mut life = Life::new(plan);
    for event in &plan.events {
        life.until(event.at(&life.reader));
        life.act(event);
    }
    life.until(Timestamp::MAX);
    life.mails
}

/// The same by the plan that `simulate` shows.
pub fn simulated(plan: &Golden) -> Vec<Line> {
    let (course, reader) = (load(plan, &plan.course), reader(plan));
    let pauses = plan.pauses();
    let signup = plan.file.person.signup.parse().unwrap();
    let pace = plan.file.person.pace.unwrap_or(1.0);
    let planned = simulate(&course, &Simulation { signup, reader: &reader, pace, pauses: &pauses });
    let line = |it: dripline::enrolment::Planned| Line {
        lesson: it.lesson,
        local: it.local.to_string(),
        utc: it.utc.to_string(),
        why: it.why,
    };
    planned.into_iter().map(line).collect()
}

struct Life<'a> {
    plan: &'a Golden,
    written: Written,
    course: Course,
    it: Enrolment,
    reader: Reader,
    now: Timestamp,
    /// Nothing leaves before.
    away: Timestamp,
    /// An edit that waits for somebody's yes.
    waits: Option<Written>,
    pauses: Vec<DateRange>,
    mails: Vec<Line>,
}

impl Event {
    pub fn at(&self, reader: &Reader) -> Timestamp {
        timing::resolve(self.at, &reader.zone)
    }
}

impl<'a> Life<'a> {
    fn new(plan: &'a Golden) -> Life<'a> {
        let (course, reader) = (load(plan, &plan.course), reader(plan));
        let now = timing::resolve(plan.file.person.signup.parse().unwrap(), &reader.zone);
        let mut it = Enrolment::new(0, 0, COURSE, 1, now);
        it.set_pace(&course, plan.file.person.pace.unwrap_or(1.0));
        it.begin(&course, &reader, now);
        let (written, pauses) = (plan.course.clone(), plan.pauses());
        Life { plan, written, course, it, reader, now, away: Timestamp::MIN, waits: None, pauses, mails: Vec::new() }
    }

    /// Lives through everything that falls due by `end`.
    fn until(&mut self, end: Timestamp) {
        for _ in 0..MOST {
            match self.it.state {
                State::Paused => {
                    let Some(back) = self.it.paused_until.filter(|back| *back <= end) else { break };
                    self.now = back;
                    self.it.resume(&self.course, &self.reader, back);
                    self.tell_of_pauses();
                }
                State::Waiting | State::Awaiting => {
                    let at = self.it.due.max(self.now).max(self.away);
                    if at > end || at == Timestamp::MAX {
                        break;
                    }
                    self.now = at;
                    self.look();
                }
                State::InFlight | State::Pending | State::Held | State::Completed | State::Left => break,
            }
        }
        self.now = self.now.max(end.min(timing::later(self.now, jiff::SignedDuration::from_hours(24 * 4000))));
    }

    /// As a claim does: what is due by its stored time is worked out anew, and leaves when it is due still.
    fn look(&mut self) {
        let mut fresh = self.it.clone();
        fresh.advance(&self.course, &self.reader, self.now);
        let is_same = self.it.state == fresh.state && self.it.lesson == fresh.lesson;
        if !(is_same && fresh.state == State::Waiting && fresh.due <= self.now) {
            self.it = fresh;
            return;
        }
        self.mails.push(Line {
            lesson: self.it.lesson.clone(),
            local: self.reader.zone.to_datetime(self.now).to_string(),
            utc: self.now.to_string(),
            why: self.it.why.clone(),
        });
        self.it.accepted(&self.course, &self.reader, self.now);
    }

    /// `simulate` says behind which pause a lesson comes.
    fn tell_of_pauses(&mut self) {
        let ends =
            |pause: &&DateRange| pause.last.tomorrow().is_ok_and(|date| date == self.reader.local_date(self.now));
        if let Some(pause) = self.pauses.iter().find(ends) {
            self.it.why += &format!("; paused {pause}");
        }
    }

    fn act(&mut self, event: &Event) {
        let at = event.at(&self.reader);
        assert!(at >= self.now || self.now == self.away, "{}: {} comes too late", self.plan.name, event.at);
        self.now = at;
        let done = self.decide(&event.act);
        match (&event.refused, done) {
            (None, Ok(())) => {}
            (Some(part), Err(why)) if why.contains(part) => {}
            (expect, found) => panic!("{}: {}: refused {expect:?}, and it was {found:?}", self.plan.name, event.at),
        }
    }

    fn decide(&mut self, act: &Act) -> Result<(), String> {
        let now = self.now;
        match act {
            Act::Pause(until) => self.pause(until.map(|date| self.midnight(date))),
            Act::Resume => {
                if self.it.state == State::Paused {
                    self.it.resume(&self.course, &self.reader, now);
                }
            }
            Act::Pace(pace) => {
                let before = self.it.pace;
                self.it.set_pace(&self.course, *pace);
                if before != self.it.pace {
                    self.moved();
                }
            }
            Act::Zone(zone) => {
                self.reader.zone = timing::zone(zone).unwrap();
                self.moved();
            }
            Act::Hour(hour) => {
                self.reader.hour = Some(hour.parse().unwrap());
                self.moved();
            }
            Act::Weekdays(days) => {
                self.reader.weekdays = Some(days.parse().unwrap());
                self.moved();
            }
            Act::NextNow => {
                if matches!(self.it.state, State::Waiting | State::Awaiting) {
                    self.it.next_now(&self.course, &self.reader, now).map_err(said)?;
                    self.settle();
                }
            }
            Act::Again(lesson) => {
                let last = self.it.progress.last_lesson().map(String::from);
                let lesson = lesson.clone().or(last).unwrap();
                self.it.again(&self.course, &lesson, now).map_err(said)?;
                self.settle();
            }
            Act::Repeat(stage) => {
                self.it.repeat(&self.course, stage, now).map_err(said)?;
                self.settle();
            }
            Act::PauseStage(stage, until) => {
                let until = until.map(|date| self.midnight(date));
                self.it.pause_stage(&self.course, stage, now, until).map_err(said)?;
                self.settle();
            }
            Act::ResumeStage(stage) => {
                self.it.resume_stage(stage, now);
                self.settle();
            }
            Act::Answer(question, option) => self.answer(question, option),
            Act::Leave | Act::LeaveAll => self.it.state = State::Left,
            Act::SignUp => self.sign_up()?,
            Act::NoRelay(until) | Act::NoDaemon(until) => self.away = timing::resolve(*until, &self.reader.zone),
            Act::AddressDies | Act::AddressLives => panic!("{}: this is for the whole program", self.plan.name),
            Act::Edit(edit) => self.edit(edit),
            Act::Yes => {
                let new = self.waits.take().unwrap();
                self.follow(new);
            }
        }
        Ok(())
    }

    fn pause(&mut self, until: Option<Timestamp>) {
        let is_active = matches!(self.it.state, State::Waiting | State::Awaiting);
        if is_active || (self.it.state == State::Paused && self.it.paused_until != until) {
            self.it.pause(self.now, until);
        }
    }

    fn moved(&mut self) {
        self.it.not_before(self.now);
        self.settle();
    }

    /// What follows from other settings or from a request.
    fn settle(&mut self) {
        if matches!(self.it.state, State::Waiting | State::Awaiting | State::Completed) {
            self.it.advance(&self.course, &self.reader, self.now);
        }
    }

    fn answer(&mut self, question: &str, option: &str) {
        self.reader.answers.insert(question.to_string(), Value::Text(option.to_string()));
        if matches!(self.it.state, State::Waiting | State::Awaiting) {
            self.it.not_before(self.now);
            self.it.advance(&self.course, &self.reader, self.now);
        }
        let mut asks = self.course.lessons.values().flat_map(|lesson| &lesson.asks);
        if asks.any(|ask| ask.id == question && ask.alert.iter().any(|alert| alert == option)) {
            self.pause(None);
        }
    }

    fn sign_up(&mut self) -> Result<(), String> {
        if self.it.is_running() {
            return Err("already enrolled".to_string());
        }
        let mut next = Enrolment::new(0, 0, COURSE, self.it.run + 1, self.now);
        self.reader.answers.clear();
        next.begin(&self.course, &self.reader, self.now);
        self.it = next;
        Ok(())
    }

    fn edit(&mut self, edit: &Edit) {
        let new = self.written.edited(&edit.changes);
        if edit.broken {
            assert!(new.load(COURSE).is_err(), "{}: nothing is broken", self.plan.name);
        } else if edit.waits {
            self.waits = Some(new);
        } else {
            self.follow(new);
        }
    }

    fn follow(&mut self, new: Written) {
        let course = load(self.plan, &new);
        let edited = Edited { old: &self.course, new: &course, now: self.now, crowd: 1 };
        self.it.follow(edited, &self.reader);
        (self.written, self.course) = (new, course);
    }

    fn midnight(&self, date: Date) -> Timestamp {
        timing::resolve(date.at(0, 0, 0, 0), &self.reader.zone)
    }
}

fn said(refused: Refused) -> String {
    refused.to_string()
}

fn load(plan: &Golden, written: &Written) -> Course {
    written.load(COURSE).unwrap_or_else(|problems| panic!("{}: {problems:#?}", plan.name))
}

fn reader(plan: &Golden) -> Reader {
    let person = &plan.file.person;
    let _: DateTime = person.signup.parse().unwrap();
    Reader {
        zone: timing::zone(&person.zone).unwrap(),
        hour: person.hour.as_ref().map(|hour| hour.parse().unwrap()),
        weekdays: person.weekdays.as_ref().map(|weekdays| weekdays.parse().unwrap()),
        language: person.language.clone().unwrap_or("en".to_string()),
        fields: BTreeMap::new(),
        answers: BTreeMap::new(),
        share: 0.0,
    }
}
