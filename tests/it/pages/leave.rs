//! Leaving: by the button, and by the mail program's own (RFC 8058).

use super::site::ADDRESS;
use super::site::TestSite;
use dripline::flow::preferences;
use dripline::flow::report;
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
async fn erased_and_unknown_people_leave_like_everybody() {
    let site = TestSite::start().await;
    let enrolment = site.enrol().await;
    site.post(&link(&site, enrolment), FORM, b"").await;
    assert!(preferences::erase(&site.app, &ADDRESS.parse().unwrap()).await.unwrap());
    let before = site.dump().await;
    for id in [enrolment, 1, i64::MAX, 0] {
        assert_eq!(site.get(&link(&site, id)).await.status, 200, "{id}");
        let answer = site.post(&link(&site, id), FORM, b"List-Unsubscribe=One-Click&reason=none").await;
        assert_eq!((answer.status, answer.title().as_str()), (200, "You have left"), "{id}");
        assert!(answer.body.contains("no more mail from this course") && !answer.body.contains("textarea"), "{id}");
    }
    assert_eq!(site.dump().await, before);
}

#[tokio::test]
async fn who_leaves_is_told_what_and_may_say_why_undo_and_come_back() {
    let site = TestSite::start().await;
    let enrolment = site.enrol().await;
    let link = link(&site, enrolment);
    assert!(site.get(&link).await.body.contains("Four &lt;gentle&gt; stages"));
    let left = site.post(&link, FORM, b"").await;
    for shown in
        ["Four &lt;gentle&gt; stages", "<textarea id=\"reason\"", "https://learn.example.org/act/", "/c/stages"]
    {
        assert!(left.body.contains(shown), "{shown}: {}", left.body);
    }
    let act = left.body.split("/act/").nth(1).unwrap().split('"').next().unwrap();
    let now = site.app.clock.now().wall;
    let act = site.app.keys.verify(Scope::Undo, act, now).unwrap();
    let (undone, what) =
        preferences::undo(&site.app, &ADDRESS.parse().unwrap(), &preferences::Which::All, Some(act)).await.unwrap();
    assert!(matches!(undone, preferences::Acted::On(_)) && what == "leave", "{undone:?} {what}");
    assert_eq!(site.states().await, ["active"]);

    let said = site.post(&link, FORM, b"reason=+Too+much%00+%E2%80%AEat+once.%0D%0AThank+you+").await;
    assert!(said.body.contains("Thank you for telling us") && !said.body.contains("textarea"), "{}", said.body);
    assert_eq!(site.states().await, ["left"]);
    assert_eq!(reasons(&site).await, ["Too much at once.\nThank you"]);
    site.post(&link, MULTIPART, ONE_CLICK_PARTS).await;
    assert_eq!(reasons(&site).await.len(), 1, "a press without a reason takes none away");
    let long = format!("reason={}", "%F0%9F%8C%BF".repeat(2_500));
    assert_eq!(site.post(&link, FORM, long.as_bytes()).await.status, 200);
    assert_eq!(reasons(&site).await[0].chars().count(), 2_000, "the latest counts, as far as there is room");
    site.clock.advance(jiff::SignedDuration::from_hours(25));
    assert!(!site.post(&link, FORM, b"").await.body.contains("/act/"), "after a day it can't be undone");
}

async fn reasons(site: &TestSite) -> Vec<String> {
    let report = report::report(&site.app, "stages", None, report::Names::Counted).await.unwrap().unwrap();
    assert!(report.farewells.iter().all(|it| it.address.is_none()));
    let names = report::report(&site.app, "stages", None, report::Names::Listed).await.unwrap().unwrap();
    assert!(names.farewells.iter().all(|it| it.address.as_deref() == Some(ADDRESS)));
    report.farewells.into_iter().map(|it| it.reason).collect()
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
