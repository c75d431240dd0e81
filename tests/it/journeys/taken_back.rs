//! What taking back must not do.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::address::Address;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Acted;
use dripline::flow::preferences::Which;

const ANA: &str = "ana@example.org";

fn ana() -> Address {
    ANA.parse().unwrap()
}

async fn in_calm() -> TestApp {
    let app = TestApp::with(Setup::default()).await;
    app.course("calm", &["one", "two", "three", "four"]).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    app
}

#[tokio::test]
async fn leaving_is_not_taken_back_for_somebody_who_has_come_back_in_a_new_run() {
    let app = in_calm().await;
    preferences::act(&app.app, &ana(), &Which::All, &Act::Leave).await.unwrap();
    app.enrol(ANA, "calm").await;
    app.settle().await;
    preferences::undo(&app.app, &ana(), &Which::All, None).await.unwrap();
    let running = app.person(ANA).await.enrolments.into_iter().filter(|it| it.state == "active").count();
    assert_eq!(running, 1, "two runs of one course are active");
    app.advance(days(8)).await;
    let twos = app.subjects_to(ANA).iter().filter(|subject| *subject == "calm two").count();
    assert_eq!(twos, 1);
}

#[tokio::test]
async fn a_pause_and_its_end_taken_back_leave_the_next_lesson_where_it_was() {
    let app = in_calm().await;
    let due = app.journal(ANA).await.last().unwrap().due;
    app.advance(hours(1)).await;
    for acted in [
        preferences::act(&app.app, &ana(), &Which::All, &Act::Pause { until: None }).await.unwrap(),
        {
            app.advance(hours(1)).await;
            preferences::act(&app.app, &ana(), &Which::All, &Act::Resume).await.unwrap()
        },
        preferences::undo(&app.app, &ana(), &Which::All, None).await.unwrap().0,
        preferences::undo(&app.app, &ana(), &Which::All, None).await.unwrap().0,
    ] {
        assert!(matches!(acted, Acted::On(done) if done.courses == ["calm"]));
    }
    assert_eq!(app.journal(ANA).await.last().unwrap().due, due);
}

#[tokio::test]
async fn a_stage_with_a_later_hour_is_not_put_off_by_every_lesson_of_another() {
    let app = TestApp::with(Setup::default()).await;
    let ground = ["g1", "g2", "g3", "g4", "g5", "g6"];
    let stages = format!(
        "[[stage]]\nid = \"ground\"\ntitle = \"G\"\nlessons = {ground:?}\n\n[[stage]]\nid = \"side\"\ntitle = \"S\"\nlessons = [\"side\"]\nafter = \"g1\"\n"
    );
    let toml =
        format!("title = \"Ways\"\nlanguage = \"en\"\n{stages}\n[schedule]\nwait = \"1 day\"\nsend = \"30 8 * * *\"\n");
    app.write("ways/course.toml", toml);
    for id in ground {
        app.write(&format!("ways/{id}.md"), format!("+++\nsubject = \"{id}\"\n+++\n\nBreathe.\n"));
    }
    app.write("ways/side.md", "+++\nsubject = \"side\"\nsend = \"15 9 * * *\"\n+++\n\nBreathe.\n");
    assert!(app.reload().await.problems.is_empty());
    app.enrol(ANA, "ways").await;
    app.advance(days(10)).await;
    let place = app.subjects_to(ANA).iter().position(|subject| subject == "side").unwrap();
    assert!(place <= 2, "the older of two that are due goes, but this one came in place {place}");
}
