//! Leaving: by the button, and by the mail program's own (RFC 8058).

use super::site::ADDRESS;
use super::site::TestSite;
use dripline::flow::preferences;
use dripline::flow::sign_up;
use dripline::link::Scope;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const MULTIPART: Option<&str> = Some("multipart/form-data; boundary=----=_Part_1");
const ONE_CLICK_PARTS: &[u8] =
    b"------=_Part_1\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n------=_Part_1--\r\n";
const ALL_PARTS: &[u8] =
    b"------=_Part_1\r\nContent-Disposition: form-data; name=\"all\"\r\n\r\n1\r\n------=_Part_1--\r\n";

fn link(site: &TestSite, enrolment: i64) -> String {
    let url = site.app.links().leave(enrolment);
    url.strip_prefix("https://learn.example.org").unwrap().to_string()
}

#[tokio::test]
async fn looking_at_the_link_offers_two_buttons_and_changes_nothing() {
    let site = TestSite::start().await;
    let link = link(&site, site.enrol().await);
    let before = site.dump().await;
    let page = site.get(&link).await;
    assert_eq!((page.status, page.title().as_str()), (200, "Leave this course?"));
    assert!(page.body.contains("<button type=\"submit\">Leave this course</button>"), "{}", page.body);
    assert!(page.body.contains("name=\"all\" value=\"1\""));
    assert_eq!(site.head(&link).await.body, "");
    assert_eq!(site.dump().await, before);
    assert_eq!(site.states().await, ["active"]);
}

/// Presses a fresh reader's link with this body, twice: who leaves is out, at once, and the answer stays the same.
async fn presses(kind: Option<&str>, body: &[u8]) -> String {
    let site = TestSite::start().await;
    let link = link(&site, site.enrol().await);
    let first = site.post(&link, kind, body).await;
    assert_eq!((first.status, first.title().as_str()), (200, "You have left"));
    assert_eq!((first.header("location"), first.header("set-cookie")), (None, None));
    assert_eq!(site.states().await, ["left"]);
    let after = site.dump().await;
    assert_eq!(site.post(&link, kind, body).await, first);
    assert_eq!(site.dump().await, after);
    first.body
}

#[tokio::test]
async fn one_click_leaves_the_course_in_both_encodings_and_without_any_body() {
    let huge = vec![b'a'; 40_000];
    let table: [(Option<&str>, &[u8]); 7] = [
        (FORM, b"List-Unsubscribe=One-Click"),
        (MULTIPART, ONE_CLICK_PARTS),
        (None, b""),
        (Some("text/plain"), b"\xff\xfe nonsense"),
        (MULTIPART, b"cut in the mid"),
        (Some("multipart/form-data"), ONE_CLICK_PARTS),
        (FORM, &huge),
    ];
    for (kind, body) in table {
        let page = presses(kind, body).await;
        assert!(page.contains("no more mail from this course"), "{kind:?}");
    }
}

#[tokio::test]
async fn the_second_button_leaves_everything_in_both_encodings() {
    for (kind, body) in [(FORM, b"all=1".as_slice()), (MULTIPART, ALL_PARTS)] {
        let page = presses(kind, body).await;
        assert!(page.contains("no more mail from this site"), "{kind:?}");
    }
}

#[tokio::test]
async fn one_course_is_left_and_the_other_goes_on_unless_everything_was_meant() {
    let site = TestSite::start().await;
    let first = site.enrol().await;
    let again = sign_up::Request {
        address: ADDRESS.parse().unwrap(),
        course: "garden".to_string(),
        first_name: None,
        zone: None,
        language: None,
        fields: std::collections::BTreeMap::new(),
        word: sign_up::Word::Confirmed("by hand".to_string()),
    };
    assert_eq!(sign_up::add(&site.app, again).await.unwrap(), sign_up::SignedUp::Enrolled);
    site.post(&link(&site, first), FORM, b"List-Unsubscribe=One-Click").await;
    assert_eq!(site.states().await, ["left", "active"]);
    site.post(&link(&site, first), FORM, b"all=1").await;
    assert_eq!(site.states().await, ["left", "left"]);
}

#[tokio::test]
async fn the_link_of_an_earlier_run_ends_the_present_one() {
    let site = TestSite::start().await;
    let old = link(&site, site.enrol().await);
    site.post(&old, FORM, b"List-Unsubscribe=One-Click").await;
    site.enrol().await;
    assert_eq!(site.states().await, ["left", "active"]);
    site.post(&old, FORM, b"List-Unsubscribe=One-Click").await;
    assert_eq!(site.states().await, ["left", "left"]);
}

#[tokio::test]
async fn two_presses_at_the_same_time_both_succeed() {
    let site = TestSite::start().await;
    let link = link(&site, site.enrol().await);
    let (one, two) = tokio::join!(site.post(&link, FORM, b""), site.post(&link, FORM, b"all=1"));
    assert_eq!((one.status, two.status), (200, 200));
    assert_eq!(site.states().await, ["left"]);
}

#[tokio::test]
async fn erased_and_unknown_people_get_the_same_answer_as_everybody() {
    let site = TestSite::start().await;
    let enrolment = site.enrol().await;
    let known = site.post(&link(&site, enrolment), FORM, b"").await;
    assert!(preferences::erase(&site.app, &ADDRESS.parse().unwrap()).await.unwrap());
    let before = site.dump().await;
    for id in [enrolment, 1, i64::MAX, 0] {
        assert_eq!(site.get(&link(&site, id)).await.status, 200, "{id}");
        assert_eq!(site.post(&link(&site, id), FORM, b"List-Unsubscribe=One-Click").await, known, "{id}");
    }
    assert_eq!(site.dump().await, before);
}

#[tokio::test]
async fn a_link_that_we_did_not_sign_says_what_to_do_and_changes_nothing() {
    let site = TestSite::start().await;
    let enrolment = site.enrol().await;
    let good = link(&site, enrolment);
    let before = site.dump().await;
    let tampered = format!("{}{}", &good[..good.len() - 3], if good.ends_with("aaa") { "bbb" } else { "aaa" });
    let other_scope = format!("/leave/{}", site.app.keys.sign(Scope::View, enrolment, None));
    for path in [tampered.as_str(), &other_scope, &good[..good.len() - 1], "/leave/x", "/leave/%20"] {
        for answer in [site.get(path).await, site.post(path, FORM, b"List-Unsubscribe=One-Click").await] {
            assert_eq!((answer.status, answer.title().as_str()), (404, "This link isn't whole"), "{path}");
            assert!(answer.body.contains("answer the mail"), "{path}");
        }
    }
    assert_eq!(site.dump().await, before);
    assert_eq!(site.get(&good.to_uppercase().replace("/LEAVE/", "/leave/")).await.status, 200, "changed case");
}

#[tokio::test]
async fn nobody_who_leaves_is_ever_asked_to_wait() {
    let site = TestSite::start().await;
    let link = link(&site, site.enrol().await);
    for _ in 0..200 {
        assert_eq!(site.post(&link, FORM, b"List-Unsubscribe=One-Click").await.status, 200);
    }
}
