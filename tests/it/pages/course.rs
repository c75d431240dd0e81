//! The page of a course and its form.

use super::browser::Answer;
use super::site::ADDRESS;
use super::site::TestSite;
use dripline::flow::confirm;
use dripline::flow::journal;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;
use dripline::flow::sign_up::Evidence;
use dripline::flow::sign_up::SignedUp;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

async fn post(site: &TestSite, fields: &str) -> Answer {
    site.post("/c/stages", FORM, fields.as_bytes()).await
}

#[tokio::test]
async fn the_front_page_leads_to_every_course_and_looking_changes_nothing() {
    let site = TestSite::start().await;
    let before = site.dump().await;
    let home = site.get("/").await;
    assert!(home.body.contains("<a href=\"/c/stages\">Four &lt;gentle&gt; stages</a>"), "{}", home.body);
    let page = site.get("/c/stages").await;
    assert_eq!((page.status, page.header("x-robots-tag")), (200, Some("all")));
    for part in ["2 lessons", "A lesson about every 2 days. It comes at 08:30 where you live.", "medical care"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(page.body.contains("<option value=\"America/Sao_Paulo\">Sao Paulo</option>"));
    assert!(page.body.contains("optgroup label=\"Europe\""));
    assert_eq!(site.get("/c/nothing").await.status, 404);
    assert_eq!(post(&site, "").await.status, 422);
    assert_eq!(site.dump().await, before);
}

#[tokio::test]
async fn whoever_leaves_the_zone_alone_has_the_sites_and_regions_stand_in_their_order() {
    let site = TestSite::start().await;
    let page = site.get("/c/stages").await.body;
    let zones = page.split("<select id=\"zone\"").nth(1).unwrap();
    let chosen: Vec<&str> = zones.lines().filter(|line| line.contains(" selected>")).collect();
    assert_eq!(chosen, ["<option value=\"UTC\" selected>UTC</option>"]);
    let regions: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("<optgroup label=\"")).collect();
    assert_eq!(regions[0], "UTC\">");
    assert!(regions.len() > 5 && regions[1..].is_sorted(), "{regions:?}");
    let page = post(&site, "email=nobody&zone=Asia%2FTokyo").await.body;
    let zones = page.split("<select id=\"zone\"").nth(1).unwrap();
    let chosen: Vec<&str> = zones.lines().filter(|line| line.contains(" selected>")).collect();
    assert_eq!(chosen, ["<option value=\"Asia/Tokyo\" selected>Tokyo</option>"]);
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once_and_what_was_typed_stays() {
    let site = TestSite::start().await;
    let before = site.dump().await;
    let page = post(&site, "email=nobody&first_name=%3Cb%3EVera&zone=Mars%2FBase").await;
    assert_eq!(page.status, 422);
    for part in ["like an e-mail address", "choose a place from the list", "value=\"nobody\"", "&lt;b&gt;Vera"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    for odd in ["email=a%0d%0aBcc%3Ax%40example.org", "email=%ff%fe", "email", "%", "email=a%40b%00.org", "x=y&x=z"] {
        assert!([400, 422].contains(&post(&site, odd).await.status), "{odd}");
    }
    assert_eq!(site.post("/c/stages", FORM, &vec![b'a'; 100_000]).await.status, 413);
    assert_eq!(site.dump().await, before);
}

#[tokio::test]
async fn a_course_that_asks_for_consent_and_a_field_gets_both_or_nobody() {
    let site = TestSite::start_with_course(&[
        ("consent", "\"I agree to everything here.\""),
        ("fields", "{ instrument = { label = \"Your instrument\", required = true } }"),
    ])
    .await;
    let page = post(&site, "email=vera%40example.org").await;
    assert_eq!(page.status, 422);
    for part in ["tick this box", "Your instrument", "the course needs it", "I agree to everything here."] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let done = post(&site, "email=vera%40example.org&agree=1&field%3Ainstrument=oboe").await;
    assert_eq!((done.status, done.title().as_str()), (200, "Please look into your mailbox"));
    assert!(site.dump().await.contains("oboe"));
}

#[tokio::test]
async fn known_unknown_and_suppressed_addresses_get_the_same_answer() {
    let site = TestSite::start().await;
    let new = post(&site, "email=new%40example.org&zone=Europe%2FBerlin").await;
    site.enrol().await;
    let active = post(&site, &format!("email={}", ADDRESS.replace('@', "%40"))).await;
    let again = post(&site, "email=new%40example.org").await;
    preferences::erase(&site.app, &ADDRESS.parse().unwrap()).await.unwrap();
    let suppressed = post(&site, &format!("email={}", ADDRESS.replace('@', "%40"))).await;
    assert_eq!(new.status, 200);
    assert_eq!([&active, &again, &suppressed], [&new, &new, &new]);
}

#[tokio::test]
async fn what_a_visitor_says_of_somebody_known_holds_only_once_that_person_confirms() {
    let site = TestSite::start().await;
    site.enrol().await;
    let address = ADDRESS.parse().unwrap();
    let zone = || async { journal::show(&site.app, &address).await.unwrap().unwrap().zone };
    let before = zone().await;
    let typed = format!("email={}&first_name=Mallory&zone=Asia%2FTokyo", ADDRESS.replace('@', "%40"));
    assert_eq!(site.post("/c/garden", FORM, typed.as_bytes()).await.status, 200);
    assert_eq!(zone().await, before);
    assert_eq!(site.first_name(ADDRESS).await, "Quinta");
    let token = site.token().await;
    let confirmed = confirm::confirm(&site.app, &token, &Evidence::default()).await.unwrap();
    assert!(matches!(confirmed, confirm::Link::Asks(_)));
    assert_eq!((zone().await.as_str(), site.first_name(ADDRESS).await.as_str()), ("Asia/Tokyo", "Mallory"));
}

#[tokio::test]
async fn what_visitors_say_of_somebody_who_left_changes_nothing_however_often_they_say_it() {
    let site = TestSite::start().await;
    site.enrol().await;
    preferences::act(&site.app, &ADDRESS.parse().unwrap(), &Which::All, &Act::Leave).await.unwrap();
    for _ in 0..3 {
        let typed = format!("email={}&first_name=Mallory", ADDRESS.replace('@', "%40"));
        assert_eq!(post(&site, &typed).await.status, 200);
        assert_eq!(site.first_name(ADDRESS).await, "Quinta");
    }
}

#[tokio::test]
async fn the_form_queues_one_mail_that_holds_nothing_a_visitor_typed() {
    let site = TestSite::start().await;
    post(&site, "email=vera%40example.org&first_name=Buy%20pills%20now").await;
    post(&site, "email=vera%40example.org&first_name=Buy%20pills%20now").await;
    let dump = site.dump().await;
    let mails: Vec<&str> = dump.lines().filter(|line| line.starts_with("outbox: ")).collect();
    assert_eq!(mails.len(), 1);
    assert!(!mails[0].contains("pills"));
    assert_eq!(site.sign_up_as("vera@example.org").await, SignedUp::AskedBefore);
}
