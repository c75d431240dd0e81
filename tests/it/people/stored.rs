//! The functions of the store that work on many people at once, one by one.

use crate::app::TestApp;
use dripline::store::confirmations::Confirmation;
use dripline::store::enrolments;
use dripline::store::outbox;
use dripline::store::people;
use dripline::store::subscribers::Consent;
use dripline::store::subscribers::Evidence;
use dripline::store::suppressions::Suppression;
use dripline::subscriber::Status;

async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    for name in ["ana", "ben"] {
        app.enrol(&format!("{name}@example.org"), "calm").await;
    }
    app.sign_up("eve@example.org", "calm").await;
    app
}

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{name}@example.org")).collect()
}

#[tokio::test]
async fn a_set_of_people_is_read_with_all_that_belongs_to_them() {
    let app = app().await;
    let mut connection = app.app.store.read().await.unwrap();
    let known = people::by_keys(&mut connection, &keys(&["eve", "nobody", "ana"])).await.unwrap();
    let mut names: Vec<&str> = known.iter().map(|it| it.address.local_part()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ana", "eve"]);
    assert_eq!(people::by_keys(&mut connection, &[]).await.unwrap(), []);
    let id = |name: &str| known.iter().find(|it| it.address.local_part() == name).unwrap().id;
    let both = [id("ana"), id("eve")];
    let enrolments = people::enrolments(&mut connection, &both).await.unwrap();
    assert_eq!(enrolments.len(), 2);
    let again = people::places(&mut connection, &[enrolments[0].id, 7]).await.unwrap();
    assert_eq!(again, enrolments[..1]);
    let mut again = people::by_ids(&mut connection, &[both[0], both[1], both[0], 7]).await.unwrap();
    again.sort_by_key(|it| it.address.to_string());
    assert_eq!(again.iter().map(|it| it.id).collect::<Vec<_>>(), both);
    let agreed = people::agreed(&mut connection, &both).await.unwrap();
    assert_eq!(
        agreed.iter().map(|it| (it.subscriber_id, it.source.as_str())).collect::<Vec<_>>(),
        [(id("ana"), "paper form")]
    );
    let asked = people::asked(&mut connection, &both).await.unwrap();
    assert_eq!(asked.iter().map(|it| it.subscriber_id).collect::<Vec<_>>(), [id("eve")]);
    assert_eq!(people::last_occurrences(&mut connection, "confirm", &both).await.unwrap(), [(id("eve"), 1)]);
}

#[tokio::test]
async fn everybody_is_read_page_by_page_in_the_order_in_which_they_came() {
    let app = app().await;
    let mut connection = app.app.store.read().await.unwrap();
    let (mut after, mut names) = (0, Vec::new());
    loop {
        let page = people::page(&mut connection, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        names.extend(page.iter().map(|it| it.address.local_part().to_string()));
    }
    assert_eq!(names, ["ana", "ben", "eve"]);
}

#[tokio::test]
async fn many_are_written_at_once_and_a_stale_enrolment_among_them_is_told() {
    let app = app().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let mut known = people::by_keys(&mut transaction, &keys(&["ana", "ben"])).await.unwrap();
    known.iter_mut().for_each(|it| (it.status, it.first_name) = (Status::Left, Some("Nul\0 \"quoted\"".to_string())));
    people::put(&mut transaction, &known.iter().collect::<Vec<_>>(), 5).await.unwrap();
    let again = people::by_keys(&mut transaction, &keys(&["ana", "ben"])).await.unwrap();
    assert!(again.iter().all(|it| it.status == Status::Left && it.first_name.as_deref() == Some("Nul \"quoted\"")));

    let ids: Vec<i64> = known.iter().map(|it| it.id).collect();
    let mut places = people::enrolments(&mut transaction, &ids).await.unwrap();
    let stale = places.clone();
    places.iter_mut().for_each(|it| it.pace = 0.1);
    assert!(enrolments::put_all(&mut transaction, &places.iter().collect::<Vec<_>>(), app.now()).await.unwrap());
    let kept = people::enrolments(&mut transaction, &ids).await.unwrap();
    assert!(kept.iter().zip(&stale).all(|(it, before)| (it.pace, it.serial) == (0.1, before.serial + 1)));
    assert!(!enrolments::put_all(&mut transaction, &stale.iter().collect::<Vec<_>>(), app.now()).await.unwrap());
    for nothing in [people::put(&mut transaction, &[], 1).await, people::add_links(&mut transaction, &[]).await] {
        nothing.unwrap();
    }
}

#[tokio::test]
async fn consents_links_and_suppressions_are_added_and_none_is_overwritten() {
    let app = app().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let seen = |agent: &str| Evidence { page: "/c/calm".to_string(), ip: "::1".to_string(), agent: agent.to_string() };
    let of = |id, source, asked| Consent {
        id,
        subscriber_id: 7,
        course: "calm",
        source,
        text: "T",
        version: "v",
        at: 3,
        asked,
        evidence: seen("a \"browser\"\0"),
    };
    let consent = |id, source| of(id, source, false);
    let asked = of(3, "only asked for", true);
    people::add_consents(&mut transaction, &[consent(1, "a"), asked, consent(2, "b")]).await.unwrap();
    let agreed = people::agreed(&mut transaction, &[7]).await.unwrap();
    let told: Vec<_> = agreed.iter().map(|it| (it.source.as_str(), it.text.as_str(), it.at)).collect();
    assert_eq!(told, [("a", "T", 3), ("b", "T", 3)]);
    assert!(people::add_consents(&mut transaction, &[consent(2, "c")]).await.is_err());
    drop(transaction);

    let mut transaction = app.app.store.begin().await.unwrap();
    let link = Confirmation { subscriber_id: 7, created: 1, expires: 2, used: 0, wishes: "{}".to_string() };
    people::add_links(&mut transaction, &[("x".to_string(), link.clone()), ("y".to_string(), link.clone())])
        .await
        .unwrap();
    assert_eq!(people::asked(&mut transaction, &[7]).await.unwrap(), [link.clone(), link]);
    let suppression = |reason: &str| Suppression {
        address: "a@example.org".to_string(),
        reason: reason.to_string(),
        source: "the relay".to_string(),
        since: 3,
    };
    for reason in ["first", "second"] {
        people::suppress(&mut transaction, &[("h".to_string(), suppression(reason))]).await.unwrap();
    }
    let found = people::suppressed(&mut transaction, &["h".to_string(), "other".to_string()]).await.unwrap();
    assert_eq!(found, [("h".to_string(), suppression("first"))]);
    assert_eq!(outbox::last_occurrence(&mut transaction, "confirm", 7).await.unwrap(), 0);
}
