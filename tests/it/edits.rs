//! What an edit of the files does to people who are in the course, through real reloads.

mod broken;
mod guard;
mod rules;

use crate::app::TestApp;
use crate::app::lesson;

const ANA: &str = "ana@example.org";

/// A course of these lessons, whatever it was before; each lesson's text is its name unless `texts` says otherwise.
fn write(app: &TestApp, lessons: &[&str], texts: &[(&str, &str)]) {
    app.write("calm/course.toml", crate::app::course_toml("calm", lessons));
    for id in lessons {
        let text = texts.iter().find(|(named, _)| named == id).map_or(*id, |(_, text)| *text);
        app.write(&format!("calm/{id}.md"), lesson(&format!("calm {id}"), text));
    }
}

async fn put(app: &TestApp, lessons: &[&str]) {
    write(app, lessons, &[]);
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    assert_eq!(reloaded.swapped, ["calm"]);
}

/// The ids of the lessons that arrived.
fn got(app: &TestApp, address: &str) -> Vec<String> {
    app.subjects_to(address).iter().map(|subject| subject.replace("calm ", "")).collect()
}
