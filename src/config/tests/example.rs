//! The documented example with every value, and the defaults of what is absent.

use crate::address::Address;
use crate::config::tests::SMALL;
use crate::config::tests::folder;
use crate::config::tests::lines;
use crate::config::tests::parsed;
use crate::flow::InDoubt;
use crate::message::Algorithm;
use crate::relay::Rate;
use crate::relay::Tls;
use crate::site::Images;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use std::path::Path;
use std::time::Duration;

const WHOLE: &str = r#"[site]
name = "Steady Ground"
url  = "https://learn.example.org/"
postal_address = "12 Rue Exemple, Montréal"
time_zone = "America/Toronto"
language = "fr"
daily_cap = 2
quiet_during_course = true
[sender]
name = "Ana"
address = "ana@learn.example.org"
reply_to = "ana@example.org"
bounce = "bounces@mail.example.org"
[content]
courses = "my-courses"
templates = "/srv/templates"
images = "embed"
[database]
url = "sqlite:data/other.db"
[[relay]]
url = "smtp://user@smtp.example.org:587"
password_file = "secrets/smtp"
connections = 3
rate = "14/s"
daily = 50_000
[[relay]]
url = "smtps://smtp2.example.org"
ca_file = "secrets/smtp"
[relay.domains]
"gmail.com" = { connections = 2, rate = "5/s" }
[dkim]
domain = "learn.example.org"
keys = [{ selector = "d1", file = "secrets/dkim-rsa.pem" }, { selector = "d2", file = "secrets/dkim-ed25519.pem" }]
[delivery]
in_doubt = "hold"
in_doubt_after = "20 min"
lesson_expires = "72 hours"
[operator]
address = "ops@example.org"
[web]
listen = "0.0.0.0:80"
admin_listen = "[::1]:81"
trusted_proxies = ["10.0.0.0/8", "::1"]
[retention]
unconfirmed = "8 days"
ip = "31 days"
attempts = "91 days"
answers = "26 weeks"
"#;

#[test]
fn the_documented_example_is_read_with_every_value() {
    let folder = folder();
    let loaded = parsed(&folder, WHOLE, &[]);
    assert_eq!(lines(&loaded), Vec::<String>::new());
    let config = loaded.config.unwrap();
    assert_eq!(config.site.name, "Steady Ground");
    assert_eq!(config.site.url, "https://learn.example.org");
    assert_eq!(config.site.postal_address, "12 Rue Exemple, Montréal");
    assert_eq!(config.site.time_zone.iana_name(), Some("America/Toronto"));
    assert_eq!(config.site.language, "fr");
    assert_eq!(config.site.daily_cap, 2);
    assert!(config.site.quiet_during_course);
    assert_eq!(config.sender.name, "Ana");
    assert_eq!(config.sender.address.as_str(), "ana@learn.example.org");
    assert_eq!(config.sender.reply_to.as_ref().map(Address::as_str), Some("ana@example.org"));
    assert_eq!(config.bounce.as_str(), "bounces@mail.example.org");
    assert_eq!(config.courses, folder.path().join("my-courses"));
    assert_eq!(config.templates, Path::new("/srv/templates"));
    assert_eq!(config.site.images, Images::Embed);
    assert_eq!(config.database, format!("sqlite:{}", folder.path().join("data/other.db").display()));
    assert_eq!(config.delivery.in_doubt, InDoubt::Hold);
    assert_eq!(config.delivery.in_doubt_after, SignedDuration::from_mins(20));
    assert_eq!(config.delivery.lesson_expires, SignedDuration::from_hours(72));
    assert_eq!(config.operator.as_ref().map(Address::as_str), Some("ops@example.org"));
    assert_eq!(config.web.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.web.admin_listen.to_string(), "[::1]:81");
    assert_eq!(config.web.trusted_proxies, ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
    assert_eq!(config.retention.unconfirmed, SignedDuration::from_hours(8 * 24));
    assert_eq!(config.retention.ip, SignedDuration::from_hours(31 * 24));
    assert_eq!(config.retention.attempts, SignedDuration::from_hours(91 * 24));
    assert_eq!(config.retention.answers, SignedDuration::from_hours(26 * 7 * 24));
}

#[test]
fn the_relays_and_keys_of_the_documented_example_are_read_with_their_secrets() {
    let folder = folder();
    let config = parsed(&folder, WHOLE, &[]).config.unwrap();
    let [first, second] = &config.relays[..] else { panic!("two relays, not {}", config.relays.len()) };
    assert_eq!((first.host.as_str(), first.port, first.tls), ("smtp.example.org", 587, Tls::StartTls));
    assert_eq!(first.user.as_deref(), Some("user"));
    assert_eq!(first.password.as_ref().map(|password| password.expose_secret()), Some("hunter2"));
    assert_eq!(first.connections, 3);
    assert_eq!(first.rate, Some(Rate { count: 14, per: Duration::from_secs(1) }));
    assert_eq!(first.daily, Some(50_000));
    assert_eq!(first.hello, "learn.example.org");
    assert!(first.domains.is_empty() && first.ca_file.is_none());
    assert_eq!((second.host.as_str(), second.port, second.tls), ("smtp2.example.org", 465, Tls::Implicit));
    assert_eq!((second.connections, second.rate, second.daily), (4, None, None));
    assert_eq!(second.ca_file, Some(folder.path().join("secrets/smtp")));
    assert_eq!(second.domains["gmail.com"].connections, Some(2));
    assert_eq!(second.domains["gmail.com"].rate, Some(Rate { count: 5, per: Duration::from_secs(1) }));
    let dkim = config.dkim.unwrap();
    assert_eq!(dkim.domain(), "learn.example.org");
    assert!(dkim.has(Algorithm::Rsa) && dkim.has(Algorithm::Ed25519));
}

#[test]
fn what_is_absent_has_its_default() {
    let folder = folder();
    let config = parsed(&folder, SMALL, &[]).config.unwrap();
    assert_eq!(config.site.time_zone.iana_name(), Some("UTC"));
    assert_eq!((config.site.language.as_str(), config.site.daily_cap), ("en", 1));
    assert!(!config.site.quiet_during_course);
    assert_eq!(config.sender.name, "Steady Ground");
    assert_eq!((config.sender.reply_to, config.bounce.as_str()), (None, "bounces@learn.example.org"));
    assert_eq!(config.courses, folder.path().join("courses"));
    assert_eq!(config.templates, folder.path().join("templates"));
    assert_eq!(config.site.images, Images::Serve);
    assert_eq!(config.database, format!("sqlite:{}", folder.path().join("data/dripline.db").display()));
    assert_eq!(config.delivery.in_doubt, InDoubt::Resend);
    assert_eq!(config.delivery.in_doubt_after, SignedDuration::from_mins(15));
    assert_eq!(config.delivery.lesson_expires, SignedDuration::from_hours(48));
    assert_eq!(config.web.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.web.admin_listen.to_string(), "127.0.0.1:8081");
    assert_eq!(config.retention.answers, SignedDuration::from_hours(180 * 24));
    assert!(config.dkim.is_none() && config.operator.is_none() && config.web.trusted_proxies.is_empty());
}

#[test]
fn a_configuration_prints_no_secret() {
    let folder = folder();
    let environment = [("DRIPLINE__DATABASE__URL", "postgres://u:hunter3@h/db")];
    let loaded = parsed(&folder, WHOLE, &environment);
    let printed = format!("{loaded:?}");
    assert!(loaded.config.is_some() && !printed.contains("hunter"), "{printed}");
}
