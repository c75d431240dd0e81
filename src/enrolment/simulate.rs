//! The exact plan that one person would get, lesson by lesson, if every lesson were accepted at its moment.

use super::next::Condition;
use super::next::Next;
use super::next::due;
use super::next::next;
use super::pace::floor_on_resume;
use super::pace::remaining_on_pause;
use super::progress::Mark;
use super::progress::Progress;
use crate::course::Course;
use crate::course::Lesson;
use crate::timing::Basis;
use crate::timing::DateRange;
use crate::timing::Due;
use crate::timing::Person;
use crate::timing::later;
use crate::timing::resolve;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// How long a lesson's condition waits for an answer, from the sending of the mail that asked.
pub const UNANSWERED_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// A person who doesn't exist, and what they do.
pub struct Simulation<'a> {
    /// The moment of confirmation, in the person's zone.
    pub signup: civil::DateTime,
    pub person: Person,
    /// Paused from 00:00 of the first date to 24:00 of the last.
    pub pauses: &'a [DateRange],
    /// A lesson's condition, while these questions were sent and may still be answered. A question that isn't among
    /// them and has no answer counts as unanswered.
    pub condition: &'a dyn Fn(&Lesson, &BTreeSet<&str>) -> Condition,
}

/// One lesson of the plan, without the spread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub lesson: String,
    pub local: civil::DateTime,
    pub utc: Timestamp,
    pub why: String,
}

/// Every lesson in the order of sending, one a local date. Lessons that are skipped by their condition don't appear;
/// the plan ends early where a lesson has no moment within five years.
pub fn simulate(course: &Course, simulation: &Simulation<'_>) -> Vec<Planned> {
    let confirmed = resolve(simulation.signup, &simulation.person.zone);
    let mut run = Run {
        course,
        simulation,
        progress: Progress::default(),
        basis: Basis::Confirmed(confirmed),
        used: BTreeSet::new(),
        plan: Vec::new(),
    };
    while run.step().is_some() {}
    run.plan
}

struct Run<'a> {
    course: &'a Course,
    simulation: &'a Simulation<'a>,
    progress: Progress,
    basis: Basis,
    used: BTreeSet<Date>,
    plan: Vec<Planned>,
}

impl<'a> Run<'a> {
    /// Plans one lesson; `None` at the end.
    fn step(&mut self) -> Option<()> {
        let (lesson, floor) = self.next_lesson()?;
        let due = self.due_with_pauses(lesson, floor)?;
        let local = self.simulation.person.zone.to_datetime(due.instant);
        self.progress.set(&lesson.id, Mark::Accepted);
        self.used.insert(local.date());
        self.basis = Basis::Accepted(due.instant);
        self.plan.push(Planned { lesson: lesson.id.clone(), local, utc: due.instant, why: due.why });
        Some(())
    }

    /// The next lesson, and until when an answer was waited for on the way to it.
    fn next_lesson(&mut self) -> Option<(&'a Lesson, Option<Timestamp>)> {
        let mut floor = None;
        loop {
            let pending = self.pending(floor.unwrap_or(self.from()));
            let open: BTreeSet<&str> = pending.iter().map(|(question, _)| *question).collect();
            let condition = |lesson: &Lesson| (self.simulation.condition)(lesson, &open);
            let (found, skipped) = match next(self.course, &self.progress, &condition) {
                Next::Lesson { lesson, skipped } => (Some((lesson, floor)), skipped),
                Next::Awaits { lesson, skipped } => match pending.iter().map(|(_, until)| *until).min() {
                    Some(given_up) => {
                        floor = Some(given_up);
                        (None, skipped)
                    }
                    // Nothing is open that it could wait for.
                    None => (None, [skipped, vec![lesson.id.clone()]].concat()),
                },
                Next::Completed { .. } => return None,
            };
            for id in skipped {
                self.progress.set(&id, Mark::Skipped);
            }
            if found.is_some() {
                return found;
            }
        }
    }

    /// The questions that were sent and may still be answered at `now`, and until when.
    fn pending(&self, now: Timestamp) -> Vec<(&'a str, Timestamp)> {
        let mut pending = Vec::new();
        for planned in &self.plan {
            let until = later(planned.utc, UNANSWERED_AFTER);
            if let Some(lesson) = self.course.lessons.get(&planned.lesson).filter(|_| until > now) {
                pending.extend(lesson.asks.iter().map(|ask| (ask.id.as_str(), until)));
            }
        }
        pending
    }

