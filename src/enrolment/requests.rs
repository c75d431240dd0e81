//! What a person asked for and hasn't got yet, and how that is stored. Each request ends by itself once the mails that
//! were sent since show that it was met.

use super::progress::BACK;
use super::progress::Progress;
use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Requests {
    /// Lessons to come once more, in this order, each before whatever else its stage has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<Again>,
    /// The next lesson leaves at once: when that was asked for.
    #[serde(with = "millisecond::optional", skip_serializing_if = "Option::is_none")]
    pub next_now: Option<Timestamp>,
    /// When the person came back from a long pause: a short mail comes first.
    #[serde(with = "millisecond::optional", skip_serializing_if = "Option::is_none")]
    pub back: Option<Timestamp>,
    /// By stage: paused by itself, or back from that.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stages: BTreeMap<String, StageRest>,
}

/// A lesson that was asked for once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    pub lesson: String,
    #[serde(with = "millisecond::required")]
    pub since: Timestamp,
}

/// The pause of one stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StageRest {
    /// Since when it is paused; `None`: it goes on.
    #[serde(with = "millisecond::optional", skip_serializing_if = "Option::is_none")]
    pub paused: Option<Timestamp>,
    /// `None` while paused: until the person says.
    #[serde(with = "millisecond::optional", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// None of its lessons comes sooner.
    #[serde(with = "millisecond::optional", skip_serializing_if = "Option::is_none")]
    pub floor: Option<Timestamp>,
}

impl Requests {
    /// Compact JSON; empty when nothing is asked for.
    pub fn to_text(&self) -> String {
        if *self == Requests::default() {
            return String::new();
        }
        // Texts and numbers only: nothing here can fail to become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// # Errors
    /// When the text isn't what `to_text` writes.
    pub fn from_text(text: &str) -> Result<Requests, String> {
        if text.is_empty() {
            return Ok(Requests::default());
        }
        serde_json::from_str(text).map_err(|error| format!("stored requests can't be read: {error}"))
    }

    /// Takes out what the mails that were sent since have met. Before every act: records of mails leave stored requests as
    /// they are, so a wish that was met needn't be gone yet.
    pub fn settle(&mut self, progress: &Progress) {
        let at = |lesson: &str| progress.last_of(lesson).and_then(|sent| sent.at);
        // A lesson is asked for again after it came, maybe in the same instant; the others have nothing that came just now.
        self.again.retain(|again| at(&again.lesson).is_none_or(|at| at <= again.since));
        let last = progress.sent().iter().filter_map(|sent| sent.at).next_back();
        self.next_now = self.next_now.filter(|since| last.is_none_or(|at| at < *since));
        self.back = self.back.filter(|since| at(BACK).is_none_or(|at| at < *since));
        self.stages.retain(|_, rest| *rest != StageRest::default());
    }

    /// A lesson's file has another name now.
    pub fn rename(&mut self, old: &str, new: &str) {
        self.again.iter_mut().filter(|again| again.lesson == old).for_each(|again| again.lesson = new.to_string());
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "an example that can't be read is a failed test")]
mod tests {
    use super::Again;
    use super::Requests;
    use super::StageRest;
    use crate::enrolment::Progress;
    use crate::enrolment::progress::BACK;
    use jiff::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn all() -> Requests {
        Requests {
            again: ["a", "b"].map(|lesson| Again { lesson: lesson.to_string(), since: at(10) }).into(),
            next_now: Some(at(10)),
            back: Some(at(10)),
            stages: [("safety".to_string(), StageRest { paused: Some(at(1)), until: None, floor: None })].into(),
        }
    }

    #[test]
    fn requests_survive_storage() {
        assert_eq!(Requests::default().to_text(), "");
        assert_eq!(Requests::from_text(&all().to_text()), Ok(all()));
        assert_eq!(Requests::from_text(""), Ok(Requests::default()));
        assert!(Requests::from_text("{\"never\":1}").is_err());
    }

    #[test]
    fn a_request_ends_with_the_mail_that_meets_it() {
        let left = |sent: &[(&str, i64)]| {
            let mut progress = Progress::default();
            sent.iter().for_each(|(lesson, second)| progress.accept(lesson, at(*second), 1));
            let mut requests = all();
            requests.settle(&progress);
            let again: Vec<&str> = requests.again.iter().map(|again| again.lesson.as_str()).collect();
            format!("{again:?} now {} back {}", requests.next_now.is_some(), requests.back.is_some())
        };
        assert_eq!(left(&[("a", 5), ("c", 9)]), r#"["a", "b"] now true back true"#);
        assert_eq!(left(&[("a", 10)]), r#"["a", "b"] now false back true"#);
        assert_eq!(left(&[("a", 11)]), r#"["b"] now false back true"#);
        assert_eq!(left(&[(BACK, 10)]), r#"["a", "b"] now false back false"#);
    }
}
