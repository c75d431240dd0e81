//! Signatures of whole mails, judged by a program that shares no code with what signed them.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::lesson;
use crate::app::minutes;
use crate::program::judge;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dripline::flow::send_test;
use dripline::message::DkimKey;
use dripline::message::Signer;
use dripline::message::record_name;
use dripline::message::unsigned;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;
use std::sync::Arc;

const ANA: &str = "ana@example.org";
const DOMAIN: &str = "example.org";
const RSA: (&str, &str) = ("d1", include_str!("../keys/rsa.pem"));
const ED25519: (&str, &str) = ("d2", include_str!("../keys/ed25519.pem"));

fn signer(keys: &[(&str, &str)]) -> Arc<Signer> {
    let keys = keys.iter().map(|(selector, pem)| (selector.to_string(), DkimKey::from_pem(pem).unwrap()));
    Arc::new(Signer::new(DOMAIN.to_string(), keys.collect()))
}

/// Signs with RSA and Ed25519.
pub fn both() -> Arc<Signer> {
    signer(&[RSA, ED25519])
}

async fn signed(script: &str) -> TestApp {
    let setup = Setup { script: script.to_string(), dkim: Some(both()), ..Setup::default() };
    TestApp::with(setup).await
}

/// What the judge says of each signature of each mail.
fn judged(mails: &[Vec<u8>]) -> Vec<Vec<Value>> {
    let records = [RSA, ED25519]
        .map(|(selector, pem)| (record_name(selector, DOMAIN), Value::from(DkimKey::from_pem(pem).unwrap().record())));
    let mails: Vec<String> = mails.iter().map(|mail| STANDARD.encode(mail)).collect();
    let answer = judge("dkim.py", &json!({ "mails": mails, "records": serde_json::Map::from_iter(records) }));
    serde_json::from_value(answer).unwrap()
}

/// What is wrong with each signature of a mail.
pub fn defects(mail: &[u8]) -> Vec<Value> {
    judged(&[mail.to_vec()]).remove(0).into_iter().map(|mut it| it["defect"].take()).collect()
}

#[tokio::test]
async fn lessons_confirmations_and_tests_carry_two_signatures_that_hold() {
    let mut app = signed("").await;
    let long = "Listening for what remains ".repeat(8);
    app.write(
        "calm/course.toml",
        crate::app::course_toml("Ruhe — für Zoë & \\\"Ana, Lima\\\"", &["one", "two", "three"]),
    );
    app.write("calm/one.md", lesson(long.trim(), "Ends with spaces.   \n\n   \n\n\t\n"));
    app.write("calm/two.md", lesson("🎻 Übung – слушать", "Текст и ещё текст. ".repeat(90).as_str()));
    app.write("calm/three.md", lesson("c", "."));
    assert_eq!(app.reload().await.problems.len(), 1, "the long subject");
    app.sign_up("ben@example.org", "calm").await;
    app.confirm("ben@example.org").await;
    app.enrol(ANA, "calm").await;
    app.advance(days(4)).await;
    let mut mails: Vec<Vec<u8>> =
        [ANA, "ben@example.org"].iter().flat_map(|to| app.mails_to(to)).map(|mail| mail.bytes).collect();
    let shelved = app.app.shelf.read().await.get("calm").cloned().unwrap();
    mails.push(send_test::make(&app.app, &shelved, "one", &ANA.parse().unwrap(), "en").unwrap().1);
    assert_eq!(mails.len(), 3 + 4 + 1);
    for (mail, signatures) in mails.iter().zip(judged(&mails)) {
        let told: Vec<_> = signatures.iter().map(|it| (it["algorithm"].as_str().unwrap(), &it["defect"])).collect();
        assert_eq!(told, [("rsa-sha256", &Value::Null), ("ed25519-sha256", &Value::Null)]);
        let date = mail_parser::MessageParser::default().parse(mail).unwrap().date().unwrap().to_timestamp();
        assert!(signatures.iter().all(|it| it["time"] == date && it["domain"] == DOMAIN));
        let named = |name: &str| signatures[0]["named"].as_array().unwrap().iter().filter(|it| *it == name).count();
        let text = String::from_utf8_lossy(mail);
        for (header, name) in
            [("\nList-Unsubscribe:", "list-unsubscribe"), ("\nList-Unsubscribe-Post:", "list-unsubscribe-post")]
        {
            assert_eq!(named(name), 1 + usize::from(text.contains(header)), "{name}");
        }
        assert!(text.starts_with("DKIM-Signature: v=1; a=rsa-sha256; s=d1;\r\n\td=example.org; c=relaxed/relaxed;"));
    }
    app.verify().await;
}

