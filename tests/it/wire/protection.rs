//! TLS and AUTH: nothing secret leaves before the relay has proved who it is, and nothing secret comes back in a text.

use crate::wire::BODY;
use crate::wire::attempt;
use crate::wire::impatient_at;
use crate::wire::mailbox_with;
use crate::wire::settings;
use dripline::mailbox;
use dripline::mailbox::Mailbox;
use dripline::outcome::Verdict;
use dripline::relay::Connector;
use dripline::relay::Settings;
use dripline::relay::Tls;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::IsCa;
use rcgen::KeyPair;
use rustls::ServerConfig;
use secrecy::SecretString;
use std::sync::Arc;
use tempfile::NamedTempFile;

const PASSWORD: &str = "marker-pa55word";

/// An authority of our own and a relay's certificate for `name` that it signed.
pub fn certified(name: &str) -> (NamedTempFile, Arc<ServerConfig>) {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_string()]).unwrap().signed_by(&key, &authority).unwrap();
    let ca_file = NamedTempFile::new().unwrap();
    std::fs::write(ca_file.path(), authority.pem()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    (ca_file, Arc::new(config))
}

fn guarded(script: &str, tls: mailbox::Tls, mechanisms: &'static str) -> Mailbox {
    let account = mailbox::Account { user: "user".to_string(), password: PASSWORD.to_string(), mechanisms };
    let script = script.parse().unwrap();
    mailbox_with(mailbox::Settings { script, tls, account: Some(account), ..mailbox::Settings::default() })
}

fn with_account(mailbox: &Mailbox, tls: Tls, ca_file: Option<&NamedTempFile>) -> Settings {
    Settings {
        host: "localhost".to_string(),
        tls,
        user: Some("user".to_string()),
        password: Some(SecretString::from(PASSWORD)),
        ca_file: ca_file.map(|file| file.path().to_path_buf()),
        ..settings(mailbox)
    }
}

