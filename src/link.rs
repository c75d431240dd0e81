//! Signed, scoped tokens and the URLs that carry them. Knows no page and no row: a token names a number, nothing else.

mod base32;

use crate::address::Address;
use base32::base32;
use base32::from_base32;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq;

/// A secret and the number by which tokens name it.
pub type Key = (u8, [u8; 32]);

/// Octets of the MAC that travel with a token: 128 bits of HMAC-SHA256 (RFC 2104 §5 allows half).
const MAC: usize = 16;

/// Longest local part of the bounce address: what 64 octets (RFC 5321 §4.5.3.1.1) leave beside `+` and a VERP token.
pub const BOUNCE_LOCAL_MAX: usize = 64 - 1 - 40;

/// The secrets that sign links. The newest signs, every one verifies: links in old mails outlive a rotation.
#[derive(Clone)]
pub struct KeyRing {
    newest: Key,
    older: Vec<Key>,
}

/// What a token allows. A token of one scope is nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Leave a course; the subject is the enrolment.
    Leave,
    /// Read one mail in a browser; the subject is its outbox row.
    View,
    /// A person's own page; the subject is the subscriber.
    My,
    /// One action from a mail; the subject is the enrolment, and of [`Action::Again`] the mail's outbox row.
    Act(Action),
    /// Take back one act; the subject is the act.
    Undo,
    /// Answer the questions of one mail; the subject is its outbox row.
    Answer,
    /// Get no mail at all any more, not even questions whether one wants any; the subject is the subscriber.
    Never,
    /// A form that was shown; the subject is when, in unix milliseconds.
    Form,
    /// A bounce of one delivery; the subject is its outbox row.
    Bounce,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Pause,
    Slower,
    Faster,
    Again,
    NextNow,
}

/// What a token turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// Its subject.
    Good(i64),
    /// It was good once.
    Expired,
    /// Not of this scope, not whole, or not ours.
    Bad,
}

/// The links of one mail, as templates see them under `links`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Urls {
    pub pause: String,
    pub slower: String,
    pub faster: String,
    pub again: String,
    pub next_now: String,
    pub my_course: String,
    pub leave: String,
    pub web_view: String,
    /// What opens the mail's questions; no template prints it, since it says nothing without the number of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// Whom the links of one mail are for, by row id.
#[derive(Debug, Clone, Copy)]
pub struct Subjects {
    pub subscriber: i64,
    pub enrolment: i64,
    pub outbox: i64,
}

/// Builds URLs below the site's.
#[derive(Clone, Copy)]
pub struct Links<'a> {
    site_url: &'a str,
    keys: &'a KeyRing,
}

impl KeyRing {
    pub fn new(newest: Key, older: Vec<Key>) -> KeyRing {
        KeyRing { newest, older }
    }

    /// A token for `subject`, good until `expires`, or for ever. Lower-case letters and digits only.
    pub fn sign(&self, scope: Scope, subject: i64, expires: Option<Timestamp>) -> String {
        let mut bytes = vec![self.newest.0];
        bytes.extend(subject.to_be_bytes());
        if let Some(expires) = expires {
            bytes.extend(expires.as_second().to_be_bytes());
        }
        let mac = mac(&self.newest.1, scope, &bytes);
        bytes.extend(mac);
        base32(&bytes)
    }

    /// The subject of a token that one of our keys signed for this scope and that hasn't expired. Letters may have
    /// changed their case on the way. Anything else is `None`, without saying why.
    pub fn verify(&self, scope: Scope, token: &str, now: Timestamp) -> Option<i64> {
        match self.read(scope, token, now) {
            Token::Good(subject) => Some(subject),
            Token::Expired | Token::Bad => None,
        }
    }

    /// As [`KeyRing::verify`], for pages that tell a link that is too old from one that isn't whole.
    pub fn read(&self, scope: Scope, token: &str, now: Timestamp) -> Token {
        match self.signed(scope, token) {
            Some((subject, expires)) if expires.is_none_or(|expires| now.as_second() < expires) => Token::Good(subject),
            Some(_) => Token::Expired,
            None => Token::Bad,
        }
    }

    /// Subject and expiry of what one of our keys signed for this scope.
    fn signed(&self, scope: Scope, token: &str) -> Option<(i64, Option<i64>)> {
        let bytes = from_base32(token)?;
        let (signed, claimed) = bytes.split_at_checked(bytes.len().checked_sub(MAC)?)?;
        let (kid, rest) = signed.split_first()?;
        let key = std::iter::once(&self.newest).chain(&self.older).find(|(known, _)| known == kid)?;
        if !bool::from(mac(&key.1, scope, signed).ct_eq(claimed)) {
            return None;
        }
        let (subject, expires) = rest.split_first_chunk::<8>()?;
        let expires = if expires.is_empty() { None } else { Some(i64::from_be_bytes(expires.try_into().ok()?)) };
        Some((i64::from_be_bytes(*subject), expires))
    }

