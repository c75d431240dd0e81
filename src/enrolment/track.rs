//! A course's stages as tracks that run side by side, each with its own order and its own last lesson; a course without
//! stages is one track. Decides nothing.

use super::progress::Progress;
use super::progress::Sent;
use super::progress::is_lesson;
use crate::course::Course;

/// One stage, or the whole course.
#[derive(Debug, Clone, Copy)]
pub struct Track<'c> {
    course: &'c Course,
    /// Empty for a course without stages.
    pub id: &'c str,
    /// In the order of the course; ties are broken by it.
    pub index: usize,
    pub lessons: &'c [String],
    /// The lesson of another stage behind which this one begins.
    pub after: Option<&'c str>,
}

/// Every track of a course, in its order.
pub fn tracks(course: &Course) -> Vec<Track<'_>> {
    if course.stages.is_empty() {
        return vec![Track { course, id: "", index: 0, lessons: &course.order, after: None }];
    }
    let stages = course.stages.iter().enumerate();
    stages
        .map(|(index, stage)| Track {
            course,
            id: &stage.id,
            index,
            lessons: &stage.lessons,
            after: stage.after.as_deref(),
        })
        .collect()
}

impl<'c> Track<'c> {
    pub fn holds(&self, lesson: &str) -> bool {
        self.lessons.iter().any(|id| id == lesson)
    }

    /// The mail from which this track's next lesson counts. A lesson that stands in no stage any more may have belonged
    /// to this one: it counts, so that an edit never makes the next come sooner.
    pub fn last<'p>(&self, progress: &'p Progress) -> Option<&'p Sent> {
        let elsewhere = |id: &str| self.course.order.iter().any(|listed| listed == id);
        let counts = |id: &str| is_lesson(id) && (self.holds(id) || !elsewhere(id));
        let own = progress.sent().iter().any(|sent| self.holds(&sent.lesson));
        let alone = self.course.stages.is_empty();
        progress.sent().iter().rev().find(|sent| counts(&sent.lesson)).filter(|_| own || alone)
    }
}
