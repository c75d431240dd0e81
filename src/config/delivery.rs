//! `[delivery]`, `[dkim]` and `[retention]`: how mails leave, and how long traces of them stay. Acts on none of it.

use crate::config::secret;
use crate::flow::DeliverySettings;
use crate::flow::InDoubt;
use crate::keys::Keys;
use crate::timing::parse_duration;
use jiff::SignedDuration;
use secrecy::SecretString;
use std::path::Path;

/// `[dkim]`: we sign ourselves (RFC 6376).
#[derive(Debug, Clone)]
pub struct Dkim {
    pub domain: String,
    /// At least one.
    pub keys: Vec<DkimKey>,
}

#[derive(Debug, Clone)]
pub struct DkimKey {
    pub selector: String,
    /// PEM, as the file has it.
    pub pem: SecretString,
}

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

/// `None` when the relay signs; also when a key can't be used, which is reported.
pub fn dkim(keys: &Keys<'_>, base: &Path) -> Option<Dkim> {
    let dkim = keys.table("dkim")?;
    let domain = domain(&dkim);
    let tables = dkim.tables("keys");
    if tables.is_empty() && dkim.has("keys") {
        dkim.error(dkim.span(), "`dkim.keys` has no key in it", "add one, or remove the table if the relay signs");
    }
    let keys: Vec<Option<DkimKey>> = tables.iter().map(|key| dkim_key(key, base)).collect();
    dkim.missing("domain", "write the domain that signs, which the sender's address belongs to");
    dkim.missing("keys", "write keys = [{ selector = \"d1\", file = \"secrets/dkim.pem\" }]");
    dkim.finish();
    Some(Dkim { domain: domain?, keys: keys.into_iter().collect::<Option<_>>()? })
}

fn dkim_key(key: &Keys<'_>, base: &Path) -> Option<DkimKey> {
    let selector = selector(key);
    let pem = secret::file(key, "file", base);
    key.missing("selector", "write the name under which the public key stands in the DNS");
    key.missing("file", "name the file with the private key in PEM");
    key.finish();
    Some(DkimKey { selector: selector?, pem: pem? })
}

fn domain(dkim: &Keys<'_>) -> Option<String> {
    let text = dkim.text("domain")?;
    let domain = idna::domain_to_ascii_strict(text.get_ref()).ok().filter(|domain| domain.contains('.'));
    if domain.is_none() {
        dkim.error(text.span(), "`dkim.domain` isn't a domain name", "write it like learn.example.org");
    }
    domain
}

/// Labels of letters, digits and hyphens (RFC 6376 §3.1).
fn selector(key: &Keys<'_>) -> Option<String> {
    let text = key.text("selector")?;
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if text.get_ref().split('.').all(is_label) {
        return Some(text.into_inner());
    }
    let message = format!("`{}` isn't a name of the DNS", key.path("selector"));
    key.error(text.span(), message, "use letters, digits and hyphens, like d1");
    None
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
