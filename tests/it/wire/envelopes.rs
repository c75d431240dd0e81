//! What an envelope says, byte for byte, to relays that offer more or less.

use crate::wire::BODY;
use crate::wire::attempt;
use crate::wire::envelope;
use crate::wire::mailbox_with;
use crate::wire::open;
use crate::wire::scripted;
use crate::wire::send;
use crate::wire::settings;
use dripline::mailbox::Mailbox;
use dripline::relay::Connector;
use dripline::relay::Envelope;
use dripline::relay::Offer;
use dripline::relay::Outcome;
use dripline::relay::Settings;
use dripline::relay::Timeouts;
use dripline::relay::Tls;
use std::net::Ipv6Addr;
use std::time::Duration;

const ALL: &str = "ehlo reply \"250-mx\\r\\n250-SIZE 9000\\r\\n250-8BITMIME\\r\\n250-SMTPUTF8\\r\\n250 DSN\"";
const INTERNATIONAL: &[u8] = "To: =?utf-8?B?SsO8cmdlbg==?= <jürgen@example.org>\r\n\r\nHello.\r\n".as_bytes();

/// What the relay heard of one mail's envelope, and the reply in the end.
async fn offered(mailbox: &Mailbox, envelope: Envelope, body: &[u8]) -> (Vec<String>, String) {
    let mut session = open(mailbox).await;
    let said = match session.offer(&envelope).await {
        Offer::Ready(offered) => match offered.body(body).await {
            Outcome::Said(reply) => reply.to_string(),
            Outcome::NotSent(why) | Outcome::InDoubt(why) => why,
        },
        Offer::Said(phase, reply) => format!("{phase} {reply}"),
        Offer::Lost(broken) => broken.detail,
    };
    session.quit().await;
    let heard = mailbox.heard();
    (heard.into_iter().filter(|line| line.starts_with("MAIL") || line.starts_with("RCPT")).collect(), said)
}

fn to(address: &str, mail: &[u8]) -> Envelope {
    Envelope::new(envelope().from, address.parse().unwrap(), mail)
}

#[tokio::test]
async fn parameters_are_said_where_they_are_offered_and_nowhere_else() {
    let check = async |script: &str, expect: [&str; 2]| {
        let (heard, said) = offered(&scripted(script), to("a+b=c@example.org", BODY), BODY).await;
        assert_eq!((heard, said.as_str()), (expect.map(str::to_string).to_vec(), "250 2.0.0 kept"), "{script}");
    };
    let bare = ["MAIL FROM:<bounce+1@example.org>", "RCPT TO:<a+b=c@example.org>"];
    check("ehlo reply \"250 mx\"", bare).await;
    check("ehlo reply \"250-mx\\r\\n250-8BITMIME\\r\\n250 SMTPUTF8\"", bare).await;
    check("times=1 ehlo reply \"502 old\"", bare).await;
    let mail = format!("MAIL FROM:<bounce+1@example.org> SIZE={} RET=HDRS ENVID=bounce+2B1", BODY.len());
    let rcpt = "RCPT TO:<a+b=c@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.org";
    check(ALL, [&mail, rcpt]).await;
}

#[tokio::test]
async fn letters_outside_ascii_go_raw_to_a_relay_that_carries_them_and_to_no_other() {
    let mailbox = scripted(ALL);
    let (heard, said) = offered(&mailbox, to("jürgen@example.org", INTERNATIONAL), INTERNATIONAL).await;
    let mail = format!("MAIL FROM:<bounce+1@example.org> SIZE={} SMTPUTF8", INTERNATIONAL.len());
    assert!(heard[0].starts_with(&mail), "{heard:?}");
    assert!(heard[1].starts_with("RCPT TO:<jürgen@example.org> "), "{heard:?}");
    assert!(heard[1].ends_with("ORCPT=utf-8;j\\x{FC}rgen@example.org"), "{heard:?}");
    assert_eq!((said.as_str(), mailbox.received()[0].bytes.as_slice()), ("250 2.0.0 kept", INTERNATIONAL));

    for (address, body) in [("jürgen@example.org", BODY), ("ana@example.org", INTERNATIONAL)] {
        let mailbox = scripted("ehlo reply \"250-mx\\r\\n250 8BITMIME\"");
        let (heard, said) = offered(&mailbox, to(address, body), body).await;
        assert!(said.starts_with("rcpt 553 5.6.7 (our words, not the relay's)"), "{said}");
        assert_eq!((heard.len(), mailbox.accepted()), (0, 0), "{heard:?}");
    }
}

