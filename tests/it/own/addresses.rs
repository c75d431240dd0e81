//! Another address for the same person.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use dripline::address::Address;
use dripline::flow::address;
use dripline::flow::address::Change;
use dripline::flow::operate;
use dripline::store::subscribers;
use dripline::store::suppressions;
use dripline::subscriber::Status;

const OLD: &str = "old@example.org";
const NEW: &str = "new@example.net";

fn new() -> Address {
    NEW.parse().unwrap()
}

async fn in_calm(script: &str) -> TestApp {
    let app = TestApp::scripted(script).await;
    app.course("calm", &["one", "two", "three"]).await;
    app.enrol(OLD, "calm").await;
    app.settle().await;
    app
}

/// How many links to a new address were queued by now.
async fn links(app: &TestApp) -> i64 {
    app.number("SELECT count(*) FROM outbox WHERE what = 'address'").await
}

#[tokio::test]
async fn the_same_person_goes_on_in_the_same_place() {
    let app = in_calm("").await;
    let person = app.id(OLD).await;
    address::ask(&app.app, person, &new()).await.unwrap();
    app.advance(minutes(10)).await;
    let token = app.token_to(NEW, "/confirm/").unwrap();
    assert_eq!(address::look_at(&app.app, &token).await.unwrap(), Change::Asks(None));
    assert_eq!(app.person(OLD).await.enrolments.len(), 1, "the old address is in force until then");
    assert_eq!(address::confirm(&app.app, &token).await.unwrap(), Change::Asks(None));
    assert_eq!(address::confirm(&app.app, &token).await.unwrap(), Change::Used);
    assert_eq!(app.id(NEW).await, person);
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(OLD), ["calm one", "Your address at Steady Ground was changed"]);
    let asked = "Please confirm your new address at Steady Ground";
    assert_eq!(app.subjects_to(NEW), [asked, "calm two", "calm three"]);
    assert!(!app.mails_to(NEW)[0].text.contains(OLD) && !app.mails_to(OLD)[1].text.contains(NEW));
    assert_eq!(app.texts("SELECT hash FROM address_change WHERE hash LIKE '%' || address || '%'").await.len(), 0);
    app.verify().await;
}

#[tokio::test]
async fn what_a_hard_bounce_held_goes_on_at_the_new_address() {
    let app = TestApp::scripted("to=old* rcpt reply \"550 5.1.1 no such user\"").await;
    app.course("calm", &["one", "two"]).await;
    app.course("walk", &["one"]).await;
    app.enrol(OLD, "calm").await;
    app.enrol(OLD, "walk").await;
    app.settle().await;
    let before = app.person(OLD).await;
    assert_eq!((before.status, before.enrolments[0].state), ("suppressed", "held"));
    assert_eq!(app.change_address(OLD, &new()).await, Change::Asks(None));
    let after = app.person(NEW).await;
    assert_eq!((after.status, after.suppression.is_none()), ("active", true));
    assert!(after.enrolments.iter().all(|it| it.state == "active" && it.held_why.is_none()), "{:?}", after.enrolments);
    app.advance(days(5)).await;
    let mut subjects = app.subjects_to(NEW);
    subjects.sort();
    assert_eq!(subjects[1..], ["calm one", "calm two", "walk one"]);
    assert_eq!(app.subjects_to(OLD), Vec::<String>::new());
    assert_eq!(operate::suppressions(&app.app).await.unwrap().len(), 1, "the old address stays suppressed");
    app.verify().await;
}

#[tokio::test]
async fn what_is_held_for_another_reason_waits_for_a_human() {
    let app = in_calm("").await;
    let (person, old) = (app.id(OLD).await, OLD.parse().unwrap());
    let mut transaction = app.app.store.begin().await.unwrap();
    let hash = app.app.address_hash(&old);
    let at = app.now();
    suppressions::add(&mut transaction, &hash, OLD, "complaint", "a feedback loop", at.as_millisecond()).await.unwrap();
    subscribers::set_status(&mut transaction, person, Status::Suppressed).await.unwrap();
    suppressions::stop_everything(&mut transaction, person, "complaint", at).await.unwrap();
    transaction.commit().await.unwrap();
    app.change_address(OLD, &new()).await;
    app.advance(days(3)).await;
    assert_eq!((app.person(NEW).await.status, app.state(NEW).await), ("active", "held"));
    assert_eq!(app.subjects_to(OLD), ["calm one"], "nothing more goes to an address that complained");
    app.verify().await;
}

