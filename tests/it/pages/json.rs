//! Signing up as a program: the shapes of requests and answers.

use super::site::ADDRESS;
use super::site::TestSite;
use dripline::flow::preferences;
use serde_json::Value;
use serde_json::json;

const JSON: &str = "application/json";

async fn site() -> TestSite {
    TestSite::start_with_course(&[
        ("consent", "\"I agree.\""),
        ("fields", "{ instrument = { label = \"Your instrument\", required = true } }"),
    ])
    .await
}

fn whole() -> Value {
    json!({
        "email": "vera@example.org", "first_name": "Vera", "zone": "Asia/Tokyo", "language": "en", "agree": true,
        "fields": { "instrument": "oboe" },
    })
}

#[tokio::test]
async fn a_whole_request_is_asked_for_and_all_it_says_is_kept() {
    let site = site().await;
    let answer = site.post("/c/stages", Some("application/json; charset=utf-8"), whole().to_string().as_bytes()).await;
    assert_eq!((answer.status, answer.header("content-type")), (202, Some(JSON)));
    assert_eq!(answer.body, "{\"status\":\"asked\"}");
    let row = "SELECT first_name || ' ' || zone || ' ' || language || ' ' || fields FROM subscriber";
    assert_eq!(site.texts(row).await, ["Vera Asia/Tokyo en {\"instrument\":\"oboe\"}"]);
    assert_eq!(site.texts("SELECT page FROM consent").await, ["json"]);
}

#[tokio::test]
async fn what_is_wrong_is_told_by_the_name_of_its_value() {
    let site = site().await;
    let before = site.dump().await;
    let table = [
        ("email", json!("nobody"), "email"),
        ("email", json!(""), "email"),
        ("zone", json!("Mars/Base"), "zone"),
        ("language", json!("tlh"), "language"),
        ("agree", json!(false), "agree"),
        ("fields", json!({}), "field:instrument"),
        ("fields", json!({ "instrument": "oboe", "shoe_size": "43" }), "field:shoe_size"),
    ];
    for (name, value, expect) in table {
        let mut body = whole();
        body[name] = value;
        let answer = site.post("/c/stages", Some(JSON), body.to_string().as_bytes()).await;
        assert_eq!((answer.status, answer.header("content-type")), (422, Some(JSON)), "{body}");
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        let errors = told["errors"].as_object().unwrap();
        assert_eq!(errors.keys().collect::<Vec<_>>(), [expect], "{body}");
    }
    let all = site.post("/c/stages", Some(JSON), b"{}").await;
    let told: Value = serde_json::from_str(&all.body).unwrap();
    assert_eq!(told["errors"].as_object().unwrap().len(), 3, "{told}");
    assert_eq!(site.dump().await, before);
}

#[tokio::test]
async fn every_refusal_is_json_with_a_sentence() {
    let site = site().await;
    let before = site.dump().await;
    let huge = format!("{{\"email\": \"{}\"}}", "a".repeat(40_000));
    let table: [(&str, &str, u16, &str); 7] = [
        ("/c/stages", "{", 400, "This can't be read as a sign-up: EOF"),
        ("/c/stages", "", 400, "can't be read"),
        ("/c/stages", "{\"email\": 5}", 400, "expected a string"),
        ("/c/stages", "{\"emial\": \"a@example.org\"}", 400, "emial"),
        ("/c/nothing", "{}", 404, "mistyped"),
        ("/c/stages", &huge, 413, ""),
        ("/leave/x", "{}", 404, ""),
    ];
    for (path, body, status, expect) in table {
        let answer = site.post(path, Some(JSON), body.as_bytes()).await;
        assert_eq!(answer.status, status, "{path} {}", answer.body);
        if path.starts_with("/c/") {
            let told: Value = serde_json::from_str(&answer.body).unwrap();
            assert!(told["error"].as_str().unwrap().contains(expect), "{told}");
        }
    }
    assert_eq!(site.dump().await, before);
}

#[tokio::test]
async fn new_known_and_suppressed_addresses_get_the_same_answer() {
    let site = TestSite::start().await;
    let ask = |address: &str| {
        let body = json!({ "email": address }).to_string();
        let site = &site;
        async move { site.post("/c/stages", Some(JSON), body.as_bytes()).await }
    };
    let new = ask("new@example.org").await;
    site.enrol().await;
    let (known, again) = (ask(ADDRESS).await, ask("new@example.org").await);
    preferences::erase(&site.app, &ADDRESS.parse().unwrap()).await.unwrap();
    let suppressed = ask(ADDRESS).await;
    assert_eq!(new.status, 202);
    assert_eq!([&known, &again, &suppressed], [&new, &new, &new]);
}
