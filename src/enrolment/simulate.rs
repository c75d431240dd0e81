//! The plan that one person would get, lesson by lesson, if every mail were accepted at its moment: the same steps as a
//! real enrolment takes, on a clock that jumps from one to the next.

use super::progress::is_lesson;
use super::reader::Reader;
use super::record::Enrolment;
use super::state::State;
use crate::course::Course;
use crate::timing::DateRange;
use crate::timing::resolve;
use jiff::Timestamp;
use jiff::civil;
use jiff::civil::Date;

/// Mails of one plan; nobody's course has so many.
const MOST: usize = 10_000;

/// Somebody who doesn't exist, and what they do.
#[derive(Debug)]
pub struct Simulation<'a> {
    /// The moment of confirmation, in the reader's zone.
    pub signup: civil::DateTime,
    /// Their share of the spread says whether moments are shown with it.
    pub reader: &'a Reader,
    pub pace: f64,
    /// Paused from 00:00 of the first date to 24:00 of the last.
    pub pauses: &'a [DateRange],
}

/// One lesson of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub lesson: String,
    pub local: civil::DateTime,
    pub utc: Timestamp,
    pub why: String,
}

/// Every lesson in the order of sending. Lessons that are skipped by their condition don't appear, nor do the mails that
/// the program writes itself; the plan ends early where a lesson has no moment within five years.
pub fn simulate(course: &Course, simulation: &Simulation<'_>) -> Vec<Planned> {
    let reader = simulation.reader;
    let confirmed = resolve(simulation.signup, &reader.zone);
    let mut it = Enrolment::new(0, 0, &course.id, 1, confirmed);
    it.set_pace(course, simulation.pace);
    it.begin(course, reader, confirmed);
    let midnight = |date: Date| resolve(date.at(0, 0, 0, 0), &reader.zone);
    let mut pauses: Vec<&DateRange> = simulation.pauses.iter().collect();
    pauses.sort_by_key(|pause| pause.first);
    let mut now = confirmed;
    let mut plan = Vec::new();
    for pause in pauses {
        let begins = midnight(pause.first).max(now);
        let ends = pause.last.tomorrow().map_or(Timestamp::MAX, midnight);
        plan.extend(live(course, &mut it, reader, &mut now, Some(begins)));
        if ends <= begins || it.state == State::Completed {
            continue;
        }
        it.pause(begins, Some(ends));
        it.resume(course, reader, ends);
        now = ends;
        it.why += &format!("; paused {pause}");
    }
    plan.extend(live(course, &mut it, reader, &mut now, None));
    plan
}

/// Lives through what falls due before `end`.
fn live(
    course: &Course,
    it: &mut Enrolment,
    reader: &Reader,
    now: &mut Timestamp,
    end: Option<Timestamp>,
) -> Vec<Planned> {
    let mut plan = Vec::new();
    while plan.len() < MOST && end.is_none_or(|end| it.due < end || it.due <= *now) {
        let due = it.due;
        match it.state {
            State::Awaiting if due < Timestamp::MAX => {
                *now = due.max(*now);
                it.advance(course, reader, *now);
            }
            State::Waiting => {
                *now = due.max(*now);
                if is_lesson(&it.lesson) {
                    let local = reader.zone.to_datetime(*now);
                    plan.push(Planned { lesson: it.lesson.clone(), local, utc: *now, why: it.why.clone() });
                }
                it.accepted(course, reader, *now);
            }
            State::Awaiting | State::InFlight | State::Pending => break,
            State::Paused | State::Held | State::Completed | State::Left => break,
        }
    }
    plan
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "an example that can't be read is a failed test")]
mod tests {
    use super::Simulation;
    use super::simulate;
    use crate::course::Stage;
    use crate::enrolment::Reader;
    use crate::enrolment::example::course;
    use crate::enrolment::example::lesson;
    use crate::timing::Wait;
    use std::collections::BTreeMap;

    #[test]
    fn a_stage_of_a_cohort_that_keeps_its_dates_counts_from_when_it_began() {
        let mut course = course(&["a", "b", "c", "x", "y"]);
        let stage = |id: &str, lessons: &[&str], after: Option<&str>| Stage {
            id: id.to_string(),
            title: id.to_string(),
            lessons: lessons.iter().map(|id| id.to_string()).collect(),
            after: after.map(String::from),
        };
        course.stages = vec![stage("main", &["a", "b", "c"], None), stage("deep", &["x", "y"], Some("c"))];
        course.schedule.starts = Some("2026-03-02".parse().unwrap());
        course.schedule.keep_dates = true;
        lesson(&mut course, "c").wait = Some(Wait::Days(7));
        lesson(&mut course, "y").wait = Some(Wait::Days(7));
        let reader = Reader {
            zone: jiff::tz::TimeZone::UTC,
            hour: None,
            weekdays: None,
            language: "en".to_string(),
            fields: BTreeMap::new(),
            answers: BTreeMap::new(),
            share: 0.0,
        };
        let signup = "2026-03-01T10:00".parse().unwrap();
        let plan = simulate(&course, &Simulation { signup, reader: &reader, pace: 1.0, pauses: &[] });
        let plan: Vec<String> = plan.iter().map(|it| format!("{} {}", it.lesson, it.local.date())).collect();
        assert_eq!(plan, ["a 2026-03-02", "b 2026-03-03", "c 2026-03-10", "x 2026-03-11", "y 2026-03-18"]);
    }
}
