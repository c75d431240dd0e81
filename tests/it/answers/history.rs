//! What a person answered, question by question, then and now.

use super::ANA;
use super::BEN;
use super::COURSE;
use super::EASE;
use super::asking;
use super::begun;
use super::kept;
use super::lesson;
use super::questions;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::flow::answer;
use dripline::flow::answer::Asked;
use dripline::flow::preferences;

async fn history(app: &TestApp, address: &str) -> Vec<Asked> {
    let person = app.number(&format!("SELECT id FROM subscriber WHERE address = '{address}'")).await;
    answer::history(&app.app, person).await.unwrap()
}

/// `course: question: date lesson words` of every answer.
async fn told(app: &TestApp, address: &str) -> Vec<String> {
    let line = |asked: &Asked| {
        let replies = asked.given.iter().map(|it| format!("{} {} {}", it.date, it.lesson_title, it.words));
        format!("{}: {}: {}", asked.course_title, asked.ask.question, replies.collect::<Vec<_>>().join(", "))
    };
    history(app, address).await.iter().map(line).collect()
}

#[tokio::test]
async fn answers_stand_together_by_question_from_the_oldest_to_the_newest() {
    let app = begun("", &[ANA, BEN]).await;
    kept(&app, ANA, "one", "ease", &["2"]).await;
    kept(&app, ANA, "one", "parts", &["l", "a"]).await;
    kept(&app, BEN, "one", "ease", &["9"]).await;
    app.advance(days(2)).await;
    kept(&app, ANA, "three", "ease", &["7"]).await;
    kept(&app, ANA, "three", "ease", &["8"]).await;
    let expect = [
        "Calm: How easy was it?: 2026-03-02 calm one 2, 2026-03-04 calm three 8",
        "Calm: Which parts?: 2026-03-02 calm one Arms, Legs",
    ];
    assert_eq!(told(&app, ANA).await, expect);
    let numbers: Vec<_> = history(&app, ANA).await[0].given.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [Some(2.0), Some(8.0)]);
    assert_eq!(told(&app, BEN).await.len(), 1);
    let person = app.number(&format!("SELECT id FROM subscriber WHERE address = '{ANA}'")).await;
    preferences::erase(&app.app, &ANA.parse().unwrap()).await.unwrap();
    assert_eq!(answer::history(&app.app, person).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_asked_no_more_is_left_out_and_a_renamed_lesson_has_its_new_name() {
    let app = begun("", &[ANA]).await;
    kept(&app, ANA, "one", "ease", &["2"]).await;
    kept(&app, ANA, "one", "region", &["hand"]).await;
    std::fs::remove_file(app.courses().join("calm/one.md")).unwrap();
    app.write("calm/two.md", lesson("calm two", "", "Breathe."));
    app.write("calm/first.md", lesson("the first", &format!("was = [\"one\"]\n{EASE}"), "Breathe."));
    app.write("calm/course.toml", COURSE.replace("\"one\"", "\"first\""));
    assert_eq!(app.reload().await.swapped, ["calm"]);
    assert_eq!(told(&app, ANA).await, ["Calm: How easy was it?: 2026-03-02 the first 2"]);
}

#[tokio::test]
async fn question_answer_and_page_are_in_the_language_of_their_reader() {
    let app = TestApp::new().await;
    asking(&app).await;
    app.write("calm/he/course.toml", "title = \"רוגע\"\ncrisis = \"חייגו 112.\"\n");
    let region =
        "[[ask]]\nid = \"region\"\nquestion = \"איפה?\"\noptions = { neck = \"צוואר\", worse = \"נעשה גרוע\" }\n";
    app.write("calm/he/one.md", lesson("שיעור", region, "לנשום."));
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    app.enrol(ANA, "calm").await;
    app.break_with("UPDATE subscriber SET language = 'he'").await;
    app.advance(hours(1)).await;
    let pages = super::Pages::of(&app).await;
    let path = questions(&app.mails_to(ANA)[0]);
    let page = pages.get(&format!("{path}?q=2&o=1")).await.body;
    assert!(page.contains("<h1 lang=\"he\" dir=\"auto\">איפה?</h1>") && page.contains(">צוואר</span>"), "{page}");
    let page = pages.post(&format!("{path}?q=2"), "answer=worse").await.body;
    assert!(page.contains("<div class=\"crisis\" lang=\"he\" dir=\"auto\">\n<p>חייגו 112.</p>"), "{page}");
    assert_eq!(told(&app, ANA).await, ["רוגע: איפה?: 2026-03-02 שיעור נעשה גרוע"]);
}
