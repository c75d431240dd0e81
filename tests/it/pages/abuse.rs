//! Sign-ups by the thousand: who gets mail, who has to wait, and what the operator is told.

use super::browser::Answer;
use super::site::TestSite;
use dripline::flow::asking;
use dripline::flow::journal;
use jiff::SignedDuration;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const MAILS: &str = "SELECT cast(count(*) as text) FROM outbox";
/// In seconds from now: when the mails leave that do so last, last but one, and so on.
const LEAVE: &str =
    "SELECT cast((not_before - 1772442000000) / 1000 as text) FROM outbox ORDER BY not_before DESC LIMIT 12";

/// How many sign-ups a flood has; 10,000 take their time.
fn flood() -> usize {
    std::env::var("DRIPLINE_SIGN_UPS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

async fn ask(site: &TestSite, from: &str, address: &str) -> Answer {
    site.post_from(from, "/c/stages", FORM, &format!("email={}", address.replace('@', "%40"))).await
}

#[tokio::test]
async fn however_many_enter_one_victim_one_mail_leaves() {
    let site = TestSite::start().await;
    let first = ask(&site, "198.51.100.1", "victim@example.org").await;
    assert_eq!(first.status, 200);
    for n in 0..flood() {
        let from = format!("10.{}.{}.7", n % 500 / 250, n % 250);
        assert_eq!(ask(&site, &from, "victim@example.org").await, first, "{n}");
    }
    assert_eq!(site.texts(MAILS).await, ["1"]);
    assert_eq!(site.texts("SELECT cast(count(*) as text) FROM consent").await, ["1"]);
}

#[tokio::test]
async fn of_many_victims_from_one_network_thirty_are_asked_and_one_more_each_two_minutes() {
    let site = TestSite::start().await;
    for n in 0..flood() {
        let from = format!("2001:db8:1:2:{:x}::{n:x}", n % 7);
        let answer = ask(&site, &from, &format!("victim{n}@example.org")).await;
        assert_eq!(answer.status, if n < 30 { 200 } else { 429 }, "{n}");
    }
    assert_eq!(site.texts(MAILS).await, ["30"]);
    site.clock.advance(SignedDuration::from_hours(1));
    for n in 0..100 {
        ask(&site, "2001:db8:1:2::1", &format!("later{n}@example.org")).await;
    }
    assert_eq!(site.texts(MAILS).await, ["60"]);
    assert_eq!(ask(&site, "2001:db8:1:3::1", "neighbour@example.org").await.status, 200);
}

#[tokio::test]
async fn who_has_to_wait_is_told_kindly_for_how_long_and_that_nothing_was_sent() {
    let site = TestSite::start().await;
    for n in 0..30 {
        assert_eq!(ask(&site, "198.51.100.1", &format!("v{n}@example.org")).await.status, 200);
    }
    let before = site.dump().await;
    let page = ask(&site, "198.51.100.1", "v31@example.org").await;
    assert_eq!((page.status, page.title().as_str()), (429, "One moment, please"));
    assert_eq!(page.header("retry-after"), Some("121"));
    assert!(page.body.contains("needn't have been you") || page.body.contains("needn&#39;t have been you"));
    let framed = site.post_from("198.51.100.1", "/embed/stages", FORM, "email=v31%40example.org").await;
    assert!(framed.status == 429 && framed.header("content-security-policy").unwrap().contains("frame-ancestors *"));
    let told = site.post_from("198.51.100.1", "/c/stages", JSON, "{\"email\":\"v31@example.org\"}").await;
    assert_eq!((told.status, told.header("retry-after"), told.header("content-type")), (429, Some("121"), Some(JSON)));
    assert!(told.body.starts_with("{\"error\":\"Many forms"), "{}", told.body);
    assert_eq!(site.dump().await, before);
    let wrong = ask(&site, "198.51.100.1", "nobody").await;
    assert_eq!(wrong.status, 422, "a slip costs nothing and is always told");
}

#[tokio::test]
async fn who_asks_for_links_to_pages_counts_as_who_signs_up() {
    let site = TestSite::start().await;
    let link = async |n: usize| {
        let form = format!("email=v{n}%40example.org");
        site.post_from("198.51.100.1", "/my", FORM, &form).await
    };
    for n in 0..29 {
        assert_eq!(link(n).await.status, 200);
    }
    assert_eq!(ask(&site, "198.51.100.1", "vera@example.org").await.status, 200);
    let page = link(30).await;
    assert_eq!((page.status, page.title().as_str()), (429, "One moment, please"));
    assert_eq!(page.header("retry-after"), Some("121"));
    assert_eq!(page, ask(&site, "198.51.100.1", "vera@example.org").await);
    let slip = site.post_from("198.51.100.1", "/my", FORM, "email=nobody").await;
    assert_eq!(slip.status, 422, "a slip costs nothing");
    assert_eq!(site.post_from("198.51.100.2", "/my", FORM, "email=v%40example.org").await.status, 200);
}

#[tokio::test]
async fn a_visitor_on_this_machine_is_never_refused() {
    let site = TestSite::start().await;
    for n in 0..100 {
        assert_eq!(ask(&site, "127.0.0.1", &format!("v{n}@example.org")).await.status, 200);
    }
}

#[tokio::test]
async fn a_form_that_comes_back_at_once_is_taken_and_counts_five_times() {
    let site = TestSite::start().await;
    let body = site.get("/c/stages").await.body;
    let (_, rest) = body.split_once("name=\"shown\" value=\"").unwrap();
    let shown = rest.split('"').next().unwrap();
    let send = |n: usize| {
        let form = format!("email=v{n}%40example.org&shown={shown}");
        let site = &site;
        async move { site.post_from("198.51.100.1", "/c/stages", FORM, &form).await.status }
    };
    for n in 0..6 {
        assert_eq!(send(n).await, 200);
    }
    assert_eq!(send(7).await, 429);
    site.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(send(8).await, 200, "two minutes later it is an ordinary one");
}

#[tokio::test]
async fn what_a_program_fills_in_that_people_never_see_is_answered_and_forgotten() {
    let site = TestSite::start().await;
    let page = site.get("/c/stages").await.body;
    assert!(page.contains("<p class=\"unseen\" aria-hidden=\"true\">"), "{page}");
    assert!(page.contains("<input id=\"comment\" name=\"comment\" autocomplete=\"off\" tabindex=\"-1\">"));
    let before = site.dump().await;
    let form = "email=vera%40example.org&comment=cheap+watches";
    let trapped = site.post_from("198.51.100.1", "/c/stages", FORM, form).await;
    assert_eq!(site.dump().await, before);
    assert_eq!(trapped, ask(&site, "198.51.100.2", "vera@example.org").await);
    assert_eq!(site.texts(MAILS).await, ["1"]);
}

#[tokio::test]
async fn mails_to_one_domain_queue_when_very_many_are_asked_for_and_what_counts_from_them_moves() {
    let site = TestSite::start().await;
    for n in 0..210 {
        assert_eq!(ask(&site, "127.0.0.1", &format!("v{n}@example.org")).await.status, 200);
    }
    assert_eq!(site.texts(LEAVE).await[..11], ["60", "54", "48", "42", "36", "30", "24", "18", "12", "6", "0"]);
    let last = "SELECT cast(o.expires - o.not_before as text) || ' ' || (o.due - o.not_before) || ' ' || (c.expires - o.not_before)
        FROM outbox o JOIN confirmation c ON c.subscriber_id = o.subscriber_id ORDER BY o.not_before DESC LIMIT 1";
    assert_eq!(site.texts(last).await, [format!("{} 0 {}", 24 * 3_600_000, 7 * 24 * 3_600_000)]);
    ask(&site, "127.0.0.1", "v@example.net").await;
    assert_eq!(site.texts("SELECT cast(count(*) as text) FROM outbox WHERE not_before = 1772442000000").await, ["201"]);
    assert_eq!(journal::status(&site.app).await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn mails_to_everybody_queue_and_the_operator_is_told_until_it_is_calm_again() {
    let site = TestSite::start().await;
    let problems = || async { journal::status(&site.app).await.unwrap().problems };
    for n in 0..500 {
        ask(&site, "127.0.0.1", &format!("v@d{n}.example.org")).await;
    }
    asking::step(&site.app).await;
    assert_eq!(problems().await, Vec::<String>::new());
    for n in 500..510 {
        assert_eq!(ask(&site, "127.0.0.1", &format!("v@d{n}.example.org")).await.status, 200);
    }
    assert_eq!(site.texts(LEAVE).await[..11], ["30", "27", "24", "21", "18", "15", "12", "9", "6", "3", "0"]);
    let told = problems().await;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("20 a minute") && told[0].contains("block them there"), "{told:?}");
    asking::step(&site.app).await;
    assert_eq!(problems().await, told);
    site.clock.advance(SignedDuration::from_mins(15));
    asking::step(&site.app).await;
    assert_eq!(problems().await, Vec::<String>::new());
}
