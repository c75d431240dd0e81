//! Mistakes in `[dkim]`, as tables.

use crate::config::tests::SMALL;
use crate::config::tests::folder;
use crate::config::tests::lines;
use crate::config::tests::mistake;
use crate::config::tests::parsed;

#[test]
fn each_mistake_about_a_key_that_signs_is_told_with_its_place_and_the_next_step() {
    let folder = folder();
    let check = |added: &str, expect: &[&str], help: &str| mistake(&folder, &format!("[dkim]\n{added}"), expect, help);
    let file = |name: &str| folder.path().join("secrets").join(name).display().to_string();
    let key =
        |name: &str| format!("domain = \"example.org\"\nkeys = [{{ selector = \"d1\", file = \"secrets/{name}\" }}]");
    check(
        "domain = \"a b\"\nkeys = []",
        &["9:1 `dkim.keys` has no key in it", "10:10 `dkim.domain` isn't a domain name"],
        "relay signs",
    );
    check("", &["9:1 `dkim.domain` is missing", "9:1 `dkim.keys` is missing"], "domain that signs");
    check(
        &key("dkim-rsa.pem").replace("d1", "d_1"),
        &["11:22 `dkim.keys.0.selector` isn't a name of the DNS"],
        "letters",
    );
    check(
        &key("dkim-rsa.pem").replace("}]", "}, { selector = \"d1\", file = \"secrets/dkim-ed25519.pem\" }]"),
        &["11:74 `dkim.keys.1.selector` is another key's: a selector names one key"],
        "of its own",
    );
    check(
        &key("nowhere"),
        &[&format!("11:35 `dkim.keys.0.file`: there is no {}", file("nowhere"))],
        "--selector d1 --domain example.org --out secrets/nowhere",
    );
    check(
        &key("open"),
        &[&format!("11:35 `dkim.keys.0.file`: {} may be read by other users of this machine", file("open"))],
        "chmod 600",
    );
    check(
        &key("smtp"),
        &[&format!(
            "11:35 `dkim.keys.0.file`: {}: this isn't a private key in PEM, which begins with -----BEGIN PRIVATE KEY-----",
            file("smtp")
        )],
        "dkim-key",
    );
    check(
        &key("dkim-short.pem"),
        &[&format!(
            "11:35 `dkim.keys.0.file`: {}: this RSA key has fewer than 2048 bits, which receivers no longer trust (RFC 8301)",
            file("dkim-short.pem")
        )],
        "dkim-key",
    );
    check(
        &key("dkim-rsa.pem").replace("example.org", "example.com"),
        &["10:10 `dkim.domain` isn't the domain of `sender.address`, learn.example.org, or above it"],
        "DMARC",
    );
}

#[test]
fn a_label_that_is_too_long_and_a_folder_are_told_as_what_they_are() {
    let folder = folder();
    let check = |selector: &str, name: &str, expect: &str, help: &str| {
        let key = format!("keys = [{{ selector = \"{selector}\", file = \"secrets/{name}\" }}]");
        mistake(&folder, &format!("[dkim]\ndomain = \"example.org\"\n{key}"), &[expect], help);
    };
    check(&"x".repeat(64), "dkim-rsa.pem", "11:22 `dkim.keys.0.selector` isn't a name of the DNS", "at most 63");
    let secrets = folder.path().join("secrets").join(".").display().to_string();
    let expect = format!("11:35 `dkim.keys.0.file`: {secrets} can't be read (is a directory)");
    check("d1", ".", &expect, "correct the path");
}

#[test]
fn a_key_that_few_receivers_read_is_a_warning_when_it_stands_alone() {
    let text = format!(
        "{SMALL}[dkim]\ndomain = \"learn.example.org\"\nkeys = [{{ selector = \"d2\", file = \"secrets/dkim-ed25519.pem\" }}]\n"
    );
    let loaded = parsed(&folder(), &text, &[]);
    assert_eq!(lines(&loaded), ["9:1 `dkim.keys` has no RSA key, and most receivers read no other"]);
    assert!(loaded.config.is_some_and(|config| config.dkim.is_some()));
}
