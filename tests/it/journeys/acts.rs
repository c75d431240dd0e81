//! What a person decides on the way, and takes back.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use dripline::address::Address;
use dripline::enrolment::Refused;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Acted;
use dripline::flow::preferences::Settings;
use dripline::flow::preferences::Which;
use dripline::store::outbox::Lane;

const ANA: &str = "ana@example.org";

fn ana() -> Address {
    ANA.parse().unwrap()
}

/// Ana is in a course of four, a lesson a day at 08:30, and has had the first: it is Monday, 09:00 in London.
async fn in_calm() -> TestApp {
    begin(TestApp::new().await).await
}

async fn begin(app: TestApp) -> TestApp {
    app.course("calm", &["one", "two", "three", "four"]).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    app
}

/// The courses that an act changed.
fn on(acted: Acted) -> String {
    let Acted::On(done) = acted else { panic!("{acted:?}") };
    done.courses.join(" ")
}

async fn undo(app: &TestApp) -> (Acted, String) {
    preferences::undo(&app.app, &ana(), &Which::All, None).await.unwrap()
}

/// Lesson and local moment of what comes next.
async fn next(app: &TestApp) -> String {
    let person = app.person(ANA).await;
    let next = person.enrolments.last().and_then(|it| it.next.as_ref());
    next.map_or("nothing".to_string(), |it| format!("{} {}", it.lesson, it.local.strftime("%a %H:%M")))
}

fn hour(text: &str) -> Settings {
    Settings { hour: Some(jiff::civil::Time::strptime("%H:%M", text).ok()), ..Settings::default() }
}

#[tokio::test]
async fn every_act_moves_what_comes_next_and_can_be_taken_back() {
    let app = in_calm().await;
    assert_eq!(next(&app).await, "two Tue 08:30");
    let which = Which::All;
    let slower = Settings { pace: Some(2.0), ..Settings::default() };
    let weekend = Settings { weekdays: Some(Some("Sat,Sun".to_string())), ..Settings::default() };
    let away = Settings { zone: Some("America/New_York".to_string()), ..Settings::default() };
    for (settings, moved) in [
        (hour("18:00"), "two Tue 18:00"),
        (slower, "two Wed 08:30"),
        (weekend, "two Sat 08:30"),
        (away, "two Tue 08:30"),
    ] {
        assert_eq!(on(preferences::act(&app.app, &ana(), &which, &Act::Set(settings.clone())).await.unwrap()), "calm");
        assert_eq!(next(&app).await, moved, "{settings:?}");
        let (undone, what) = undo(&app).await;
        assert_eq!((on(undone).as_str(), what.as_str()), ("calm", "settings"));
        assert_eq!(next(&app).await, "two Tue 08:30");
    }
    let acted = preferences::act(&app.app, &ana(), &which, &Act::Again(None)).await.unwrap();
    assert_eq!((on(acted).as_str(), next(&app).await.as_str()), ("calm", "one Tue 08:30"));
    undo(&app).await;
    let acted = preferences::act(&app.app, &ana(), &which, &Act::Pause { until: None }).await.unwrap();
    assert_eq!((on(acted).as_str(), app.state(ANA).await), ("calm", "paused"));
    undo(&app).await;
    let acted = preferences::act(&app.app, &ana(), &which, &Act::Leave).await.unwrap();
    assert_eq!((on(acted).as_str(), app.person(ANA).await.status), ("calm", "left"));
    undo(&app).await;
    assert_eq!((app.person(ANA).await.status, next(&app).await.as_str()), ("active", "two Tue 08:30"));
    assert_eq!(undo(&app).await.0, Acted::Nothing);
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two", "calm three", "calm four"]);
    app.verify().await;
}

