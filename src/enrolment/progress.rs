//! What happened to each lesson for one person, by lesson id, and how that is stored.

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// The short mail to someone who comes back after a long pause: it stands among the lessons, whose ids hold no `@`.
pub const BACK: &str = "@back";
/// The mail that ends a course.
pub const CLOSING: &str = "@closing";

/// Why a lesson isn't owed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// A relay took it.
    Accepted,
    /// Its condition didn't hold, or it came too late for this person by the coach's wish.
    Skipped,
    /// Shown on the person's page instead of sent.
    Offered,
    /// Withdrawn while it was owed.
    Retired,
}

/// One mail that a relay took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Sent {
    /// A lesson's id, [`BACK`] or [`CLOSING`].
    pub lesson: String,
    /// By the reader's clock; `None` where another database sent it, or an earlier version of the program.
    pub at: Option<Timestamp>,
    /// Counted from 1: which message of this lesson for this person it was.
    pub occurrence: i64,
}

/// As short as it can be: every enrolment keeps its whole list.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Id(String),
    At(String, i64),
    Again(String, i64, i64),
}

/// The marks of one person in one run of a course. A lesson without a mark is owed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// In the order of acceptance, repetitions too.
    #[serde(default, rename = "accepted", skip_serializing_if = "Vec::is_empty")]
    sent: Vec<Sent>,
    /// Every other mark.
    #[serde(default, rename = "other", skip_serializing_if = "BTreeMap::is_empty")]
    other: BTreeMap<String, Mark>,
    /// Those of the accepted that another database sent: no delivery of this one tells of them.
    #[serde(default, rename = "carried", skip_serializing_if = "BTreeSet::is_empty")]
    carried: BTreeSet<String>,
    /// Those of the offered that a mail has told of.
    #[serde(default, rename = "told", skip_serializing_if = "BTreeSet::is_empty")]
    told: BTreeSet<String>,
    /// Which occurrence comes next of a lesson that was called off and put behind another.
    #[serde(default, rename = "tries", skip_serializing_if = "BTreeMap::is_empty")]
    tries: BTreeMap<String, i64>,
}

