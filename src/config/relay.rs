//! `[[relay]]` becomes the settings of relays. Connects to none.

use crate::config::secret;
use crate::keys::Keys;
use crate::relay::DomainLimit;
use crate::relay::Rate;
use crate::relay::Settings;
use crate::relay::Tls;
use crate::relay::is_loopback;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use toml::Spanned;
use url::Host;
use url::Url;

const RATE_HELP: &str = "write a count and s, min or h: \"14/s\", \"100/min\", \"1000/h\"";
const URL_HELP: &str = "write \"smtp://user@smtp.example.org:587\", or smtps:// for TLS from the first byte";
const PASSWORD_HELP: &str =
    "put it into a file of mode 600 that `password_file` names, or into DRIPLINE__RELAY__0__PASSWORD";

/// Where a relay is and how it is spoken to: what its URL says.
struct Place {
    host: String,
    port: u16,
    tls: Tls,
    user: Option<String>,
}

/// All relays that are in order, in the order written; reports when there is none.
pub fn relays(keys: &Keys<'_>, base: &Path, site_url: Option<&str>) -> Vec<Settings> {
    let hello = hello(site_url);
    let tables = keys.tables("relay");
    keys.missing("relay", "write who takes the mails: [[relay]] with url = \"smtp://user@smtp.example.org:587\"");
    if tables.is_empty() && keys.is_list("relay") {
        keys.error(keys.span(), "`relay` names no relay", "write at least one [[relay]] with its url");
    }
    tables.iter().filter_map(|table| relay(table, base, &hello)).collect()
}

fn relay(keys: &Keys<'_>, base: &Path, hello: &str) -> Option<Settings> {
    let place = keys.text("url").and_then(|url| {
        let place = place(url.get_ref());
        place.map_err(|error| keys.error(url.span(), format!("`{}` {error}", keys.path("url")), URL_HELP)).ok()
    });
    keys.missing("url", URL_HELP);
    let password = password(keys, base, place.as_ref());
    let connections = keys.integer("connections", 1..=1_000).map_or(4, |number| *number.get_ref());
    let rate = rate(keys);
    let daily = keys.integer("daily", 1..=i64::MAX).and_then(|number| u64::try_from(*number.get_ref()).ok());
    let pipelining = keys.boolean("pipelining").is_none_or(|it| *it.get_ref());
    let ca_file = ca_file(keys, base);
    let domains = keys.table("domains").map_or_else(BTreeMap::new, |domains| limits(&domains, connections, rate));
    keys.finish();
    let Place { host, port, tls, user } = place?;
    // Whoever names the authority means TLS, also to this machine.
    let tls = if tls == Tls::PlainLoopback && ca_file.is_some() { Tls::StartTls } else { tls };
    let connections = usize::try_from(connections).unwrap_or(4);
    let hello = hello.to_string();
    Some(Settings { host, port, tls, user, password, connections, rate, daily, pipelining, domains, ca_file, hello })
}

fn place(text: &str) -> Result<Place, &'static str> {
    let url = Url::parse(text).map_err(|_| "isn't the URL of a relay")?;
    let (implicit, default_port) = match url.scheme() {
        "smtp" => (false, 587),
        "smtps" => (true, 465),
        _ => return Err("must begin with smtp:// or smtps://"),
    };
    if url.password().is_some() {
        return Err("has a password in it, which would be seen");
    }
    let more = url.query().is_some() || url.fragment().is_some();
    if more || !matches!(url.path(), "" | "/") {
        return Err("must end after the host and port");
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("names no host")?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_lowercase();
    let port = url.port().unwrap_or(default_port);
    if port == 0 {
        return Err("can't have the port 0");
    }
    let tls = match (implicit, is_loopback(&host)) {
        (true, _) => Tls::Implicit,
        (false, true) => Tls::PlainLoopback,
        (false, false) => Tls::StartTls,
    };
    let user = percent_decode_str(url.username()).decode_utf8().map_err(|_| "has a user that isn't UTF-8")?;
    if user.chars().any(char::is_control) {
        return Err("has a control character in its user");
    }
    Ok(Place { host, port, tls, user: Some(user.into_owned()).filter(|user| !user.is_empty()) })
}

fn password(keys: &Keys<'_>, base: &Path, place: Option<&Place>) -> Option<SecretString> {
    let written = keys.string("password");
    let named = keys.has("password_file");
    let password = match written {
        Some(text) if keys.is_overridden("password") => from_environment(keys, text),
        Some(text) => {
            let message = format!("`{}` stands in the file, where it would be seen", keys.path("password"));
            keys.error(text.span(), message, PASSWORD_HELP);
            return None;
        }
        None => secret::file(keys, "password_file", base),
    };
    let has_user = place.map(|place| place.user.is_some());
    match (has_user, password.is_some()) {
        (Some(true), false) if !named => {
            let message = format!(
                "`{}` names a user, but there is no password here: mail can't be sent without it",
                keys.path("url")
            );
            keys.warning(keys.span(), message, PASSWORD_HELP);
        }
        (Some(false), true) => {
            let message = format!("`{}` names no user, so the password isn't used", keys.path("url"));
            keys.warning(keys.span(), message, URL_HELP);
        }
        (Some(_) | None, _) => {}
    }
    password
}

fn from_environment(keys: &Keys<'_>, text: Spanned<String>) -> Option<SecretString> {
    if text.get_ref().is_empty() {
        let message = format!("`{}` from the environment is empty", keys.path("password"));
        keys.error(text.span(), message, "set the variable to the password, or unset it");
        return None;
    }
    Some(SecretString::from(text.into_inner()))
}

