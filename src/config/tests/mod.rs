//! Mistakes in dripline.toml, as tables.

mod example;
mod signing;

use crate::config::Loaded;
use crate::config::load;
use crate::config::parse;
use crate::problem::Problem;
use crate::relay::Tls;
use secrecy::ExposeSecret;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

const SMALL: &str = r#"[site]
name = "Steady Ground"
url = "https://learn.example.org"
postal_address = "12 Rue Exemple"
[sender]
address = "ana@learn.example.org"
[[relay]]
url = "smtp://127.0.0.1:2525"
"#;

/// A folder with the secrets that the examples name.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("secrets")).unwrap();
    for (name, text, mode) in [
        ("smtp", "hunter2\n", 0o600),
        ("dkim-short.pem", include_str!("../../../tests/keys/rsa-short.pem"), 0o600),
        ("dkim-rsa.pem", include_str!("../../../tests/keys/rsa.pem"), 0o400),
        ("dkim-ed25519.pem", include_str!("../../../tests/keys/ed25519.pem"), 0o600),
        ("open", "hunter2\n", 0o644),
    ] {
        let path = folder.path().join("secrets").join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
    folder
}

fn parsed(folder: &TempDir, text: &str, environment: &[(&str, &str)]) -> Loaded {
    let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    parse("dripline.toml", text, folder.path(), environment)
}

/// Every problem as `line:column message`.
fn lines(loaded: &Loaded) -> Vec<String> {
    let line = |problem: &Problem| {
        let (line, column) = problem.position();
        format!("{line}:{column} {}", problem.message)
    };
    loaded.problems.iter().map(line).collect()
}

/// Adds `added` as line 9 behind a file without mistakes, and looks at what is told.
fn mistake(folder: &TempDir, added: &str, expect: &[&str], help: &str) {
    let loaded = parsed(folder, &format!("{SMALL}{added}"), &[]);
    assert_eq!(lines(&loaded), expect, "{added}");
    assert!(loaded.problems[0].help.contains(help), "{added}: {}", loaded.problems[0].help);
    assert!(loaded.config.is_none());
}

#[test]
fn each_mistake_about_a_relay_is_told_with_its_place_and_the_next_step() {
    let folder = folder();
    let check = |added: &str, expect: &[&str], help: &str| mistake(&folder, added, expect, help);
    check("connectons = 4", &["9:1 unknown key `relay.0.connectons`"], "did you mean `connections`?");
    check("connections = \"4\"", &["9:15 `relay.0.connections` should be a whole number, and is a text"], "number");
    check("connections = 0", &["9:15 `relay.0.connections` must be from 1 to 1000"], "range");
    check(
        "rate = \"14\"",
        &["9:8 `relay.0.rate`: a rate is a whole number above 0 and a unit, like 14/s, 100/min or 1000/h"],
        "14/s",
    );
    check("rate = 14", &["9:8 `relay.0.rate` should be text in quotes, and is a whole number"], "14/s");
    check("[relay.domains]\ngmail = {}", &["10:1 `relay.0.domains.gmail` isn't a domain name"], "gmail.com");
    check(
        "[relay.domains]\n\"a.org\" = { rat = \"1/s\" }",
        &["10:13 unknown key `relay.0.domains.a.org.rat`"],
        "`rate`",
    );
    check(
        "[[relay]]\nurl = \"smtp://u:hunter2@h\"",
        &["10:7 `relay.1.url` has a password in it, which would be seen"],
        "smtp://user@",
    );
    check("[[relay]]\n", &["9:1 `relay.1.url` is missing"], "smtp://");
    check(
        "ca_file = \"nowhere\"",
        &[&format!("9:11 `relay.0.ca_file`: {} isn't a file", folder.path().join("nowhere").display())],
        "PEM",
    );
}

