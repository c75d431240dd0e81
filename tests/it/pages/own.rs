//! The pages on which people look after what is theirs.

use super::browser::Answer;
use super::site::ADDRESS;
use super::site::TestSite;
use dripline::link::Scope;
use dripline::store::outbox;
use dripline::store::subscribers;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

async fn person(site: &TestSite) -> i64 {
    let mut connection = site.app.store.read().await.unwrap();
    subscribers::by_key(&mut connection, ADDRESS).await.unwrap().unwrap().id
}

/// The path of a page of one's own.
async fn own(site: &TestSite, page: &str) -> String {
    format!("/my/{}{page}", site.app.keys.sign(Scope::My, person(site).await, None))
}

/// Posts, and waits until what is done behind the visitor's back has rung.
async fn post_and_ring(site: &TestSite, path: &str, body: &str) -> Answer {
    let rung = site.app.changed.notified();
    let answer = site.post(path, FORM, body.as_bytes()).await;
    rung.await;
    answer
}

/// The letters of one kind that wait for the person.
async fn letters(site: &TestSite, what: &str) -> Vec<serde_json::Value> {
    let person = person(site).await;
    let rows = outbox::open_of(&mut site.app.store.read().await.unwrap(), person).await.unwrap();
    let letters = rows.iter().filter(|row| row.what == what);
    letters.map(|row| serde_json::from_str(&row.inputs).unwrap()).collect()
}

#[tokio::test]
async fn everybody_who_asks_for_a_link_is_told_the_same() {
    let site = TestSite::start().await;
    site.enrol().await;
    let form = site.get("/my").await;
    assert_eq!((form.status, form.title().as_str()), (200, "The link to your own page"));
    let known = post_and_ring(&site, "/my", "email=quinta.reader%40example.net").await;
    assert_eq!((known.status, known.title().as_str()), (200, "Please look into your mailbox"));
    assert_eq!(letters(&site, "page").await.len(), 1);
    for other in ["nobody%40example.org", "quinta.reader%40example.net"] {
        assert_eq!(site.post("/my", FORM, format!("email={other}").as_bytes()).await, known, "{other}");
    }
    let wrong = site.post("/my", FORM, b"email=%22%3E%3Cb%3Equinta").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("doesn&#39;t look like an e-mail address") && !wrong.body.contains("<b>"));
    assert_eq!(site.post("/my", FORM, b"").await.status, 422);
}

#[tokio::test]
async fn a_new_address_is_asked_for_and_confirmed_on_pages() {
    let site = TestSite::start().await;
    site.enrol().await;
    site.sign_up_as("taken@example.org").await;
    let path = own(&site, "/address").await;
    let before = site.dump().await;
    let form = site.get(&path).await;
    assert_eq!((form.status, form.title().as_str()), (200, "Another address"));
    assert!(form.body.contains("q***@example.net") && !form.body.contains(ADDRESS), "{}", form.body);
    let taken = site.post(&path, FORM, b"email=taken%40example.org").await;
    assert_eq!((taken.status, taken.title().as_str()), (200, "Please look into your new mailbox"));
    assert_eq!(site.post(&path, FORM, b"email=x").await.status, 422);
    assert_eq!(site.dump().await, before);
    assert_eq!(post_and_ring(&site, &path, "email=fresh%40example.org").await, taken);
    let token = letters(&site, "address").await[0]["token"].as_str().unwrap().to_string();
    let link = format!("/confirm/{token}");
    let before = site.dump().await;
    let asks = site.get(&link).await;
    assert_eq!((asks.status, asks.title().as_str()), (200, "Is this your new address?"));
    assert_eq!(site.head(&link).await.status, 200);
    assert_eq!(site.dump().await, before);
    assert_eq!(site.post(&link, FORM, b"").await.title(), "Your new address is in force");
    assert_eq!(site.post(&link, FORM, b"").await.title(), "Your new address is in force");
    assert!(site.get(&link).await.body.contains("has done its work"));
    let mut connection = site.app.store.read().await.unwrap();
    assert!(subscribers::by_key(&mut connection, "fresh@example.org").await.unwrap().is_some());
    assert_eq!(subscribers::by_key(&mut connection, ADDRESS).await.unwrap(), None);
}

#[tokio::test]
async fn an_export_is_a_file_that_nobody_keeps() {
    let site = TestSite::start().await;
    site.enrol().await;
    let before = site.dump().await;
    let file = site.get(&own(&site, "/export").await).await;
    assert_eq!((file.status, file.header("content-type")), (200, Some("application/json")));
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"my-data.json\""));
    assert_eq!(file.header("cache-control"), Some("no-store"));
    let data: serde_json::Value = serde_json::from_str(&file.body).unwrap();
    assert_eq!((&data["person"]["address"], &data["places"][0]["course"]), (&ADDRESS.into(), &"stages".into()));
    assert_eq!(site.dump().await, before);
}

#[tokio::test]
async fn erasing_is_one_press_after_which_links_lead_to_kind_pages() {
    let site = TestSite::start().await;
    let enrolment = site.enrol().await;
    let (path, before) = (own(&site, "/erase").await, site.dump().await);
    let asks = site.get(&path).await;
    assert_eq!((asks.status, asks.title().as_str()), (200, "Erase everything about you?"));
    assert_eq!(site.head(&path).await.status, 200);
    assert_eq!(site.dump().await, before);
    assert!(before.contains(ADDRESS));
    assert_eq!(site.post(&path, FORM, b"").await.title(), "You are erased");
    let id = site.app.keys.verify(Scope::My, path.split('/').nth(2).unwrap(), site.app.clock.now().wall).unwrap();
    let after = site.dump().await;
    for trace in [ADDRESS, &id.to_string(), &enrolment.to_string()] {
        assert!(!after.contains(trace), "{trace}: {after}");
    }
    for page in ["/erase", "/export", "/address"] {
        let answer = site.get(&path.replace("/erase", page)).await;
        assert_eq!((answer.status, answer.title().as_str()), (404, "This page isn't here any more"), "{page}");
    }
    assert_eq!(site.post(&path, FORM, b"").await.status, 404);
    let leave = site.app.links().leave(enrolment);
    let leave = leave.strip_prefix("https://learn.example.org").unwrap();
    assert_eq!((site.get(leave).await.status, site.post(leave, FORM, b"").await.status), (200, 200));
    assert_eq!(site.dump().await, after);
}

#[tokio::test]
async fn a_link_that_is_not_whole_opens_no_page_of_anybody() {
    let site = TestSite::start().await;
    let enrolment = site.enrol().await;
    let before = site.dump().await;
    let wrong = site.app.keys.sign(Scope::Leave, enrolment, None);
    let expired = site.app.keys.sign(Scope::My, person(&site).await, Some(site.app.clock.now().wall));
    for token in [wrong.as_str(), &expired, "x"] {
        for page in ["address", "export", "erase"] {
            assert_eq!(site.get(&format!("/my/{token}/{page}")).await.status, 404, "{page}");
        }
        assert_eq!(site.post(&format!("/my/{token}/erase"), FORM, b"").await.status, 404);
        assert_eq!(site.post(&format!("/my/{token}/address"), FORM, b"email=a%40example.org").await.status, 404);
    }
    assert_eq!(site.dump().await, before);
}
