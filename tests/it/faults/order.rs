//! What must be on the disk before a mail may leave, read off the library's log of writes, syncs and sends. Knows the wire of SMTP
//! and where SQLite's log is, no column.

use super::Ground;
use super::LONG;
use super::PEOPLE;
use super::shim::Faults;
use super::shim::Operation;
use crate::program::until;
use memchr::memmem::find;
use std::collections::HashMap;

/// What went over one connection.
#[derive(Default)]
struct Conversation {
    /// What was sent of the command line or the body that isn't whole yet.
    open: Vec<u8>,
    /// How much of the database's log was synced when the first byte of this body left.
    body: Option<usize>,
    /// What was heard that isn't a whole line yet.
    heard: Vec<u8>,
    asked_for: usize,
    bodies: usize,
}

#[test]
fn a_body_leaves_when_the_relay_asks_for_it_and_its_message_id_is_on_the_disk() {
    let ground = Ground::new("every=3 data delay 3ms; every=4 dot delay 5ms");
    let faulty = ground.serve(&Faults { logged: true, ..Faults::default() });
    until("all mails", LONG, || ground.mails().len() == PEOPLE);
    faulty.program.signal("TERM");
    let log = faulty.log();
    let conversations = log.iter().filter(|it| it.kind == 'n').map(|it| it.fd).collect::<Vec<_>>();
    assert!(conversations.len() >= PEOPLE, "no library between the program and the kernel?");
    assert_eq!(bodies_behind_their_intents(&log), PEOPLE);
}

/// How many bodies left: each of them when its relay had asked, and with its Message-ID in a part of the database's log that a
/// sync had brought to the disk before the body's first byte.
#[track_caller]
pub fn bodies_behind_their_intents(log: &[Operation]) -> usize {
    let mut written = Vec::new();
    let mut synced = Vec::new();
    let mut conversations: HashMap<i32, Conversation> = HashMap::new();
    let mut bodies = 0;
    for it in log.iter().filter(|it| it.done >= 0) {
        match it.kind {
            'w' if it.path.ends_with("-wal") => written.extend_from_slice(&it.bytes),
            's' if it.path.ends_with("-wal") => synced.append(&mut written),
            'r' => conversations.entry(it.fd).or_default().hear(&it.bytes),
            'n' => bodies += conversations.entry(it.fd).or_default().say(&it.bytes, &synced),
            _ => {}
        }
    }
    bodies
}

impl Conversation {
    fn hear(&mut self, bytes: &[u8]) {
        // A descriptor is used again by the next connection, which begins with a greeting.
        if bytes.starts_with(b"220 ") {
            *self = Conversation::default();
        }
        self.heard.extend_from_slice(bytes);
        while let Some(end) = find(&self.heard, b"\r\n") {
            self.asked_for += usize::from(self.heard.starts_with(b"354"));
            self.heard.drain(..end + 2);
        }
    }

    /// Returns how many bodies ended with these bytes.
    fn say(&mut self, bytes: &[u8], synced: &[u8]) -> usize {
        let mut ended = 0;
        for byte in bytes {
            if self.body == Some(usize::MAX) {
                self.bodies += 1;
                assert!(self.bodies <= self.asked_for, "a body left before the relay had asked for it");
                self.body = Some(synced.len());
            }
            self.open.push(*byte);
            match self.body {
                None if self.open.ends_with(b"\r\n") => {
                    let is_data = self.open.eq_ignore_ascii_case(b"DATA\r\n");
                    self.body = is_data.then_some(usize::MAX);
                    self.open.clear();
                }
                Some(on_the_disk) if self.open.ends_with(b"\r\n.\r\n") => {
                    let id = message_id(&self.open);
                    assert!(
                        find(&synced[..on_the_disk], id).is_some(),
                        "a body left before its intent was on the disk"
                    );
                    self.body = None;
                    self.open.clear();
                    ended += 1;
                }
                None | Some(_) => {}
            }
        }
        ended
    }
}

fn message_id(mail: &[u8]) -> &[u8] {
    let start = find(mail, b"Message-ID: ").unwrap() + b"Message-ID: ".len();
    let end = start + find(&mail[start..], b"\r\n").unwrap();
    &mail[start..end]
}