#[test]
fn a_domain_that_is_given_more_than_its_relay_is_told_and_the_file_is_used() {
    let folder = folder();
    let check = |limits: &str, expect: &[&str]| {
        let relay = "connections = 4\nrate = \"60/min\"\n[relay.domains]\n";
        let loaded = parsed(&folder, &format!("{SMALL}{relay}\"a.org\" = {limits}"), &[]);
        assert_eq!(lines(&loaded), expect, "{limits}");
        assert!(loaded.config.is_some());
    };
    check("{ connections = 4, rate = \"1/s\" }", &[]);
    let more = "12:27 `relay.0.domains.a.org.connections` is more than the relay has for all domains";
    check("{ connections = 5 }", &[more]);
    let faster = "12:20 `relay.0.domains.a.org.rate` is faster than the relay may be for all domains";
    check("{ rate = \"2/s\" }", &[faster]);
}

#[test]
fn each_mistake_elsewhere_is_told_with_its_place_and_the_next_step() {
    let folder = folder();
    let check = |added: &str, expect: &[&str], help: &str| mistake(&folder, added, expect, help);
    check(
        "[database]\nurl = \"mysql://x\"",
        &["10:7 `database.url` is neither `sqlite:` and a path nor `postgres://…`"],
        "sqlite:",
    );
    check(
        "[database]\nurl = \"sqlite::memory:\"",
        &["10:7 `database.url` is neither `sqlite:` and a path nor `postgres://…`"],
        "sqlite:",
    );
    check("[content]\nimages = \"inline\"", &["10:10 `content.images`: this is neither `serve` nor `embed`"], "embed");
    check(
        "[delivery]\nin_doubt = \"drop\"",
        &["10:12 `delivery.in_doubt`: this is neither `resend` nor `hold`"],
        "hold",
    );
    check(
        "[delivery]\nlesson_expires = \"0 s\"",
        &["10:18 `delivery.lesson_expires`: it must be longer than nothing"],
        "15 min",
    );
    check("[operator]\n", &["9:1 `operator.address` is missing"], "told of trouble");
    check(
        "[operator]\naddress = \"nobody\"",
        &["10:11 `operator.address`: this isn't an e-mail address; it should look like name@example.org"],
        "ana@",
    );
    check("[web]\nlisten = \"8080\"", &["10:10 `web.listen`: invalid socket address syntax"], "127.0.0.1:8080");
    check(
        "[web]\ntrusted_proxies = [\"10.0.0.0/8\", \"x\"]",
        &["10:34 `web.trusted_proxies`: this is neither an IP address nor a network like 10.0.0.0/8"],
        "10.0.0.0/8",
    );
    check("[webb]\n", &["9:2 unknown key `webb`"], "did you mean `web`?");
    check("[site]\n", &["9:2 this isn't TOML: duplicate key"], "syntax");
}

#[test]
fn durations_that_are_none_are_told() {
    let folder = folder();
    for key in ["delivery.in_doubt_after", "retention.ip"] {
        let loaded = parsed(&folder, &format!("{key} = \"soon\"\n{SMALL}"), &[]);
        let [line] = &lines(&loaded)[..] else { panic!("{:?}", lines(&loaded)) };
        assert!(line.contains(&format!("`{key}`: ")), "{line}");
    }
}

#[test]
fn what_stands_in_the_site_table_is_checked() {
    let folder = folder();
    let check = |from: &str, to: &str, expect: &[&str]| {
        let loaded = parsed(&folder, &SMALL.replace(from, to), &[]);
        assert_eq!(lines(&loaded), expect, "{to}");
    };
    let url = "https://learn.example.org";
    check(url, "ftp://example.org", &["3:7 `site.url` isn't what links can begin with"]);
    check(url, "learn.example.org", &["3:7 `site.url` isn't what links can begin with"]);
    check(url, "https://a.org/?x", &["3:7 `site.url` isn't what links can begin with"]);
    check(url, "https://u:p@a.org", &["3:7 `site.url` isn't what links can begin with"]);
    check("12 Rue Exemple", " ", &["4:18 `site.postal_address` is empty"]);
    check("postal_address = \"12 Rue Exemple\"\n", "", &["1:1 `site.postal_address` is missing"]);
    check(
        "\"Steady Ground\"",
        "\"Steady\\nBcc: x@evil.test\"",
        &["2:8 `site.name` isn't one plain line of at most 64 characters"],
    );
    check(
        "[sender]",
        "time_zone = \"Europe/Berln\"\n[sender]",
        &["5:13 `site.time_zone`: `Europe/Berln` isn't a time zone; write an IANA name like Europe/Berlin"],
    );
    check(
        "[sender]",
        "language = \"english\"\n[sender]",
        &["5:12 `site.language`: this is no language tag; they look like en or pt-BR"],
    );
    check("[sender]", "daily_cap = 0\n[sender]", &["5:13 `site.daily_cap` must be from 1 to 1000"]);
    check(
        "[sender]",
        "quiet_during_course = 1\n[sender]",
        &["5:23 `site.quiet_during_course` should be true or false, and is a whole number"],
    );
}

