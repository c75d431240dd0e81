//! The bundled courses, lived from their first lesson to their last, come as `simulate` says.

use super::address;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::flow::answer;
use dripline::flow::answer::Recorded;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Settings;
use dripline::flow::preferences::Which;
use dripline::flow::simulate;
use dripline::timing;
use jiff::Timestamp;
use std::fs;
use std::path::Path;

/// Somebody in a bundled course.
struct Life {
    address: String,
    course: &'static str,
    answers: &'static [(&'static str, &'static str)],
    zone: &'static str,
    pace: f64,
}

/// By the steps of the daemon on a clock that the test moves: nothing is late, so nothing may differ.
#[tokio::test]
async fn the_bundled_courses_come_as_they_are_simulated() {
    let app = TestApp::new().await;
    copy_courses(&app);
    assert!(app.reload().await.problems.is_empty());
    let signup = app.now();
    let lives = lives();
    for life in &lives {
        app.enrol_in(&life.address, life.course, life.zone).await;
        let settings = Settings { pace: Some(life.pace), ..Settings::default() };
        preferences::act(&app.app, &life.address.parse().unwrap(), &Which::All, &Act::Set(settings.clone()))
            .await
            .unwrap();
    }
    let mut open: Vec<_> = lives.iter().flat_map(|life| life.answers.iter().map(move |it| (life, it))).collect();
    // Each question is answered within a day of its asking.
    for _ in 0..100 {
        app.advance(hours(12)).await;
        for (life, said) in std::mem::take(&mut open) {
            let (address, raw) = (life.address.parse().unwrap(), [said.1.to_string()]);
            let recorded = answer::record_by_hand(&app.app, &address, life.course, None, said.0, &raw).await.unwrap();
            if !matches!(recorded, Recorded::Kept(_)) {
                open.push((life, said));
            }
        }
    }
    assert!(open.is_empty(), "{} questions were never asked", open.len());
    app.advance(days(200)).await;
    for life in &lives {
        came_as_simulated(&app, life, signup).await;
    }
}

fn lives() -> Vec<Life> {
    let ways: [(&str, &[(&str, &str)]); 5] = [
        ("roadmap", &[("region", "neck")]),
        ("roadmap", &[("region", "hand")]),
        ("roadmap", &[]),
        ("four-stages", &[]),
        ("window", &[]),
    ];
    let mut lives = Vec::new();
    for (course, answers) in ways {
        for (zone, pace) in [("Europe/Berlin", 1.0), ("Pacific/Kiritimati", 1.5), ("America/St_Johns", 0.5)] {
            lives.push(Life { address: address(lives.len()), course, answers, zone, pace });
        }
    }
    lives
}

async fn came_as_simulated(app: &TestApp, life: &Life, signup: Timestamp) {
    assert_eq!(app.state(&life.address).await, "completed", "{}", life.course);
    let zone = timing::zone(life.zone).unwrap();
    let reader = simulate::Reader {
        signup: zone.to_datetime(signup),
        person: timing::Person { zone, hour: None, weekdays: None, pace: life.pace },
        language: "en".to_string(),
        answers: life.answers.iter().map(|(question, option)| (question.to_string(), option.to_string())).collect(),
        pauses: Vec::new(),
    };
    let shelf = app.app.shelf.read().await;
    let plan = simulate::simulate(&shelf.get(life.course).unwrap().course, &reader);
    let plan: Vec<String> =
        plan.iter().map(|it| format!("{} {}/{}", it.local.date(), life.course, it.lesson)).collect();
    let taken = app.taken(&life.address).await;
    let came: Vec<String> = taken.iter().map(|it| format!("{} {}", &it[..10], &it[17..])).collect();
    assert!(plan.len() > 8, "{plan:?}");
    assert_eq!(came, plan, "{} in {} at a pace of {} with {:?}", life.course, life.zone, life.pace, life.answers);
}

/// The files of all bundled courses, images included.
fn copy_courses(app: &TestApp) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("courses");
    // Courses offer each other at their ends, so all have to be there.
    let mut open = vec![String::from(".")];
    while let Some(path) = open.pop() {
        for entry in folder.join(&path).read_dir().unwrap() {
            let name = format!("{path}/{}", entry.unwrap().file_name().to_string_lossy());
            if folder.join(&name).is_dir() {
                open.push(name);
            } else {
                app.write(&name, fs::read(folder.join(&name)).unwrap());
            }
        }
    }
}