impl Progress {
    /// Compact JSON, the same for the same progress.
    pub fn to_text(&self) -> String {
        // Texts, numbers and unit variants only: nothing here can fail to become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// # Errors
    /// When the text isn't what `to_text` writes.
    pub fn from_text(text: &str) -> Result<Progress, String> {
        serde_json::from_str(text).map_err(|error| format!("stored progress can't be read: {error}"))
    }

    pub fn mark(&self, lesson: &str) -> Option<Mark> {
        if self.sent.iter().any(|sent| sent.lesson == lesson) {
            return Some(Mark::Accepted);
        }
        self.other.get(lesson).copied()
    }

    /// Sets the mark; acceptance at an instant that nobody knows. Acceptance outlives every later mark: what was sent
    /// stays sent.
    pub fn set(&mut self, lesson: &str, mark: Mark) {
        if self.mark(lesson) == Some(Mark::Accepted) {
            return;
        }
        self.other.remove(lesson);
        match mark {
            Mark::Accepted => self.sent.push(Sent { lesson: lesson.to_string(), at: None, occurrence: 1 }),
            Mark::Skipped | Mark::Offered | Mark::Retired => {
                self.other.insert(lesson.to_string(), mark);
            }
        }
    }

    /// A relay took a mail; it may have taken this lesson before.
    pub fn accept(&mut self, lesson: &str, at: Timestamp, occurrence: i64) {
        self.other.remove(lesson);
        self.tries.remove(lesson);
        self.sent.push(Sent { lesson: lesson.to_string(), at: Some(at), occurrence });
    }

    /// Counts a lesson as accepted that another database sent, before the person was brought here.
    pub fn carry(&mut self, lesson: &str) {
        if self.mark(lesson) != Some(Mark::Accepted) {
            self.set(lesson, Mark::Accepted);
            self.carried.insert(lesson.to_string());
        }
    }

    /// Whether another database sent this lesson.
    pub fn is_carried(&self, lesson: &str) -> bool {
        self.carried.contains(lesson)
    }

    /// Takes the mark away, so that the lesson is owed again. Acceptance stays.
    pub fn owe_again(&mut self, lesson: &str) {
        self.other.remove(lesson);
    }

    /// Every mail in the order of acceptance: lessons, their repetitions, and [`BACK`] and [`CLOSING`].
    pub fn sent(&self) -> &[Sent] {
        &self.sent
    }

    /// Ids of lessons, each once, in the order of their first acceptance.
    pub fn done(&self) -> Vec<&str> {
        let mut done: Vec<&str> = Vec::new();
        for sent in self.sent.iter().filter(|sent| is_lesson(&sent.lesson)) {
            if !done.contains(&sent.lesson.as_str()) {
                done.push(&sent.lesson);
            }
        }
        done
    }

    /// The last acceptance of a lesson.
    pub fn last_of(&self, lesson: &str) -> Option<&Sent> {
        self.sent.iter().rev().find(|sent| sent.lesson == lesson)
    }

    /// The lesson that was accepted last.
    pub fn last_lesson(&self) -> Option<&str> {
        self.sent.iter().rev().map(|sent| sent.lesson.as_str()).find(|id| is_lesson(id))
    }

    /// Ids with this mark; accepted ones in the order of acceptance, others by name.
    pub fn marked(&self, mark: Mark) -> Vec<&str> {
        match mark {
            Mark::Accepted => self.done(),
            Mark::Skipped | Mark::Offered | Mark::Retired => {
                self.other.iter().filter(|(_, other)| **other == mark).map(|(id, _)| id.as_str()).collect()
            }
        }
    }

    /// What is offered and no mail has told of yet, by name.
    pub fn untold(&self) -> Vec<&str> {
        self.marked(Mark::Offered).into_iter().filter(|id| !self.told.contains(*id)).collect()
    }

    /// A mail has told of everything that is offered now.
    pub fn tell(&mut self) {
        self.told = self.marked(Mark::Offered).into_iter().map(String::from).collect();
    }

    /// Keeps which occurrence of an unsent lesson comes next, while another comes first.
    pub fn put_off(&mut self, lesson: &str, occurrence: i64) {
        if occurrence > self.behind_the_sent(lesson) {
            self.tries.insert(lesson.to_string(), occurrence);
        }
    }

    /// The occurrence of a lesson that was never used.
    pub fn next_occurrence(&self, lesson: &str) -> i64 {
        let behind_the_sent = self.behind_the_sent(lesson);
        self.tries.get(lesson).copied().unwrap_or(1).max(behind_the_sent)
    }

    fn behind_the_sent(&self, lesson: &str) -> i64 {
        let all = self.sent.iter().filter(|sent| sent.lesson == lesson);
        all.map(|sent| sent.occurrence).max().unwrap_or(0) + 1
    }

    /// The lesson's file has another name now; its mark and its place in the order of acceptance stay.
    pub fn rename(&mut self, old: &str, new: &str) {
        let known = self.mark(new);
        if self.carried.remove(old) && known != Some(Mark::Accepted) {
            self.carried.insert(new.to_string());
        }
        if let Some(mark) = self.other.remove(old)
            && known.is_none()
        {
            self.other.insert(new.to_string(), mark);
        }
        if self.told.remove(old) {
            self.told.insert(new.to_string());
        }
        if let Some(occurrence) = self.tries.remove(old) {
            self.tries.insert(new.to_string(), occurrence);
        }
        if known == Some(Mark::Accepted) {
            self.sent.retain(|sent| sent.lesson != old);
        }
        for sent in self.sent.iter_mut().filter(|sent| sent.lesson == old) {
            self.other.remove(new);
            sent.lesson = new.to_string();
        }
    }
}

/// Whether a mail is a lesson, and not one that the program writes.
pub fn is_lesson(id: &str) -> bool {
    !id.starts_with('@')
}

impl From<Stored> for Sent {
    fn from(stored: Stored) -> Sent {
        let (lesson, at, occurrence) = match stored {
            Stored::Id(lesson) => (lesson, None, 1),
            Stored::At(lesson, at) => (lesson, Some(at), 1),
            Stored::Again(lesson, at, occurrence) => (lesson, Some(at), occurrence),
        };
        Sent { lesson, at: at.and_then(|ms| Timestamp::from_millisecond(ms).ok()), occurrence }
    }
}

impl From<Sent> for Stored {
    fn from(sent: Sent) -> Stored {
        match (sent.at.map(Timestamp::as_millisecond), sent.occurrence) {
            (None, _) => Stored::Id(sent.lesson),
            (Some(at), 1) => Stored::At(sent.lesson, at),
            (Some(at), occurrence) => Stored::Again(sent.lesson, at, occurrence),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "an example that can't be read is a failed test")]
mod tests {
    use super::Mark;
    use super::Progress;
    use jiff::Timestamp;

