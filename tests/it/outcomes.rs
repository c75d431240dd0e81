//! What a relay says, and what becomes of the message, the person, the address and the relay.

mod chained;
mod doubt;
mod letters;
mod refusals;
mod retries;

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::minutes;
use std::time::Duration;

const ANA: &str = "ana@example.org";

/// Ana's first lesson, tried once through a relay with this script.
async fn tried(setup: Setup) -> TestApp {
    let app = TestApp::with(setup).await;
    app.course("calm", &["one", "two"]).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    app
}

/// `ROW ATTEMPTS ENROLMENT SUPPRESSED RELAY NEXT-TRY`, of Ana's first message.
async fn told(app: &TestApp) -> String {
    let entry = app.journal(ANA).await.into_iter().next().unwrap();
    let row = "SELECT attempts FROM outbox ORDER BY id LIMIT 1";
    let not_before = app.number("SELECT not_before FROM outbox ORDER BY id LIMIT 1").await;
    let ahead = (not_before - app.now().as_millisecond()) as f64 / 60_000.0;
    let waits = ["ready", "deferred"].contains(&entry.state);
    let steps = [0, 1, 5, 15, 30, 60, 120, 240, 24 * 60, 72 * 60];
    let near = |step: &&i64| (ahead - **step as f64).abs() <= 0.2 * **step as f64 + 0.01;
    let next = match steps.iter().find(near) {
        _ if !waits => "-".to_string(),
        Some(step) => format!("{step} min"),
        None => format!("{ahead} min?"),
    };
    let suppressed = app.number("SELECT count(*) FROM suppression").await;
    let relay = app.line().relays()[0].state;
    format!("{} {} {} {suppressed} {relay} {next}", entry.state, app.number(row).await, app.state(ANA).await)
}

async fn check(script: &str, expect: &str) {
    let setup = Setup { script: script.to_string(), dot: Duration::from_millis(300), ..Setup::default() };
    let app = tried(setup).await;
    assert_eq!(told(&app).await, expect, "{script}");
    app.verify().await;
}

#[tokio::test]
async fn trouble_before_mail_is_the_relays_and_nobodys_message_fails() {
    for script in [
        "connect close",
        "greeting reply \"421 4.3.2 later\"",
        "greeting reply \"554 5.7.1 never\"",
        "ehlo reply \"554 5.0.0 no\"",
    ] {
        check(script, "ready 0 active 0 open 0 min").await;
    }
    for script in ["times=1 connect close", "times=2 greeting reply \"421 4.3.2 later\""] {
        check(script, "accepted 0 active 0 closed -").await;
    }
}

#[tokio::test]
async fn a_relay_that_refuses_our_account_stops_everything_and_calls_a_human() {
    let app = tried(Setup { account: Some(("dripline", "wrong")), ..Setup::default() }).await;
    assert_eq!(told(&app).await, "ready 0 active 0 open 0 min");
    assert_eq!(app.number("SELECT count(*) FROM attempt WHERE code = 535 AND outcome = 'halted'").await, 1);
    let problems = app.status().await.problems;
    assert!(problems.iter().any(|it| it.contains("refuses us at auth with 535")), "{problems:?}");
    app.advance(minutes(9)).await;
    assert_eq!(app.number("SELECT count(*) FROM attempt").await, 1, "tried every ten minutes only");
    app.advance(minutes(2)).await;
    assert_eq!(app.number("SELECT count(*) FROM attempt").await, 2);
    app.verify().await;
}

#[tokio::test]
async fn a_relay_that_will_not_serve_us_is_a_problem_and_one_that_is_away_is_not_yet() {
    for (script, expect) in [
        (
            "greeting reply \"554 5.7.1 not you\"",
            "refuses us at greeting with 554: the relay doesn't take connections from us",
        ),
        ("ehlo reply \"550 5.7.1 not you\"", "refuses us at ehlo with 550: the relay doesn't like our name"),
        ("greeting reply \"421 4.3.2 later\"", ""),
        ("connect close", ""),
    ] {
        let mut app = tried(Setup { script: script.to_string(), ..Setup::default() }).await;
        assert_eq!(told(&app).await, "ready 0 active 0 open 0 min", "{script}");
        let problems = app.status().await.problems;
        let is_told = problems.len() == 1 && problems[0].contains(expect) && !problems[0].contains("not you");
        assert!(if expect.is_empty() { problems.is_empty() } else { is_told }, "{script}: {problems:?}");
        app.mailbox_says("").await;
        app.advance(minutes(11)).await;
        assert_eq!((app.mails(), app.status().await.problems), (1, Vec::new()), "{script}");
        app.verify().await;
    }
}

