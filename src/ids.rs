//! Row ids that grow with time, and the one door through which chance enters.

use jiff::Timestamp;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

static LAST: AtomicI64 = AtomicI64::new(0);

/// A row id: unix milliseconds shifted left by 20 bits, then random bits. Rows append to their table in this order.
/// Two processes that draw the same bits in one millisecond collide on the primary key, which is an error, never a mix-up.
pub fn next_id(now: Timestamp) -> i64 {
    let [a, b, c] = random::<3>();
    let low = i64::from(u32::from_be_bytes([0, a, b, c]) & 0xf_ffff);
    let fresh = (now.as_millisecond() << 20) | low;
    let previous = LAST.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(fresh.max(last + 1)));
    fresh.max(previous.unwrap_or_else(|last| last) + 1)
}

/// Random bytes of the operating system.
///
/// # Panics
/// When the operating system has none to give: nothing secret could be made then.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(
        clippy::expect_used,
        clippy::disallowed_methods,
        reason = "the one door; without chance no token may be made"
    )]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
