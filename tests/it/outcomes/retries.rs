//! What comes after "later": again and again, then tomorrow, then a human.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use crate::outcomes::ANA;
use crate::outcomes::told;
use crate::outcomes::tried;

async fn tried_with(script: &str) -> TestApp {
    tried(Setup { script: script.to_string(), ..Setup::default() }).await
}

#[tokio::test]
async fn the_waits_between_attempts_grow_to_four_hours() {
    let app = tried_with("rcpt reply \"451 4.7.1 later\"").await;
    let mut waits = Vec::new();
    for _ in 0..9 {
        let line = told(&app).await;
        waits.push(line.rsplit_once("closed ").expect("the relay works").1.to_string());
        let next = app.number("SELECT not_before FROM outbox").await;
        app.clock.advance(jiff::SignedDuration::from_millis(next - app.now().as_millisecond()));
        app.settle().await;
    }
    let expect = ["1", "5", "15", "30", "60", "120", "240", "240", "240"].map(|minutes| format!("{minutes} min"));
    assert_eq!(waits, expect);
    app.verify().await;
}

#[tokio::test]
async fn an_expired_lesson_comes_again_next_day_and_after_three_times_a_human_is_called() {
    let app = tried_with("rcpt reply \"451 4.7.1 later\"").await;
    app.advance(days(3)).await;
    let expired = "SELECT count(*) FROM outbox WHERE state = 12";
    assert_eq!((app.number(expired).await, app.state(ANA).await), (1, "active"));
    assert_eq!(app.numbers("SELECT occurrence FROM outbox ORDER BY id").await, [1, 2]);
    app.verify().await;
    app.advance(days(9)).await;
    assert_eq!((app.number(expired).await, app.state(ANA).await), (3, "held"));
    assert!(
        app.status().await.problems.iter().any(|it| it.contains("expired 3 times")),
        "{:?}",
        app.status().await.problems
    );
    assert_eq!(app.mails(), 0);
    app.advance(days(5)).await;
    assert_eq!(app.number("SELECT count(*) FROM outbox").await, 3, "nothing more is tried");
    app.verify().await;
}

#[tokio::test]
async fn a_lesson_that_expired_is_never_skipped() {
    let mut app = tried_with("rcpt reply \"451 4.7.1 later\"").await;
    app.advance(days(3)).await;
    app.relay_says("").await;
    app.advance(days(4)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two"]);
    assert_eq!(app.state(ANA).await, "completed");
    app.verify().await;
}

#[tokio::test]
async fn a_full_mailbox_is_tried_after_a_day_and_three_days_and_then_given_up() {
    let app = tried_with("rcpt reply \"552 5.2.2 full\"").await;
    app.advance(hours(24) + minutes(1)).await;
    assert!(told(&app).await.starts_with("deferred 2 active 0"), "{}", told(&app).await);
    app.advance(hours(71)).await;
    assert!(told(&app).await.starts_with("deferred 2 active 0"), "{}", told(&app).await);
    app.advance(hours(1)).await;
    assert_eq!(told(&app).await, "refused 3 held 0 closed -");
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 12").await, 0);
    app.verify().await;
}

#[tokio::test]
async fn a_retry_is_the_same_bytes_with_the_same_message_id_whatever_happened_since() {
    let mut app = tried_with("times=3 dot reply \"451 4.3.0 later\"").await;
    let before: Vec<String> = app.texts("SELECT hash FROM outbox").await;
    app.write("calm/one.md", crate::app::lesson("calm one", "Other words."));
    app.reload().await;
    app.restart().await;
    app.advance(hours(1)).await;
    let mails = app.mails_to(ANA);
    assert_eq!(mails.len(), 1);
    assert_eq!(app.texts("SELECT hash FROM outbox").await, before);
    assert!(mails[0].text.contains("Breathe.") && !mails[0].text.contains("Other words."));
    assert_eq!(app.number("SELECT attempts FROM outbox").await, 3);
    app.verify().await;
}

#[tokio::test]
async fn a_confirmation_is_tried_for_a_day() {
    let app = TestApp::scripted("rcpt reply \"451 4.7.1 later\"").await;
    app.course("calm", &["one"]).await;
    app.sign_up(ANA, "calm").await;
    app.advance(hours(30)).await;
    assert_eq!(app.number("SELECT count(*) FROM outbox WHERE state = 12").await, 1);
    assert_eq!(app.state(ANA).await, "pending");
    assert_eq!(app.texts("SELECT inputs FROM outbox").await, [""], "the token isn't kept");
    app.verify().await;
}