    /// What the next lesson counts from.
    fn from(&self) -> Timestamp {
        let (Basis::Confirmed(at) | Basis::Accepted(at)) = self.basis;
        at
    }

    fn due_with_pauses(&self, lesson: &Lesson, floor: Option<Timestamp>) -> Option<Due> {
        let person = &self.simulation.person;
        let mut due = due(self.course, lesson, self.basis, floor, person, &self.used)?;
        let mut now = self.from();
        let mut pauses: Vec<&DateRange> = self.simulation.pauses.iter().collect();
        pauses.sort_by_key(|pause| pause.first);
        for pause in pauses {
            let begins = self.midnight(pause.first).max(now);
            let ends = pause.last.tomorrow().map_or(Timestamp::MAX, |date| self.midnight(date));
            // A lesson that leaves at the moment it counts from, as the first does, doesn't wait.
            if ends <= begins || due.instant < begins || due.instant == self.from() {
                continue;
            }
            let resumed = floor_on_resume(ends, remaining_on_pause(due.instant, begins));
            let floor = floor.max(Some(resumed));
            due = self.due_after(lesson, floor)?;
            due.why += &format!("; paused {pause}");
            now = ends;
        }
        Some(due)
    }

    fn due_after(&self, lesson: &Lesson, floor: Option<Timestamp>) -> Option<Due> {
        due(self.course, lesson, self.basis, floor, &self.simulation.person, &self.used)
    }

    fn midnight(&self, date: Date) -> Timestamp {
        resolve(date.at(0, 0, 0, 0), &self.simulation.person.zone)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "an example that can't be read is a failed test")]
mod tests {
    use super::Simulation;
    use super::simulate;
    use crate::course::Course;
    use crate::course::Lesson;
    use crate::enrolment::Condition;
    use crate::enrolment::example::ask;
    use crate::enrolment::example::course;
    use crate::enrolment::example::lesson;
    use crate::enrolment::example::person;
    use std::collections::BTreeSet;

    /// Ids and local moments of someone in Berlin who signs up on 4 May 2026 at 10:00. `c` depends on `region`, which
    /// they never answer; it is sent all the same where `holds` says so.
    fn plan(course: &Course, holds: bool) -> Vec<String> {
        let condition = |lesson: &Lesson, open: &BTreeSet<&str>| match lesson.id.as_str() {
            "c" if open.contains("region") => Condition::Awaits,
            "c" if !holds => Condition::Fails,
            _ => Condition::Holds,
        };
        let simulation = Simulation {
            signup: "2026-05-04T10:00:00".parse().unwrap(),
            person: person("Europe/Berlin"),
            pauses: &[],
            condition: &condition,
        };
        simulate(course, &simulation).iter().map(|planned| format!("{} {}", planned.lesson, planned.local)).collect()
    }

    #[test]
    fn an_answer_that_never_comes_is_waited_for_three_days() {
        let mut course = course(&["a", "b", "c", "d"]);
        lesson(&mut course, "a").asks = vec![ask("mood")];
        lesson(&mut course, "b").asks = vec![ask("region")];
        // Asked on 5 May at 08:30.
        let skipped = ["a 2026-05-04T10:00:00", "b 2026-05-05T08:30:00", "d 2026-05-08T08:30:00"];
        assert_eq!(plan(&course, false), skipped);
        assert_eq!(plan(&course, true)[2..], ["c 2026-05-08T08:30:00", "d 2026-05-09T08:30:00"]);
    }

    #[test]
    fn a_question_that_was_never_sent_is_not_waited_for() {
        let course = course(&["a", "b", "c", "d"]);
        let skipped = ["a 2026-05-04T10:00:00", "b 2026-05-05T08:30:00", "d 2026-05-06T08:30:00"];
        assert_eq!(plan(&course, false), skipped);
    }

    #[test]
    fn a_plan_ends_where_a_lesson_has_no_moment() {
        let mut course = course(&["a", "b", "d"]);
        course.schedule.skip = vec!["2026-05-05..2031-12-31".parse().unwrap()];
        assert_eq!(plan(&course, true), ["a 2026-05-04T10:00:00"]);
    }
}