#[test]
fn the_site_is_named_in_links_as_the_dns_names_it() {
    let folder = folder();
    let check = |url: &str, expect: &str| {
        let loaded = parsed(&folder, &SMALL.replace("https://learn.example.org", url), &[]);
        assert_eq!(loaded.config.unwrap().site.url, expect, "{url}");
    };
    check("https://learn.example.org/", "https://learn.example.org");
    check("HTTPS://Exämple.org:443/courses//", "https://xn--exmple-cua.org/courses");
    check("http://127.0.0.1:8080", "http://127.0.0.1:8080");
}

#[test]
fn all_problems_of_a_file_are_told_at_once() {
    let text = "site = 1\n\n[sender]\naddress = \"é@example.org\"\nadress = \"x\"\n[web]\nlisten = 80\n";
    let loaded = parsed(&folder(), text, &[]);
    assert_eq!(
        lines(&loaded),
        [
            "1:1 `relay` is missing",
            "1:1 `site.name` is missing",
            "1:1 `site.postal_address` is missing",
            "1:1 `site.url` is missing",
            "1:8 `site` should be a table, and is a whole number",
            "4:11 `sender.address`: the part before @ has letters outside ASCII, which not every relay carries; use another address",
            "5:1 unknown key `sender.adress`",
            "7:10 `web.listen` should be text in quotes, and is a whole number",
        ]
    );
    assert!(loaded.config.is_none());
    assert!(loaded.folders.is_some_and(|folders| folders.courses.ends_with("courses")));
}

#[test]
fn an_empty_file_says_all_that_it_needs() {
    let expect = ["relay", "sender.address", "site.name", "site.postal_address", "site.url"];
    let expect = expect.map(|key| format!("1:1 `{key}` is missing"));
    assert_eq!(lines(&parsed(&folder(), "", &[])), expect);
}

#[test]
fn the_environment_stands_in_for_any_key() {
    let folder = folder();
    let config = |environment: &[(&str, &str)]| {
        let loaded = parsed(&folder, &format!("{SMALL}[relay.domains]\n\"gmail.com\" = {{}}\n"), environment);
        assert_eq!(lines(&loaded), Vec::<String>::new());
        loaded.config.unwrap()
    };
    let changed = config(&[
        ("DRIPLINE__SITE__NAME", "Other"),
        ("DRIPLINE__SITE__DAILY_CAP", "5"),
        ("DRIPLINE__SITE__QUIET_DURING_COURSE", "true"),
        ("DRIPLINE__DATABASE__URL", "postgres://u:p@h/db"),
        ("DRIPLINE__WEB__TRUSTED_PROXIES", "10.0.0.1, 10.0.0.2"),
        ("DRIPLINE__RELAY__0__URL", "smtp://user@smtp.example.org"),
        ("DRIPLINE__RELAY__0__PASSWORD", "hunter2"),
        ("DRIPLINE__RELAY__1__URL", "smtp://localhost:25"),
        ("DRIPLINE__DKIM__DOMAIN", "example.org"),
        ("DRIPLINE__DKIM__KEYS__0__SELECTOR", "d9"),
        ("DRIPLINE__DKIM__KEYS__0__FILE", "secrets/dkim-rsa.pem"),
        ("DRIPLINE__RELAY__0__DOMAINS__GMAIL.COM__CONNECTIONS", "3"),
        ("DRIPLINE_LOG", "debug"),
    ]);
    assert_eq!(changed.relays[0].domains["gmail.com"].connections, Some(3));
    assert_eq!((changed.site.name.as_str(), changed.site.daily_cap), ("Other", 5));
    assert!(changed.site.quiet_during_course);
    assert_eq!(changed.database, "postgres://u:p@h/db");
    assert_eq!(changed.web.trusted_proxies.len(), 2);
    assert_eq!(changed.relays[0].password.as_ref().map(|password| password.expose_secret()), Some("hunter2"));
    assert_eq!(changed.relays[1].tls, Tls::PlainLoopback);
    assert_eq!(changed.dkim.unwrap().domain(), "example.org");
}

