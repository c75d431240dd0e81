//! Remembers what was made of which image, so that it is made once and not for every mail or page. A memory of a pure
//! function: whatever is forgotten is made again, the same.

use crate::picture::Fault;
use crate::picture::Picture;
use crate::picture::make::make;
use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Octets that are kept at most: some two thousand photographs. Those that nobody asked for longest go first.
const KEPT: usize = 200_000_000;

/// Octets that remembering one takes besides its own.
const ENTRY: usize = 200;

static KNOWN: Mutex<Memory> = Mutex::new(Memory { entries: BTreeMap::new(), octets: 0, turn: 0 });
/// Decoding takes much memory: one image at a time.
static WORK: Mutex<()> = Mutex::new(());

type Made = Result<Arc<Picture>, Fault>;

struct Memory {
    /// By the SHA-256 of the file.
    entries: BTreeMap<[u8; 32], Entry>,
    octets: usize,
    turn: u64,
}

struct Entry {
    made: Made,
    used: u64,
}

/// What readers get of a file. The first time this takes as long as decoding it does, up to a second for the largest.
///
/// # Errors
/// Why nobody could see it.
pub fn prepared(bytes: &[u8]) -> Result<Arc<Picture>, Fault> {
    let hash = Sha256::digest(bytes).into();
    if let Some(made) = recall(&hash) {
        return made;
    }
    let _alone = WORK.lock().unwrap_or_else(PoisonError::into_inner);
    // Somebody else may have waited for the same image.
    if let Some(made) = recall(&hash) {
        return made;
    }
    // A file that breaks its decoder is a damaged file.
    let made = catch_unwind(AssertUnwindSafe(|| make(bytes))).unwrap_or(Err(Fault::Damaged)).map(Arc::new);
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).keep(hash, made.clone());
    made
}

fn recall(hash: &[u8; 32]) -> Option<Made> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.turn += 1;
    let turn = known.turn;
    let entry = known.entries.get_mut(hash)?;
    entry.used = turn;
    Some(entry.made.clone())
}

impl Memory {
    fn keep(&mut self, hash: [u8; 32], made: Made) {
        self.octets += weight(&made);
        self.entries.insert(hash, Entry { made, used: self.turn });
        while self.octets > KEPT {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(hash, _)| *hash);
            let Some(gone) = oldest.and_then(|hash| self.entries.remove(&hash)) else { return };
            self.octets -= weight(&gone.made);
        }
    }
}

fn weight(made: &Made) -> usize {
    ENTRY + made.as_ref().map_or(0, |picture| picture.bytes.len())
}
