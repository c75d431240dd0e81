//! Several people, several zones, several courses.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::request;
use dripline::flow::sign_up;
use dripline::flow::sign_up::SignedUp;
use std::collections::BTreeMap;

const ZONES: [&str; 7] = [
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
];

#[tokio::test]
async fn everybody_is_served_at_their_own_morning_over_a_change_of_clocks() {
    let app = TestApp::new().await;
    let lessons: Vec<String> = (1..=30).map(|n| format!("l{n}")).collect();
    let lessons: Vec<&str> = lessons.iter().map(String::as_str).collect();
    app.course("calm", &lessons).await;
    for zone in ZONES {
        app.enrol_in(&reader(zone), "calm", zone).await;
    }
    app.advance(days(32)).await;
    for zone in ZONES {
        let taken = app.taken(&reader(zone)).await;
        assert_eq!(taken.len(), 30, "{zone}");
        for (at, line) in taken.iter().enumerate().skip(1) {
            assert_eq!(&line[11..16], "08:30", "{zone}: {line}");
            assert_eq!(line[17..], format!("calm/l{}", at + 1));
        }
        one_a_day(&taken, 1);
        assert_eq!(app.state(&reader(zone)).await, "completed");
    }
    app.verify().await;
}

#[tokio::test]
async fn who_moves_to_another_zone_gets_every_course_at_the_new_morning_and_no_date_twice() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two", "three"]).await;
    app.course("walk", &["one", "two"]).await;
    app.enrol_in("ana@example.org", "calm", "Pacific/Auckland").await;
    app.advance(days(1)).await;
    app.enrol_in("ana@example.org", "walk", "Pacific/Honolulu").await;
    app.advance(days(8)).await;
    let taken = app.taken("ana@example.org").await;
    let calm: Vec<&str> = taken.iter().filter(|line| line.contains("calm")).map(String::as_str).collect();
    for line in &calm[calm.len() - 1..] {
        assert_eq!(&line[11..16], "08:30", "{taken:?}");
    }
    assert_eq!(calm.len(), 3, "{taken:?}");
    app.verify().await;
}

#[tokio::test]
async fn somebody_already_enrolled_stays_as_they_are() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    app.enrol_in("ana@example.org", "calm", "Asia/Kolkata").await;
    let before = app.texts("SELECT zone || first_name || status FROM subscriber").await;
    let mut again = request("ana@example.org", "calm");
    again.zone = Some("Europe/Berlin".to_string());
    again.first_name = Some("Another".to_string());
    assert_eq!(sign_up::add(&app.app, again).await.unwrap(), SignedUp::AlreadyEnrolled);
    assert_eq!(app.texts("SELECT zone || first_name || status FROM subscriber").await, before);
}

#[tokio::test]
async fn two_courses_of_one_person_never_share_a_local_day_and_none_starves() {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two", "three", "four"]).await;
    app.course("walk", &["one", "two", "three", "four"]).await;
    app.enrol("ana@example.org", "calm").await;
    app.advance(hours(25)).await;
    app.enrol("ana@example.org", "walk").await;
    app.advance(days(12)).await;
    let taken = app.taken("ana@example.org").await;
    assert_eq!(taken.len(), 8, "{taken:?}");
    // A first lesson answers its confirmation, also on a day that is used.
    let later: Vec<String> = taken.iter().filter(|line| !line.ends_with("walk/one")).cloned().collect();
    one_a_day(&later, 1);
    let courses: Vec<&str> = later.iter().skip(2).map(|line| &line[17..21]).collect();
    assert_eq!(courses, ["calm", "walk", "calm", "walk", "walk"], "{taken:?}");
    app.verify().await;
}

#[tokio::test]
async fn a_cap_of_two_lets_two_courses_go_on_one_day_and_each_only_once() {
    let app = TestApp::with(Setup { daily_cap: 2, ..Setup::default() }).await;
    for course in ["calm", "walk", "rest"] {
        app.course(course, &["one", "two", "three"]).await;
        app.enrol("ana@example.org", course).await;
    }
    app.advance(days(8)).await;
    let taken = app.taken("ana@example.org").await;
    assert_eq!(taken.len(), 9);
    let later: Vec<String> = taken.into_iter().filter(|line| !line.ends_with("/one")).collect();
    one_a_day(&later, 2);
    for course in ["calm", "walk", "rest"] {
        let own: Vec<String> = later.iter().filter(|line| line.contains(course)).cloned().collect();
        one_a_day(&own, 1);
    }
    assert!(later.iter().any(|line| later.iter().filter(|other| other[..10] == line[..10]).count() == 2));
    app.verify().await;
}

#[tokio::test]
async fn a_lesson_that_a_relay_puts_off_over_midnight_keeps_the_other_course_off_that_day() {
    let app = TestApp::scripted("nth=3 rcpt reply \"452 4.2.2 full\"; nth=4 rcpt reply \"452 4.2.2 full\"").await;
    app.course("calm", &["one", "two"]).await;
    app.course("walk", &["one", "two"]).await;
    app.enrol("ana@example.org", "calm").await;
    app.settle().await;
    app.enrol("ana@example.org", "walk").await;
    app.advance(days(8)).await;
    let taken = app.taken("ana@example.org").await;
    assert_eq!(taken.len(), 4, "{taken:?}");
    one_a_day(&taken[1..], 1);
    app.verify().await;
}

fn reader(zone: &str) -> String {
    format!("{}@example.org", zone.to_lowercase().replace('/', "."))
}

/// At most so many lines on one date.
fn one_a_day(taken: &[String], most: usize) {
    let mut days: BTreeMap<&str, usize> = BTreeMap::new();
    for line in taken {
        *days.entry(&line[..10]).or_default() += 1;
    }
    assert!(days.values().all(|count| *count <= most), "more than {most} on a day: {taken:#?}");
}
