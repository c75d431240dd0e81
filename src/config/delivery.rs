//! `[delivery]` and `[retention]`: how mails leave, and how long traces of them stay. Acts on none of it.

use crate::flow::DeliverySettings;
use crate::flow::InDoubt;
use crate::keys::Keys;
use crate::timing::parse_duration;
use jiff::SignedDuration;

/// `[retention]`: how long what is no longer needed stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    pub unconfirmed: SignedDuration,
    pub ip: SignedDuration,
    pub attempts: SignedDuration,
    /// After the course ended.
    pub answers: SignedDuration,
}

pub fn delivery(keys: &Keys<'_>) -> DeliverySettings {
    let delivery = keys.section("delivery");
    let in_doubt = delivery.parsed("in_doubt", "write \"resend\" or \"hold\"");
    let in_doubt_after = duration(&delivery, "in_doubt_after", 0, SignedDuration::from_mins(15));
    let lesson_expires = duration(&delivery, "lesson_expires", 1, SignedDuration::from_hours(48));
    delivery.finish();
    let in_doubt = in_doubt.map_or(InDoubt::Resend, |choice| choice.into_inner());
    DeliverySettings { in_doubt, in_doubt_after, lesson_expires }
}

pub fn retention(keys: &Keys<'_>) -> Retention {
    let retention = keys.section("retention");
    let days = |key: &str, days: i64| duration(&retention, key, 0, SignedDuration::from_hours(24 * days));
    let read = Retention {
        unconfirmed: days("unconfirmed", 7),
        ip: days("ip", 30),
        attempts: days("attempts", 90),
        answers: days("answers", 180),
    };
    retention.finish();
    read
}

fn duration(keys: &Keys<'_>, key: &str, least_seconds: i64, default: SignedDuration) -> SignedDuration {
    let Some(text) = keys.text(key) else { return default };
    let problem = match parse_duration(text.get_ref(), true) {
        Ok(duration) if duration.as_secs() >= least_seconds => return duration,
        Ok(_) => "it must be longer than nothing".to_string(),
        Err(error) => error,
    };
    let message = format!("`{}`: {problem}", keys.path(key));
    keys.error(text.span(), message, "write a whole number and s, min, hours, days or weeks, like \"15 min\"");
    default
}
