//! What happened to each lesson for one person, by lesson id, and how that is stored.

use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

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

/// The marks of one person in one run of a course. A lesson without a mark is owed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Ids in the order of acceptance.
    #[serde(default, rename = "accepted", skip_serializing_if = "Vec::is_empty")]
    accepted: Vec<String>,
    /// Every other mark.
    #[serde(default, rename = "other", skip_serializing_if = "BTreeMap::is_empty")]
    other: BTreeMap<String, Mark>,
    /// Those of the accepted that another database sent: no delivery of this one tells of them.
    #[serde(default, rename = "carried", skip_serializing_if = "BTreeSet::is_empty")]
    carried: BTreeSet<String>,
}

impl Progress {
    /// Compact JSON, the same for the same progress.
    pub fn to_text(&self) -> String {
        // Texts and unit variants only: nothing here can fail to become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// # Errors
    /// When the text isn't what `to_text` writes.
    pub fn from_text(text: &str) -> Result<Progress, String> {
        serde_json::from_str(text).map_err(|error| format!("stored progress can't be read: {error}"))
    }

    pub fn mark(&self, lesson: &str) -> Option<Mark> {
        if self.accepted.iter().any(|id| id == lesson) {
            return Some(Mark::Accepted);
        }
        self.other.get(lesson).copied()
    }

    /// Sets the mark. Acceptance outlives every later mark: what was sent stays sent.
    pub fn set(&mut self, lesson: &str, mark: Mark) {
        if self.mark(lesson) == Some(Mark::Accepted) {
            return;
        }
        self.other.remove(lesson);
        match mark {
            Mark::Accepted => self.accepted.push(lesson.to_string()),
            Mark::Skipped | Mark::Offered | Mark::Retired => {
                self.other.insert(lesson.to_string(), mark);
            }
        }
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

    /// Ids in the order of acceptance.
    pub fn accepted(&self) -> &[String] {
        &self.accepted
    }

    pub fn last_accepted(&self) -> Option<&str> {
        self.accepted.last().map(String::as_str)
    }

    /// Ids with this mark; accepted ones in the order of acceptance, others by name.
    pub fn marked(&self, mark: Mark) -> Vec<&str> {
        match mark {
            Mark::Accepted => self.accepted.iter().map(String::as_str).collect(),
            Mark::Skipped | Mark::Offered | Mark::Retired => {
                self.other.iter().filter(|(_, other)| **other == mark).map(|(id, _)| id.as_str()).collect()
            }
        }
    }

    /// The lesson's file has another name now; its mark and its place in the order of acceptance stay.
    pub fn rename(&mut self, old: &str, new: &str) {
        let known = self.mark(new).is_some();
        if self.carried.remove(old) && self.mark(new) != Some(Mark::Accepted) {
            self.carried.insert(new.to_string());
        }
        if let Some(mark) = self.other.remove(old)
            && !known
        {
            self.other.insert(new.to_string(), mark);
        }
        if let Some(at) = self.accepted.iter().position(|id| id == old) {
            self.other.remove(new);
            if self.accepted.iter().any(|id| id == new) {
                self.accepted.remove(at);
            } else {
                self.accepted[at] = new.to_string();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mark;
    use super::Progress;

    #[test]
    fn progress_survives_storage_with_the_order_of_acceptance() {
        let mut progress = Progress::default();
        assert_eq!(progress.to_text(), "{}");
        progress.set("zebra", Mark::Accepted);
        progress.set("apple", Mark::Accepted);
        progress.set("pear", Mark::Skipped);
        assert_eq!(progress.to_text(), r#"{"accepted":["zebra","apple"],"other":{"pear":"skipped"}}"#);
        assert_eq!(Progress::from_text(&progress.to_text()), Ok(progress.clone()));
        assert_eq!(progress.last_accepted(), Some("apple"));
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
        assert_eq!(progress.accepted(), ["a"]);
        assert!(progress.marked(Mark::Offered).is_empty());
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
        assert_eq!(progress.accepted(), ["x", "b"]);
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
