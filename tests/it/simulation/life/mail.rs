//! A mail that falls due: what must hold of it whatever the course, and what follows from its acceptance.

use super::Life;
use super::NEARLY;
use crate::simulation::draft::Page;
use crate::simulation::draft::Rest;
use crate::simulation::model::Expected;
use crate::simulation::model::Fate;
use crate::simulation::model::What;
use crate::simulation::model::is_skipped;
use crate::simulation::model::own_send;
use crate::simulation::model::resolve;
use dripline::enrolment::Comes;
use dripline::enrolment::Planner;
use dripline::enrolment::State;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeSet;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

impl Life<'_> {
    /// What the daemon does when a due time has come: it looks again, and sends.
    pub(super) fn due(&mut self) -> Result<(), String> {
        let course = &self.versions[self.version].course;
        let mut fresh = self.it.clone();
        fresh.advance(course, &self.reader, self.now);
        let same = fresh.state == self.it.state && fresh.lesson == self.it.lesson;
        if !(same && fresh.state == State::Waiting && fresh.due <= self.now) {
            let stuck = fresh == self.it;
            self.it = fresh;
            self.note("looks again");
            self.settle_end();
            return if stuck { Err("nothing moves".to_string()) } else { Ok(()) };
        }
        if self.slides()? {
            return Ok(());
        }
        self.judge()?;
        self.tally.late += u64::from(self.is_late());
        self.tally.mails += 1;
        let what = self.what(self.draft(), &self.it.lesson).unwrap();
        self.now += SignedDuration::from_millis(self.chance.between(0, 30_000));
        self.it.accepted(course, &self.reader, self.now);
        let order = self.order_of(what);
        self.model.accepted(self.draft(), what, self.now, &order);
        self.blurred = false;
        if let What::Page(birth) = what {
            self.will_reply(birth);
        }
        self.note(&format!("sent {what:?}"));
        self.settle_end();
        Ok(())
    }

    pub(super) fn settle_end(&mut self) {
        if self.it.state == State::Completed && !self.model.ended {
            self.model.ended(self.draft());
        }
    }

    /// As the claim has it: a second mail of one course slides to another date, unless it ignores the daily cap. Only where
    /// stages run side by side can there be one.
    fn slides(&mut self) -> Result<bool, String> {
        let (draft, today) = (self.draft(), self.model.date(self.now));
        let page = draft.find(&self.it.lesson);
        let rest = page.and_then(|page| page.rest).unwrap_or(draft.rest);
        let comes_again = self.it.requests.again.iter().any(|again| again.lesson == self.it.lesson);
        let is_wish = page.is_some_and(|page| match page.fixed.filter(|_| !comes_again) {
            Some(fixed) => resolve(fixed, &self.model.zone) == self.it.due && fixed.date() == today,
            None => matches!(rest, Rest::Hours(_)),
        });
        let is_first = self.model.last_page().is_none();
        if self.it.last_date != Some(today) || self.model.next_now.is_some() || is_wish || is_first {
            return Ok(false);
        }
        if self.is_exact() {
            return Err(format!("{today} has its mail already"));
        }
        self.it.not_before(self.now);
        self.model.not_before(self.now);
        let course = &self.versions[self.version].course;
        let taken = BTreeSet::from([today]);
        let planner = Planner { course, enrolment: &self.it, reader: &self.reader, now: self.now, taken: &taken };
        let Comes::Mail { due, .. } = planner.comes() else { return Err("slides into nothing".to_string()) };
        self.it.due = due;
        self.note("slides");
        Ok(true)
    }

    /// An outage delayed it.
    fn is_late(&self) -> bool {
        self.it.due + SECOND < self.now
    }

    /// The lessons of the stage of this one, or of the whole course.
    fn order_of(&self, what: What) -> Vec<u32> {
        let What::Page(birth) = what else { return Vec::new() };
        let draft = self.draft();
        let part = draft.parts.iter().find(|part| part.pages.contains(&birth));
        part.map_or_else(|| draft.pages.iter().map(|page| page.birth).collect(), |part| part.pages.clone())
    }

    fn will_reply(&mut self, birth: u32) {
        let Some(question) = self.draft().born(birth).and_then(|page| page.asks) else { return };
        if !self.chance.one_in(3) {
            let at = self.now + SignedDuration::from_secs(self.chance.between(60, 100 * 3600));
            self.replies.push((at, question, self.chance.one_in(2)));
        }
    }

    /// What holds of every mail.
    fn judge(&self) -> Result<(), String> {
        let Some(what) = self.what(self.draft(), &self.it.lesson) else {
            return Err(format!("{} isn't in the course", self.it.lesson));
        };
        // Of stages that run side by side one may have waited for the other.
        let stood_back = !self.draft().parts.is_empty() && self.model.sent.last().is_some_and(|it| it.at > self.it.due);
        if self.is_late() && !stood_back && !self.world.excuses(self.it.due, self.now) {
            return Err(format!("late without a reason: due {}", self.it.due));
        }
        if self.model.paused.is_some() {
            return Err("sent while paused".to_string());
        }
        if self.is_exact() {
            self.is_as_expected(what)?;
        }
        match what {
            What::Page(birth) => self.judge_page(self.draft().born(birth).unwrap()),
            What::Back | What::Closing => self.judge_date(None),
        }
    }

    fn is_as_expected(&self, what: What) -> Result<(), String> {
        let expected = self.model.expect(self.draft(), self.now);
        match expected {
            Expected::Mail { what: next, low, .. } if next == what && low - NEARLY <= self.now => Ok(()),
            Expected::Mail { .. } | Expected::Answer { .. } | Expected::End => {
                Err(format!("the model says {expected:?}, and {what:?} is being sent"))
            }
        }
    }

    fn judge_page(&self, page: &Page) -> Result<(), String> {
        let (draft, model) = (self.draft(), &self.model);
        let is_again = model.again.iter().any(|(asked, _)| *asked == page.birth);
        if model.fate(page.birth) != Fate::Owed && !is_again {
            return Err(format!("{} is sent though it was {:?}", page.id, model.fate(page.birth)));
        }
        let order = self.order_of(What::Page(page.birth));
        let jumped = order.iter().take_while(|it| **it != page.birth).find(|it| {
            let passed = draft.born(**it).unwrap();
            model.fate(passed.birth) == Fate::Owed && !model.fails(passed.needs)
        });
        if let Some(jumped) = jumped.filter(|_| !is_again) {
            return Err(format!("{} is sent, and {jumped} before it is still owed", page.id));
        }
        if model.next_now.is_some() || model.last_page().is_none() {
            return Ok(());
        }
        let rest = page.rest.unwrap_or(draft.rest);
        let before = model.sent.iter().rev().find(|sent| matches!(sent.what, What::Page(it) if order.contains(&it)));
        let kept = draft.keep_dates && draft.starts.is_some();
        if let Some(before) = before.filter(|_| !is_again && !kept && page.fixed.is_none()) {
            self.is_not_before(match rest {
                Rest::Hours(hours) => before.at + model.hours(hours),
                Rest::Days(days) => model.days_after(before.at, days),
            })?;
        }
        match rest {
            Rest::Hours(_) if page.fixed.is_none() || is_again => Ok(()),
            Rest::Hours(_) | Rest::Days(_) => self.judge_date(Some(page)),
        }
    }

    fn is_not_before(&self, earliest: Timestamp) -> Result<(), String> {
        if earliest - NEARLY <= self.now { Ok(()) } else { Err(format!("sent before {earliest}")) }
    }

    /// One mail a date, none on a date to skip, all at a moment of `send`; what an outage delayed leaves at once.
    fn judge_date(&self, page: Option<&Page>) -> Result<(), String> {
        let (draft, model) = (self.draft(), &self.model);
        let today = model.date(self.now);
        if model.sent.iter().any(|sent| model.date(sent.at) == today) {
            return Err(format!("{today} has its mail already"));
        }
        if self.is_late() || page.is_some_and(|page| page.fixed.is_some()) {
            return Ok(());
        }
        if is_skipped(draft, today) {
            return Err(format!("{today} is to be skipped"));
        }
        let waited = draft.pages.iter().any(|page| page.needs.is_some());
        if model.hurried || self.blurred || waited {
            return Ok(());
        }
        let (send, own) = page.map_or((&draft.send, false), |page| own_send(draft, page));
        // The clock may shift a moment of the evening into the next date.
        let days = [today.yesterday().unwrap(), today];
        let spread = SignedDuration::from_mins(draft.spread) + NEARLY;
        let mut moments = days.into_iter().flat_map(|day| model.moments_of(send, own, day));
        let found = moments.any(|moment| moment <= self.now && self.now <= moment + spread);
        if found { Ok(()) } else { Err("no moment of `send`".to_string()) }
    }
}
