//! What the people of a course answered, counted, and as a file.

use super::ANA;
use super::BEN;
use super::begun;
use super::kept;
use crate::app::TestApp;
use crate::app::days;
use dripline::flow::answer;
use dripline::flow::answer::Moved;
use dripline::flow::answer::Report;
use dripline::flow::answer::Rows;
use dripline::flow::answer::Tally;

const CLEO: &str = "+cleo@example.org";

async fn report(app: &TestApp) -> Report {
    let shelved = app.app.shelf.read().await.get("calm").cloned().unwrap();
    answer::report(&app.app, &shelved).await.unwrap()
}

async fn file(app: &TestApp) -> Vec<Vec<String>> {
    let shelved = app.app.shelf.read().await.get("calm").cloned().unwrap();
    let mut rows = Rows::begin(shelved);
    let mut bytes = Vec::new();
    while let Some(piece) = rows.step(&app.app).await.unwrap() {
        bytes.extend(piece);
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    reader.records().map(|row| row.unwrap().iter().map(str::to_string).collect()).collect()
}

/// Three people in the first lesson, then in the last.
async fn answered() -> TestApp {
    let app = begun("", &[ANA, BEN, CLEO]).await;
    for (address, ease, region) in [(ANA, "3", "neck"), (BEN, "5", "neck"), (CLEO, "10", "worse")] {
        kept(&app, address, "one", "ease", &[ease]).await;
        kept(&app, address, "one", "region", &[region]).await;
    }
    kept(&app, ANA, "one", "parts", &["l", "a"]).await;
    kept(&app, BEN, "one", "parts", &[]).await;
    kept(&app, BEN, "one", "note", &["=1+1\nand more"]).await;
    app.advance(days(3)).await;
    kept(&app, ANA, "three", "ease", &["6"]).await;
    kept(&app, BEN, "three", "ease", &["5"]).await;
    app
}

#[tokio::test]
async fn answers_are_counted_lesson_by_lesson_in_the_order_of_the_course() {
    let report = report(&answered().await).await;
    assert_eq!((report.course.as_str(), report.people, report.no_longer_asked), ("calm", 3, 0));
    let asked: Vec<(&str, Vec<(&str, usize)>)> = report
        .lessons
        .iter()
        .map(|lesson| {
            (lesson.lesson.as_str(), lesson.questions.iter().map(|it| (it.question.as_str(), it.count)).collect())
        })
        .collect();
    assert_eq!(
        asked,
        [("one", vec![("ease", 3), ("region", 3), ("parts", 2), ("note", 1)]), ("three", vec![("ease", 2)])]
    );
    let tallies: Vec<&Tally> = report.lessons[0].questions.iter().map(|it| &it.tally).collect();
    let Tally::Scale { mean, min, max, distribution } = tallies[0] else { panic!("{tallies:?}") };
    assert_eq!((*mean, *min, *max), (Some(6.0), Some(3), Some(10)));
    assert_eq!(distribution.iter().collect::<Vec<_>>(), [(&3, &1), (&5, &1), (&10, &1)]);
    let options = |tally: &Tally| match tally {
        Tally::Options { options } => options.iter().map(|it| format!("{} {}", it.count, it.label)).collect(),
        Tally::Scale { .. } | Tally::Texts { .. } => Vec::new(),
    };
    assert_eq!(options(tallies[1]), ["2 Neck", "0 Hand", "1 It got worse"]);
    assert_eq!(options(tallies[2]), ["1 Arms", "1 Legs"]);
    let Tally::Texts { texts } = tallies[3] else { panic!("{tallies:?}") };
    assert_eq!((texts[0].email.as_str(), texts[0].text.as_str()), (BEN, "=1+1\nand more"));
    assert_eq!(report.safety.len(), 1);
    assert_eq!((report.safety[0].email.as_str(), report.safety[0].answer.as_str()), (CLEO, "It got worse"));
}

#[tokio::test]
async fn what_is_asked_twice_shows_who_moved_where() {
    let app = answered().await;
    let repeated = report(&app).await.then_and_now;
    assert_eq!(repeated.len(), 1);
    assert_eq!(
        (repeated[0].question.as_str(), &repeated[0].lessons[..]),
        ("ease", &["one", "three"].map(String::from)[..])
    );
    assert_eq!(repeated[0].moved, Some(Moved { people: 2, up: 1, down: 0, same: 1 }));
    kept(&app, BEN, "three", "ease", &["1"]).await;
    assert_eq!(report(&app).await.then_and_now[0].moved, Some(Moved { people: 2, up: 1, down: 1, same: 0 }));
}

#[tokio::test]
async fn the_file_has_a_row_for_each_answer_and_no_formula() {
    let app = answered().await;
    let rows = file(&app).await;
    assert_eq!(rows[0], ["email", "run", "lesson", "question", "answer", "label", "at"]);
    let row = |address: &str, lesson: &str, question: &str| {
        let found = rows.iter().find(|row| row[0] == address && row[2] == lesson && row[3] == question);
        found.unwrap_or_else(|| panic!("{address} {question}: {rows:#?}")).clone()
    };
    assert_eq!(row(ANA, "one", "parts")[1..], ["1", "one", "parts", "a;l", "Arms, Legs", "2026-03-02T10:00:00Z"]);
    assert_eq!(row(ANA, "three", "ease")[4..6], ["6", ""]);
    assert_eq!(row(BEN, "one", "parts")[4..6], ["", ""]);
    assert_eq!(row(BEN, "one", "note")[4], "'=1+1\nand more");
    assert_eq!(row("'+cleo@example.org", "one", "region")[4..6], ["worse", "It got worse"]);
    assert_eq!(rows.len(), 12);
}

#[tokio::test]
async fn answers_to_what_is_asked_no_more_or_otherwise_are_counted_apart() {
    let app = answered().await;
    app.write("calm/one.md", super::lesson("calm one", super::EASE, "Breathe."));
    app.write("calm/two.md", super::lesson("calm two", "", "Walk."));
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    let report = report(&app).await;
    assert_eq!((report.no_longer_asked, report.people, report.lessons[0].questions.len()), (6, 3, 1));
    assert_eq!(report.safety.len(), 0);
    assert_eq!(file(&app).await.len(), 12);
}

#[tokio::test]
async fn a_withdrawn_lesson_is_counted_last_where_another_asks_the_same() {
    let app = answered().await;
    app.write(
        "calm/course.toml",
        super::COURSE.replace("\"one\", ", "").replace("crisis", "retired = [\"one\"]\ncrisis"),
    );
    std::fs::remove_file(app.courses().join("calm/one.md")).unwrap();
    app.write("calm/two.md", super::lesson("calm two", "", "Walk."));
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    let report = report(&app).await;
    let asked: Vec<_> = report.lessons.iter().map(|it| (it.lesson.as_str(), it.questions[0].count)).collect();
    assert_eq!(asked, [("three", 2), ("one", 3)]);
    assert_eq!(report.then_and_now[0].moved, Some(Moved::default()));
}