#[test]
fn variables_that_name_no_key_or_hold_no_value_are_told() {
    let folder = folder();
    let check = |name: &str, value: &str, expect: &str, help: &str| {
        let loaded = parsed(&folder, SMALL, &[(name, value)]);
        assert_eq!(lines(&loaded), [expect], "{name}");
        assert!(loaded.problems[0].help.contains(help), "{name}: {}", loaded.problems[0].help);
    };
    check(
        "DRIPLINE__RELAY__0__PASWORD",
        "x",
        "1:1 `relay.0.pasword` from the environment names no key",
        "`relay.0.password`",
    );
    check(
        "DRIPLINE__RELAY__5__PASSWORD",
        "x",
        "1:1 `relay.5.password` from the environment names no key",
        "did you mean",
    );
    check("DRIPLINE__QQ", "x", "1:1 `qq` from the environment names no key", "unset");
    check(
        "DRIPLINE__RELAY__0__CONNECTIONS",
        "many",
        "1:1 `relay.0.connections` from the environment should be a whole number",
        "unset",
    );
    check("DRIPLINE__SITE__NAME", "", "1:1 `site.name` from the environment is empty", "write a text");
    check("DRIPLINE__RELAY__0__PASSWORD", "", "1:1 `relay.0.password` from the environment is empty", "unset");
}

#[test]
fn a_password_comes_from_a_file_of_its_owner_or_the_environment_only() {
    let folder = folder();
    let with_user = SMALL.replace("smtp://", "smtp://user@");
    let check = |added: &str, expect: &str, help: &str| {
        let loaded = parsed(&folder, &format!("{with_user}{added}"), &[]);
        assert_eq!(lines(&loaded), [expect], "{added}");
        assert!(loaded.problems[0].help.contains(help), "{added}: {}", loaded.problems[0].help);
        assert!(!format!("{loaded:?}").contains("hunter2"), "{added}");
    };
    let open = folder.path().join("secrets/open");
    let nowhere = folder.path().join("nowhere");
    let told = format!("9:17 `relay.0.password_file`: {} may be read by other users of this machine", open.display());
    check("password_file = \"secrets/open\"", &told, &format!("chmod 600 {}", open.display()));
    let told = format!(
        "9:17 `relay.0.password_file`: {} can't be read (No such file or directory (os error 2))",
        nowhere.display()
    );
    check("password_file = \"nowhere\"", &told, "path");
    check(
        "password = \"hunter2\"",
        "9:12 `relay.0.password` stands in the file, where it would be seen",
        "password_file",
    );
    check(
        "",
        "7:1 `relay.0.url` names a user, but there is no password here: mail can't be sent without it",
        "PASSWORD",
    );
}

#[test]
fn a_file_that_is_not_there_is_one_problem_with_the_next_step() {
    let folder = folder();
    let loaded = load(&folder.path().join("dripline.toml"), [("DRIPLINE__QQ".to_string(), "x".to_string())]);
    let [problem] = &loaded.problems[..] else { panic!("{:?}", loaded.problems) };
    assert!(problem.message.contains("doesn't exist") && problem.help.contains("dripline demo"), "{problem:?}");
    assert!(loaded.config.is_none() && loaded.folders.is_none());
}

#[test]
fn a_file_is_read_with_paths_relative_to_it() {
    let folder = folder();
    let path = folder.path().join("dripline.toml");
    std::fs::write(&path, SMALL).unwrap();
    let loaded = load(&path, []);
    assert_eq!(loaded.config.unwrap().courses, folder.path().join("courses"));
    std::fs::write(&path, b"[site]\nname = \"\xff\"").unwrap();
    let loaded = load(&path, []);
    assert_eq!(lines(&loaded), ["2:9 this isn't UTF-8 text from here on"]);
}
