//! Keys that are read and refused, and the form of signatures. Whether they are right is judged in `tests/it/dkim`.

use super::*;

const RSA: &str = include_str!("../../../tests/keys/rsa.pem");
const PKCS1: &str = include_str!("../../../tests/keys/rsa-pkcs1.pem");
const ED25519: &str = include_str!("../../../tests/keys/ed25519.pem");
const DOMAIN: &str = "example.org";
const MAIL: &[u8] = b"From: Ana <ana@example.org>\r\nSubject: Hello\r\nFeedback-ID: a:b\r\n\r\nWords.\r\n";

fn signer() -> Signer {
    let key = |pem| DkimKey::from_pem(pem).unwrap();
    Signer::new(DOMAIN.to_string(), vec![("d1".to_string(), key(RSA)), ("d2".to_string(), key(ED25519))])
}

fn at() -> Timestamp {
    "2027-01-11T08:30:00.789Z".parse().unwrap()
}

fn unfolded(signed: &[u8]) -> Vec<String> {
    let text = String::from_utf8(signed.to_vec()).unwrap().replace("\r\n\t", "");
    text.lines().filter(|line| line.starts_with("DKIM-Signature:")).map(str::to_string).collect()
}

#[test]
fn a_key_is_read_in_the_forms_that_tools_write_and_refused_with_a_reason() {
    let check = |pem: &str, expect: Result<Algorithm, KeyError>| {
        assert_eq!(DkimKey::from_pem(pem).map(|key| key.algorithm()), expect, "{pem}");
    };
    check(RSA, Ok(Algorithm::Rsa));
    check(PKCS1, Ok(Algorithm::Rsa));
    check(ED25519, Ok(Algorithm::Ed25519));
    check(&format!("made by hand\n{}", RSA.replace('\n', "\r\n")), Ok(Algorithm::Rsa));
    check(include_str!("../../../tests/keys/rsa-short.pem"), Err(KeyError::Short));
    check(include_str!("../../../tests/keys/rsa-public.pem"), Err(KeyError::Public));
    check(include_str!("../../../tests/keys/rsa-passphrase.pem"), Err(KeyError::Locked));
    check(include_str!("../../../tests/keys/ec.pem"), Err(KeyError::Kind));
    check(&RSA.replacen("MII", "MIJ", 1), Err(KeyError::Kind));
    check(&RSA.replace("END", "ENDE"), Err(KeyError::NotPem));
    check("hunter2", Err(KeyError::NotPem));
    check("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", Err(KeyError::NotPem));
}

#[test]
fn both_forms_of_an_rsa_key_are_the_same_key() {
    let [pkcs8, pkcs1] = [RSA, PKCS1].map(|pem| DkimKey::from_pem(pem).unwrap().record());
    assert!(pkcs8 == pkcs1 && pkcs8.starts_with("v=DKIM1; k=rsa; p=MIIB"), "{pkcs8}");
}

#[test]
fn a_key_does_not_print_itself() {
    assert_eq!(format!("{:?}", DkimKey::from_pem(ED25519).unwrap()), "DkimKey(Ed25519)");
}

#[test]
fn a_signature_names_once_more_what_nobody_may_add() {
    let signed = signer().sign(MAIL, at()).unwrap();
    let headers = unfolded(&signed);
    assert_eq!(headers.len(), 2);
    for (header, algorithm) in headers.iter().zip(["a=rsa-sha256; s=d1;", "a=ed25519-sha256; s=d2;"]) {
        assert!(header.contains(algorithm) && header.contains("d=example.org; c=relaxed/relaxed;"), "{header}");
        assert!(header.contains("t=1799656200;") && !header.contains("l="), "{header}");
        let named = header.split_once("h=").unwrap().1.split(';').next().unwrap();
        let count = |name: &str| named.split(':').filter(|it| it.trim().eq_ignore_ascii_case(name)).count();
        let counts: Vec<(&str, usize)> = OVERSIGNED.iter().chain(&SIGNED).map(|name| (*name, count(name))).collect();
        for (name, count) in counts {
            let expect = match name {
                "From" | "Subject" => 2,
                "Auto-Submitted" => 0,
                _ => 1,
            };
            assert_eq!(count, expect, "{name} in {named}");
        }
    }
    assert!(String::from_utf8(signed).unwrap().lines().all(|line| line.len() <= 78));
}

#[test]
fn signing_again_gives_the_same_bytes_and_the_mail_is_found_behind_them() {
    let signed = signer().sign(MAIL, at()).unwrap();
    assert_eq!(signed, signer().sign(MAIL, at()).unwrap());
    assert!(signed.len() > MAIL.len() && unsigned(&signed) == MAIL && unsigned(MAIL) == MAIL);
    let later = at() + jiff::SignedDuration::from_secs(1);
    assert_ne!(signed, signer().sign(MAIL, later).unwrap());
    assert_eq!(unsigned(b"DKIM-Signature: v=1"), b"");
}

#[test]
fn a_signature_speaks_for_its_domain_and_what_is_below_it() {
    let check =
        |address: &str, expect: bool| assert_eq!(signer().covers(&address.parse().unwrap()), expect, "{address}");
    check("ana@example.org", true);
    check("ana@learn.example.org", true);
    check("ana@EXAMPLE.org", true);
    check("ana@myexample.org", false);
    check("ana@org.example", false);
}
