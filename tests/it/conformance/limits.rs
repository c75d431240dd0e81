//! Counts of a day, queues of domains, and what the operator was told: one function of the store after the other.

use crate::app::TestApp;
use crate::conformance::lived_in;
use dripline::clock::from_ms;
use dripline::delivery::State;
use dripline::store::outbox;
use dripline::store::outbox::Lane;
use dripline::store::outbox::Parked;
use dripline::store::quota;
use dripline::store::troubles;
use dripline::store::troubles::Trouble;
use jiff::civil::date;

#[tokio::test]
async fn what_relays_accepted_adds_up_by_relay_and_day() {
    let app = TestApp::new().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let (first, second) = (date(2026, 3, 1), date(2026, 3, 2));
    let row = |relay: &str, day, count| (relay.to_string(), day, count);
    quota::count(&mut transaction, &[row("a", first, 3), row("b", first, 1), row("a", second, 5)]).await.unwrap();
    quota::count(&mut transaction, &[row("a", first, 4)]).await.unwrap();
    let mut taken = quota::taken(&mut transaction, first).await.unwrap();
    taken.sort();
    assert_eq!(taken, [("a".to_string(), 7), ("b".to_string(), 1)]);
    assert_eq!(quota::taken(&mut transaction, second).await.unwrap(), [("a".to_string(), 5)]);
    assert_eq!(quota::taken(&mut transaction, date(2026, 3, 3)).await.unwrap(), []);
}

#[tokio::test]
async fn a_lease_that_is_parked_is_found_by_its_domain_alone_the_most_urgent_first() {
    let app = TestApp::scripted("connect close").await;
    app.course("calm", &["one"]).await;
    app.enrol("ana@example.org", "calm").await;
    app.sign_up("ben@example.org", "calm").await;
    app.settle().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let mut rows = outbox::lease(&mut transaction, Lane::Lesson, app.now(), 9).await.unwrap();
    rows.extend(outbox::lease(&mut transaction, Lane::Confirmation, app.now(), 9).await.unwrap());
    assert_eq!(rows.len(), 2);
    let parked = |epoch: i64| {
        let row =
            |it: &outbox::Delivery| Parked { id: it.id, epoch: it.epoch + epoch, domain: "example.org".to_string() };
        rows.iter().map(row).collect::<Vec<_>>()
    };
    outbox::park(&mut transaction, &parked(-1)).await.unwrap();
    assert_eq!(
        outbox::parked_domains(&mut transaction).await.unwrap(),
        Vec::<String>::new(),
        "an old lease is no lease"
    );
    outbox::park(&mut transaction, &parked(0)).await.unwrap();
    assert_eq!(outbox::parked_domains(&mut transaction).await.unwrap(), ["example.org"]);
    let later = app.now() + crate::app::days(1);
    for lane in [Lane::Confirmation, Lane::Lesson, Lane::Issue] {
        assert_eq!(outbox::lease(&mut transaction, lane, later, 9).await.unwrap(), []);
    }
    let expired = outbox::expired(&mut transaction, app.now() + crate::app::days(5), 9).await.unwrap();
    assert_eq!(expired.len(), 2, "what is parked expires, too");
    assert_eq!(outbox::expired(&mut transaction, app.now(), 9).await.unwrap(), []);
    assert_eq!(outbox::lease_parked(&mut transaction, "example.com", later, 9).await.unwrap(), []);
    let first = outbox::lease_parked(&mut transaction, "example.org", later, 1).await.unwrap();
    assert_eq!((first[0].what.as_str(), first[0].state, first[0].epoch), ("confirm", State::Leased, rows[1].epoch + 1));
    assert_eq!(first[0].not_before, later, "given back, it is ready at once");
    let second = outbox::lease_parked(&mut transaction, "example.org", later, 9).await.unwrap();
    assert_eq!(second.iter().map(|it| it.what.as_str()).collect::<Vec<_>>(), ["lesson/calm/one"]);
    assert_eq!(outbox::parked_domains(&mut transaction).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn each_domain_with_a_queue_is_listed_once() {
    let app = lived_in().await;
    let ids = app.numbers("SELECT id FROM outbox ORDER BY id").await;
    let domains = ["b.test", "a.test", "b.test", "c.test", "a.test"];
    for (id, domain) in ids.iter().zip(domains) {
        app.break_with(&format!("UPDATE outbox SET state = 0, parked = '{domain}' WHERE id = {id}")).await;
    }
    app.break_with(&format!("UPDATE outbox SET state = 10 WHERE id = {}", ids[3])).await;
    let mut connection = app.app.store.read().await.unwrap();
    assert_eq!(outbox::parked_domains(&mut connection).await.unwrap(), ["a.test", "b.test"]);
}

#[tokio::test]
async fn a_trouble_is_told_once_until_it_went_away_and_came_back() {
    let app = TestApp::new().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let trouble = |key: &str, text: &str, since| Trouble {
        key: key.to_string(),
        text: text.to_string(),
        since: from_ms(since),
        over: None,
    };
    let (disk, relay) = (trouble("disk", "almost full", 1), trouble("relay", "away", 2));
    troubles::see(&mut transaction, &[disk.clone(), relay.clone()], from_ms(3)).await.unwrap();
    let untold = troubles::untold(&mut transaction).await.unwrap();
    assert_eq!(untold, [disk.clone(), relay.clone()]);
    troubles::tell(&mut transaction, &untold[..1], from_ms(4)).await.unwrap();
    // The one goes on with another text, the other is over before it could be told.
    let full = trouble("disk", "full", 9);
    troubles::see(&mut transaction, std::slice::from_ref(&full), from_ms(5)).await.unwrap();
    let over = Trouble { over: Some(from_ms(5)), ..relay };
    assert_eq!(troubles::untold(&mut transaction).await.unwrap(), std::slice::from_ref(&over));
    assert_eq!(troubles::all(&mut transaction).await.unwrap(), [trouble("disk", "full", 1), over.clone()]);
    troubles::tell(&mut transaction, &[over], from_ms(6)).await.unwrap();
    troubles::see(&mut transaction, &[], from_ms(7)).await.unwrap();
    assert_eq!(troubles::all(&mut transaction).await.unwrap(), [], "told and over is forgotten");
    troubles::see(&mut transaction, std::slice::from_ref(&full), from_ms(8)).await.unwrap();
    assert_eq!(troubles::untold(&mut transaction).await.unwrap(), [full], "it came back");
}