#[tokio::test]
async fn a_refused_sender_stops_everything_and_goes_on_by_itself() {
    let app = tried(Setup { script: "times=1 mail reply \"550 5.7.1 not you\"".to_string(), ..Setup::default() }).await;
    assert_eq!(told(&app).await, "ready 0 active 0 open 0 min");
    assert_eq!(app.status().await.problems.len(), 1);
    app.advance(minutes(11)).await;
    assert_eq!(told(&app).await, "accepted 0 active 0 closed -");
    assert_eq!(app.status().await.problems, Vec::<String>::new(), "the alarm is over with its reason");
    app.verify().await;
}

#[tokio::test]
async fn throttling_moves_no_attempt_and_waits_a_minute() {
    let once = |phase: &str, reply: &str| format!("times=1 {phase} reply \"{reply}\"");
    for phase in ["mail", "rcpt", "data", "dot"] {
        check(&once(phase, "450 4.7.1 too many messages"), "ready 0 active 0 closed 1 min").await;
    }
    check(&once("rcpt", "454 4.7.0 Throttling failure"), "ready 0 active 0 closed 1 min").await;
    check(&once("rcpt", "421 4.7.0 rate limited"), "ready 0 active 0 closed 1 min").await;
}

#[tokio::test]
async fn a_421_before_the_dot_closes_the_session_and_costs_the_message_nothing() {
    for phase in ["mail", "rcpt", "data"] {
        check(&format!("times=1 {phase} reply \"421 4.3.2 bye\""), "accepted 0 active 0 closed -").await;
    }
}

#[tokio::test]
async fn asked_to_come_later_a_message_waits_a_minute_whatever_the_phase() {
    for phase in ["mail", "rcpt", "data", "dot"] {
        check(&format!("{phase} reply \"451 4.7.1 greylisted\""), "deferred 1 active 0 closed 1 min").await;
        check(&format!("{phase} reply \"452 4.2.2 full\""), "deferred 1 active 0 closed 1 min").await;
    }
}

#[tokio::test]
async fn an_address_at_which_nobody_lives_is_suppressed_and_its_courses_held() {
    for reply in ["550 5.1.1 no such user", "550 5.1.10 no such domain", "550 no such user", "551 gone", "553 bad name"]
    {
        check(&format!("rcpt reply \"{reply}\""), "refused 0 held 1 closed -").await;
    }
    // An enhanced code of another class contradicts the basic one, which wins (RFC 2034 §4).
    for reply in ["550 4.2.2 full", "550 2.1.5 fine", "550 4.7.0 too many"] {
        check(&format!("rcpt reply \"{reply}\""), "refused 0 held 1 closed -").await;
    }
    check("rcpt reply \"451 5.1.1 no such user\"", "deferred 1 active 0 closed 1 min").await;
    let app = tried(Setup { script: "rcpt reply \"550 5.1.1 no\"".to_string(), ..Setup::default() }).await;
    app.course("walk", &["one"]).await;
    assert!(matches!(app.sign_up(ANA, "walk").await, dripline::flow::sign_up::SignedUp::Suppressed(_)));
    assert_eq!(app.person(ANA).await.status, "suppressed");
}

#[tokio::test]
async fn a_full_mailbox_is_asked_again_after_a_day() {
    for reply in ["552 5.2.2 full", "550 5.2.1 disabled", "552 over quota"] {
        check(&format!("rcpt reply \"{reply}\""), "deferred 1 active 0 closed 1440 min").await;
    }
}

#[tokio::test]
async fn what_is_in_the_message_holds_only_that_person_at_that_lesson() {
    for phase in ["rcpt", "data", "dot"] {
        for reply in ["554 5.7.1 spam", "550 5.6.0 odd", "552 5.3.4 too large", "554 no thanks"] {
            check(&format!("{phase} reply \"{reply}\""), "refused 0 held 0 closed -").await;
        }
    }
    for reply in ["550 5.1.1 no such user", "550 no"] {
        check(&format!("dot reply \"{reply}\""), "refused 0 held 0 closed -").await;
    }
}

#[tokio::test]
async fn a_connection_lost_before_the_dot_is_tried_again_at_once_and_the_third_time_in_a_minute() {
    for phase in ["mail", "rcpt", "data", "body"] {
        check(&format!("times=2 {phase} close"), "accepted 0 active 0 closed -").await;
        check(&format!("times=3 {phase} close"), "deferred 0 active 0 closed 1 min").await;
    }
}

#[tokio::test]
async fn a_reply_that_does_not_come_after_the_dot_leaves_the_message_in_doubt() {
    for action in ["close", "hang", "garbage", "reply \"354 what\""] {
        check(&format!("times=1 dot {action}"), "in_doubt 0 active 0 closed -").await;
    }
    check("times=1 dot late-reset", "in_doubt 0 active 0 closed -").await;
}
