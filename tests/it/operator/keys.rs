//! `dkim-key`: the keys it makes sign mails, and the records it prints are the ones to check them by.

use crate::program::Sink;
use crate::program::Site;
use crate::program::judge;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

fn mode(site: &Site, path: &str) -> u32 {
    fs::metadata(site.path().join(path)).unwrap().permissions().mode() & 0o777
}

/// What stands from `[dkim]` on.
fn lines_for_the_configuration(printed: &str) -> &str {
    &printed[printed.find("[dkim]").unwrap()..]
}

#[test]
fn keys_made_without_a_word_sign_what_the_site_sends() {
    let sink = Sink::start("");
    let site = Site::new(sink.url(), "");
    site.course("calm", &["one"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    let printed = site.good(&["dkim-key"]);
    assert_eq!(
        (mode(&site, "secrets"), mode(&site, "secrets/dkim-d1.pem"), mode(&site, "secrets/dkim-d2.pem")),
        (0o700, 0o600, 0o600)
    );
    // The values as they go into a zone file.
    let mut records = BTreeMap::new();
    for block in printed.split("The same for a zone file:\n").skip(1) {
        let (name, rest) = block.split_once(". 3600 IN TXT (\n").unwrap();
        let strings: Vec<&str> =
            rest.split_once(" )\n").unwrap().0.lines().map(|line| line.trim().trim_matches('"')).collect();
        assert!(strings.iter().all(|part| part.len() <= 255));
        records.insert(name.to_string(), strings.concat());
    }
    for (name, value) in &records {
        assert!(printed.contains(&format!("Name  {name}\nType  TXT\nValue {value}\n")), "{printed}");
    }
    assert_eq!(
        records.keys().collect::<Vec<_>>(),
        ["d1._domainkey.learn.example.org", "d2._domainkey.learn.example.org"]
    );
    site.configure(sink.url(), lines_for_the_configuration(&printed));
    assert_eq!(site.good(&["check"]), "");
    site.good(&["send-test", "calm/one", "--to", "ana@example.org"]);
    let mail = fs::read_dir(sink.mails()).unwrap().next().unwrap().unwrap().path();
    let mail = STANDARD.encode(fs::read(mail).unwrap());
    let judged: Vec<Vec<Value>> =
        serde_json::from_value(judge("dkim.py", &json!({ "mails": [mail], "records": records }))).unwrap();
    let told: Vec<_> = judged[0].iter().map(|it| (it["selector"].as_str().unwrap(), it["defect"].as_str())).collect();
    assert_eq!(told, [("d1", None), ("d2", None)]);
}

#[test]
fn new_keys_get_new_names_and_no_key_is_overwritten() {
    let site = Site::new("smtp://127.0.0.1:2525", "");
    let selectors = |words: &[&str]| -> Vec<String> {
        let all = site.json(&[&["dkim-key", "--json"], words].concat());
        all.as_array().unwrap().iter().map(|it| it["selector"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!(selectors(&["--algorithm", "ed25519"]), ["d1"]);
    assert_eq!(selectors(&["--algorithm", "ed25519"]), ["d2"]);
    assert_eq!(selectors(&["--selector", "spring"]), ["spring-rsa", "spring-ed25519"]);
    let before = fs::read(site.path().join("secrets/dkim-d1.pem")).unwrap();
    for words in [
        &["dkim-key", "--selector", "spring"][..],
        &["dkim-key", "--algorithm", "rsa", "--selector", "d1"],
        &["dkim-key", "--algorithm", "rsa", "--out", "secrets/dkim-d1.pem"],
    ] {
        let ran = site.run(words);
        assert!(ran.status == Some(1) && ran.err.contains("never overwritten"), "{words:?}: {}", ran.err);
    }
    assert_eq!(fs::read(site.path().join("secrets/dkim-d1.pem")).unwrap(), before);
}

#[test]
fn keys_can_be_made_while_the_configuration_already_names_them() {
    let site = Site::new(
        "smtp://127.0.0.1:2525",
        "[dkim]\ndomain = \"learn.example.org\"\nkeys = [{ selector = \"d1\", file = \"secrets/dkim-d1.pem\" }]",
    );
    assert_eq!(site.run(&["check"]).status, Some(1));
    let ran = site.run(&["dkim-key", "--algorithm", "rsa"]);
    assert!(ran.status == Some(1) && ran.err.contains("--domain"), "{}", ran.err);
    let printed = site.good(&["dkim-key", "--algorithm", "rsa", "--domain", "learn.example.org"]);
    assert!(printed.contains("Name  d1._domainkey.learn.example.org\n"), "{printed}");
    fs::create_dir(site.path().join("courses")).unwrap();
    assert_eq!(site.run(&["check"]).status, Some(0));
}

#[test]
fn a_course_with_a_sender_that_the_keys_do_not_speak_for_is_told() {
    let site = Site::new("smtp://127.0.0.1:2525", "");
    site.course(
        "calm",
        &["one"],
        "wait = \"1 day\"\nsend = \"30 8 * * *\"\n[sender]\nname = \"Ben\"\naddress = \"ben@example.com\"",
    );
    let printed = site.good(&["dkim-key"]);
    assert_eq!(site.good(&["check"]), "");
    site.configure("smtp://127.0.0.1:2525", lines_for_the_configuration(&printed));
    let told = site.good(&["check"]);
    assert!(told.starts_with("courses/calm/course.toml:1:1: warning: `sender.address` belongs to example.com, and mails are signed for learn.example.org"), "{told}");
}
