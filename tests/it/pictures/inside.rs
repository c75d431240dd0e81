//! Mails that carry their images, byte by byte and on their way to a mailbox.

use super::from_camera;
use super::jpeg;
use super::png;
use crate::app::Setup;
use crate::app::TestApp;
use crate::app::course_toml;
use crate::app::days;
use crate::app::lesson;
use crate::app::minutes;
use crate::program::judge;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dripline::message::image_hash;
use dripline::picture;
use dripline::site::Images;
use serde_json::Value;
use serde_json::json;

const TEXT: &str = "A hand.\n\n![a hand](images/mão.jpg)\n\n![a leaf](leaf.png) and [the same](leaf.png), once more: ![a leaf](leaf.png)";

fn embed() -> Setup {
    Setup { images: Images::Embed, ..Setup::default() }
}

fn photo() -> Vec<u8> {
    from_camera(&jpeg(1600, 900), 1)
}

async fn course(app: &TestApp) {
    app.write("calm/course.toml", course_toml("Calm", &["one", "two"]));
    app.write("calm/one.md", lesson("One", TEXT));
    app.write("calm/two.md", lesson("Two", "Nothing to see."));
    app.write("calm/images/mão.jpg", photo());
    app.write("calm/leaf.png", png(300, 200));
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
}

fn read(mail: &[u8]) -> Value {
    judge("inside.py", &json!({ "mail": STANDARD.encode(mail) }))
}

fn id(file: &[u8]) -> String {
    format!("{}@learn.example.org", &image_hash(file)[..32])
}

#[tokio::test]
async fn a_mail_arrives_with_what_its_lesson_shows_inside() {
    let app = TestApp::with(embed()).await;
    course(&app).await;
    app.enrol("zoe@example.net", "calm").await;
    app.advance(days(1)).await;
    let mails = app.mails_to("zoe@example.net");
    assert_eq!(mails.len(), 2);
    let found = read(&mails[0].bytes);
    let tree =
        json!(["multipart/alternative", "text/plain", ["multipart/related", "text/html", "image/jpeg", "image/png"]]);
    assert_eq!(found["tree"], tree);
    let (hand, leaf) = (id(&photo()), id(&png(300, 200)));
    assert_eq!(found["sources"], json!([format!("cid:{hand}"), format!("cid:{leaf}"), format!("cid:{leaf}")]));
    let made = |bytes: &[u8]| image_hash(&picture::prepared(bytes).unwrap().bytes);
    let image = |id: &str, kind: &str, file: &str, bytes: &[u8]| json!({"id": format!("<{id}>"), "type": kind, "disposition": "inline", "file": file, "sha256": made(bytes), "longest": 76});
    let images =
        [image(&hand, "image/jpeg", "m-o.jpg", &photo()), image(&leaf, "image/png", "leaf.png", &png(300, 200))];
    assert_eq!(found["images"], json!(images));
    let whole = String::from_utf8_lossy(&mails[0].bytes);
    assert!(whole.contains("\r\n filename*=utf-8''m%C3%A3o.jpg\r\n"), "{whole}");
    assert!(mails[0].text.contains("[a hand]") && mails[0].text.contains("[a leaf]"), "{}", mails[0].text);
    let link = format!("https://learn.example.org/image/{}", image_hash(&png(300, 200)));
    assert!(mails[0].text.contains(&link), "a link to an image stays a link: {}", mails[0].text);
    assert_eq!(read(&mails[1].bytes)["tree"], json!(["multipart/alternative", "text/plain", "text/html"]));
    wire(&mails[0].bytes);
    app.verify().await;
}

/// RFC 5322 §2.1.1, RFC 2045 §2.10: what parsers forgive.
fn wire(mail: &[u8]) {
    let text = std::str::from_utf8(mail).unwrap();
    assert!(text.is_ascii());
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(text.matches('\r').count(), text.matches("\r\n").count());
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
}

#[tokio::test]
async fn a_copy_after_a_deferral_and_a_new_start_is_the_same_to_the_octet() {
    let mut app = TestApp::with(Setup { script: "times=1 dot close".to_string(), ..embed() }).await;
    course(&app).await;
    app.enrol("zoe@example.net", "calm").await;
    app.settle().await;
    let first = app.mails_to("zoe@example.net");
    app.restart().await;
    app.advance(minutes(40)).await;
    let all = app.mails_to("zoe@example.net");
    assert!(all.len() > first.len(), "a copy came");
    assert!(all.windows(2).all(|pair| pair[0].bytes == pair[1].bytes));
    app.verify().await;
}

#[tokio::test]
async fn signatures_hold_over_images() {
    let app = TestApp::with(Setup { dkim: Some(crate::dkim::both()), ..embed() }).await;
    course(&app).await;
    app.enrol("zoe@example.net", "calm").await;
    app.settle().await;
    let mail = app.mails_to("zoe@example.net").remove(0).bytes;
    assert_eq!(crate::dkim::defects(&mail), [Value::Null, Value::Null]);
    let changed = String::from_utf8(mail).unwrap().replacen("Content-ID: <", "Content-ID: <0", 1);
    assert_ne!(crate::dkim::defects(changed.as_bytes()), [Value::Null, Value::Null]);
}
