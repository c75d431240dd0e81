//! The functions of the store that decide something by themselves, one by one.

use crate::app::TestApp;
use crate::conformance::lived_in;
use dripline::clock::from_ms;
use dripline::delivery::State;
use dripline::store::calendar;
use dripline::store::confirmations;
use dripline::store::courses;
use dripline::store::enrolments;
use dripline::store::meta;
use dripline::store::outbox;
use dripline::store::outbox::Lane;
use dripline::store::people;
use dripline::store::report;
use dripline::store::subscribers;
use dripline::store::suppressions;

#[tokio::test]
async fn a_write_based_on_an_older_state_of_an_enrolment_changes_nothing() {
    let app = lived_in().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let person = subscribers::by_key(&mut transaction, "ana@example.org").await.unwrap().unwrap();
    let mut mine = enrolments::of_subscriber(&mut transaction, person.id).await.unwrap().remove(0);
    let theirs = mine.clone();
    mine.pace = 1.5;
    assert!(enrolments::put(&mut transaction, &mine, app.now()).await.unwrap());
    assert!(!enrolments::put(&mut transaction, &theirs, app.now()).await.unwrap());
    let kept = enrolments::by_id(&mut transaction, mine.id).await.unwrap().unwrap();
    assert_eq!((kept.pace, kept.serial), (1.5, mine.serial + 1));
    assert_eq!(enrolments::by_id(&mut transaction, 1).await.unwrap(), None);
}

#[tokio::test]
async fn a_lease_is_taken_once_and_by_lane() {
    let app = TestApp::scripted("connect close").await;
    app.course("calm", &["one"]).await;
    app.sign_up("ben@example.org", "calm").await;
    app.enrol("ana@example.org", "calm").await;
    app.settle().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let confirmation = outbox::lease(&mut transaction, Lane::Confirmation, app.now(), 9).await.unwrap();
    assert_eq!(
        confirmation.iter().map(|row| (row.what.as_str(), row.lane)).collect::<Vec<_>>(),
        [("confirm", Lane::Confirmation)]
    );
    let lesson = outbox::lease(&mut transaction, Lane::Lesson, app.now(), 9).await.unwrap();
    assert_eq!(lesson.iter().map(|row| row.what.as_str()).collect::<Vec<_>>(), ["lesson/calm/one"]);
    assert_eq!(outbox::lease(&mut transaction, Lane::Lesson, app.now(), 9).await.unwrap(), []);
    let (id, epoch) = (lesson[0].id, lesson[0].epoch);
    outbox::give_back(&mut transaction, id, epoch - 1).await.unwrap();
    assert_eq!(
        outbox::by_id(&mut transaction, id).await.unwrap().unwrap().state,
        State::Leased,
        "an old lease is no lease"
    );
    outbox::give_back(&mut transaction, id, epoch).await.unwrap();
    assert_eq!(outbox::by_id(&mut transaction, id).await.unwrap().unwrap().state, State::Ready);
    assert_eq!(outbox::next_ready(&mut transaction, from_ms(0)).await.unwrap(), Some(lesson[0].not_before));
    assert_eq!(outbox::next_ready(&mut transaction, app.now()).await.unwrap(), None);
}

#[tokio::test]
async fn the_same_message_for_the_same_person_is_never_inserted_twice() {
    let app = lived_in().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let id = app.number("SELECT id FROM outbox WHERE state = 10 LIMIT 1").await;
    let mut row = outbox::by_id(&mut transaction, id).await.unwrap().unwrap();
    row.id += 1;
    assert_eq!(
        outbox::insert(&mut transaction, std::slice::from_ref(&row), app.now()).await.unwrap(),
        Vec::<i64>::new()
    );
    assert_eq!(outbox::last_occurrence(&mut transaction, &row.what, row.whom).await.unwrap(), 1);
    row.occurrence = 2;
    assert_eq!(outbox::insert(&mut transaction, std::slice::from_ref(&row), app.now()).await.unwrap(), [row.id]);
    assert_eq!(outbox::last_occurrence(&mut transaction, &row.what, row.whom).await.unwrap(), 2);
    assert_eq!(outbox::last_occurrence(&mut transaction, "lesson/calm/nine", row.whom).await.unwrap(), 0);
}

