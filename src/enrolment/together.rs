//! What comes next in all courses of one person, with the daily cap that joins them: the same steps as a daemon takes, on a
//! clock that jumps from one mail to the next.

use super::next::Comes;
use super::next::Planner;
use super::progress::is_lesson;
use super::reader::Reader;
use super::record::Enrolment;
use super::simulate::Planned;
use super::state::State;
use crate::course::Course;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Mails that are looked through for one forecast; a course that is slid for ever ends here.
const MOST: usize = 200;

/// One course of a person.
#[derive(Debug)]
pub struct Life<'a> {
    pub course: &'a Course,
    pub enrolment: Enrolment,
    pub reader: Reader,
    /// Lessons that are told of it.
    pub most: usize,
}

/// The next lessons in each course, in the order of `lives`: none of one that is paused until the person says, was left or
/// has ended. `used`: course mails and issues that local dates have besides those of these courses; `cap`: as many a date
/// may have.
pub fn forecast(lives: Vec<Life<'_>>, used: BTreeMap<Date, u32>, cap: u32, now: Timestamp) -> Vec<Vec<Planned>> {
    let mut together = Together { lives, used, cap, now, plans: Vec::new() };
    together.begin();
    for _ in 0..MOST {
        let Some(at) = together.whose_turn() else { break };
        together.live(at);
    }
    together.plans
}

struct Together<'a> {
    lives: Vec<Life<'a>>,
    used: BTreeMap<Date, u32>,
    cap: u32,
    now: Timestamp,
    plans: Vec<Vec<Planned>>,
}

impl Together<'_> {
    fn begin(&mut self) {
        for life in &mut self.lives {
            let it = &mut life.enrolment;
            if let Some(date) = it.last_date {
                *self.used.entry(date).or_insert(0) += it.last_count;
            }
            match it.state {
                // It stops with the message that is under way.
                _ if it.after.is_some() => it.state = State::Left,
                State::InFlight => {
                    *self.used.entry(life.reader.local_date(self.now)).or_insert(0) += 1;
                    it.accepted(life.course, &life.reader, self.now);
                }
                State::Paused => {
                    if let Some(until) = it.paused_until {
                        it.resume(life.course, &life.reader, until.max(self.now));
                    }
                }
                State::Waiting | State::Awaiting | State::Pending | State::Held | State::Completed | State::Left => {}
            }
        }
        self.plans = self.lives.iter().map(|_| Vec::new()).collect();
    }

    /// The course whose next step is due first, as long as any has something to tell.
    fn whose_turn(&self) -> Option<usize> {
        let goes_on = |it: &Enrolment| match it.state {
            State::Waiting => true,
            State::Awaiting => it.due < Timestamp::MAX,
            State::InFlight | State::Pending | State::Paused | State::Held | State::Completed | State::Left => false,
        };
        let open = |(at, life): &(usize, &Life<'_>)| goes_on(&life.enrolment) && self.plans[*at].len() < life.most;
        self.lives.iter().enumerate().find(open)?;
        let turn = |(_, life): &(usize, &Life<'_>)| {
            let it = &life.enrolment;
            (it.due.max(self.now), it.due, it.last_date, it.basis, it.id)
        };
        self.lives.iter().enumerate().filter(|(_, life)| goes_on(&life.enrolment)).min_by_key(turn).map(|(at, _)| at)
    }

    fn live(&mut self, at: usize) {
        let Life { course, enrolment: it, reader, most } = &mut self.lives[at];
        let now = it.due.max(self.now);
        self.now = now;
        if it.state == State::Awaiting {
            return it.advance(course, reader, now);
        }
        let today = reader.local_date(now);
        let full: BTreeSet<Date> =
            self.used.iter().filter(|(_, count)| **count >= self.cap).map(|(date, _)| *date).collect();
        if full.contains(&today)
            && let Some((due, why)) = slid(course, it, reader, now, &full)
        {
            (it.due, it.why) = (due, why);
            return;
        }
        *self.used.entry(today).or_insert(0) += 1;
        if is_lesson(&it.lesson) && self.plans[at].len() < *most {
            let local = reader.zone.to_datetime(now);
            self.plans[at].push(Planned { lesson: it.lesson.clone(), local, utc: now, why: it.why.clone() });
        }
        it.accepted(course, reader, now);
    }
}

/// To which moment a mail slides whose date is full; `None` when it leaves all the same.
pub fn slid(
    course: &Course,
    it: &Enrolment,
    reader: &Reader,
    now: Timestamp,
    taken: &BTreeSet<Date>,
) -> Option<(Timestamp, String)> {
    let as_it_is = Planner { course, enrolment: it, reader, now, taken: &BTreeSet::new() }.comes();
    if matches!(as_it_is, Comes::Mail { free: true, .. }) {
        return None;
    }
    let mut later = it.clone();
    later.not_before(now);
    match (Planner { course, enrolment: &later, reader, now, taken }).comes() {
        // What can't slide leaves: it would be due at once again, and again.
        Comes::Mail { due, why, .. } => {
            let today = reader.local_date(now);
            Some((due, format!("{why}; another course mail had its day on {today}"))).filter(|_| due > now)
        }
        Comes::Answer { until, why, .. } => Some((until, why)),
        Comes::Rest { .. } | Comes::Never { .. } | Comes::End => None,
    }
}
