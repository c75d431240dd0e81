//! An edit that reaches many people at once, or takes somebody's next lesson away, waits for a yes.

use crate::app::Mail;
use crate::app::TestApp;
use crate::app::course_toml;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use crate::edits::ANA;
use crate::edits::got;
use crate::edits::put;
use crate::edits::write;
use dripline::flow::plan;
use dripline::flow::plan::Confirmed;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;

/// So many people who have had `a` and `b` of four; it is Tuesday, 12:00.
async fn half_way(people: usize) -> TestApp {
    let app = TestApp::new().await;
    put(&app, &["a", "b", "c", "d"]).await;
    for n in 0..people {
        app.enrol(&reader(n), "calm").await;
    }
    app.advance(days(1) + hours(3)).await;
    assert_eq!(got(&app, &reader(0)), ["a", "b"]);
    app
}

fn reader(n: usize) -> String {
    format!("reader{n:03}@example.org")
}

#[tokio::test]
async fn an_edit_that_reaches_a_hundred_people_within_a_day_is_in_force_at_once_and_one_more_waits() {
    for (people, waits) in [(100, false), (101, true)] {
        let app = half_way(people).await;
        write(&app, &["a", "b", "new", "c", "d"], &[]);
        let plan = plan::plan(&app.app, true).await.unwrap();
        assert_eq!((plan.asks, plan.courses[0].soon), (waits, people));
        assert_eq!(plan.courses[0].gets["new"], people);
        assert_eq!(plan.courses[0].names.len(), people);
        let reloaded = app.reload_without_a_yes().await;
        assert_eq!((reloaded.swapped.len(), reloaded.waiting.len()), (usize::from(!waits), usize::from(waits)));
        assert_eq!(app.status().await.problems.len(), usize::from(waits));
        app.advance(days(1)).await;
        let third = if waits { "c" } else { "new" };
        assert_eq!(got(&app, &reader(7)), ["a", "b", third]);
    }
}

#[tokio::test]
async fn a_yes_holds_for_what_was_shown_and_for_nothing_else() {
    let app = half_way(101).await;
    assert_eq!(plan::confirm(&app.app, "000000000000").await.unwrap(), Confirmed::NothingWaits);
    write(&app, &["a", "b", "new", "c", "d"], &[]);
    let shown = plan::plan(&app.app, false).await.unwrap().hash;
    write(&app, &["a", "b", "new", "c", "d"], &[("new", "Other words.")]);
    let now = plan::plan(&app.app, false).await.unwrap().hash;
    assert_ne!(shown, now);
    assert_eq!(plan::confirm(&app.app, &shown).await.unwrap(), Confirmed::Another(now.clone()));
    assert_eq!(app.reload_without_a_yes().await.swapped, Vec::<String>::new());

    assert_eq!(plan::confirm(&app.app, &now).await.unwrap(), Confirmed::Yes);
    assert_eq!(app.reload_without_a_yes().await.swapped, ["calm"]);
    assert_eq!(app.status().await.problems, Vec::<String>::new());
    app.advance(days(1)).await;
    assert_eq!(got(&app, &reader(100)), ["a", "b", "new"]);
    app.verify().await;
}

#[tokio::test]
async fn an_edit_that_is_taken_back_asks_no_more() {
    let app = half_way(101).await;
    write(&app, &["a", "b", "new", "c", "d"], &[]);
    assert_eq!(app.reload_without_a_yes().await.waiting.len(), 1);
    write(&app, &["a", "b", "c", "d"], &[]);
    std::fs::remove_file(app.courses().join("calm/new.md")).unwrap();
    assert_eq!(app.reload_without_a_yes().await.waiting.len(), 0);
    assert_eq!(app.status().await.problems, Vec::<String>::new());
}

#[tokio::test]
async fn whose_next_lesson_is_withdrawn_is_asked_about_even_if_it_is_one_person() {
    let app = half_way(1).await;
    app.write("calm/course.toml", course_toml("calm", &["a", "b", "d"]).replace("title", "retired = [\"c\"]\ntitle"));
    let plan = plan::plan(&app.app, true).await.unwrap();
    let effect = &plan.courses[0];
    assert!(plan.asks);
    assert_eq!((effect.next_withdrawn, effect.loses["c"]), (1, 1));
    let touched = &effect.names[0];
    assert_eq!(
        (touched.address.as_str(), touched.loses.as_slice()),
        (reader(0).as_str(), ["c".to_string()].as_slice())
    );
    assert_eq!(touched.before.as_ref().map(|(lesson, _)| lesson.as_str()), Some("c"));
    assert_eq!(touched.after.as_ref().map(|(lesson, _)| lesson.as_str()), Some("d"));
    app.advance(days(1)).await;
    assert_eq!(got(&app, &reader(0)), ["a", "b", "c"], "without a yes the old version goes on");
}