#[tokio::test]
async fn the_last_act_is_taken_back_first_and_none_after_a_day() {
    let app = in_calm().await;
    preferences::act(&app.app, &ana(), &Which::All, &Act::Set(hour("18:00").clone())).await.unwrap();
    preferences::act(&app.app, &ana(), &Which::All, &Act::Set(hour("20:00").clone())).await.unwrap();
    undo(&app).await;
    assert_eq!(next(&app).await, "two Tue 18:00");
    app.advance(hours(24) + minutes(1)).await;
    assert_eq!(undo(&app).await.0, Acted::Nothing);
    assert_eq!(next(&app).await, "two Tue 18:00");
}

#[tokio::test]
async fn the_next_lesson_comes_at_once_an_hour_apart_and_three_times_a_day() {
    let app = in_calm().await;
    let now = async || preferences::act(&app.app, &ana(), &Which::All, &Act::NextNow).await.unwrap();
    assert_eq!(now().await, Acted::Refused(Refused::TooSoon("10:00".to_string())));
    app.advance(hours(2)).await;
    assert_eq!(on(now().await), "calm");
    undo(&app).await;
    app.advance(minutes(5)).await;
    assert_eq!(app.mails(), 1, "taken back before it left");
    assert_eq!(on(now().await), "calm");
    app.advance(hours(2)).await;
    assert_eq!(on(now().await), "calm");
    app.advance(hours(2)).await;
    assert_eq!(now().await, Acted::Refused(Refused::EnoughToday));
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two", "calm three"]);
    // It counts from the last one, and this date has had its lesson.
    assert_eq!(next(&app).await, "four Tue 08:30");
    app.verify().await;
}

#[tokio::test]
async fn what_is_decided_while_a_lesson_is_on_the_wire_holds_from_the_next_one_on() {
    let app = begin(TestApp::with(Setup { script: "nth=2 dot delay 300ms".into(), ..Setup::default() }).await).await;
    app.clock.advance(hours(24));
    app.step().await;
    app.until(&format!("SELECT count(*) FROM outbox WHERE state = 3 AND lane = {}", Lane::Lesson as i64), 1).await;
    let slower = Settings { pace: Some(3.0), ..Settings::default() };
    assert_eq!(on(preferences::act(&app.app, &ana(), &Which::All, &Act::Set(slower.clone())).await.unwrap()), "calm");
    assert_eq!(
        on(preferences::act(&app.app, &ana(), &Which::All, &Act::Again(Some("one".to_string()))).await.unwrap()),
        "calm"
    );
    app.settle().await;
    assert_eq!(next(&app).await, "one Wed 08:30");
    app.advance(days(1)).await;
    assert_eq!(next(&app).await, "three Sat 08:30");
    app.verify().await;
}

#[tokio::test]
async fn a_course_begins_again_as_a_new_run_and_goes_on_where_it_was_when_that_is_taken_back() {
    let app = in_calm().await;
    app.advance(days(1)).await;
    let again = async || preferences::start_again(&app.app, &ana(), "calm").await.unwrap();
    assert_eq!(on(again().await), "calm");
    app.settle().await;
    let runs = app.person(ANA).await.enrolments;
    let runs: Vec<_> = runs.iter().map(|it| (it.run, it.state, it.done.len())).collect();
    assert_eq!(runs, [(1, "left", 2), (2, "active", 1)]);
    undo(&app).await;
    app.advance(days(2)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two", "calm one", "calm three", "calm four"]);
    app.verify().await;
}

#[tokio::test]
async fn settings_that_leave_no_moment_are_refused_and_change_nothing() {
    let app = TestApp::new().await;
    app.write("calm/course.toml", crate::app::course_toml("calm", &["one", "two"]).replace("* * *", "29 2 *"));
    ["one", "two"].iter().for_each(|id| app.write(&format!("calm/{id}.md"), crate::app::lesson(id, "Text.")));
    app.reload().await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    let before = next(&app).await;
    let never = Settings { weekdays: Some(Some("Mon".to_string())), ..Settings::default() };
    let acted = preferences::act(&app.app, &ana(), &Which::All, &Act::Set(never.clone())).await.unwrap();
    assert!(matches!(&acted, Acted::Refused(Refused::NoMoment(course)) if course == "calm"), "{acted:?}");
    assert_eq!(next(&app).await, before);
}
