//! The form for other sites, and the script that proposes a zone.

use super::site::ADDRESS;
use super::site::TestSite;

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const IN_FRAMES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors *; base-uri 'none'";
const ON_OUR_PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[tokio::test]
async fn the_form_alone_may_stand_in_any_frame_and_so_may_every_answer_to_it() {
    let site = TestSite::start_with_course(&[("consent", "\"I agree.\"")]).await;
    let before = site.dump().await;
    let page = site.get("/embed/stages").await;
    assert_eq!((page.status, page.header("x-robots-tag")), (200, Some("noindex")));
    for part in [
        "<form method=\"post\" action=\"https://learn.example.org/embed/stages?language=en\"",
        "I agree.",
        "medical care",
        "<a href=\"https://learn.example.org/c/stages\" target=\"_blank\"",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let wrong = site.post("/embed/stages", FORM, b"email=x").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("like an e-mail address") && wrong.body.contains("class=\"embed\""), "{}", wrong.body);
    assert_eq!(site.dump().await, before);
    let done = site.post("/embed/stages", FORM, b"email=vera%40example.org&agree=1").await;
    assert_eq!((done.status, done.title().as_str()), (200, "Please look into your mailbox"));
    for answer in [&page, &wrong, &done] {
        assert_eq!(answer.header("content-security-policy"), Some(IN_FRAMES));
    }
    assert_eq!(site.texts("SELECT page FROM consent").await, ["/embed/stages"]);
    assert_eq!(site.get("/embed/nothing").await.status, 404);
    assert_eq!(site.post("/embed/nothing", FORM, b"email=vera%40example.org").await.status, 404);
}

#[tokio::test]
async fn a_page_with_the_form_runs_one_script_of_ours_and_stands_in_no_frame() {
    let site = TestSite::start().await;
    let page = site.get("/c/stages").await;
    assert_eq!(page.header("content-security-policy"), Some(ON_OUR_PAGE));
    assert_eq!(page.body.matches("<script").count(), 1);
    assert!(page.body.contains("<script src=\"/assets/zone.js\" defer></script>"), "{}", page.body);
    assert!(!page.body.contains("style=") && !page.body.contains("onsubmit"));
    let script = site.get("/assets/zone.js").await.body;
    for sender in ["submit", "fetch", "XMLHttp", "sendBeacon", "http"] {
        assert!(!script.contains(sender), "nothing leaves by itself: {sender}");
    }
}

#[tokio::test]
async fn the_script_leaves_a_zone_alone_that_was_chosen() {
    let site = TestSite::start().await;
    assert!(!site.get("/c/stages").await.body.contains("data-chosen"));
    let again = site.post("/c/stages", FORM, b"email=x&zone=Asia%2FTokyo").await.body;
    assert!(again.contains("<select id=\"zone\" name=\"zone\" data-chosen>"), "{again}");
    assert!(again.contains("<option value=\"Asia/Tokyo\" selected>"));
}

#[tokio::test]
async fn the_frame_tells_nobody_who_is_known() {
    let site = TestSite::start().await;
    let known = ADDRESS.replace('@', "%40");
    let new = site.post("/embed/stages", FORM, b"email=new%40example.org").await;
    site.enrol().await;
    assert_eq!(site.post("/embed/stages", FORM, format!("email={known}").as_bytes()).await, new);
}
