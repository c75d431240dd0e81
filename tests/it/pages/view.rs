//! A lesson and its images in a browser.

use super::site::DRAWING;
use super::site::PIXEL;
use super::site::SECRET_NOTE;
use super::site::TestSite;
use crate::pictures::from_camera;
use crate::pictures::jpeg;
use dripline::delivery::State;
use dripline::flow::deliver::Inputs;
use dripline::link::Scope;
use dripline::message::image_hash;
use dripline::picture;
use dripline::store::enrolments;
use dripline::store::outbox;
use dripline::store::outbox::Delivery;
use dripline::store::outbox::Lane;
use dripline::store::outbox::Meant;
use std::collections::BTreeMap;

/// A row as it is when lesson `one` was accepted; the path of its page.
async fn delivered(site: &TestSite) -> String {
    let enrolment = site.enrol().await;
    let now = site.clock.now().wall;
    let inputs = Inputs {
        first_name: Some("Quinta <b>".to_string()),
        language: "en".to_string(),
        fields: BTreeMap::new(),
        answers: BTreeMap::new(),
        number: 1,
        of: 2,
        ..Inputs::default()
    };
    let version = site.app.shelf.read().await.get("stages").unwrap().course.version.clone();
    let mut transaction = site.app.store.begin().await.unwrap();
    let whom = enrolments::by_id(&mut transaction, enrolment).await.unwrap().unwrap();
    let meant = Meant {
        what: "lesson/stages/one".to_string(),
        whom: enrolment,
        occurrence: 1,
        subscriber_id: whom.subscriber_id,
        enrolment_id: enrolment,
        lane: Lane::Lesson,
    };
    let inputs = serde_json::to_string(&inputs).unwrap();
    let row = Delivery { serial: whom.serial, state: State::Accepted, inputs, ..Delivery::new(77, meant, now) };
    assert_eq!(outbox::insert(&mut transaction, &[row], now).await.unwrap(), [77]);
    // What the freezing of a message adds to its row.
    sqlx::query("UPDATE outbox SET version = $1, dated = $2 WHERE id = 77")
        .bind(version)
        .bind(now.as_millisecond())
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    format!("/view/{}", site.app.keys.sign(Scope::View, 77, None))
}

#[tokio::test]
async fn a_lesson_reads_as_its_mail_with_its_own_styles_and_no_scripts() {
    let site = TestSite::start().await;
    let path = delivered(&site).await;
    let before = site.dump().await;
    let page = site.get(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Dear Quinta &lt;b&gt;, a quiet start."), "{}", page.body);
    assert!(page.body.contains(&format!("/image/{}", image_hash(PIXEL))));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("style-src 'unsafe-inline'") && policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("script"), "{policy}");
    assert_eq!(site.head(&path).await.body, "");
    assert_eq!(site.dump().await, before);
}

#[tokio::test]
async fn a_mail_that_is_not_there_says_what_to_do() {
    let site = TestSite::start().await;
    let path = delivered(&site).await;
    let unknown = format!("/view/{}", site.app.keys.sign(Scope::View, 78, None));
    let other_scope = format!("/view/{}", site.app.keys.sign(Scope::Leave, 77, None));
    for path in [unknown.as_str(), &other_scope, &format!("{path}a"), "/view/x"] {
        let page = site.get(path).await;
        assert_eq!((page.status, page.title().as_str()), (404, "This mail can't be shown here"), "{path}");
        assert!(page.body.contains("answer the mail"));
    }
}

#[tokio::test]
async fn images_are_typed_by_their_ending_and_nothing_else_is_given_out() {
    let site = TestSite::start().await;
    let image = site.get(&format!("/image/{}", image_hash(PIXEL))).await;
    assert_eq!(image.status, 200);
    assert_eq!(image.header("content-type"), Some("image/png"));
    assert_eq!(image.header("content-length"), Some(PIXEL.len().to_string().as_str()));
    assert_eq!(image.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(image.header("x-content-type-options"), Some("nosniff"));
    let drawing = site.get(&format!("/image/{}", image_hash(DRAWING))).await;
    assert_eq!(drawing.header("content-type"), Some("image/svg+xml"));
    assert_eq!(drawing.header("content-disposition"), Some("attachment"));
    for hash in [image_hash(SECRET_NOTE).as_str(), &image_hash(b""), "x", "../../etc/passwd"] {
        let page = site.get(&format!("/image/{hash}")).await;
        assert_eq!((page.status, page.title().as_str()), (404, "There is no page here"), "{hash}");
    }
}

#[tokio::test]
async fn a_photograph_is_served_as_readers_get_it_under_the_name_of_the_coachs_file() {
    // What a file is stands in its bytes, whatever its name says.
    let photo = from_camera(&jpeg(1600, 900), 6);
    let site = TestSite::start_with_files(&[("leaf.png", &photo)]).await;
    let path = delivered(&site).await;
    let address = format!("/image/{}", image_hash(&photo));
    let page = site.get(&path).await.body;
    assert!(page.contains(&format!("{address}\" width=\"536\" height=\"952\"")), "upright: {page}");
    let served = site.get(&address).await;
    let made = picture::prepared(&photo).unwrap();
    assert_eq!((served.status, served.header("content-type")), (200, Some("image/jpeg")));
    assert_eq!(served.header("content-length"), Some(made.bytes.len().to_string().as_str()));
    assert_eq!(served.header("content-disposition"), Some("inline"));
    assert_eq!(served.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(!served.body.contains("GPS") && !served.body.contains("Owner"));
    assert_eq!(site.get(&format!("/image/{}", image_hash(&made.bytes))).await.status, 404, "it has one name");
}
