//! What a person takes along, and what nobody else may find in it.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::flow::address;
use dripline::flow::answer;
use dripline::flow::farewell;
use dripline::flow::personal;
use serde_json::Value;

const ANA: &str = "ana@example.org";

/// One person with a bit of everything, and another.
async fn lived_in() -> TestApp {
    let mut app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    app.course("walk", &["one"]).await;
    let asks = "+++\nsubject = \"walk one\"\n[[ask]]\nid = \"where\"\nquestion = \"Where is it?\"\nkind = \"choice\"\n\
                options = { neck = \"In the neck\", jaw = \"In the jaw\" }\n+++\n\nWalk.\n";
    app.write("walk/one.md", asks);
    app.reload().await;
    app.sign_up(ANA, "calm").await;
    app.confirm(ANA).await;
    app.enrol(ANA, "walk").await;
    app.enrol("ben@example.org", "calm").await;
    app.advance(days(2)).await;
    let (ana, raw) = (ANA.parse().unwrap(), ["neck".to_string()]);
    answer::record_by_hand(&app.app, &ana, "walk", None, "where", &raw).await.unwrap();
    address::ask(&app.app, app.id(ANA).await, &"ana@example.net".parse().unwrap()).await.unwrap();
    let place = app.number("SELECT min(id) FROM enrolment WHERE course = 'calm'").await;
    farewell::leave(&app.app, place, false, Some("Too much at once.")).await.unwrap();
    app.advance(hours(1)).await;
    app
}

#[tokio::test]
async fn everything_that_is_stored_of_a_person_is_told() {
    let app = lived_in().await;
    let everything = personal::export(&app.app, &ANA.parse().unwrap()).await.unwrap().unwrap();
    let it: Value = serde_json::to_value(&everything).unwrap();
    let check = |path: &str, expect: &str| assert_eq!(it.pointer(path), Some(&Value::from(expect)), "{path}: {it:#}");
    check("/person/address", ANA);
    check("/person/first_name", "Sam");
    check("/person/zone", "Europe/London");
    check("/person/since", "2026-03-02T09:00:00Z");
    check("/places/0/course", "calm");
    check("/places/0/state", "left");
    check("/places/0/sent/0/lesson", "one");
    check("/places/0/sent/0/at", "2026-03-02T09:00:00Z");
    check("/places/1/title", "walk");
    check("/answers/0/asked", "Where is it?");
    check("/answers/0/answer", "neck");
    check("/answers/0/in_words", "In the neck");
    check("/consents/0/source", "confirmation link");
    check("/consents/1/source", "paper form");
    check("/mails/0/mail", "confirmation");
    check("/mails/0/state", "accepted");
    check("/mails/0/attempts/0/outcome", "accepted");
    check("/mails/1/course", "calm");
    check("/acts/0/act", "leave");
    check("/farewells/0/reason", "Too much at once.");
    check("/confirmations/0/asked", "2026-03-02T09:00:00Z");
    check("/address_changes/0/address", "ana@example.net");
    assert!(personal::export(&app.app, &"nobody@example.org".parse().unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn an_export_opens_no_door_and_names_nobody_else() {
    let app = lived_in().await;
    let everything = personal::export(&app.app, &ANA.parse().unwrap()).await.unwrap().unwrap();
    let text = serde_json::to_string(&everything).unwrap();
    assert!(!text.contains("ben@"));
    let hashes = "SELECT hash FROM confirmation UNION ALL SELECT hash FROM address_change
        UNION ALL SELECT hash FROM outbox WHERE hash <> ''";
    let mut secrets = app.texts(hashes).await;
    secrets.extend([ANA, "ana@example.net"].iter().filter_map(|address| app.token_to(address, "/confirm/")));
    secrets.push(app.app.address_hash(&ANA.parse().unwrap()));
    assert!(secrets.len() > 6);
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret}");
    }
}
