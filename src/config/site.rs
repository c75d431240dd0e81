//! `[site]`, `[sender]` and `[operator]`: who speaks, and to whom trouble is told. Knows no mail.

use crate::address::Address;
use crate::address::OwnAddress;
use crate::address::clean_line;
use crate::keys::Keys;
use crate::keys::nearest;
use crate::site::Images;
use crate::site::Sender;
use crate::site::Site;
use crate::timing;
use jiff::tz::TimeZone;
use url::Url;

const ADDRESS_HELP: &str = "write one address, like \"ana@example.org\"";

/// A language tag (RFC 5646) such as `en` or `pt-BR`, unchanged.
///
/// # Errors
/// A sentence that says what one looks like.
pub fn language(text: &str) -> Result<String, String> {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let is_language = (2..=3).contains(&first.len()) && first.chars().all(|c| c.is_ascii_alphabetic());
    let is_tag = |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    if is_language && parts.all(is_tag) {
        return Ok(text.to_string());
    }
    Err("this is no language tag; they look like en or pt-BR".to_string())
}

/// `None` when something that every mail needs is missing or wrong. How images travel stands in `[content]`.
pub fn site(keys: &Keys<'_>) -> Option<Site> {
    let site = keys.section("site");
    let name = line(&site, "name");
    let url = url(&site);
    let postal_address = site.text("postal_address").map(|text| text.into_inner().trim().to_string());
    let time_zone = time_zone(&site);
    let language = site.text("language").and_then(|text| {
        let result = self::language(text.get_ref());
        let help = "write the language that most people read, like \"en\"";
        result.map_err(|error| site.error(text.span(), format!("`site.language`: {error}"), help)).ok()
    });
    let daily_cap = site.integer("daily_cap", 1..=1_000).map_or(1, |cap| *cap.get_ref());
    let quiet_during_course = site.boolean("quiet_during_course").is_some_and(|quiet| *quiet.get_ref());
    site.missing("name", "write what the site is called: name = \"Steady Ground\"");
    site.missing("url", "write what links begin with: url = \"https://learn.example.org\"");
    site.missing("postal_address", "the law wants one in every mail: postal_address = \"12 Rue Exemple, Montréal\"");
    site.finish();
    Some(Site {
        name: name?,
        url: url?,
        postal_address: postal_address?,
        time_zone: time_zone.unwrap_or(TimeZone::UTC),
        language: language.unwrap_or_else(|| "en".to_string()),
        daily_cap: u32::try_from(daily_cap).unwrap_or(1),
        quiet_during_course,
        images: Images::Serve,
    })
}

/// Who mails come from, and the envelope's sender. Absent are the site's name and `bounces@` the sender's domain.
pub fn sender(keys: &Keys<'_>, site_name: Option<&str>) -> Option<(Sender, Address)> {
    let sender = keys.section("sender");
    let name = line(&sender, "name").or_else(|| site_name.map(str::to_string));
    let address = address(&sender, "address");
    let reply_to = self::address(&sender, "reply_to");
    let bounce = self::address(&sender, "bounce");
    sender.missing("address", "write the address that mails come from: address = \"ana@learn.example.org\"");
    sender.finish();
    let address = address?;
    let bounce = bounce.or_else(|| format!("bounces@{}", address.domain()).parse().ok())?;
    Some((Sender { name: name?, address, reply_to }, bounce))
}

pub fn operator(keys: &Keys<'_>) -> Option<Address> {
    let operator = keys.table("operator")?;
    let address = address(&operator, "address");
    operator.missing("address", "write the address that is told of trouble, or remove the table");
    operator.finish();
    address
}

fn address(keys: &Keys<'_>, key: &str) -> Option<Address> {
    keys.parsed::<OwnAddress>(key, ADDRESS_HELP).map(|address| address.into_inner().0)
}

/// A text that goes into headers: it may hold nothing that a header can't.
fn line(keys: &Keys<'_>, key: &str) -> Option<String> {
    let text = keys.text(key)?;
    let line = text.get_ref().trim();
    if clean_line(line).as_deref() == Some(line) {
        return Some(line.to_string());
    }
    let message = format!("`{}` isn't one plain line of at most 64 characters", keys.path(key));
    keys.error(text.span(), message, "remove line breaks, double spaces and control characters, or shorten it");
    None
}

fn time_zone(site: &Keys<'_>) -> Option<TimeZone> {
    let text = site.text("time_zone")?;
    let result = timing::zone(text.get_ref());
    let wrong = |error: String| {
        let names = timing::zone_names();
        let help = match nearest(text.get_ref(), names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "names look like \"Europe/Berlin\"".to_string(),
        };
        site.error(text.span(), format!("`site.time_zone`: {error}"), help);
    };
    result.map_err(wrong).ok()
}

/// Without a slash at its end, and with the host in the DNS' alphabet.
fn url(site: &Keys<'_>) -> Option<String> {
    let text = site.text("url")?;
    let is_beginning = |url: &Url| {
        let anonymous = url.username().is_empty() && url.password().is_none();
        let open_ended = url.query().is_none() && url.fragment().is_none();
        matches!(url.scheme(), "http" | "https") && url.has_host() && anonymous && open_ended
    };
    if let Some(url) = Url::parse(text.get_ref()).ok().filter(is_beginning) {
        return Some(url.as_str().trim_end_matches('/').to_string());
    }
    let message = "`site.url` isn't what links can begin with";
    site.error(text.span(), message, "write http:// or https://, a host and maybe a path, without ? and #");
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_pass_and_sentences_do_not() {
        let check = |text: &str, expect: bool| assert_eq!(language(text).is_ok(), expect, "{text}");
        check("en", true);
        check("pt-BR", true);
        check("sr-Latn-RS", true);
        check("english", false);
        check("e", false);
        check("en_GB", false);
        check("en-", false);
        check("", false);
    }
}