fn assert_nothing_secret_was_said(mailbox: &Mailbox) {
    let heard = mailbox.heard();
    assert!(!heard.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")), "{heard:?}");
}

#[tokio::test]
async fn both_kinds_of_tls_carry_mail_when_the_authority_is_ours() {
    let (ca_file, config) = certified("localhost");
    for (theirs, ours) in
        [(mailbox::Tls::Offered(config.clone()), Tls::StartTls), (mailbox::Tls::Implicit(config), Tls::Implicit)]
    {
        for mechanisms in ["PLAIN LOGIN", "LOGIN"] {
            let mailbox = guarded("", theirs.clone(), mechanisms);
            let connector = Connector::new(&with_account(&mailbox, ours, Some(&ca_file))).unwrap();
            assert_eq!(attempt(&connector, BODY).await, "said dot 250, usable", "{ours:?} {mechanisms}");
            assert_eq!(mailbox.received()[0].bytes, BODY);
        }
    }
}

#[tokio::test]
async fn without_proof_neither_auth_nor_mail_is_said() {
    let (ca_file, config) = certified("localhost");
    let (_, of_another_authority) = certified("localhost");
    let (other_ca_file, of_another_name) = certified("other.example.org");
    let offered = mailbox::Tls::Offered;
    let check = async |script: &str, theirs: mailbox::Tls, ours: Tls, ca_file: Option<&NamedTempFile>, expect: &str| {
        let mailbox = guarded(script, theirs, "PLAIN LOGIN");
        let connector = Connector::new(&with_account(&mailbox, ours, ca_file)).unwrap();
        let connector = if script.ends_with("hang") { connector.with_timeouts(impatient_at("tls")) } else { connector };
        assert_eq!(attempt(&connector, BODY).await, expect, "{script} {ours:?}");
        assert_nothing_secret_was_said(&mailbox);
    };
    let good = || offered(config.clone());
    let implicit = mailbox::Tls::Implicit;
    check("", mailbox::Tls::Never, Tls::StartTls, Some(&ca_file), "broken tls silent").await;
    check("ehlo reply \"502 no\" times=1", good(), Tls::StartTls, Some(&ca_file), "broken tls silent").await;
    check("tls reply \"454 4.7.0 no\"", good(), Tls::StartTls, Some(&ca_file), "broken tls 454").await;
    check("tls reply \"220 go\\r\\n250 injected\"", good(), Tls::StartTls, Some(&ca_file), "broken tls silent").await;
    check("tls close", good(), Tls::StartTls, Some(&ca_file), "broken tls silent").await;
    check("tls hang", good(), Tls::StartTls, Some(&ca_file), "broken tls silent").await;
    check("tls garbage", good(), Tls::StartTls, Some(&ca_file), "broken tls silent").await;
    check("tls reply \"421 4.3.2 bye\"", good(), Tls::StartTls, Some(&ca_file), "broken tls 421").await;
    check("", good(), Tls::StartTls, None, "broken tls 554").await;
    check("", offered(of_another_authority.clone()), Tls::StartTls, Some(&ca_file), "broken tls 554").await;
    check("", offered(of_another_name.clone()), Tls::StartTls, Some(&other_ca_file), "broken tls 554").await;
    check("", implicit(of_another_authority), Tls::Implicit, Some(&ca_file), "broken tls 554").await;
    check("", implicit(of_another_name), Tls::Implicit, Some(&other_ca_file), "broken tls 554").await;
    check("", mailbox::Tls::Never, Tls::Implicit, Some(&ca_file), "broken tls 554").await;
}

#[tokio::test]
async fn a_relay_without_a_name_proves_its_address() {
    for (certified_for, expect) in [("127.0.0.1", "said dot 250, usable"), ("127.0.0.2", "broken tls 554")] {
        let (ca_file, config) = certified(certified_for);
        let mailbox = guarded("", mailbox::Tls::Implicit(config), "PLAIN");
        let settings = with_account(&mailbox, Tls::Implicit, Some(&ca_file));
        let connector = Connector::new(&Settings { host: "127.0.0.1".to_string(), ..settings }).unwrap();
        assert_eq!(attempt(&connector, BODY).await, expect, "{certified_for}");
    }
}

#[tokio::test]
async fn what_was_said_in_clear_counts_for_nothing_once_the_wire_is_protected() {
    let (ca_file, config) = certified("localhost");
    let in_clear =
        "times=1 ehlo reply \"250-mx\\r\\n250-STARTTLS\\r\\n250-SIZE 1\\r\\n250-DSN\\r\\n250 AUTH CRAM-MD5\"";
    let mailbox = guarded(in_clear, mailbox::Tls::Offered(config), "PLAIN");
    let connector = Connector::new(&with_account(&mailbox, Tls::StartTls, Some(&ca_file))).unwrap();
    assert_eq!(attempt(&connector, BODY).await, "said dot 250, usable");
    let heard = mailbox.heard();
    let name = "EHLO client.example.org";
    assert_eq!(heard[..5], [name, "STARTTLS", name, "AUTH PLAIN", "MAIL FROM:<bounce+1@example.org>"]);
}

#[tokio::test]
async fn an_injected_word_is_what_stops_starttls_not_a_broken_handshake() {
    let (ca_file, config) = certified("localhost");
    let mailbox = guarded("tls reply \"220 go\\r\\n250 injected\"", mailbox::Tls::Offered(config), "PLAIN");
    let connector = Connector::new(&with_account(&mailbox, Tls::StartTls, Some(&ca_file))).unwrap();
    let Err(broken) = connector.open().await else { panic!("took an injected reply") };
    assert_eq!(broken.detail, "something in clear followed the relay's STARTTLS");
}

#[tokio::test]
async fn a_body_cut_off_under_tls_is_surely_not_sent_and_a_lost_reply_is_in_doubt() {
    let (ca_file, config) = certified("localhost");
    let body = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n".repeat(200_000);
    for (script, body, expect) in [
        ("body close after=1", body.as_slice(), "not sent, closed"),
        ("body close after=70000", body.as_slice(), "not sent, closed"),
        ("dot close", BODY, "in doubt, closed"),
        ("dot late-reset", BODY, "in doubt, closed"),
    ] {
        let mailbox = guarded(script, mailbox::Tls::Implicit(config.clone()), "PLAIN");
        let connector = Connector::new(&with_account(&mailbox, Tls::Implicit, Some(&ca_file))).unwrap();
        assert_eq!(attempt(&connector, body).await, expect, "{script}");
    }
}

#[tokio::test]
async fn a_failed_login_is_told_apart_and_tells_no_secret() {
    let check = async |script: &str, mechanisms: &'static str, password: &str, expect: &str, verdict: Verdict| {
        let mailbox = guarded(script, mailbox::Tls::Never, mechanisms);
        let password = Some(SecretString::from(password));
        let settings = Settings { password, ..with_account(&mailbox, Tls::PlainLoopback, None) };
        let connector = Connector::new(&settings).unwrap();
        let connector =
            if script.ends_with("hang") { connector.with_timeouts(impatient_at("auth")) } else { connector };
        let Err(broken) = connector.open().await else { panic!("{script}: logged in") };
        assert_eq!(crate::wire::told(&broken), expect, "{script}");
        assert_eq!(broken.verdict(), verdict, "{script}");
        // `AHVzZXIA` is how PLAIN begins for this user, `bWFya2Vy` how the password does for LOGIN.
        for text in [broken.to_string(), format!("{broken:?}"), format!("{settings:?}"), settings.label()] {
            assert!(!["marker", "AHVzZXIA", "bWFya2Vy"].iter().any(|secret| text.contains(secret)), "{text}");
        }
        assert!(!mailbox.heard().iter().any(|line| line.starts_with("MAIL")));
    };
    let (configuration, relay) = (Verdict::Configuration, Verdict::Relay);
    check("", "PLAIN", "marker-wrong", "auth 535", configuration).await;
    check("", "LOGIN", "marker-wrong", "auth 535", configuration).await;
    check("", "CRAM-MD5", PASSWORD, "auth 504", configuration).await;
    check("auth reply \"535 5.7.8 no marker-pa55word\"", "PLAIN", PASSWORD, "auth 535", configuration).await;
    check("auth reply \"500 AUTH PLAIN AHVzZXIAbWFya2VyLXBhNTV3b3Jk?\"", "PLAIN", PASSWORD, "auth 500", configuration)
        .await;
    check("auth reply \"500 bWFya2VyLXBhNTV3b3Jk?\"", "LOGIN", PASSWORD, "auth 500", configuration).await;
    check("auth reply \"454 4.7.0 later\"", "PLAIN", PASSWORD, "auth 454", relay).await;
    check("auth reply \"421 4.3.2 bye\"", "PLAIN", PASSWORD, "auth 421", relay).await;
    check("auth close", "PLAIN", PASSWORD, "auth silent", relay).await;
    check("auth garbage", "PLAIN", PASSWORD, "auth silent", relay).await;
    check("auth hang", "PLAIN", PASSWORD, "auth silent", relay).await;
}

