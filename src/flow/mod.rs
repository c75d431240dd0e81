//! The things the product does, one file each: the only room where the adapters meet.

pub mod act;
pub mod address;
pub mod answer;
pub mod archive;
pub mod asking;
pub mod backup;
pub mod carry_over;
pub mod check;
pub mod compose;
pub mod confirm;
pub mod deliver;
pub mod dkim_key;
pub mod edit;
pub mod export;
pub mod farewell;
pub mod import;
pub mod import_issues;
pub mod issue;
pub mod journal;
pub mod my;
pub mod letter;
pub mod links;
pub mod never;
pub mod open;
pub mod operate;
pub mod operator;
pub mod outlook;
pub mod page_link;
pub mod plan;
pub mod personal;
pub mod preferences;
pub mod preview;
pub mod read_courses;
pub mod reader;
pub mod relay_words;
pub mod reload;
pub mod report;
pub mod restore;
pub mod retention;
pub mod send_test;
pub mod sheet;
pub mod shelf;
pub mod sign_up;
pub mod simulate;
pub mod standing;
pub mod stop;
pub mod undo;
pub mod view;
pub mod watchdog;

use crate::address::Address;
use crate::clock::Clock;
use crate::link::KeyRing;
use crate::link::Links;
use crate::message::Signer;
use crate::message::Templates;
use crate::site::Sender;
use crate::site::Site;
use crate::store::Store;
use crate::subscriber::Subscriber;
use crate::timing;
use asking::Asking;
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use retention::Retention;
use shelf::Shelf;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::sync::RwLock;

/// What every verb may need: the outside world behind a few doors, and what the operator settled.
#[derive(Debug)]
pub struct App {
    pub clock: Clock,
    pub store: Store,
    pub settings: Settings,
    pub templates: Templates,
    pub keys: KeyRing,
    /// Hashes the addresses of suppressed people; never changes.
    pub address_key: [u8; 32],
    /// The courses in force. Whoever computes from them and writes keeps the read lock until it is written, so that an
    /// edit is visible to everybody at once.
    pub shelf: RwLock<Arc<Shelf>>,
    /// Rung by every act that may make something due.
    pub changed: Notify,
    /// When mails leave that ask visitors to confirm.
    pub asking: Asking,
}

/// What the operator settled, as far as verbs need it.
#[derive(Debug, Clone)]
pub struct Settings {
    pub site: Site,
    pub sender: Sender,
    /// Where bounces go; each delivery gets its own address made from it (VERP).
    pub bounce: Address,
    pub courses: PathBuf,
    /// This installation's own folder: what must stand beside a database on a server.
    pub data: PathBuf,
    pub delivery: DeliverySettings,
    pub retention: Retention,
    /// Signs every mail; `None`: the relay does.
    pub dkim: Option<Arc<Signer>>,
    /// Who is told of trouble.
    pub operator: Option<Address>,
    /// Rehearsals send everything here instead.
    pub redirect_to: Option<Address>,
}

/// `[delivery]` of dripline.toml. All by the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliverySettings {
    pub in_doubt: InDoubt,
    pub in_doubt_after: SignedDuration,
    pub lesson_expires: SignedDuration,
}

/// What happens to a message of which nobody knows whether it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InDoubt {
    /// The same bytes again, once.
    Resend,
    /// Nothing, until a human says.
    Hold,
}

impl FromStr for InDoubt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<InDoubt, &'static str> {
        match text {
            "resend" => Ok(InDoubt::Resend),
            "hold" => Ok(InDoubt::Hold),
            _ => Err("this is neither `resend` nor `hold`"),
        }
    }
}

impl App {
    pub fn links(&self) -> Links<'_> {
        Links::new(&self.settings.site.url, &self.keys)
    }

    /// The zone a person lives in, or the site's.
    pub fn zone(&self, subscriber: &Subscriber) -> TimeZone {
        let own = subscriber.zone.as_deref().and_then(|name| timing::zone(name).ok());
        own.unwrap_or_else(|| self.settings.site.time_zone.clone())
    }

    /// The local date of an instant where a person lives.
    pub fn local_date(&self, subscriber: &Subscriber, instant: jiff::Timestamp) -> Date {
        instant.to_zoned(self.zone(subscriber)).date()
    }
}

/// A person's fixed share of every spread, from 0 to 1: the fractional part of their id times the golden ratio, which
/// lays any run of ids evenly over the whole.
pub fn share_of_spread(subscriber: i64) -> f64 {
    let low = (subscriber ^ (subscriber >> 20)) & 0xf_ffff;
    (low as f64 * 0.618_033_988_749_895).fract()
}