#[tokio::test]
async fn a_body_is_seven_bit_text_whatever_the_relay_could_take() {
    let mailbox = scripted(ALL);
    let body = "To: ana@example.org\r\n\r\nGrüße\r\n".as_bytes();
    let (_, said) = offered(&mailbox, to("ana@example.org", body), body).await;
    assert!(said.contains("5.6.0 (our words, not the relay's) the message has a byte that isn't 7-bit"), "{said}");
    assert_eq!(mailbox.accepted(), 0);
}

#[tokio::test]
async fn domains_of_every_script_go_in_the_alphabet_of_the_dns() {
    let (heard, _) = offered(&scripted(""), to("ana@Bücher.example", BODY), BODY).await;
    assert_eq!(heard[1], "RCPT TO:<ana@xn--bcher-kva.example>");
}

#[tokio::test]
async fn the_longest_address_goes_whole_on_a_line_that_every_relay_reads() {
    let longest = format!("{}@{}bbb.org", "a".repeat(64), "b.".repeat(91));
    assert_eq!(longest.len(), 254);
    let (heard, said) = offered(&scripted(""), to(&longest, BODY), BODY).await;
    assert_eq!((heard[1].clone(), said.as_str()), (format!("RCPT TO:<{longest}>"), "250 2.0.0 kept"));
    assert!(heard.iter().all(|line| line.len() + 2 <= 512), "RFC 5321 §4.5.3.1.4");
}

#[tokio::test]
async fn a_relay_is_reached_by_ipv6_and_hears_an_address_as_our_name() {
    let settings_at = |mailbox: &Mailbox| Settings { hello: "[IPv6:::1]".to_string(), ..settings(mailbox) };
    let Ok(mailbox) = Mailbox::start((Ipv6Addr::LOCALHOST, 0).into(), Default::default()) else {
        println!("not tested: this machine has no IPv6");
        return;
    };
    let settings = settings_at(&mailbox);
    for host in ["::1", "[::1]"] {
        let connector = Connector::new(&Settings { host: host.to_string(), ..settings.clone() }).unwrap();
        assert_eq!(attempt(&connector, BODY).await, "said dot 250, usable", "{host}");
        assert_eq!(connector.label(), format!("smtp://[::1]:{}", mailbox.address().port()));
    }
    assert_eq!(mailbox.heard()[0], "EHLO [IPv6:::1]");
    let far = Settings { host: "2001:db8::1".to_string(), tls: Tls::PlainLoopback, ..settings };
    assert_eq!(attempt(&Connector::new(&far).unwrap(), BODY).await, "broken connect silent");
}

#[tokio::test]
async fn a_goodbye_to_an_idle_session_is_the_relays_and_no_mails() {
    let mailbox = scripted("nth=1 dot reply \"250 kept\\r\\n421 4.4.2 idle for too long\"");
    let mut session = open(&mailbox).await;
    assert_eq!(send(&mut session, BODY).await, "said dot 250");
    assert_eq!(send(&mut session, BODY).await, "lost mail 421");
    assert!(!session.is_usable());
}

#[tokio::test]
async fn a_size_is_said_and_a_mail_larger_than_the_relay_takes_never_is() {
    let small = mailbox_with(dripline::mailbox::Settings { largest: Some(BODY.len()), ..Default::default() });
    let (heard, _) = offered(&small, to("ana@example.org", BODY), BODY).await;
    assert_eq!(heard[0], format!("MAIL FROM:<bounce+1@example.org> SIZE={}", BODY.len()));
    let unlimited = scripted("ehlo reply \"250-mx\\r\\n250 SIZE\"");
    let (heard, said) = offered(&unlimited, to("ana@example.org", BODY), BODY).await;
    assert_eq!(
        (heard[0].as_str(), said.as_str()),
        (&*format!("MAIL FROM:<bounce+1@example.org> SIZE={}", BODY.len()), "250 2.0.0 kept")
    );
}

/// RFC 5321 §4.5.3.2: what a client waits at least, in seconds.
#[test]
fn no_phase_is_given_up_sooner_than_the_standard_allows() {
    let waits = Timeouts::default();
    let check = |name: &str, wait: Duration, least: u64| assert!(wait.as_secs() >= least, "{name}: {wait:?}");
    check("greeting", waits.greeting, 300);
    check("EHLO", waits.ehlo, 300);
    check("AUTH", waits.auth, 180);
    check("MAIL", waits.mail, 300);
    check("RCPT", waits.rcpt, 300);
    check("DATA", waits.data, 120);
    check("a block of the body", waits.block, 180);
    check("the final dot", waits.dot, 600);
}
