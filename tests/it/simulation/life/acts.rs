//! What a person does in their own course, to the enrolment and to the model alike, as the verbs of `flow` do it.

use super::Life;
use crate::simulation::model::Fate;
use crate::simulation::model::What;
use crate::simulation::world::ZONES;
use crate::simulation::world::hours;
use dripline::course::Value;
use dripline::enrolment::Reader;
use dripline::enrolment::Requests;
use dripline::enrolment::State;
use dripline::timing::zone;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Time;

/// How things stood before an act that may be undone.
pub struct Before {
    pace: f64,
    requests: Requests,
    reader: Reader,
    hour: Option<Time>,
    weekdays: Option<Vec<i8>>,
    again: Vec<(u32, Timestamp)>,
    next_now: Option<Timestamp>,
    back: Option<Timestamp>,
}

const WEEKDAYS: [(&str, &[i8]); 4] = [("Mon-Fri", &[1, 2, 3, 4, 5]), ("Sat,Sun", &[6, 0]), ("Tue", &[2]), ("*", &[])];

impl Life<'_> {
    pub(super) fn act(&mut self) -> Result<(), String> {
        self.tally.acts += 1;
        self.next_act = self.now + SignedDuration::from_secs(self.chance.between(1800, 15 * 86_400));
        if self.it.state == State::Paused && self.chance.one_in(2) {
            self.resume(self.now);
            return Ok(());
        }
        let before = self.before();
        let is_active = matches!(self.it.state, State::Waiting | State::Awaiting);
        match self.chance.below(12) {
            0..=2 if is_active => {
                self.pause();
                Ok(())
            }
            3 if is_active => self.next_now(before),
            4 => self.again(before),
            5 if is_active => self.stages(),
            6 | 7 => {
                self.undo();
                Ok(())
            }
            _ if self.it.state == State::Completed => Ok(()),
            other => {
                self.set(other);
                self.it.not_before(self.now);
                self.model.not_before(self.now);
                self.undo = Some(before);
                self.follows("settings");
                Ok(())
            }
        }
    }

    fn set(&mut self, what: usize) {
        match what {
            8 => {
                let pace = *self.chance.pick(&[0.5, 0.75, 1.0, 1.5, 2.0, 3.0]);
                self.it.set_pace(&self.versions[self.version].course, pace);
                self.model.goes_at(pace);
            }
            9 => {
                let hour = Time::constant(self.chance.between(0, 23) as i8, 20, 0, 0);
                (self.reader.hour, self.model.hour) = (Some(hour), Some(hour));
            }
            10 => {
                let (words, days) = *self.chance.pick(&WEEKDAYS);
                (self.reader.weekdays, self.model.weekdays) = (words.parse().ok(), Some(days.to_vec()));
            }
            _ => {
                let home = zone(*self.chance.pick(&ZONES)).unwrap();
                self.reader.zone = home.clone();
                self.model.moves_to(home);
            }
        }
    }

    fn before(&self) -> Before {
        Before {
            pace: self.it.pace,
            requests: self.it.requests.clone(),
            reader: self.reader.clone(),
            hour: self.model.hour,
            weekdays: self.model.weekdays.clone(),
            again: self.model.again.clone(),
            next_now: self.model.next_now,
            back: self.model.back,
        }
    }

    /// What comes next follows from the new settings, unless nothing comes now.
    fn follows(&mut self, what: &str) {
        if self.it.state != State::Paused {
            self.it.advance(&self.versions[self.version].course, &self.reader, self.now);
            self.model.ended &= self.it.state == State::Completed;
            self.settle_end();
        }
        self.note(what);
    }

    fn pause(&mut self) {
        let days = *self.chance.pick(&[3, 7, 14, 30]);
        let back = self.reader.local_date(self.now).saturating_add(days.days());
        let midnight = dripline::timing::resolve(back.at(0, 0, 0, 0), &self.reader.zone);
        let until = (!self.chance.one_in(4)).then_some(midnight);
        self.model.paused = Some((self.now, self.now.duration_until(self.it.due)));
        self.it.pause(self.now, until);
        // Who pauses until they say so says so one day.
        self.next_act = self.now + hours(self.chance.between(1, 40 * 24));
        self.undo = None;
        self.note("pauses");
    }

    pub(super) fn resume(&mut self, now: Timestamp) {
        self.it.resume(&self.versions[self.version].course, &self.reader, now);
        self.model.resumes(now);
        self.undo = None;
        self.note("resumes");
        self.settle_end();
    }

    fn next_now(&mut self, before: Before) -> Result<(), String> {
        let course = &self.versions[self.version].course;
        if self.it.next_now(course, &self.reader, self.now).is_err() {
            self.note("may not have the next one now");
            return Ok(());
        }
        let lessons = self.model.sent.iter().filter(|sent| matches!(sent.what, What::Page(_)));
        let today = lessons.clone().filter(|sent| self.model.date(sent.at) == self.model.date(self.now)).count();
        let last = lessons.map(|sent| sent.at).max();
        if today >= 3 || last.is_some_and(|last| last + hours(1) > self.now) {
            return Err("the next lesson now, though three left today or one within the hour".to_string());
        }
        (self.model.back, self.model.next_now) = (None, Some(self.now));
        self.undo = Some(before);
        self.follows("next now");
        Ok(())
    }

    fn again(&mut self, before: Before) -> Result<(), String> {
        let draft = self.draft();
        let births = draft.pages.iter().map(|page| page.birth);
        let known: Vec<u32> = births.filter(|it| self.model.fate(*it) != Fate::Owed).collect();
        if known.is_empty() {
            return Ok(());
        }
        let birth = *self.chance.pick(&known);
        let id = &draft.born(birth).unwrap().id;
        self.it.again(&self.versions[self.version].course, id, self.now).map_err(|refused| refused.to_string())?;
        if !self.model.again.iter().any(|(asked, _)| *asked == birth) {
            self.model.again.push((birth, self.now));
        }
        self.undo = Some(before);
        self.follows("again");
        Ok(())
    }

    /// One stage rests, goes on, or comes once more.
    fn stages(&mut self) -> Result<(), String> {
        let draft = self.draft();
        if draft.parts.is_empty() {
            return Ok(());
        }
        let part = self.chance.pick(&draft.parts).clone();
        let course = &self.versions[self.version].course;
        let rests = self.it.requests.stages.get(&part.id).is_some_and(|rest| rest.paused.is_some());
        self.undo = None;
        if rests {
            self.it.resume_stage(&part.id, self.now);
            self.follows("a stage goes on");
            return Ok(());
        }
        if self.chance.one_in(2) {
            let until = self.now + hours(self.chance.between(24, 20 * 24));
            self.it.pause_stage(course, &part.id, self.now, Some(until)).map_err(|refused| refused.to_string())?;
            self.follows("a stage rests");
            return Ok(());
        }
        if self.it.repeat(course, &part.id, self.now).is_ok() {
            self.model.again.retain(|(birth, _)| !part.pages.contains(birth));
            let sent: Vec<u32> = part.pages.into_iter().filter(|it| self.model.fate(*it) == Fate::Sent).collect();
            self.model.again.extend(sent.into_iter().map(|birth| (birth, self.now)));
            self.follows("a stage again");
        }
        Ok(())
    }

    /// As `flow::undo` does it for somebody who is active.
    fn undo(&mut self) {
        if !matches!(self.it.state, State::Waiting | State::Awaiting) {
            return;
        }
        let Some(before) = self.undo.take() else { return };
        let answers = std::mem::take(&mut self.reader.answers);
        (self.it.pace, self.it.requests) = (before.pace, before.requests);
        self.reader = Reader { answers, ..before.reader };
        self.model.pace = before.pace;
        (self.model.hour, self.model.weekdays) = (before.hour, before.weekdays);
        self.model.moves_to(self.reader.zone.clone());
        let sent = self.model.sent.clone();
        let sent_since = |what: What, since: Timestamp| sent.iter().any(|sent| sent.what == what && sent.at > since);
        let draft = self.draft();
        let is_open = |birth: u32, since| draft.born(birth).is_some() && !sent_since(What::Page(birth), since);
        self.model.again = before.again.into_iter().filter(|(birth, since)| is_open(*birth, *since)).collect();
        let last = sent.last().map(|sent| sent.at);
        self.model.next_now = before.next_now.filter(|asked| last.is_none_or(|at| at <= *asked));
        self.model.back = before.back.filter(|since| !sent_since(What::Back, *since));
        self.it.advance(&self.versions[self.version].course, &self.reader, self.now);
        if self.it.state == State::Waiting && self.it.due < self.now {
            self.it.not_before(self.now);
            self.model.not_before(self.now);
        }
        self.follows("undo");
    }

    /// An answer counts at once; what follows from it comes at its next moment.
    pub(super) fn reply(&mut self, question: u32, yes: bool) -> Result<(), String> {
        self.replies.retain(|(_, asked, _)| *asked != question);
        let word = if yes { "yes" } else { "no" };
        self.reader.answers.insert(format!("q{question}"), Value::Text(word.to_string()));
        self.model.answers.insert(question, yes);
        if matches!(self.it.state, State::Waiting | State::Awaiting) {
            self.it.not_before(self.now);
            self.model.not_before(self.now);
            self.follows("answers");
        }
        Ok(())
    }
}
