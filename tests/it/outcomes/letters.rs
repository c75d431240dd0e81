//! Addresses with letters outside ASCII: carried where the relay can, refused in words where it can't, never mangled.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::minutes;
use crate::outcomes::ANA;
use crate::outcomes::check;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::sign_up::SignedUp;

const JÜRGEN: &str = "Jürgen@example.org";
const ASCII_ONLY: &str = "ehlo reply \"250-mx\\r\\n250 8BITMIME\"";

async fn course(script: &str) -> TestApp {
    let app = TestApp::with(Setup { script: script.to_string(), ..Setup::default() }).await;
    app.course("calm", &["one", "two"]).await;
    app
}

/// The value of the header `To`, as it stands in the bytes.
fn to_header(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines().find_map(|line| line.strip_prefix("To: ")).unwrap().to_string()
}

#[tokio::test]
async fn a_mail_to_letters_outside_ascii_arrives_with_them_and_other_mails_stay_ascii() {
    let app = course("").await;
    app.enrol(JÜRGEN, "calm").await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    let mail = app.mails_to(JÜRGEN).remove(0);
    assert_eq!(to_header(&mail.bytes), "Sam <Jürgen@example.org>");
    let (head, rest) = mail.bytes.split_at(memchr::memmem::find(&mail.bytes, b"\r\n\r\n").unwrap());
    let others = std::str::from_utf8(head).unwrap().lines().filter(|line| !line.starts_with("To: "));
    assert!(rest.is_ascii() && others.collect::<String>().is_ascii());
    assert!(app.mails_to(ANA)[0].bytes.is_ascii());
    let said: Vec<bool> =
        app.mailbox.heard().iter().filter(|it| it.starts_with("MAIL")).map(|it| it.contains("SMTPUTF8")).collect();
    assert_eq!(said.iter().filter(|it| **it).count(), 1, "{said:?}");
    app.verify().await;
}

#[tokio::test]
async fn a_relay_that_carries_no_such_letters_ends_the_delivery_in_words_and_suppresses_nobody() {
    let mut app = course(ASCII_ONLY).await;
    app.enrol(JÜRGEN, "calm").await;
    app.advance(days(2)).await;
    let person = app.person(JÜRGEN).await;
    assert_eq!((person.address.as_str(), person.status), (JÜRGEN, "active"));
    assert_eq!((app.state(JÜRGEN).await, app.mails()), ("held", 0));
    assert_eq!(app.number("SELECT count(*) FROM suppression").await, 0);
    let entry = app.journal(JÜRGEN).await.remove(0);
    let attempt = &entry.attempts[0];
    assert_eq!((entry.state, attempt.code, attempt.outcome.as_str()), ("refused", 553, "refused"));
    assert!(attempt.text.starts_with("553 5.6.7 (our words, not the relay's)"), "{}", attempt.text);
    let problems = app.status().await.problems;
    assert!(
        problems.iter().any(|it| it.contains("1 person is held: mail to this address isn't carried: 553 5.6.7")),
        "{problems:?}"
    );
    assert_eq!(app.line().relays()[0].state, "closed", "the relay isn't to blame");

    app.relay_says("").await;
    assert_eq!(operate::release(&app.app, &Scope::All).await.unwrap(), (false, 1));
    app.advance(days(4)).await;
    assert_eq!(app.subjects_to(JÜRGEN), ["calm one", "calm two"]);
    app.verify().await;
}

#[tokio::test]
async fn a_relay_that_says_so_itself_is_believed_at_every_step() {
    for phase in ["mail", "rcpt", "data", "dot"] {
        check(&format!("{phase} reply \"553 5.6.7 not here\""), "refused 0 held 0 closed -").await;
    }
}

#[tokio::test]
async fn such_addresses_do_not_speak_against_a_lesson() {
    let app = course(&format!("{ASCII_ONLY}; to=odd@example.org dot reply \"554 5.6.0 odd\"")).await;
    for n in 0..20 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    for n in 0..3 {
        app.enrol(&format!("ü{n}@example.org"), "calm").await;
    }
    app.enrol("odd@example.org", "calm").await;
    app.settle().await;
    // One of 24 is refused for what is in it; four would be more than one in twenty.
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 11").await, 4);
    assert_eq!((app.mails(), app.status().await.held), (20, Vec::<String>::new()));
    app.verify().await;
}

#[tokio::test]
async fn another_address_goes_on_where_the_letters_stopped() {
    let app = course(ASCII_ONLY).await;
    app.enrol(JÜRGEN, "calm").await;
    app.settle().await;
    assert_eq!(app.state(JÜRGEN).await, "held");
    app.change_address("jürgen@example.org", &"juergen@example.org".parse().unwrap()).await;
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to("juergen@example.org")[1..], ["calm one", "calm two"], "behind the mail that asks");
    app.verify().await;
}

#[tokio::test]
async fn two_spellings_of_a_domain_are_one_person_and_one_suppression() {
    let app = course("rcpt reply \"550 5.1.1 nobody\"; ").await;
    app.enrol("ana@bücher.example", "calm").await;
    app.advance(minutes(1)).await;
    assert!(app.mailbox.heard().iter().any(|line| line == "RCPT TO:<ana@xn--bcher-kva.example>"));
    assert_eq!(app.person("ANA@XN--BCHER-KVA.example").await.status, "suppressed");
    for spelling in ["ana@xn--bcher-kva.example", "Ana@BÜCHER.example", "ana@bu\u{308}cher。example"] {
        assert!(matches!(app.sign_up(spelling, "calm").await, SignedUp::Suppressed(_)), "{spelling}");
    }
    assert_eq!(app.number("SELECT count(*) FROM subscriber").await, 1);
    app.verify().await;
}