    #[test]
    fn progress_survives_storage_with_the_order_of_acceptance() {
        let mut progress = Progress::default();
        assert_eq!(progress.to_text(), "{}");
        progress.set("zebra", Mark::Accepted);
        progress.set("apple", Mark::Accepted);
        progress.set("pear", Mark::Skipped);
        assert_eq!(progress.to_text(), r#"{"accepted":["zebra","apple"],"other":{"pear":"skipped"}}"#);
        assert_eq!(Progress::from_text(&progress.to_text()), Ok(progress.clone()));
        assert_eq!(progress.last_lesson(), Some("apple"));
        assert!(Progress::from_text("").is_err());
    }

    #[test]
    fn what_was_sent_stays_sent() {
        let mut progress = Progress::default();
        progress.set("a", Mark::Offered);
        progress.set("a", Mark::Accepted);
        progress.set("a", Mark::Skipped);
        progress.owe_again("a");
        assert_eq!(progress.mark("a"), Some(Mark::Accepted));
        assert_eq!(progress.done(), ["a"]);
        assert!(progress.marked(Mark::Offered).is_empty());
    }

    #[test]
    fn what_was_sent_again_is_done_once_and_keeps_its_instants() {
        let mut progress = Progress::default();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        progress.accept("a", at(1), 2);
        progress.accept("b", at(2), 1);
        progress.accept(super::BACK, at(3), 1);
        progress.accept("a", at(4), 3);
        assert_eq!(progress.to_text(), r#"{"accepted":[["a",1000,2],["b",2000],["@back",3000],["a",4000,3]]}"#);
        assert_eq!(Progress::from_text(&progress.to_text()), Ok(progress.clone()));
        assert_eq!((progress.done(), progress.last_lesson()), (vec!["a", "b"], Some("a")));
        assert_eq!((progress.next_occurrence("a"), progress.next_occurrence("c")), (4, 1));
        progress.put_off("c", 3);
        progress.put_off("b", 2);
        assert_eq!((progress.next_occurrence("c"), progress.next_occurrence("b")), (3, 2));
        progress.accept("c", at(5), 3);
        assert_eq!(progress.next_occurrence("c"), 4);
    }

    #[test]
    fn what_is_offered_is_told_once() {
        let mut progress = Progress::default();
        progress.set("a", Mark::Offered);
        assert_eq!(progress.untold(), ["a"]);
        progress.tell();
        progress.rename("a", "x");
        progress.set("b", Mark::Offered);
        assert_eq!(progress.untold(), ["b"]);
    }

    #[test]
    fn a_rename_keeps_mark_and_place() {
        let mut progress = Progress::default();
        progress.set("a", Mark::Accepted);
        progress.set("b", Mark::Accepted);
        progress.set("c", Mark::Offered);
        progress.rename("a", "x");
        progress.rename("c", "y");
        progress.rename("unknown", "z");
        assert_eq!(progress.done(), ["x", "b"]);
        assert_eq!(progress.mark("y"), Some(Mark::Offered));
        assert_eq!((progress.mark("a"), progress.mark("c"), progress.mark("z")), (None, None, None));
    }

    #[test]
    fn what_another_database_sent_is_known_as_such_under_every_name() {
        let mut progress = Progress::default();
        progress.set("own", Mark::Accepted);
        progress.set("a", Mark::Skipped);
        for lesson in ["own", "a", "b"] {
            progress.carry(lesson);
        }
        progress.rename("a", "x");
        progress.rename("b", "own");
        assert_eq!(progress.to_text(), r#"{"accepted":["own","x"],"carried":["x"]}"#);
        assert_eq!(Progress::from_text(&progress.to_text()), Ok(progress.clone()));
        assert!(progress.is_carried("x") && !progress.is_carried("own") && !progress.is_carried("b"));
    }
}
