//! What an edit of a course does to one person who is in it.

use super::progress::Mark;
use super::progress::Progress;
use super::reader::Reader;
use super::record::Enrolment;
use super::state::State;
use crate::course::Backfill;
use crate::course::Course;
use crate::timing;
use crate::timing::later;
use jiff::SignedDuration;
use jiff::Timestamp;

/// How soon after an edit a lesson may come that wasn't due yet.
const REST: SignedDuration = SignedDuration::from_hours(1);
/// Those whom an edit would bring a lesson within the hour come so long apart, within their day.
const EACH: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What the version that was in force before the edit knew.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub order: &'a [String],
    pub retired: &'a [String],
}

/// The progress after the edit, and what to tell: ids by their new names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    pub progress: Progress,
    /// Were owed and are withdrawn.
    pub retired: Vec<String>,
    /// Are new, and shown instead of sent.
    pub offered: Vec<String>,
    /// Old id and new id.
    pub renamed: Vec<(String, String)>,
}

impl<'a> Known<'a> {
    pub fn of(course: &'a Course) -> Known<'a> {
        Known { order: &course.order, retired: &course.retired }
    }
}

/// Renamed lessons keep their marks; retired ones aren't owed any more, and are again when they come back to someone
/// who never got them; a new lesson ahead of the person is owed, one behind follows its `backfill`, and someone who
/// had finished is offered it (`completed`: whatever marks say). An order that only moved changes nothing.
pub fn reconcile(known: Known<'_>, new: &Course, progress: &Progress, completed: bool) -> Reconciled {
    let mut progress = progress.clone();
    let renamed = rename(known, new, &mut progress);
    let now_called =
        |id: &String| renamed.iter().find(|(old, _)| old == id).map_or_else(|| id.clone(), |(_, new)| new.clone());
    let old_order: Vec<String> = known.order.iter().map(now_called).collect();
    let old_retired: Vec<String> = known.retired.iter().map(now_called).collect();
    let all_marked = !old_order.is_empty() && old_order.iter().all(|id| progress.mark(id).is_some());
    let finished = completed || all_marked;

    let retired: Vec<String> =
        old_order.iter().filter(|id| new.retired.contains(id) && progress.mark(id).is_none()).cloned().collect();
    for id in &retired {
        progress.set(id, Mark::Retired);
    }
    for id in &new.order {
        if progress.mark(id) == Some(Mark::Retired) {
            progress.owe_again(id);
        }
    }
    let is_new = |id: &String| !old_order.contains(id) && !old_retired.contains(id);
    let mut offered = Vec::new();
    for (id, mark) in arrivals(new, &progress, finished, &is_new) {
        progress.set(&id, mark);
        if mark == Mark::Offered {
            offered.push(id);
        }
    }
    Reconciled { progress, retired, offered, renamed }
}

/// An edit of a course, as far as the rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct Edited<'a> {
    /// The version that was in force.
    pub old: &'a Course,
    pub new: &'a Course,
    pub now: Timestamp,
    /// How many people would get a lesson within the hour because of it: they come one after another.
    pub crowd: usize,
}

/// What an edit did to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    pub reconciled: Reconciled,
    /// Their next lesson would have come within the hour, and was put off.
    pub hurries: bool,
}

impl Enrolment {
    /// Follows an edit: progress, what was asked for and, unless something stands in the way of the next lesson, what
    /// comes next by the new version.
    pub fn follow(&mut self, edited: Edited<'_>, reader: &Reader) -> Followed {
        let reconciled = self.rename_and_reconcile(edited);
        let hurries = match self.state {
            State::Waiting | State::Awaiting | State::Completed => self.advance_softly(edited, reader),
            // A message under way ends first; the record then looks at the new version.
            State::InFlight | State::Pending | State::Paused | State::Held | State::Left => false,
        };
        Followed { reconciled, hurries }
    }

    fn rename_and_reconcile(&mut self, edited: Edited<'_>) -> Reconciled {
        let new = edited.new;
        let result = reconcile(Known::of(edited.old), new, &self.progress, self.is_completed());
        self.progress = result.progress.clone();
        for (old, name) in &result.renamed {
            self.requests.rename(old, name);
            if self.lesson == *old {
                self.lesson.clone_from(name);
            }
        }
        self.requests.again.retain(|again| new.order.contains(&again.lesson));
        self.requests.stages.retain(|stage, _| new.stages.iter().any(|it| it.id == *stage));
        result
    }