    /// The envelope sender of one delivery: `bounces+TOKEN@…`. The token survives lower-casing, and the local part stays
    /// within 64 octets while that of `bounce` is at most [`BOUNCE_LOCAL_MAX`].
    pub fn verp(&self, bounce: &Address, outbox: i64) -> String {
        let token = self.sign(Scope::Bounce, outbox, None);
        format!("{}+{token}@{}", bounce.local_part(), bounce.domain())
    }

    /// The outbox row that an address made by [`KeyRing::verp`] names, also for a bounce address of former times.
    pub fn read_verp(&self, recipient: &str) -> Option<i64> {
        let (local, _) = recipient.rsplit_once('@')?;
        let (_, token) = local.rsplit_once('+')?;
        self.verify(Scope::Bounce, token, Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} keys)", self.older.len() + 1)
    }
}

impl<'a> Links<'a> {
    /// `site_url` doesn't end in a slash.
    pub fn new(site_url: &'a str, keys: &'a KeyRing) -> Links<'a> {
        Links { site_url, keys }
    }

    /// Works for ever.
    pub fn leave(&self, enrolment: i64) -> String {
        format!("{}/leave/{}", self.site_url, self.keys.sign(Scope::Leave, enrolment, None))
    }

    pub fn web_view(&self, outbox: i64) -> String {
        format!("{}/view/{}", self.site_url, self.keys.sign(Scope::View, outbox, None))
    }

    pub fn my_course(&self, subscriber: i64, expires: Option<Timestamp>) -> String {
        format!("{}/my/{}", self.site_url, self.keys.sign(Scope::My, subscriber, expires))
    }

    pub fn act(&self, action: Action, subject: i64, expires: Option<Timestamp>) -> String {
        format!("{}/act/{}", self.site_url, self.keys.sign(Scope::Act(action), subject, expires))
    }

    pub fn undo(&self, act: i64, expires: Option<Timestamp>) -> String {
        format!("{}/act/{}", self.site_url, self.keys.sign(Scope::Undo, act, expires))
    }

    /// The questions of one mail. Works as long as what acts on the course.
    pub fn answer(&self, outbox: i64, expires: Option<Timestamp>) -> String {
        format!("{}/answer/{}", self.site_url, self.keys.sign(Scope::Answer, outbox, expires))
    }

    /// Works for ever.
    pub fn never(&self, subscriber: i64) -> String {
        format!("{}/leave/{}", self.site_url, self.keys.sign(Scope::Never, subscriber, None))
    }

    /// `random` is the single-use token whose hash the database keeps.
    pub fn confirm(&self, random: &str) -> String {
        format!("{}/confirm/{random}", self.site_url)
    }

    /// Everything a lesson may link to. `expires` bounds what acts on the course; leaving and reading never expire.
    pub fn urls(&self, of: Subjects, expires: Option<Timestamp>) -> Urls {
        let act = |action| self.act(action, of.enrolment, expires);
        Urls {
            pause: act(Action::Pause),
            slower: act(Action::Slower),
            faster: act(Action::Faster),
            again: self.act(Action::Again, of.outbox, expires),
            next_now: act(Action::NextNow),
            my_course: self.my_course(of.subscriber, expires),
            leave: self.leave(of.enrolment),
            web_view: self.web_view(of.outbox),
            answer: Some(self.answer(of.outbox, expires)),
        }
    }
}

impl Action {
    pub const ALL: [Action; 5] = [Action::Pause, Action::Slower, Action::Faster, Action::Again, Action::NextNow];
}

impl Scope {
    /// Part of what is signed: changing a word here breaks every link that was sent.
    fn word(self) -> &'static str {
        match self {
            Scope::Leave => "leave",
            Scope::View => "view",
            Scope::My => "my",
            Scope::Act(Action::Pause) => "act/pause",
            Scope::Act(Action::Slower) => "act/slower",
            Scope::Act(Action::Faster) => "act/faster",
            Scope::Act(Action::Again) => "act/again",
            Scope::Act(Action::NextNow) => "act/next-now",
            Scope::Undo => "undo",
            Scope::Answer => "answer",
            Scope::Never => "never",
            Scope::Form => "form",
            Scope::Bounce => "bounce",
        }
    }
}