fn ca_file(keys: &Keys<'_>, base: &Path) -> Option<PathBuf> {
    let text = keys.text("ca_file")?;
    let path = base.join(text.get_ref());
    if path.is_file() {
        return Some(path);
    }
    let message = format!("`{}`: {} isn't a file", keys.path("ca_file"), path.display());
    keys.error(text.span(), message, "name a file with certificates in PEM; the path begins at this file");
    None
}

/// `most` and `fastest` are the relay's own: a domain can't have more.
fn limits(domains: &Keys<'_>, most: i64, fastest: Option<Rate>) -> BTreeMap<String, DomainLimit> {
    let mut limits = BTreeMap::new();
    for name in domains.names() {
        let Some(table) = domains.table(name.get_ref()) else { continue };
        let connections = table.integer("connections", 1..=1_000);
        if let Some(number) = connections.as_ref().filter(|number| *number.get_ref() > most) {
            let message = format!("`{}` is more than the relay has for all domains", table.path("connections"));
            table.warning(number.span(), message, format!("write at most {most}, or more `connections` for the relay"));
        }
        let rate = table.parsed::<Rate>("rate", RATE_HELP);
        if let (Some(rate), Some(fastest)) = (&rate, fastest)
            && per_hour(*rate.get_ref()) > per_hour(fastest)
        {
            let message = format!("`{}` is faster than the relay may be for all domains", table.path("rate"));
            table.warning(rate.span(), message, format!("write at most \"{fastest}\", or leave it out"));
        }
        let connections = connections.and_then(|number| usize::try_from(*number.get_ref()).ok());
        let limit = DomainLimit { connections, rate: rate.map(Spanned::into_inner) };
        table.finish();
        match idna::domain_to_ascii_strict(name.get_ref()).ok().filter(|domain| domain.contains('.')) {
            Some(domain) => _ = limits.insert(domain, limit),
            None => {
                let message = format!("`{}` isn't a domain name", domains.path(name.get_ref()));
                domains.error(name.span(), message, "write a recipient domain in quotes, like \"gmail.com\"");
            }
        }
    }
    limits
}

fn rate(keys: &Keys<'_>) -> Option<Rate> {
    keys.parsed("rate", RATE_HELP).map(|rate| rate.into_inner())
}

fn per_hour(rate: Rate) -> u64 {
    u64::from(rate.count) * 3600 / rate.per.as_secs().max(1)
}

/// The host of the site's URL; an address as a literal (RFC 5321 §4.1.3).
fn hello(site_url: Option<&str>) -> String {
    let url = site_url.and_then(|url| Url::parse(url).ok());
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name.to_string(),
        Some(Host::Ipv4(address)) => format!("[{address}]"),
        Some(Host::Ipv6(address)) => format!("[IPv6:{address}]"),
        None => "localhost".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_decides_host_port_privacy_and_user() {
        let check = |url: &str, expect: Result<(&str, u16, Tls, Option<&str>), &str>| {
            let found = place(url);
            let found = found.as_ref().map(|p| (p.host.as_str(), p.port, p.tls, p.user.as_deref())).map_err(|e| *e);
            assert_eq!(found, expect, "{url}");
        };
        check("smtp://user@smtp.example.org:587", Ok(("smtp.example.org", 587, Tls::StartTls, Some("user"))));
        check("smtp://smtp.example.org", Ok(("smtp.example.org", 587, Tls::StartTls, None)));
        check("smtp://SMTP.example.org:25/", Ok(("smtp.example.org", 25, Tls::StartTls, None)));
        check("smtps://a%40b.org@smtp.example.org", Ok(("smtp.example.org", 465, Tls::Implicit, Some("a@b.org"))));
        check("smtp://127.0.0.1:2525", Ok(("127.0.0.1", 2525, Tls::PlainLoopback, None)));
        check("smtp://localhost:2525", Ok(("localhost", 2525, Tls::PlainLoopback, None)));
        check("smtp://[::1]:2525", Ok(("::1", 2525, Tls::PlainLoopback, None)));
        check("smtps://127.0.0.1", Ok(("127.0.0.1", 465, Tls::Implicit, None)));
        check("smtp://localhost.example.org", Ok(("localhost.example.org", 587, Tls::StartTls, None)));
        check("smtp://127.0.0.1.example.org", Ok(("127.0.0.1.example.org", 587, Tls::StartTls, None)));
        check("smtp://user:pw@example.org", Err("has a password in it, which would be seen"));
        check("http://example.org", Err("must begin with smtp:// or smtps://"));
        check("smtp://example.org/x", Err("must end after the host and port"));
        check("smtp://example.org?x", Err("must end after the host and port"));
        check("smtp:example.org", Err("must end after the host and port"));
        check("smtp://example.org:0", Err("can't have the port 0"));
        check("smtp://a%0d%0ab@example.org", Err("has a control character in its user"));
        check("smtp.example.org", Err("isn't the URL of a relay"));
    }

    #[test]
    fn we_introduce_ourselves_by_the_name_of_the_site() {
        let check = |url: Option<&str>, expect: &str| assert_eq!(hello(url), expect, "{url:?}");
        check(Some("https://learn.example.org/a"), "learn.example.org");
        check(Some("http://127.0.0.1:8080"), "[127.0.0.1]");
        check(Some("http://[::1]:8080"), "[IPv6:::1]");
        check(None, "localhost");
    }
}
