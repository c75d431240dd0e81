//! What protects readers on every answer, and the frame around every page.

use super::site::PIXEL;
use super::site::TestSite;
use dripline::message::image_hash;
use std::collections::BTreeMap;

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Status, content type, cache, robots; the rest is the same everywhere.
type Row<'a> = (&'a str, u16, &'a str, &'a str, &'a str);

#[tokio::test]
async fn every_route_protects_its_readers() {
    let site = TestSite::start().await;
    let confirm = site.sign_up().await;
    let leave = format!("/leave/{}", site.app.keys.sign(dripline::link::Scope::Leave, 1, None));
    let image = format!("/image/{}", image_hash(PIXEL));
    let html = "text/html; charset=utf-8";
    let text = "text/plain; charset=utf-8";
    let table: [Row; 13] = [
        ("/", 200, html, "no-store", "all"),
        (&confirm, 200, html, "no-store", "noindex"),
        ("/confirm/unknown", 200, html, "no-store", "noindex"),
        (&leave, 200, html, "no-store", "noindex"),
        ("/leave/unknown", 404, html, "no-store", "noindex"),
        ("/view/unknown", 404, html, "no-store", "noindex"),
        (&image, 200, "image/png", "public, max-age=31536000, immutable", "noindex"),
        ("/image/unknown", 404, html, "no-store", "noindex"),
        ("/assets/style.css", 200, "text/css; charset=utf-8", "public, max-age=86400", "noindex"),
        ("/assets/zone.js", 200, "text/javascript; charset=utf-8", "public, max-age=86400", "noindex"),
        ("/healthz", 200, text, "no-store", "noindex"),
        ("/readyz", 200, text, "no-store", "noindex"),
        ("/nowhere/at/all?x=1", 404, html, "no-store", "noindex"),
    ];
    for (path, status, kind, cache, robots) in table {
        for answer in [site.get(path).await, site.head(path).await] {
            assert_eq!(answer.status, status, "{path}");
            assert_eq!(answer.header("content-type"), Some(kind), "{path}");
            assert_eq!(answer.header("cache-control"), Some(cache), "{path}");
            assert_eq!(answer.header("x-robots-tag"), Some(robots), "{path}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
            assert_eq!(answer.header("set-cookie"), None, "{path}");
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
            if kind == html {
                assert_eq!(policy, POLICY, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn every_page_names_its_language_its_site_and_its_style_and_runs_nothing() {
    let site = TestSite::start().await;
    let confirm = site.sign_up().await;
    for path in ["/", &confirm, "/leave/unknown", "/confirm/unknown", "/nowhere"] {
        let body = site.get(path).await.body;
        assert!(body.contains("<html lang=\"en\" dir=\"ltr\">"), "{path}");
        assert!(body.contains("Steady &amp; Ground"), "{path}");
        assert!(body.contains("12 Rue Exemple, Montréal"), "{path}");
        assert!(body.contains("width=device-width"), "{path}");
        assert_eq!(body.matches("<h1>").count(), 1, "{path}");
        assert!(
            !body.contains("<script") && !body.contains("style=") && !body.contains("javascript:"),
            "{path}: {body}"
        );
        let style = body.split("href=\"").nth(1).unwrap().split('"').next().unwrap().to_string();
        assert!(style.starts_with("/assets/style.css?v="), "{style}");
        assert_eq!(site.get(&style).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_which_are_right() {
    let site = TestSite::start().await;
    let page = site.post("/healthz", None, b"").await;
    assert_eq!((page.status, page.header("allow")), (405, Some("GET,HEAD")));
    let page = site.post("/view/unknown", None, b"").await;
    assert_eq!(
        (page.status, page.header("allow"), page.title().as_str()),
        (405, Some("GET,HEAD"), "There is no page here")
    );
}

#[tokio::test]
async fn health_is_told_in_words() {
    let site = TestSite::start().await;
    assert_eq!(site.get("/healthz").await.body, "ok\n");
    assert_eq!(site.get("/readyz").await.body, "ready\n");
    site.app.store.close().await;
    assert_eq!(site.get("/healthz").await.status, 200);
    let readiness = site.get("/readyz").await;
    assert_eq!((readiness.status, readiness.body.as_str()), (503, "not ready: the database can't be read\n"));
}

#[tokio::test]
async fn the_coachs_own_template_takes_the_place_of_the_built_in_one() {
    let own = "<!doctype html><h1>{{ page.title }}</h1> of {{ site.name }}";
    let overrides = BTreeMap::from([
        ("web/notice.html".to_string(), own.into()),
        ("web/style.css".to_string(), b"body { color: black }".to_vec()),
        ("mail/layout.mjml".to_string(), b"{% broken".to_vec()),
    ]);
    let site = TestSite::start_with(&overrides).await;
    assert_eq!(
        site.get("/confirm/x").await.body,
        "<!doctype html><h1>This link no longer works</h1> of Steady &amp; Ground"
    );
    assert_eq!(site.get("/assets/style.css").await.body, "body { color: black }");
}

#[tokio::test]
async fn a_broken_template_of_the_coach_leaves_readers_words_that_help() {
    let overrides = BTreeMap::from([("web/notice.html".to_string(), b"{{ page.what.is.this }}".to_vec())]);
    let site = TestSite::start_with(&overrides).await;
    let page = site.get("/confirm/x").await;
    assert_eq!((page.status, page.header("content-type")), (500, Some("text/plain; charset=utf-8")));
    assert!(page.body.contains("Please try again in a few minutes."), "{}", page.body);
}

#[tokio::test]
async fn a_template_that_is_not_tera_is_named_before_anything_is_served() {
    let site = TestSite::start().await;
    let overrides = BTreeMap::from([("web/leave.html".to_string(), b"{% if %}".to_vec())]);
    let error = dripline::web::router(site.app.clone(), &overrides, &[]).unwrap_err();
    assert!(format!("{error:#}").contains("web/leave.html"), "{error:#}");
}
