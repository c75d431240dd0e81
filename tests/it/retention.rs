//! What isn't needed any more goes by itself, and nothing else does.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::flow::answer;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;
use dripline::flow::retention;
use dripline::flow::retention::Swept;
use dripline::flow::sign_up::SignedUp;

const ANA: &str = "ana@example.org";

async fn sweep(app: &TestApp) -> Swept {
    let swept = retention::step(&app.app).await.unwrap();
    assert_eq!(retention::step(&app.app).await.unwrap(), Swept::default(), "a second look finds nothing");
    app.verify().await;
    swept
}

async fn act(app: &TestApp, address: &str, act: Act) {
    preferences::act(&app.app, &address.parse().unwrap(), &Which::All, &act).await.unwrap();
}

async fn people(app: &TestApp) -> Vec<String> {
    app.texts("SELECT address FROM subscriber ORDER BY address").await
}

#[tokio::test]
async fn who_never_confirmed_goes_when_no_link_of_theirs_works_any_more() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    for address in ["never@example.org", "again@example.org"] {
        assert_eq!(app.sign_up(address, "calm").await, SignedUp::Asked);
    }
    app.enrol(ANA, "calm").await;
    app.settle().await;
    act(&app, ANA, Act::Leave).await;
    app.advance(days(3)).await;
    assert_eq!(app.sign_up("again@example.org", "calm").await, SignedUp::Asked);
    assert_eq!(
        app.sign_up(ANA, "calm").await,
        SignedUp::Asked,
        "who left and is asked again is pending, with a history"
    );
    app.advance(days(3) + hours(23)).await;
    assert_eq!(sweep(&app).await, Swept::default());
    app.advance(hours(2)).await;
    assert_eq!(sweep(&app).await.people, 1);
    assert_eq!(people(&app).await, ["again@example.org", ANA]);
    app.advance(days(3)).await;
    assert_eq!(sweep(&app).await.people, 1);
    assert_eq!((people(&app).await, app.person(ANA).await.status), (vec![ANA.to_string()], "pending"));
    let traces =
        "SELECT count(*) FROM outbox WHERE whom NOT IN (SELECT id FROM subscriber UNION ALL SELECT id FROM enrolment)";
    assert_eq!(app.number(traces).await, 0);
    assert_eq!(app.sign_up("never@example.org", "calm").await, SignedUp::Asked, "they may be asked again");
}

#[tokio::test]
async fn where_people_agreed_from_is_forgotten_and_what_they_agreed_to_is_not() {
    let app = TestApp::new().await;
    app.course("calm", &["one"]).await;
    let origins = "SELECT ip || ' ' || agent FROM consent ORDER BY id";
    app.enrol(ANA, "calm").await;
    app.break_with("UPDATE consent SET ip = '192.0.2.1', agent = 'a browser'").await;
    app.advance(days(30)).await;
    sweep(&app).await;
    assert_eq!(app.texts(origins).await, ["192.0.2.1 a browser"]);
    app.advance(hours(1)).await;
    app.enrol("ben@example.org", "calm").await;
    app.break_with("UPDATE consent SET ip = '192.0.2.2' WHERE ip = ''").await;
    sweep(&app).await;
    assert_eq!(app.texts(origins).await, [" ", "192.0.2.2 "]);
    app.advance(days(31)).await;
    sweep(&app).await;
    assert_eq!(app.texts(origins).await, [" ", " "]);
    assert_eq!(app.texts("SELECT source FROM consent").await, ["paper form", "paper form"]);
}

#[tokio::test]
async fn what_relays_said_is_forgotten_of_deliveries_that_have_ended() {
    let app = TestApp::scripted("to=doubt* dot late-reset").await;
    app.course("calm", &["one"]).await;
    app.enrol(ANA, "calm").await;
    app.enrol("doubt@example.org", "calm").await;
    app.advance(days(2)).await;
    assert_eq!(app.status().await.deliveries["held"], 1);
    let said = app.number("SELECT count(*) FROM attempt").await;
    let open =
        app.number("SELECT count(*) FROM attempt a JOIN outbox o ON o.id = a.outbox_id WHERE o.state < 10").await;
    assert!(open > 0 && said > open);
    app.advance(days(87)).await;
    assert_eq!(sweep(&app).await.attempts, 0);
    app.advance(days(4)).await;
    assert_eq!(sweep(&app).await.attempts as i64, said - open);
    assert_eq!(app.number("SELECT count(*) FROM attempt").await, open);
    assert_eq!(app.journal(ANA).await[0].state, "accepted", "that it was sent stays known");
}

/// A course with a question, and what three people made of it: one completed it, one pauses, one is in the middle.
async fn answered() -> TestApp {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    let asks = "+++\nsubject = \"calm one\"\n[[ask]]\nid = \"ease\"\nquestion = \"How easy?\"\nkind = \"scale\"\n+++\n\nRest.\n";
    app.write("calm/one.md", asks);
    app.reload().await;
    for name in ["ana", "pauses", "stays"] {
        app.enrol(&format!("{name}@example.org"), "calm").await;
    }
    app.advance(hours(1)).await;
    for name in ["ana", "pauses", "stays"] {
        let (address, raw) = (format!("{name}@example.org").parse().unwrap(), ["3".to_string()]);
        let recorded = answer::record_by_hand(&app.app, &address, "calm", None, "ease", &raw).await.unwrap();
        assert!(matches!(recorded, answer::Recorded::Kept(_)));
    }
    act(&app, "pauses@example.org", Act::Pause { until: None }).await;
    act(&app, "stays@example.org", Act::Pause { until: None }).await;
    app.advance(days(5)).await;
    assert_eq!(app.state(ANA).await, "completed");
    app
}

#[tokio::test]
async fn answers_are_forgotten_half_a_year_after_the_course_ended() {
    let app = answered().await;
    app.advance(days(170)).await;
    assert_eq!(sweep(&app).await.answers, 0);
    act(&app, "pauses@example.org", Act::Leave).await;
    app.advance(days(12)).await;
    assert_eq!(sweep(&app).await.answers, 1, "of who completed it");
    app.advance(days(160)).await;
    assert_eq!(sweep(&app).await.answers, 0, "who left long after their last mail left lately");
    app.advance(days(20)).await;
    assert_eq!(sweep(&app).await.answers, 1, "of who left");
    let left = "SELECT s.address FROM answer a JOIN subscriber s ON s.id = a.subscriber_id";
    assert_eq!(app.texts(left).await, ["stays@example.org"], "a course that isn't over keeps its answers");
}

#[tokio::test]
async fn new_addresses_that_nobody_confirmed_are_forgotten() {
    let app = TestApp::new().await;
    app.course("calm", &["one"]).await;
    app.enrol(ANA, "calm").await;
    dripline::flow::address::ask(&app.app, app.id(ANA).await, &"new@example.org".parse().unwrap()).await.unwrap();
    app.advance(days(7)).await;
    sweep(&app).await;
    assert_eq!(app.number("SELECT count(*) FROM address_change").await, 1);
    app.advance(hours(2)).await;
    sweep(&app).await;
    assert_eq!(app.number("SELECT count(*) FROM address_change").await, 0);
}