#[tokio::test]
async fn an_address_of_somebody_else_or_one_that_gets_nothing_is_not_written_to() {
    let app = in_calm("to=dead* rcpt reply \"550 5.1.1 no such user\"").await;
    app.enrol("other@example.org", "calm").await;
    app.enrol("dead@example.org", "calm").await;
    app.settle().await;
    let person = app.id(OLD).await;
    for taken in ["other@example.org", "Other@Example.org", "dead@example.org", OLD] {
        address::ask(&app.app, person, &taken.parse().unwrap()).await.unwrap();
        assert_eq!((links(&app).await, app.number("SELECT count(*) FROM address_change").await), (0, 0), "{taken}");
    }
    address::ask(&app.app, 1, &new()).await.unwrap();
    assert_eq!(links(&app).await, 0, "nobody asked");
    for (n, expect) in [(1, 1), (2, 2), (3, 3), (4, 3)] {
        address::ask(&app.app, person, &format!("new{n}@example.net").parse().unwrap()).await.unwrap();
        assert_eq!(links(&app).await, expect, "the {n}. of a day");
    }
    app.advance(days(1) + minutes(1)).await;
    address::ask(&app.app, person, &new()).await.unwrap();
    assert_eq!(links(&app).await, 4);
    app.verify().await;
}

#[tokio::test]
async fn a_link_works_for_an_hour_and_not_once_somebody_else_has_the_address() {
    let app = in_calm("").await;
    let person = app.id(OLD).await;
    address::ask(&app.app, person, &new()).await.unwrap();
    app.settle().await;
    let token = app.token_to(NEW, "/confirm/").unwrap();
    app.enrol(NEW, "calm").await;
    assert_eq!(address::confirm(&app.app, &token).await.unwrap(), Change::Gone);
    assert_eq!((app.id(OLD).await, app.state(OLD).await), (person, "active"));
    address::ask(&app.app, person, &"late@example.net".parse().unwrap()).await.unwrap();
    app.advance(hours(1)).await;
    let token = app.token_to("late@example.net", "/confirm/").unwrap();
    assert_eq!(address::look_at(&app.app, &token).await.unwrap(), Change::Gone);
    assert_eq!(address::confirm(&app.app, &token).await.unwrap(), Change::Gone);
    assert_eq!(address::confirm(&app.app, "nonsense").await.unwrap(), Change::Unknown);
    app.verify().await;
}

#[tokio::test]
async fn a_new_address_that_refuses_mail_harms_nobody() {
    let app = in_calm("to=new* rcpt reply \"550 5.1.1 no such user\"").await;
    address::ask(&app.app, app.id(OLD).await, &new()).await.unwrap();
    app.advance(days(3)).await;
    assert_eq!(app.texts("SELECT reply FROM outbox WHERE what = 'address' AND state = 11").await.len(), 1);
    assert_eq!(app.subjects_to(OLD), ["calm one", "calm two", "calm three"]);
    assert_eq!(operate::suppressions(&app.app).await.unwrap(), []);
    app.verify().await;
}

#[tokio::test]
async fn what_waits_to_be_tried_again_is_made_for_the_new_address() {
    let app = in_calm("times=1 to=old* dot reply \"451 4.3.0 later\"").await;
    assert_eq!((app.mails(), app.status().await.deliveries["deferred"]), (0, 1));
    app.change_address(OLD, &new()).await;
    app.advance(hours(2)).await;
    let mail = &app.mails_to(NEW)[1];
    assert_eq!(mail.subject, "calm one");
    let head = String::from_utf8_lossy(&mail.bytes).into_owned();
    assert!(head.contains(&format!("<{NEW}>")) && !head.contains(OLD), "{head}");
    app.verify().await;
}