/// The length stands before the scope, so that no scope and payload together read as another pair.
fn mac(key: &[u8; 32], scope: Scope, signed: &[u8]) -> [u8; MAC] {
    // HMAC pads a key with zeros to the hash's block (RFC 2104 §2); a whole block can't have a wrong length.
    let block: [u8; 64] = std::array::from_fn(|n| key.get(n).copied().unwrap_or(0));
    let mut hmac = Hmac::<Sha256>::new(&block.into());
    hmac.update(&(scope.word().len() as u64).to_be_bytes());
    hmac.update(scope.word().as_bytes());
    hmac.update(signed);
    let full = hmac.finalize().into_bytes();
    std::array::from_fn(|n| full[n])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OLD: Key = (1, [7; 32]);
    const NEW: Key = (2, [8; 32]);
    const ID: i64 = 1_860_000_000_000_000_123;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_opens_its_own_scope_only() {
        let keys = KeyRing::new(NEW, vec![]);
        let all = [
            Scope::Leave,
            Scope::View,
            Scope::My,
            Scope::Bounce,
            Scope::Act(Action::Pause),
            Scope::Act(Action::Again),
            Scope::Undo,
            Scope::Answer,
            Scope::Never,
            Scope::Form,
        ];
        for made in all {
            let token = keys.sign(made, ID, None);
            for tried in all {
                assert_eq!(keys.verify(tried, &token, at(0)), (made == tried).then_some(ID), "{made:?} as {tried:?}");
            }
        }
    }

    #[test]
    fn a_change_of_any_letter_breaks_a_token() {
        let keys = KeyRing::new(NEW, vec![OLD]);
        for expires in [None, Some(at(100))] {
            let token = keys.sign(Scope::Leave, ID, expires);
            for n in 0..token.len() {
                for other in ["a", "b", "7", "é", " ", "="].iter().filter(|other| !token[n..].starts_with(**other)) {
                    let forged = format!("{}{other}{}", &token[..n], &token[n + 1..]);
                    assert_eq!(keys.verify(Scope::Leave, &forged, at(0)), None, "{forged}");
                }
            }
            for wrong in ["", "a", &token[1..], &token[..token.len() - 1], &format!("{token}a"), &format!("{token}aa")]
            {
                assert_eq!(keys.verify(Scope::Leave, wrong, at(0)), None, "{wrong}");
            }
        }
    }

    #[test]
    fn a_token_expires_to_the_second() {
        let keys = KeyRing::new(NEW, vec![]);
        let token = keys.sign(Scope::Act(Action::Slower), ID, Some(at(100)));
        let slower = Scope::Act(Action::Slower);
        assert_eq!(keys.read(slower, &token, at(99)), Token::Good(ID));
        assert_eq!(keys.read(slower, &token, at(100)), Token::Expired);
        assert_eq!(keys.verify(slower, &token, at(100)), None);
        assert_eq!(keys.read(Scope::Act(Action::Faster), &token, at(100)), Token::Bad);
    }

    #[test]
    fn old_keys_verify_after_rotation_and_lost_ones_do_not() {
        let token = KeyRing::new(OLD, vec![]).sign(Scope::Leave, ID, None);
        assert_eq!(KeyRing::new(NEW, vec![OLD]).verify(Scope::Leave, &token, at(0)), Some(ID));
        assert_eq!(KeyRing::new(NEW, vec![]).verify(Scope::Leave, &token, at(0)), None);
        assert_eq!(KeyRing::new((1, [9; 32]), vec![]).verify(Scope::Leave, &token, at(0)), None);
    }

    #[test]
    fn a_bounce_address_names_its_delivery_and_survives_a_change_of_case() {
        let keys = KeyRing::new(NEW, vec![]);
        let bounce: Address = format!("{}@Mail.example.org", "b".repeat(BOUNCE_LOCAL_MAX)).parse().unwrap();
        for id in [0, ID, i64::MAX] {
            let sender = keys.verp(&bounce, id);
            let parsed: Address = sender.parse().unwrap();
            assert_eq!(parsed.local_part().len(), 64);
            assert_eq!(keys.read_verp(&sender), Some(id));
            assert_eq!(keys.read_verp(&sender.to_uppercase()), Some(id));
            assert_eq!(keys.read_verp(&sender.to_lowercase()), Some(id));
        }
        assert_eq!(keys.read_verp("bounces@mail.example.org"), None);
        assert_eq!(keys.read_verp("bounces+aaaa@mail.example.org"), None);
    }

    #[test]
    fn urls_name_their_pages_and_no_address() {
        let keys = KeyRing::new(NEW, vec![]);
        let links = Links::new("https://learn.example.org", &keys);
        let urls = links.urls(Subjects { subscriber: 1, enrolment: 2, outbox: 3 }, Some(at(100)));
        let check = |url: &str, page: &str, scope: Scope, subject: i64| {
            let token = url.strip_prefix(&format!("https://learn.example.org/{page}/")).unwrap();
            assert_eq!(keys.verify(scope, token, at(0)), Some(subject), "{page}");
            assert!(token.len() <= 54, "{token}");
        };
        check(&urls.leave, "leave", Scope::Leave, 2);
        check(&urls.web_view, "view", Scope::View, 3);
        check(&urls.my_course, "my", Scope::My, 1);
        check(&urls.pause, "act", Scope::Act(Action::Pause), 2);
        check(&urls.next_now, "act", Scope::Act(Action::NextNow), 2);
        check(&urls.again, "act", Scope::Act(Action::Again), 3);
        check(&urls.answer.unwrap(), "answer", Scope::Answer, 3);
        assert_eq!(links.confirm("abc"), "https://learn.example.org/confirm/abc");
    }
}
