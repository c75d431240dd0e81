//! The letters of the outbox: the program's own mails to one person, outside of any course. What each is called there,
//! what it is made from, and to whom it goes. Knows no words.

use crate::address::Address;
use crate::clock::Now;
use crate::ids::next_id;
use crate::store::outbox::Delivery;
use crate::store::outbox::Lane;
use crate::store::outbox::Meant;
use crate::subscriber::Subscriber;
use anyhow::Context as _;
use anyhow::Result;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

/// The outbox's `what` of the letters.
pub const CONFIRM: &str = "confirm";
pub const PAGE: &str = "page";
pub const NEW_ADDRESS: &str = "address";
pub const ADDRESS_CHANGED: &str = "changed";

/// How long the mail with a link to a new address is worth sending: as long as its link works.
const SHORT: SignedDuration = SignedDuration::from_hours(1);
/// The same of all others.
const LONG: SignedDuration = SignedDuration::from_hours(24);

/// What a letter is made from. It is dropped with the final record: of a token only the hash stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what")]
pub enum Letter {
    /// Asks whether a sign-up was meant.
    #[serde(rename = "confirm")]
    Confirmation { token: String, courses: Vec<String> },
    /// Brings the link to a person's own page.
    #[serde(rename = "page")]
    Page {},
    /// Asks the owner of a new address whether it is theirs.
    #[serde(rename = "address")]
    NewAddress { token: String, to: String },
    /// Tells the old address that there is a new one.
    #[serde(rename = "changed")]
    AddressChanged { to: String },
}

impl Letter {
    /// The letter that a row stands for.
    ///
    /// # Errors
    /// When the row is no letter, or what it was made from is gone.
    pub fn of(row: &Delivery) -> Result<Letter> {
        let mut inputs: serde_json::Value = serde_json::from_str(&row.inputs)?;
        let fields = inputs.as_object_mut().context("a letter's inputs aren't an object")?;
        // Rows of the release before don't repeat it.
        fields.insert("what".to_string(), row.what.clone().into());
        Ok(serde_json::from_value(inputs)?)
    }

    /// The row that sends it to a person for the `occurrence`th time.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn delivery(&self, person: &Subscriber, occurrence: i64, now: Now) -> Result<Delivery> {
        let (what, why, worth) = match self {
            Letter::Confirmation { .. } => (CONFIRM, "a sign-up asks for confirmation", LONG),
            Letter::Page {} => (PAGE, "somebody asked for the link to this person's page", LONG),
            Letter::NewAddress { .. } => (NEW_ADDRESS, "a new address asks for confirmation", SHORT),
            Letter::AddressChanged { .. } => (ADDRESS_CHANGED, "the address was changed", LONG),
        };
        let meant = Meant {
            what: what.to_string(),
            whom: person.id,
            occurrence,
            subscriber_id: person.id,
            enrolment_id: 0,
            lane: Lane::Confirmation,
        };
        Ok(Delivery {
            expires: now.wall.saturating_add(worth).unwrap_or(Timestamp::MAX),
            due: now.reader,
            why: why.to_string(),
            inputs: serde_json::to_string(self)?,
            ..Delivery::new(next_id(now.wall), meant, now.wall)
        })
    }

    /// Another address than the person's, if it goes there.
    pub fn elsewhere(&self) -> Option<Address> {
        match self {
            Letter::Confirmation { .. } | Letter::Page {} => None,
            Letter::NewAddress { to, .. } | Letter::AddressChanged { to } => to.parse().ok(),
        }
    }

    pub fn courses(&self) -> &[String] {
        match self {
            Letter::Confirmation { courses, .. } => courses,
            Letter::Page {} | Letter::NewAddress { .. } | Letter::AddressChanged { .. } => &[],
        }
    }
}

/// What people call the letter with this `what`.
pub fn name(what: &str) -> &'static str {
    match what {
        PAGE => "link to one's page",
        NEW_ADDRESS => "new address",
        ADDRESS_CHANGED => "address changed",
        _ => "confirmation",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a letter that can't be read is a failed test")]
mod tests {
    use super::*;
    use crate::subscriber::Status;
    use std::collections::BTreeMap;

    fn person() -> Subscriber {
        Subscriber {
            id: 7,
            address: "ana@example.org".parse().unwrap(),
            first_name: None,
            language: None,
            zone: None,
            hour: None,
            weekdays: None,
            fields: BTreeMap::new(),
            status: Status::Active,
        }
    }

    #[test]
    fn a_letter_comes_back_from_its_row() {
        let now = Now { wall: Timestamp::UNIX_EPOCH, reader: Timestamp::UNIX_EPOCH };
        let check = |letter: Letter, what: &str, to: Option<&str>| {
            let row = letter.delivery(&person(), 3, now).unwrap();
            assert_eq!((row.what.as_str(), row.occurrence, row.enrolment_id), (what, 3, 0));
            let back = Letter::of(&row).unwrap();
            assert_eq!(back.elsewhere().map(|it| it.to_string()).as_deref(), to);
            assert_eq!(back, letter);
        };
        let (token, to) = ("abc".to_string(), "new@example.org".to_string());
        check(Letter::Confirmation { token: token.clone(), courses: vec!["calm".to_string()] }, CONFIRM, None);
        check(Letter::Page {}, PAGE, None);
        check(Letter::NewAddress { token, to: to.clone() }, NEW_ADDRESS, Some("new@example.org"));
        check(Letter::AddressChanged { to }, ADDRESS_CHANGED, Some("new@example.org"));
    }

    #[test]
    fn what_an_earlier_release_stored_is_read_and_what_is_gone_is_not() {
        let now = Now { wall: Timestamp::UNIX_EPOCH, reader: Timestamp::UNIX_EPOCH };
        let check = |what: &str, inputs: &str, expect: bool| {
            let row = Letter::Page {}.delivery(&person(), 1, now).unwrap();
            let row = Delivery { what: what.to_string(), inputs: inputs.to_string(), ..row };
            assert_eq!(Letter::of(&row).is_ok(), expect, "{what} {inputs}");
        };
        check(CONFIRM, r#"{"token":"abc","courses":["calm"]}"#, true);
        check(CONFIRM, "", false);
        check(NEW_ADDRESS, r#"{"token":"abc"}"#, false);
        check("lesson/calm/one", "{}", false);
        check(PAGE, "[]", false);
    }
}