#[tokio::test]
async fn whoever_changes_or_adds_what_is_signed_breaks_the_signature() {
    let app = signed("").await;
    app.course("calm", &["one"]).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    let mail = String::from_utf8(app.mails_to(ANA).remove(0).bytes).unwrap();
    assert_eq!(defects(mail.as_bytes()), [Value::Null, Value::Null]);
    let changed = |from: &str, to: &str| {
        assert!(mail.contains(from), "{from}");
        defects(mail.replacen(from, to, 1).as_bytes())
    };
    let fine = |from: &str, to: &str| assert_eq!(changed(from, to), [Value::Null, Value::Null], "{from} → {to}");
    let broken = |from: &str, to: &str, why: &str| {
        assert_eq!(changed(from, to), [why, why], "{from} → {to}");
    };
    let altered = "the signature doesn't hold";
    // What relays do on the way.
    fine("DKIM-Signature", "Received: from here\r\nReturn-Path: <a@b.c>\r\nDKIM-Signature");
    fine("\r\nSubject: calm one", "\r\nSUBJECT:  \t calm  one  ");
    // What nobody may do.
    for name in ["From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type"] {
        broken("\r\n\r\n", &format!("\r\n{name}: another\r\n\r\n"), altered);
        broken("DKIM-Signature", &format!("{name}: another\r\nDKIM-Signature"), altered);
    }
    broken("\r\n\r\n", "\r\nList-Unsubscribe: <https://evil.example>\r\n\r\n", altered);
    broken("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", "", altered);
    broken("List-Unsubscribe: <https://learn", "List-Unsubscribe: <https://burn", altered);
    broken("Subject: calm", "Subject: wild", altered);
    broken("Breathe.", "Breathe,", "the body isn't the one that was signed");
}

#[tokio::test]
async fn a_mail_made_again_after_a_kill_is_the_same_and_new_keys_hold_nobody_up() {
    for new_keys in [None, Some(vec![("d3", ED25519.1)])] {
        let mut app = signed("").await;
        app.course("calm", &["one"]).await;
        app.mailbox_says("times=1 dot hang").await;
        app.enrol(ANA, "calm").await;
        app.step().await;
        app.until("SELECT count(*) FROM outbox WHERE state = 3", 1).await;
        if let Some(keys) = &new_keys {
            app.setup.dkim = Some(signer(keys));
        }
        app.restart().await;
        app.mailbox_says("").await;
        app.advance(minutes(40)).await;
        let mails = app.mails_to(ANA);
        assert_eq!((mails.len(), app.state(ANA).await), (1, "completed"));
        let kept: String = Sha256::digest(unsigned(&mails[0].bytes)).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(app.texts("SELECT hash FROM outbox").await, [kept]);
        let expect = if new_keys.is_none() { "; s=d1;" } else { "; s=d3;" };
        assert!(String::from_utf8_lossy(&mails[0].bytes).contains(expect));
        app.verify().await;
    }
}

#[tokio::test]
async fn a_mail_that_waits_leaves_with_the_signature_that_it_has() {
    let mut app = signed("times=1 dot late-reset; times=1 dot reply \"451 4.3.0 later\"").await;
    app.course("calm", &["one"]).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    app.setup.dkim = Some(signer(&[("d3", ED25519.1)]));
    app.restart().await;
    app.advance(hours(2)).await;
    let mails = app.mails_to(ANA);
    assert!(mails.len() == 2 && mails[0] == mails[1]);
    assert_eq!(defects(&mails[1].bytes), [Value::Null, Value::Null]);
    app.verify().await;
}
