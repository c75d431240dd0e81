//! Pause, resume and pace: what a person's own choices do to a wait that is running.

use crate::course::Course;
use crate::timing::later;
use jiff::SignedDuration;
use jiff::Timestamp;

/// Nobody waits longer than this after a resume for what was already running.
const LONGEST_AFTER_RESUME: SignedDuration = SignedDuration::from_hours(24);

/// What was left of the wait when the pause began: never negative.
pub fn remaining_on_pause(due: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_until(due).max(SignedDuration::ZERO)
}

/// The floor of the lesson that waited, for someone who goes on `now`: what was left, a day at the most. Its basis
/// stays, so a pause never makes a lesson come sooner.
pub fn floor_on_resume(now: Timestamp, remaining: SignedDuration) -> Timestamp {
    later(now, remaining.clamp(SignedDuration::ZERO, LONGEST_AFTER_RESUME))
}

/// A pace within the course's bounds; what isn't a number becomes the course's own pace.
pub fn clamp_pace(course: &Course, pace: f64) -> f64 {
    let wished = if pace.is_finite() { pace } else { 1.0 };
    // Not `clamp`: bounds that cross must not panic.
    wished.max(course.schedule.fastest).min(course.schedule.slowest)
}

/// A frozen wait, after the pace changed from `old` to `new`. Both above zero.
pub fn scale_remaining(remaining: SignedDuration, old: f64, new: f64) -> SignedDuration {
    let millis = remaining.as_secs_f64() * 1000.0 * new / old;
    SignedDuration::from_millis(millis.round() as i64)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::clamp_pace;
    use super::floor_on_resume;
    use super::remaining_on_pause;
    use super::scale_remaining;
    use crate::enrolment::example::course;
    use jiff::SignedDuration;
    use jiff::Timestamp;

    #[test]
    fn a_resume_waits_what_was_left_and_a_day_at_the_most() {
        let table = [
            ("2026-04-02T06:30:00Z", "2026-04-01T22:00:00Z", "2026-04-09T06:30:00Z"),
            ("2026-04-05T06:30:00Z", "2026-04-01T22:00:00Z", "2026-04-09T22:00:00Z"),
            ("2026-04-01T06:30:00Z", "2026-04-01T22:00:00Z", "2026-04-08T22:00:00Z"),
        ];
        let resumed: Timestamp = "2026-04-08T22:00:00Z".parse().unwrap();
        for (due, paused, floor) in table {
            let remaining = remaining_on_pause(due.parse().unwrap(), paused.parse().unwrap());
            assert_eq!(floor_on_resume(resumed, remaining).to_string(), floor, "due {due}");
        }
    }

    #[test]
    fn a_pace_stays_within_the_bounds_of_the_course() {
        let course = course(&["a"]);
        for (wished, kept) in [(1.5, 1.5), (9.0, 3.0), (0.1, 0.5), (f64::NAN, 1.0), (-1.0, 0.5)] {
            assert_eq!(clamp_pace(&course, wished), kept, "{wished}");
        }
    }

    #[test]
    fn a_frozen_wait_scales_with_the_pace() {
        let scaled = scale_remaining(SignedDuration::from_hours(10), 1.0, 1.5);
        assert_eq!(scaled, SignedDuration::from_hours(15));
        assert_eq!(scale_remaining(scaled, 1.5, 0.5), SignedDuration::from_hours(5));
    }
}
