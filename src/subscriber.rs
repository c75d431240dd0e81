//! A person with an address, a zone and a language: what is known of them and where they stand. Knows no course.

use crate::address::Address;
use jiff::civil;
use std::collections::BTreeMap;

/// pending → active → left or suppressed. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending = 1,
    Active = 2,
    Left = 3,
    Suppressed = 4,
}

impl Status {
    pub fn stored(self) -> i64 {
        self as i64
    }

    pub fn from_stored(number: i64) -> Option<Status> {
        [Status::Pending, Status::Active, Status::Left, Status::Suppressed].into_iter().find(|s| s.stored() == number)
    }

    pub fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Active => "active",
            Status::Left => "left",
            Status::Suppressed => "suppressed",
        }
    }
}

/// One person as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscriber {
    pub id: i64,
    pub address: Address,
    pub first_name: Option<String>,
    /// `None`: the site's.
    pub language: Option<String>,
    /// An IANA name; `None`: the site's.
    pub zone: Option<String>,
    /// The person's own hour.
    pub hour: Option<civil::Time>,
    /// The person's own weekdays, as they were written.
    pub weekdays: Option<String>,
    pub fields: BTreeMap<String, String>,
    pub status: Status,
}