#[tokio::test]
async fn a_reply_in_pieces_still_logs_in() {
    let mailbox = guarded("auth split", mailbox::Tls::Never, "LOGIN");
    let connector = Connector::new(&with_account(&mailbox, Tls::PlainLoopback, None)).unwrap();
    assert_eq!(attempt(&connector, BODY).await, "said dot 250, usable");
}

#[tokio::test]
async fn settings_that_contradict_each_other_open_nothing() {
    let mailbox = guarded("", mailbox::Tls::Never, "PLAIN");
    let good = || with_account(&mailbox, Tls::StartTls, None);
    let check = |settings: Settings, expect: &str| {
        let Err(error) = Connector::new(&settings) else { panic!("took it: {expect}") };
        assert!(error.to_string().contains(expect), "{error}");
    };
    check(Settings { user: None, ..good() }, "not both");
    check(Settings { hello: "a\r\nQUIT".to_string(), ..good() }, "EHLO");
    check(Settings { host: "not a host".to_string(), ..good() }, "host name");
    check(Settings { ca_file: Some("/nowhere/ca.pem".into()), ..good() }, "/nowhere/ca.pem");
    let empty = NamedTempFile::new().unwrap();
    check(with_account(&mailbox, Tls::StartTls, Some(&empty)), "no certificate");
}
