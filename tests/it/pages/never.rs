//! "Never write to me again": the link in the mail that asks.

use super::site::ADDRESS;
use super::site::TestSite;
use dripline::flow::preferences;
use dripline::flow::sign_up::SignedUp;

async fn person(site: &TestSite) -> i64 {
    site.texts("SELECT cast(id as text) FROM subscriber").await[0].parse().unwrap()
}

fn path(site: &TestSite, subscriber: i64) -> String {
    site.app.links().never(subscriber).strip_prefix("https://learn.example.org").unwrap().to_string()
}

#[tokio::test]
async fn one_press_suppresses_the_address_for_ever_and_ends_what_waits() {
    let site = TestSite::start().await;
    let confirm = site.sign_up().await;
    let never = path(&site, person(&site).await);
    let before = site.dump().await;
    let page = site.get(&never).await;
    assert_eq!((page.status, page.title().as_str()), (200, "No more mail from us, ever?"));
    assert_eq!((page.body.matches("<button").count(), site.head(&never).await.body.as_str()), (1, ""));
    assert_eq!(site.dump().await, before);

    let done = site.post(&never, None, b"").await;
    assert_eq!((done.status, done.title().as_str()), (200, "We won't write to you again"));
    assert_eq!(
        site.texts("SELECT reason || '|' || source FROM suppression").await,
        ["never write to me|the link in a mail"]
    );
    assert_eq!(site.texts("SELECT cast(count(*) as text) FROM outbox WHERE state < 10").await, ["0"]);
    assert_eq!(site.get(&confirm).await.title(), "This link no longer works");
    assert_eq!(site.post(&confirm, None, b"").await.title(), "This link no longer works");
    assert_eq!(site.sign_up_as(ADDRESS).await, SignedUp::Suppressed("never write to me".to_string()));
    let after = site.dump().await;
    assert_eq!(site.post(&never, None, b"").await, done);
    assert_eq!(site.dump().await, after);
}

#[tokio::test]
async fn it_stops_somebody_who_is_in_a_course_and_knows_nobody_apart() {
    let site = TestSite::start().await;
    site.enrol().await;
    let id = person(&site).await;
    let done = site.post(&path(&site, id), None, b"").await;
    assert_eq!(site.states().await, ["held"]);
    assert!(preferences::erase(&site.app, &ADDRESS.parse().unwrap()).await.unwrap());
    let before = site.dump().await;
    for id in [id, 0, 1, i64::MAX] {
        assert_eq!(site.post(&path(&site, id), None, b"").await, done, "{id}");
    }
    assert_eq!(site.dump().await, before);
}
