//! Variables of the environment become dotted paths of keys. Knows no key.

use crate::keys::Overrides;

const PREFIX: &str = "DRIPLINE__";

/// `DRIPLINE__RELAY__0__PASSWORD=x` as `relay.0.password`; variables with another beginning aren't ours.
pub fn overrides(environment: impl IntoIterator<Item = (String, String)>) -> Overrides {
    let ours = environment.into_iter().filter_map(|(name, value)| {
        let path = name.strip_prefix(PREFIX)?.replace("__", ".").to_lowercase();
        Some((path, value))
    });
    ours.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_name_keys_by_their_path() {
        let check = |name: &str, expect: Option<&str>| {
            let found = overrides([(name.to_string(), "x".to_string())]);
            assert_eq!(found.keys().next().map(String::as_str), expect, "{name}");
        };
        check("DRIPLINE__RELAY__0__PASSWORD", Some("relay.0.password"));
        check("DRIPLINE__SITE__POSTAL_ADDRESS", Some("site.postal_address"));
        check("DRIPLINE__RELAY__0__DOMAINS__gmail.com__RATE", Some("relay.0.domains.gmail.com.rate"));
        check("DRIPLINE_LOG", None);
        check("PATH", None);
    }
}
