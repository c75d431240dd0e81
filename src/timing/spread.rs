//! People who share a moment leave one after another. Knows no rule of a lesson.

use super::zone::later;
use super::zone::resolve;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `due` and this person's `share` (0 up to, not including, 1) of `spread`, which ends at the latest with the local
/// date of `due`. Whole milliseconds.
pub fn spread(due: Timestamp, share: f64, spread: SignedDuration, zone: &TimeZone) -> Timestamp {
    let date = zone.to_datetime(due).date();
    let midnight = date.tomorrow().map_or(Timestamp::MAX, |next| resolve(next.at(0, 0, 0, 0), zone));
    let room = spread.min(due.duration_until(midnight)).max(SignedDuration::ZERO);
    let millis = (room.as_secs_f64() * 1000.0 * share.clamp(0.0, 1.0)) as i64;
    let moved = later(due, SignedDuration::from_millis(millis));
    // Where the clock skips midnight, the next date begins before its own 00:00 resolves.
    if zone.to_datetime(moved).date() == date { moved } else { due }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::spread;
    use crate::timing::zone;
    use jiff::SignedDuration;
    use jiff::Timestamp;

    #[test]
    fn a_spread_ends_with_the_local_date() {
        let table = [
            ("2026-05-04T06:30:00Z", 0.0, 20, "2026-05-04T06:30:00Z"),
            ("2026-05-04T06:30:00Z", 0.5, 20, "2026-05-04T06:40:00Z"),
            // 23:50 in Berlin: ten minutes are left, and half of the people come in the first five.
            ("2026-05-04T21:50:00Z", 0.5, 20, "2026-05-04T21:55:00Z"),
            ("2026-05-04T21:50:00Z", 0.9, 600, "2026-05-04T21:59:00Z"),
            ("2026-05-04T06:30:00Z", 0.5, 0, "2026-05-04T06:30:00Z"),
        ];
        for (due, share, minutes, expect) in table {
            let moved = spread(
                due.parse::<Timestamp>().unwrap(),
                share,
                SignedDuration::from_mins(minutes),
                &zone("Europe/Berlin").unwrap(),
            );
            assert_eq!(moved.to_string(), expect, "{due} {share} {minutes}");
        }
    }
}
