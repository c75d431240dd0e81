//! Which lesson a person gets next, and when.

use super::progress::Progress;
use crate::course::Course;
use crate::course::Lesson;
use crate::timing::Basis;
use crate::timing::Due;
use crate::timing::Person;
use crate::timing::Rules;
use crate::timing::next_due;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// What a lesson's `when` says of one person now. A lesson without `when` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Holds,
    Fails,
    /// It depends on a question that was asked and may still be answered.
    Awaits,
}

/// What comes next. `skipped` are the lessons passed over because their condition fails, to be marked as skipped.
#[derive(Debug, Clone)]
pub enum Next<'c> {
    Lesson { lesson: &'c Lesson, skipped: Vec<String> },
    Awaits { lesson: &'c Lesson, skipped: Vec<String> },
    Completed { skipped: Vec<String> },
}

/// The first lesson of the current order that has no mark and whose condition doesn't fail.
pub fn next<'c>(course: &'c Course, progress: &Progress, condition: &dyn Fn(&Lesson) -> Condition) -> Next<'c> {
    let owed = course.order.iter().filter(|id| progress.mark(id).is_none());
    let mut skipped = Vec::new();
    for lesson in owed.filter_map(|id| course.lessons.get(id)) {
        match condition(lesson) {
            Condition::Holds => return Next::Lesson { lesson, skipped },
            Condition::Awaits => return Next::Awaits { lesson, skipped },
            Condition::Fails => skipped.push(lesson.id.clone()),
        }
    }
    Next::Completed { skipped }
}

/// The lesson's own `wait`, `send` and `date` over those of the schedule.
pub fn rules<'c>(course: &'c Course, lesson: &'c Lesson) -> Rules<'c> {
    let schedule = &course.schedule;
    Rules {
        wait: lesson.wait.unwrap_or(schedule.wait),
        send: lesson.send.as_ref().unwrap_or(&schedule.send),
        own_send: lesson.send.is_some(),
        spread: schedule.spread,
        skip: &schedule.skip,
        fixed: lesson.date,
        starts: schedule.starts,
    }
}

/// [`next_due`] for a lesson of a course.
pub fn due(
    course: &Course,
    lesson: &Lesson,
    basis: Basis,
    floor: Option<Timestamp>,
    person: &Person,
    used: &BTreeSet<Date>,
) -> Option<Due> {
    next_due(&rules(course, lesson), basis, floor, person, used)
}

/// For a cohort with `keep_dates`: when the last accepted lesson was planned, from which the next one counts however
/// late the last one was really sent. With the moment of that real sending as the floor, someone who is behind gets
/// one lesson a day until level. `None` when nothing was accepted or a lesson has no moment.
pub fn kept_basis(course: &Course, progress: &Progress, confirmed: Timestamp, person: &Person) -> Option<Basis> {
    let mut used = BTreeSet::new();
    let mut basis = None;
    for lesson in progress.accepted().iter().filter_map(|id| course.lessons.get(id)) {
        let from = basis.unwrap_or(Basis::Confirmed(confirmed));
        let planned = due(course, lesson, from, None, person, &used)?.instant;
        used.insert(person.zone.to_datetime(planned).date());
        basis = Some(Basis::Accepted(planned));
    }
    basis
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "an example that can't be read is a failed test")]
mod tests {
    use super::Condition;
    use super::Next;
    use super::due;
    use super::kept_basis;
    use super::next;
    use crate::enrolment::Mark;
    use crate::enrolment::Progress;
    use crate::enrolment::example::course;
    use crate::enrolment::example::person;
    use crate::timing::Basis;
    use jiff::Timestamp;
    use std::collections::BTreeSet;

    #[test]
    fn next_is_the_first_unmarked_lesson_whose_condition_holds() {
        let course = course(&["a", "b", "c", "d"]);
        let mut progress = Progress::default();
        progress.set("a", Mark::Accepted);
        progress.set("c", Mark::Offered);
        let check = |fails: &[&str], awaits: &[&str]| {
            let condition = |lesson: &crate::course::Lesson| {
                let named = |ids: &[&str]| ids.contains(&lesson.id.as_str());
                if named(fails) {
                    Condition::Fails
                } else if named(awaits) {
                    Condition::Awaits
                } else {
                    Condition::Holds
                }
            };
            match next(&course, &progress, &condition) {
                Next::Lesson { lesson, skipped } => format!("lesson {} skipped {skipped:?}", lesson.id),
                Next::Awaits { lesson, skipped } => format!("awaits {} skipped {skipped:?}", lesson.id),
                Next::Completed { skipped } => format!("completed skipped {skipped:?}"),
            }
        };
        assert_eq!(check(&[], &[]), "lesson b skipped []");
        assert_eq!(check(&["b"], &[]), r#"lesson d skipped ["b"]"#);
        assert_eq!(check(&["b"], &["d"]), r#"awaits d skipped ["b"]"#);
        assert_eq!(check(&["b", "d"], &[]), r#"completed skipped ["b", "d"]"#);
        assert_eq!(check(&[], &["b"]), "awaits b skipped []");
    }

    #[test]
    fn a_cohort_that_keeps_its_dates_sends_one_a_day_until_level() {
        let mut course = course(&["a", "b", "c", "d", "e"]);
        course.schedule.wait = "2 days".parse().unwrap();
        course.schedule.starts = "2027-01-11".parse().ok();
        course.schedule.keep_dates = true;
        let person = person("Europe/Berlin");
        let confirmed: Timestamp = "2027-01-05T12:00:00Z".parse().unwrap();
        let mut progress = Progress::default();
        progress.set("a", Mark::Accepted);
        // The first lesson was sent five days late, on Saturday the 16th at 08:30.
        let mut sent: Timestamp = "2027-01-16T07:30:00Z".parse().unwrap();
        let mut used = BTreeSet::from([person.zone.to_datetime(sent).date()]);
        let mut dates = Vec::new();
        for id in ["b", "c", "d", "e"] {
            let basis = kept_basis(&course, &progress, confirmed, &person).unwrap();
            sent = due(&course, &course.lessons[id], basis, Some(sent), &person, &used).unwrap().instant;
            let local = person.zone.to_datetime(sent);
            dates.push(local.to_string());
            used.insert(local.date());
            progress.set(id, Mark::Accepted);
        }
        // Planned: 13, 15, 17, 19 January.
        let level = ["2027-01-17T08:30:00", "2027-01-18T08:30:00", "2027-01-19T08:30:00", "2027-01-20T08:30:00"];
        assert_eq!(dates, level);
        let planned = kept_basis(&course, &progress, confirmed, &person);
        assert_eq!(planned, Some(Basis::Accepted("2027-01-19T07:30:00Z".parse().unwrap())));
    }
}