#[tokio::test]
async fn a_shorter_wait_brings_nobody_a_lesson_within_the_hour_and_not_all_at_one_moment() {
    let app = TestApp::new().await;
    let toml = course_toml("calm", &["a", "b"]).replace("1 day", "9 days").replace("30 8 * * *", "*/5 * * * *");
    app.write("calm/course.toml", &toml);
    ["a", "b"]
        .iter()
        .for_each(|id| app.write(&format!("calm/{id}.md"), crate::app::lesson(&format!("calm {id}"), "Text.")));
    app.reload().await;
    for n in 0..150 {
        app.enrol(&reader(n), "calm").await;
    }
    app.advance(days(3)).await;
    let edited = app.now();
    app.write("calm/course.toml", toml.replace("9 days", "2 days"));
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.advance(minutes(59)).await;
    assert_eq!(app.mails(), 150, "within the hour");
    app.advance(hours(14)).await;
    let mut dues = Vec::new();
    for n in 0..150 {
        let journal = app.journal(&reader(n)).await;
        dues.push(journal.iter().find(|it| it.lesson == "b").expect("b came that day").due);
    }
    dues.sort();
    let spread = dues[0].duration_until(dues[149]);
    assert!(dues[0] >= edited + hours(1) && spread > hours(2) && spread < hours(3), "{spread} from {}", dues[0]);
}

#[tokio::test]
async fn what_is_offered_is_told_once_and_can_be_asked_for() {
    let app = TestApp::new().await;
    put(&app, &["a", "b", "c", "d"]).await;
    app.enrol(ANA, "calm").await;
    app.advance(days(1) + minutes(30)).await;
    write(&app, &["a", "new", "b", "c", "d"], &[("new", "What came later.")]);
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.advance(days(2)).await;
    let told: Vec<bool> = app.mails_to(ANA).iter().map(|mail| mail.text.contains("calm new")).collect();
    assert_eq!(told, [false, false, true, false], "in the footer of the next mail, once");
    let again = preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &Act::Again(Some("new".to_string())))
        .await
        .unwrap();
    assert!(matches!(again, preferences::Acted::On(done) if done.courses == ["calm"]));
    app.advance(days(2)).await;
    assert_eq!(got(&app, ANA), ["a", "b", "c", "d", "new"]);
    app.verify().await;
}

#[tokio::test]
async fn a_yes_is_used_up_by_the_edit_that_it_was_said_to() {
    let app = half_way(101).await;
    let waits = |wait: &str| course_toml("calm", &["a", "b", "c", "d"]).replace("1 day", wait);
    app.write("calm/course.toml", waits("3 days"));
    assert_eq!(app.reload_without_a_yes().await.swapped, ["calm"], "later is no hurry");
    app.write("calm/course.toml", waits("1 day"));
    assert_eq!(app.reload_without_a_yes().await.waiting.len(), 1);
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.write("calm/course.toml", waits("3 days"));
    assert_eq!(app.reload_without_a_yes().await.swapped, ["calm"]);
    app.write("calm/course.toml", waits("1 day"));
    assert!(plan::plan(&app.app, false).await.unwrap().asks);
    assert_eq!(app.reload_without_a_yes().await.swapped, Vec::<String>::new());
}

#[tokio::test]
async fn a_lesson_that_is_only_left_out_of_the_list_isnt_lost_in_silence() {
    let app = half_way(3).await;
    app.write("calm/course.toml", course_toml("calm", &["a", "b", "d"]));
    let reloaded = app.reload_without_a_yes().await;
    assert_eq!(reloaded.swapped, Vec::<String>::new(), "{:?}", reloaded.problems);
}

#[tokio::test]
async fn what_a_greeting_has_told_the_next_lesson_doesnt_tell_again() {
    let app = TestApp::new().await;
    put(&app, &["a", "b", "c", "d"]).await;
    app.enrol(ANA, "calm").await;
    app.advance(days(1) + minutes(30)).await;
    let back = Some("2026-03-12".parse().unwrap());
    preferences::act(&app.app, &ANA.parse().unwrap(), &Which::All, &Act::Pause { until: back }).await.unwrap();
    write(&app, &["a", "new", "b", "c", "d"], &[("new", "What came later.")]);
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.advance(days(13)).await;
    assert_eq!(app.own_taken(ANA).await[0], "2026-03-12 08:30 calm/@back");
    let tells = |mails: Vec<Mail>| mails.iter().map(|mail| mail.text.contains("calm new")).collect::<Vec<_>>();
    assert_eq!(tells(app.own_mails_to(ANA)), [true, false], "the greeting tells, and not the goodbye");
    assert_eq!(tells(app.mails_to(ANA)), [false, false, false, false]);
}
