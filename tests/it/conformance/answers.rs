//! The functions of the store that keep answers, one by one.

use crate::conformance::lived_in;
use dripline::clock::from_ms;
use dripline::course::Value;
use dripline::store::answers;
use dripline::store::answers::Answer;
use dripline::store::enrolments;
use dripline::store::subscribers;
use std::collections::BTreeMap;

fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

#[tokio::test]
async fn answers_are_kept_by_lesson_and_known_by_who_gave_them_last() {
    let app = lived_in().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let mut places = Vec::new();
    for name in ["ana@example.org", "later@example.org"] {
        let person = subscribers::by_key(&mut transaction, name).await.unwrap().unwrap();
        places.extend(enrolments::of_subscriber(&mut transaction, person.id).await.unwrap());
    }
    let [ana, other] = [&places[0], &places[1]];
    let answer = |id: i64, lesson: &str, question: &str, value: Value, at: i64| Answer {
        id,
        subscriber_id: ana.subscriber_id,
        enrolment_id: ana.id,
        course: "calm".to_string(),
        lesson: lesson.to_string(),
        question: question.to_string(),
        value,
        at: from_ms(at),
    };
    let several = Value::Texts(vec!["a\"b".to_string(), "é\0\n".to_string()]);
    for it in [
        answer(1, "one", "ease", Value::Number(3.0), 10),
        answer(2, "two", "ease", Value::Number(8.0), 20),
        answer(3, "one", "parts", several, 20),
        answer(4, "one", "ease", Value::Number(5.0), 15),
        Answer {
            subscriber_id: other.subscriber_id,
            enrolment_id: other.id,
            ..answer(5, "one", "ease", text("x"), 20)
        },
        Answer { course: "walk".to_string(), ..answer(6, "one", "far", text("y"), 5) },
    ] {
        answers::put(&mut transaction, &it).await.unwrap();
    }
    let of_ana = answers::of_enrolment(&mut transaction, ana.id).await.unwrap();
    let told: Vec<_> = of_ana.iter().map(|it| (it.id, it.lesson.as_str(), it.at.as_millisecond())).collect();
    assert_eq!(told, [(6, "one", 5), (1, "one", 15), (2, "two", 20), (3, "one", 20)], "replaced, and oldest first");
    assert_eq!(of_ana[3].value, Value::Texts(vec!["a\"b".to_string(), "é\n".to_string()]));
    assert_eq!(answers::of_subscriber(&mut transaction, ana.subscriber_id).await.unwrap(), of_ana);

    let latest = answers::latest(&mut transaction, &[ana.id, other.id, 7]).await.unwrap();
    assert_eq!(latest.len(), 2);
    assert_eq!(latest[&ana.id].keys().collect::<Vec<_>>(), ["ease", "far", "parts"]);
    assert_eq!(latest[&ana.id]["ease"], Value::Number(8.0));
    assert_eq!(latest[&other.id], BTreeMap::from([("ease".to_string(), text("x"))]));
    assert!(answers::latest(&mut transaction, &[]).await.unwrap().is_empty());

    let mut pages = Vec::new();
    let mut after = 0;
    loop {
        let page = answers::of_course(&mut transaction, "calm", after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.answer.id;
        pages.push(page.iter().map(|it| format!("{} {} {}", it.address, it.run, it.answer.id)).collect::<Vec<_>>());
    }
    let ana_gave = |id: i64| format!("ana@example.org 1 {id}");
    assert_eq!(pages, [vec![ana_gave(1), ana_gave(2), ana_gave(3)], vec!["later@example.org 1 5".to_string()]]);

    answers::forget(&mut transaction, ana.id, &["zero".to_string(), "one".to_string()], "ease").await.unwrap();
    let left = answers::of_enrolment(&mut transaction, ana.id).await.unwrap();
    assert_eq!(left.iter().map(|it| it.id).collect::<Vec<_>>(), [6, 2, 3]);
    subscribers::erase(&mut transaction, ana.subscriber_id, &[]).await.unwrap();
    assert_eq!(answers::of_enrolment(&mut transaction, ana.id).await.unwrap(), []);
    assert_eq!(answers::of_enrolment(&mut transaction, other.id).await.unwrap().len(), 1);
}
