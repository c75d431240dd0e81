//! Pausing, leaving, being forgotten, and what the operator holds.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use dripline::flow::address;
use dripline::flow::farewell;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Acted;
use dripline::flow::preferences::Which;
use dripline::flow::sign_up::SignedUp;
use std::time::Duration;

const ANA: &str = "ana@example.org";
const SENDING: &str = "SELECT count(*) FROM outbox WHERE state = 3";

async fn in_calm(script: &str) -> TestApp {
    let setup = Setup { script: script.to_string(), dot: Duration::from_millis(300), ..Setup::default() };
    let app = TestApp::with(setup).await;
    app.course("calm", &["one", "two", "three"]).await;
    app.enrol(ANA, "calm").await;
    app
}

async fn pause(app: &TestApp) -> Acted {
    preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &Act::Pause { until: None }).await.unwrap()
}

async fn resume(app: &TestApp) -> Acted {
    preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &Act::Resume).await.unwrap()
}

async fn leave(app: &TestApp) -> Acted {
    preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &Act::Leave).await.unwrap()
}

/// The courses that an act changed.
fn on(acted: Acted) -> String {
    let Acted::On(done) = acted else { panic!("{acted:?}") };
    done.courses.join(" ")
}

#[tokio::test]
async fn a_pause_freezes_the_wait_and_a_resume_at_night_waits_for_the_morning() {
    let app = in_calm("").await;
    app.advance(hours(10)).await;
    assert_eq!(on(pause(&app).await), "calm");
    assert_eq!(pause(&app).await, Acted::Nothing);
    app.advance(days(20)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (1, "paused"));
    // It is 19:00; go on at 02:00 at night.
    app.advance(hours(7)).await;
    assert_eq!(on(resume(&app).await), "calm");
    app.advance(days(4)).await;
    let taken = app.taken(ANA).await;
    assert_eq!(taken[1..], ["2026-03-24 08:30 calm/two", "2026-03-25 08:30 calm/three"]);
    // After so long a pause a short mail came first.
    assert_eq!(app.own_taken(ANA).await, ["2026-03-23 08:30 calm/@back", "2026-03-26 08:30 calm/@closing"]);
    app.verify().await;
}

#[tokio::test]
async fn a_pause_until_a_date_ends_by_itself_on_that_day() {
    let app = in_calm("").await;
    app.advance(hours(1)).await;
    let until = Some(jiff::civil::date(2026, 3, 16));
    let pause = Act::Pause { until };
    assert_eq!(on(preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &pause).await.unwrap()), "calm");
    app.advance(days(17)).await;
    let taken = app.taken(ANA).await;
    assert_eq!(taken[1..], ["2026-03-17 08:30 calm/two", "2026-03-18 08:30 calm/three"]);
    assert_eq!(app.own_taken(ANA).await[0], "2026-03-16 08:30 calm/@back");
    app.verify().await;
}

#[tokio::test]
async fn a_pause_takes_back_what_a_relay_put_off_and_the_lesson_comes_after_it() {
    let app = in_calm("times=1 nth=2 rcpt reply \"451 4.2.0 later\"").await;
    app.advance(hours(23) + minutes(30)).await;
    assert_eq!(app.status().await.deliveries["deferred"], 1);
    assert_eq!(on(pause(&app).await), "calm");
    assert_eq!(app.status().await.deliveries["cancelled"], 1);
    app.verify().await;
    app.advance(days(3)).await;
    assert_eq!(app.mails(), 1);
    resume(&app).await;
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two", "calm three"]);
    app.verify().await;
}

