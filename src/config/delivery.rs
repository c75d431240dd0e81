//! `[delivery]` and `[retention]`: how mails leave, and how long traces of them stay. Acts on none of it.

use crate::flow::DeliverySettings;
use crate::flow::InDoubt;
use crate::flow::retention::Retention;
use crate::keys::Keys;
use crate::timing::parse_duration;
use jiff::SignedDuration;

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
    let default = Retention::default();
    let read = Retention {
        unconfirmed: duration(&retention, "unconfirmed", 0, default.unconfirmed),
        ip: duration(&retention, "ip", 0, default.ip),
        attempts: duration(&retention, "attempts", 0, default.attempts),
        answers: duration(&retention, "answers", 0, default.answers),
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