    /// Nobody gets a lesson within the hour because of an edit; those who would come one after another within their day.
    /// Whether this is one of them.
    pub fn advance_softly(&mut self, edited: Edited<'_>, reader: &Reader) -> bool {
        let (lesson, due, why) = (self.lesson.clone(), self.due, self.why.clone());
        let waited = self.state == State::Waiting;
        let mut unedited = self.clone();
        unedited.advance(edited.old, reader, edited.now);
        self.advance(edited.new, reader, edited.now);
        // What the edit doesn't move stays where it is, also where a day or another edit has put it off meanwhile.
        let is_same = unedited.state == self.state && unedited.lesson == self.lesson && unedited.due == self.due;
        if is_same && waited && self.lesson == lesson {
            (self.due, self.why) = (due, why);
            return false;
        }
        let soon = later(edited.now, REST);
        let moved = due != self.due || lesson != self.lesson;
        let sooner = !waited || self.due < due;
        if self.state != State::Waiting || !moved || !sooner || self.due >= soon {
            return false;
        }
        self.not_before(soon);
        self.advance(edited.new, reader, edited.now);
        let crowd = i32::try_from(edited.crowd).unwrap_or(i32::MAX);
        self.due = timing::spread(self.due, reader.share, EACH.saturating_mul(crowd).min(DAY), &reader.zone);
        self.why += "; an hour after an edit at the soonest";
        true
    }
}

/// The new lessons that this person isn't owed, stage by stage.
fn arrivals(
    course: &Course,
    progress: &Progress,
    finished: bool,
    is_new: &dyn Fn(&String) -> bool,
) -> Vec<(String, Mark)> {
    let mut arrivals = Vec::new();
    for stage in stages(course) {
        let reached = reached(stage, progress);
        for (at, id) in stage.iter().enumerate().filter(|(_, id)| progress.mark(id).is_none() && is_new(id)) {
            let behind = reached.is_some_and(|reached| at < reached);
            if let Some(mark) = arrival(course, id, behind, finished) {
                arrivals.push((id.clone(), mark));
            }
        }
    }
    arrivals
}

/// The mark that a new lesson arrives with; none where it is owed.
fn arrival(course: &Course, id: &str, behind: bool, finished: bool) -> Option<Mark> {
    if behind {
        return match course.lessons.get(id).map_or(Backfill::Offer, |lesson| lesson.backfill) {
            Backfill::Offer => Some(Mark::Offered),
            Backfill::Send => None,
            Backfill::Never => Some(Mark::Skipped),
        };
    }
    finished.then_some(Mark::Offered)
}

fn rename(known: Known<'_>, new: &Course, progress: &mut Progress) -> Vec<(String, String)> {
    let mut renamed = Vec::new();
    for lesson in new.lessons.values() {
        for old in &lesson.was {
            if progress.mark(old).is_some() || known.order.contains(old) || known.retired.contains(old) {
                progress.rename(old, &lesson.id);
                renamed.push((old.clone(), lesson.id.clone()));
            }
        }
    }
    renamed
}

fn stages(course: &Course) -> Vec<&[String]> {
    if course.stages.is_empty() {
        return vec![&course.order];
    }
    course.stages.iter().map(|stage| stage.lessons.as_slice()).collect()
}

/// Where in the stage its last accepted lesson stands now.
fn reached(stage: &[String], progress: &Progress) -> Option<usize> {
    progress.done().iter().rev().find_map(|id| stage.iter().position(|lesson| lesson == id))
}

#[cfg(test)]
mod tests {
    use super::Known;
    use super::reconcile;
    use crate::course::Backfill;
    use crate::course::Course;
    use crate::course::Stage;
    use crate::enrolment::Mark;
    use crate::enrolment::Progress;
    use crate::enrolment::example::course;
    use crate::enrolment::example::lesson;
    use proptest::prelude::Just;
    use proptest::prelude::Strategy as _;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    fn accepted(ids: &[&str]) -> Progress {
        let mut progress = Progress::default();
        ids.iter().for_each(|id| progress.set(id, Mark::Accepted));
        progress
    }

    fn owed(course: &Course, progress: &Progress) -> Vec<String> {
        course.order.iter().filter(|id| progress.mark(id).is_none()).cloned().collect()
    }

    /// Owed, offered, skipped, retired after the edit.
    fn check(old: &Course, new: &Course, progress: &Progress, expect: [&[&str]; 4]) {
        let result = reconcile(Known::of(old), new, progress, false);
        let after = &result.progress;
        let found = [
            owed(new, after),
            after.marked(Mark::Offered).into_iter().map(String::from).collect(),
            after.marked(Mark::Skipped).into_iter().map(String::from).collect(),
            after.marked(Mark::Retired).into_iter().map(String::from).collect(),
        ];
        assert_eq!(found, expect.map(|ids| ids.iter().map(|id| id.to_string()).collect::<Vec<_>>()));
        let again = reconcile(Known::of(new), new, after, false);
        assert_eq!(&again.progress, after, "the same version twice changes nothing");
    }