#[tokio::test]
async fn a_pause_while_a_lesson_is_leased_sends_nothing_and_raises_no_alarm() {
    let app = in_calm("times=1 data delay 1s").await;
    app.step().await;
    app.until("SELECT count(*) FROM outbox WHERE state = 2", 1).await;
    assert_eq!(on(pause(&app).await), "calm");
    app.advance(days(2)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (0, "paused"));
    assert_eq!(app.status().await.problems, Vec::<String>::new());
    app.verify().await;
    resume(&app).await;
    app.advance(days(4)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two", "calm three"]);
    app.verify().await;
}

#[tokio::test]
async fn a_pause_while_a_lesson_is_on_the_wire_comes_into_force_with_its_record() {
    let setup = Setup { script: "times=1 dot delay 1s".to_string(), ..Setup::default() };
    let app = TestApp::with(setup).await;
    app.course("calm", &["one", "two"]).await;
    app.enrol(ANA, "calm").await;
    app.step().await;
    app.until(SENDING, 1).await;
    assert_eq!(on(pause(&app).await), "calm");
    assert_eq!(app.state(ANA).await, "paused");
    app.advance(days(3)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (1, "paused"));
    assert_eq!(app.person(ANA).await.enrolments[0].done, ["one"]);
    app.verify().await;
    resume(&app).await;
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two"]);
    app.verify().await;
}

#[tokio::test]
async fn a_lesson_put_off_after_its_reader_left_or_paused_is_not_tried_again() {
    for leaves in [true, false] {
        // The relay takes its time and then asks to come later.
        let app = in_calm("times=1 dot hang; times=1 dot reply \"451 4.3.0 later\"").await;
        app.step().await;
        app.until(SENDING, 1).await;
        let acted = if leaves { leave(&app).await } else { pause(&app).await };
        assert_eq!(on(acted), "calm");
        app.line().settled().await;
        app.verify().await;
        app.advance(days(5)).await;
        let expect = if leaves { "left" } else { "paused" };
        assert_eq!(app.state(ANA).await, expect);
        if leaves {
            assert_eq!(app.mails(), 0);
        }
        app.verify().await;
    }
}

#[tokio::test]
async fn leaving_between_claim_and_intent_sends_nothing() {
    let app = in_calm("times=1 data delay 1s").await;
    app.step().await;
    app.until("SELECT count(*) FROM outbox WHERE state = 2", 1).await;
    assert_eq!(on(leave(&app).await), "calm");
    app.advance(days(3)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (0, "left"));
    assert_eq!(app.person(ANA).await.status, "left");
    assert_eq!(app.status().await.problems, Vec::<String>::new());
    assert_eq!(leave(&app).await, Acted::Nothing);
    app.verify().await;
}

#[tokio::test]
async fn who_leaves_before_confirming_is_not_asked_any_more() {
    let app = TestApp::scripted("times=1 rcpt reply \"451 4.7.1 later\"").await;
    app.course("calm", &["one"]).await;
    app.sign_up(ANA, "calm").await;
    app.settle().await;
    assert_eq!(on(leave(&app).await), "calm");
    app.verify().await;
    app.advance(days(2)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (0, "left"));
    assert_eq!(app.texts("SELECT inputs FROM outbox").await, [""], "the token isn't kept");
    app.verify().await;
}

#[tokio::test]
async fn leaving_while_a_lesson_is_in_doubt_sends_no_second_copy() {
    let app = in_calm("times=1 dot late-reset").await;
    app.settle().await;
    assert_eq!(app.status().await.deliveries["in_doubt"], 1);
    assert_eq!(on(leave(&app).await), "calm");
    app.verify().await;
    app.advance(days(2)).await;
    assert_eq!((app.mails(), app.state(ANA).await), (1, "left"));
    app.verify().await;
}

#[tokio::test]
async fn who_is_erased_leaves_no_row_and_no_address() {
    let app = in_calm("times=1 nth=2 rcpt reply \"451 4.2.0 <ana@example.org> later\"").await;
    app.course("walk", &["one"]).await;
    app.sign_up(ANA, "walk").await;
    address::ask(&app.app, app.id(ANA).await, &"ana@example.net".parse().unwrap()).await.unwrap();
    let place = app.number("SELECT min(id) FROM enrolment").await;
    farewell::leave(&app.app, place, false, Some("It was enough.")).await.unwrap();
    assert_eq!(app.number("SELECT count(*) FROM farewell").await, 1);
    app.advance(hours(23) + minutes(30)).await;
    assert!(preferences::erase(&app.app, &ANA.parse().unwrap()).await.unwrap());
    assert!(!preferences::erase(&app.app, &ANA.parse().unwrap()).await.unwrap());
    let tables = ["subscriber", "enrolment", "outbox", "body", "attempt", "confirmation", "consent", "answer", "act"];
    for table in tables.into_iter().chain(["issue_date", "address_change", "farewell"]) {
        assert_eq!(app.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(app.texts("SELECT address || reason FROM suppression").await, ["erased"]);
    if let Some(path) = app.app.store.path() {
        for ending in ["", "-wal"] {
            let file = format!("{}{ending}", path.display());
            let bytes = std::fs::read(&file).unwrap();
            assert!(!bytes.windows(4).any(|four| four == b"ana@"), "{file}");
        }
    }
    let rest = "SELECT key || value FROM meta UNION ALL SELECT key || text FROM alarm";
    assert!(app.texts(rest).await.iter().all(|text| !text.contains("ana@")));
    let before = app.mails();
    app.advance(days(5)).await;
    assert_eq!(app.mails(), before);
    assert_eq!(app.sign_up(ANA, "walk").await, SignedUp::Suppressed("erased".to_string()));
    app.verify().await;
}

#[tokio::test]
async fn who_is_erased_while_on_the_wire_leaves_no_row_and_no_alarm() {
    let app = in_calm("times=1 dot delay 1s").await;
    app.step().await;
    app.until(SENDING, 1).await;
    assert!(preferences::erase(&app.app, &ANA.parse().unwrap()).await.unwrap());
    app.advance(days(2)).await;
    assert_eq!(app.number("SELECT count(*) FROM outbox").await, 0);
    assert_eq!(app.status().await.problems, Vec::<String>::new());
    app.verify().await;
}

#[tokio::test]
async fn a_held_course_or_lesson_stays_and_goes_on_when_released() {
    let lesson = Scope::Lesson { course: "calm".to_string(), lesson: "two".to_string() };
    for scope in [Scope::All, Scope::Course("calm".to_string()), lesson] {
        let app = in_calm("").await;
        app.course("walk", &["one"]).await;
        app.advance(hours(1)).await;
        operate::hold(&app.app, &scope, "the coach looks at it").await.unwrap();
        app.enrol("ben@example.org", "walk").await;
        app.advance(days(3)).await;
        assert_eq!(app.subjects_to(ANA), ["calm one"], "{scope:?}");
        let others = if scope == Scope::All { 0 } else { 1 };
        assert_eq!(app.subjects_to("ben@example.org").len(), others, "{scope:?}");
        assert_eq!(operate::release(&app.app, &scope).await.unwrap(), (true, 0));
        app.advance(days(2)).await;
        assert_eq!(app.subjects_to(ANA), ["calm one", "calm two", "calm three"], "{scope:?}");
        assert_eq!(app.subjects_to("ben@example.org").len(), 1);
        app.verify().await;
    }
}

#[tokio::test]
async fn a_hold_stops_what_is_leased_before_it_goes_on_the_wire() {
    let app = in_calm("times=1 data delay 1s").await;
    app.step().await;
    app.until("SELECT count(*) FROM outbox WHERE state = 2", 1).await;
    operate::hold(&app.app, &Scope::All, "stop").await.unwrap();
    app.advance(hours(3)).await;
    assert_eq!(app.mails(), 0);
    operate::release(&app.app, &Scope::All).await.unwrap();
    app.advance(hours(1)).await;
    assert_eq!(app.mails(), 1);
    app.verify().await;
}