#[tokio::test]
async fn the_calendar_tells_used_dates_flights_and_what_waits() {
    let app = lived_in().await;
    let mut connection = app.app.store.read().await.unwrap();
    let mut people = Vec::new();
    for name in ["ana@example.org", "later@example.org"] {
        people.push(subscribers::by_key(&mut connection, name).await.unwrap().unwrap().id);
    }
    let uses = calendar::date_uses(&mut connection, &people).await.unwrap();
    let of = |person| uses.iter().find(|it| it.subscriber_id == person).unwrap();
    assert_eq!(of(people[0]).last_date.map(|date| date.to_string()).as_deref(), Some("2026-03-02"));
    assert_eq!(of(people[0]).waiting.as_ref().map(|it| it.what.as_str()), Some("lesson/calm/two"));
    assert!(of(people[0]).in_flight.is_none() && of(people[1]).in_flight.is_some());
    assert_eq!((of(people[1]).last_date, &of(people[1]).waiting), (None, &None));
    assert_eq!(calendar::date_uses(&mut connection, &[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_hold_covers_what_stands_below_its_name_and_no_neighbour() {
    let app = TestApp::new().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    meta::hold(&mut transaction, "lesson/calm", "a look", 1).await.unwrap();
    meta::hold(&mut transaction, "lesson/calm", "a longer look", 2).await.unwrap();
    let holds = meta::holds(&mut transaction).await.unwrap();
    assert_eq!(
        holds.iter().map(|it| (it.name.as_str(), it.why.as_str(), it.since)).collect::<Vec<_>>(),
        [("lesson/calm", "a longer look", 1)]
    );
    let check = |what: &str, expect: bool| assert_eq!(holds[0].covers(what), expect, "{what}");
    check("lesson/calm", true);
    check("lesson/calm/one", true);
    check("lesson/calmer/one", false);
    check("confirm", false);
    assert!(meta::release(&mut transaction, "lesson/calm").await.unwrap());
    assert!(!meta::release(&mut transaction, "lesson/calm").await.unwrap());
    meta::set(&mut transaction, "word", "a").await.unwrap();
    meta::set(&mut transaction, "word", "b").await.unwrap();
    assert_eq!(meta::get(&mut transaction, "word").await.unwrap().as_deref(), Some("b"));
    meta::remove(&mut transaction, "word").await.unwrap();
    assert_eq!(meta::get(&mut transaction, "word").await.unwrap(), None);
}

#[tokio::test]
async fn an_alarm_is_new_once_and_keeps_its_first_time() {
    let app = TestApp::new().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    assert!(meta::raise(&mut transaction, "disk", "almost full", 1).await.unwrap());
    assert!(!meta::raise(&mut transaction, "disk", "full", 2).await.unwrap());
    let alarms = meta::alarms(&mut transaction).await.unwrap();
    assert_eq!((alarms.len(), alarms[0].why.as_str(), alarms[0].since), (1, "full", 1));
    meta::lower(&mut transaction, "disk").await.unwrap();
    assert_eq!(meta::alarms(&mut transaction).await.unwrap(), []);
    meta::add_signing_key(&mut transaction, 2, &[7; 32], 5).await.unwrap();
    let keys = meta::signing_keys(&mut transaction).await.unwrap();
    assert_eq!(keys.iter().map(|(kid, _)| *kid).collect::<Vec<_>>(), [2, 1], "newest first");
}

#[tokio::test]
async fn a_link_burns_once_and_a_suppression_is_lifted_once() {
    let app = lived_in().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let link = confirmations::Confirmation { subscriber_id: 7, created: 1, expires: 2, used: 0, wishes: String::new() };
    people::add_links(&mut transaction, &[("hash".to_string(), link.clone())]).await.unwrap();
    confirmations::set_wishes(&mut transaction, 7, "{}").await.unwrap();
    assert!(confirmations::burn(&mut transaction, "hash", 9).await.unwrap());
    assert!(!confirmations::burn(&mut transaction, "hash", 10).await.unwrap());
    let burnt = confirmations::Confirmation { used: 9, wishes: "{}".to_string(), ..link };
    assert_eq!(people::asked(&mut transaction, &[7]).await.unwrap(), [burnt]);
    assert_eq!(confirmations::get(&mut transaction, "other").await.unwrap(), None);
    suppressions::add(&mut transaction, "h", "a@example.org", "bounced", "the relay", 3).await.unwrap();
    suppressions::add(&mut transaction, "h", "", "erased", "their wish", 4).await.unwrap();
    let found = suppressions::get(&mut transaction, "h").await.unwrap().unwrap();
    assert_eq!((found.address.as_str(), found.reason.as_str(), found.since), ("", "erased", 3));
    assert_eq!(suppressions::all(&mut transaction).await.unwrap(), [found]);
    assert!(suppressions::lift(&mut transaction, "h").await.unwrap());
    assert!(!suppressions::lift(&mut transaction, "h").await.unwrap());
}

#[tokio::test]
async fn reports_count_what_there_is() {
    let app = lived_in().await;
    let mut connection = app.app.store.read().await.unwrap();
    let counts = report::counts(&mut connection).await.unwrap();
    let of = |state: State| counts.iter().find(|(it, _)| *it == state).unwrap().1;
    assert_eq!((of(State::Accepted), of(State::Deferred), of(State::InDoubt), of(State::Refused)), (2, 1, 1, 1));
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<i64>(), 5);
    let people = report::enrolment_counts(&mut connection).await.unwrap();
    assert_eq!((people["active"], people["held"], people["left"]), (3, 1, 1));
    let all = enrolments::without_field(&mut connection, "calm", "in_strument").await.unwrap();
    assert!(all >= 3, "{all} lack a field that nobody was asked for");
    assert_eq!(enrolments::without_field(&mut connection, "elsewhere", "instrument").await.unwrap(), 0);
    assert_eq!(report::lesson_refusals(&mut connection, "lesson/calm/one").await.unwrap(), (3, 1));
    assert_eq!(report::held_enrolments(&mut connection).await.unwrap().len(), 1);
    assert_eq!(report::waiting_for_a_human(&mut connection, 9).await.unwrap(), []);
    assert!(report::oldest_due(&mut connection).await.unwrap().is_some());
    let stored = courses::in_force(&mut connection).await.unwrap();
    assert_eq!(stored.len(), 1);
    let again = courses::get(&mut connection, "calm", &stored[0].version).await.unwrap().unwrap();
    assert_eq!(again.files, stored[0].files);
    assert!(courses::get(&mut connection, "calm", "another").await.unwrap().is_none());
}