    #[test]
    fn a_lesson_inserted_ahead_is_owed_in_its_place() {
        let (old, new) = (course(&["a", "b", "c"]), course(&["a", "b", "new", "c"]));
        check(&old, &new, &accepted(&["a"]), [&["b", "new", "c"], &[], &[], &[]]);
        check(&old, &new, &accepted(&["a", "b"]), [&["new", "c"], &[], &[], &[]]);
        check(&old, &new, &accepted(&[]), [&["a", "b", "new", "c"], &[], &[], &[]]);
    }

    #[test]
    fn a_lesson_inserted_behind_follows_its_backfill() {
        let old = course(&["a", "b", "c"]);
        let mut new = course(&["a", "new", "b", "c"]);
        check(&old, &new, &accepted(&["a", "b"]), [&["c"], &["new"], &[], &[]]);
        lesson(&mut new, "new").backfill = Backfill::Send;
        check(&old, &new, &accepted(&["a", "b"]), [&["new", "c"], &[], &[], &[]]);
        lesson(&mut new, "new").backfill = Backfill::Never;
        check(&old, &new, &accepted(&["a", "b"]), [&["c"], &[], &["new"], &[]]);
    }

    #[test]
    fn behind_is_counted_in_each_stage_for_itself() {
        let stage = |id: &str, lessons: &[&str]| Stage {
            id: id.to_string(),
            title: id.to_string(),
            lessons: lessons.iter().map(|id| id.to_string()).collect(),
            after: None,
        };
        let mut old = course(&["a", "b", "c", "d"]);
        old.stages = vec![stage("one", &["a", "b"]), stage("two", &["c", "d"])];
        let mut new = course(&["a", "b", "new", "c", "d"]);
        new.stages = vec![stage("one", &["a", "b", "new"]), stage("two", &["c", "d"])];
        check(&old, &new, &accepted(&["a", "c"]), [&["b", "new", "d"], &[], &[], &[]]);
    }

    #[test]
    fn the_finished_are_offered_what_is_appended() {
        let (old, new) = (course(&["a", "b"]), course(&["a", "b", "new"]));
        check(&old, &new, &accepted(&["a", "b"]), [&[], &["new"], &[], &[]]);
        let mut skipped = accepted(&["b"]);
        skipped.set("a", Mark::Skipped);
        check(&old, &new, &skipped, [&[], &["new"], &["a"], &[]]);
    }

    #[test]
    fn a_retired_lesson_is_dropped_and_owed_again_when_it_comes_back() {
        let before = course(&["a", "b", "c"]);
        let mut without = course(&["a", "c"]);
        without.retired = vec!["b".to_string()];
        check(&before, &without, &accepted(&["a"]), [&["c"], &[], &[], &["b"]]);
        check(&before, &without, &accepted(&["a", "b"]), [&["c"], &[], &[], &[]]);
        let result = reconcile(Known::of(&before), &without, &accepted(&["a"]), false);
        assert_eq!(result.retired, ["b"]);
        let mut passed = result.progress;
        passed.set("c", Mark::Accepted);
        check(&without, &before, &passed, [&["b"], &[], &[], &[]]);
        // Someone who joined while it was retired never got it either.
        check(&without, &before, &accepted(&["a", "c"]), [&["b"], &[], &[], &[]]);
        check(&without, &before, &accepted(&["a", "b", "c"]), [&[], &[], &[], &[]]);
    }

    #[test]
    fn a_renamed_lesson_is_the_same_lesson() {
        let old = course(&["a", "b", "c"]);
        let mut new = course(&["a", "better", "c"]);
        lesson(&mut new, "better").was = vec!["b".to_string()];
        check(&old, &new, &accepted(&["a", "b"]), [&["c"], &[], &[], &[]]);
        check(&old, &new, &accepted(&["a"]), [&["better", "c"], &[], &[], &[]]);
        // Behind someone who went past it while it was still owed: known, so owed.
        check(&old, &new, &accepted(&["a", "c"]), [&["better"], &[], &[], &[]]);
        let result = reconcile(Known::of(&old), &new, &accepted(&["a", "b"]), false);
        assert_eq!(result.renamed, [("b".to_string(), "better".to_string())]);
        assert_eq!(result.progress.done(), ["a", "better"]);
    }

    proptest! {
        #[test]
        fn a_reorder_never_changes_what_was_sent_and_what_is_owed(
            (sent, order) in (0_usize..=6, Just(vec!["a", "b", "c", "d", "e", "f"]).prop_shuffle()),
            send_order in Just(vec!["a", "b", "c", "d", "e", "f"]).prop_shuffle(),
        ) {
            let (old, new) = (course(&["a", "b", "c", "d", "e", "f"]), course(&order));
            let progress = accepted(&send_order[..sent]);
            let result = reconcile(Known::of(&old), &new, &progress, false);
            prop_assert_eq!(&result.progress, &progress);
            let sorted = |mut ids: Vec<String>| { ids.sort(); ids };
            prop_assert_eq!(sorted(owed(&new, &result.progress)), sorted(owed(&old, &progress)));
        }
    }
}
