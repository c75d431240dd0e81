//! What is saved shows: over server-sent events, course by course, however an editor saves.

use super::Desk;
use std::fs;
use std::time::Duration;
use std::time::Instant;

/// Longest that a save may take to be told, with room for a machine that does other things at the same time.
const TOLD: Duration = Duration::from_secs(3);

/// The number that a page says it shows.
fn number(page: &str) -> String {
    page.split("data-number=\"").nth(1).unwrap().split('"').next().unwrap().to_string()
}

#[test]
fn a_save_is_told_and_the_page_shows_it() {
    let desk = Desk::open();
    assert!(desk.page("/mail/light/calm/end").contains("The end."));
    let mut events = desk.listen();
    let saved = Instant::now();
    desk.site.lesson("calm", "end", "", "Another end.");
    let told = events.next("changed");
    assert!(saved.elapsed() < TOLD, "{:?}", saved.elapsed());
    assert!(told.contains("\"course\":\"calm\""), "{told}");
    assert!(desk.page("/mail/light/calm/end").contains("Another end."));
    assert!(told.contains(&number(&desk.page("/lesson/calm/end"))), "{told}");
}

#[test]
fn an_editor_that_saves_by_renaming_is_followed() {
    let desk = Desk::open();
    let mut events = desk.listen();
    let folder = desk.site.path().join("courses/calm");
    for words in ["Renamed once.", "Renamed twice."] {
        let text = format!("+++\nsubject = \"The end\"\n+++\n\n{words}\n");
        fs::write(folder.join(".end.md.swp"), &text).unwrap();
        fs::rename(folder.join("end.md"), folder.join("end.md~")).unwrap();
        fs::rename(folder.join(".end.md.swp"), folder.join("end.md")).unwrap();
        events.next("changed");
        desk.shows("/mail/light/calm/end", words);
    }
}

#[test]
fn what_editors_leave_beside_a_file_and_a_save_without_a_change_tell_nothing() {
    let desk = Desk::open();
    let before = number(&desk.page("/"));
    let mut events = desk.listen();
    desk.site.write("courses/calm/.welcome.md.swp", "half");
    desk.site.write("courses/calm/welcome.md~", "old");
    desk.site.write("courses/calm/neck.md", super::NECK);
    desk.site.lesson("notes", "one", "", "Changed behind them.");
    assert!(events.next("changed").contains("\"course\":\"notes\""));
    let after = number(&desk.page("/"));
    assert_eq!(after.parse::<u64>().unwrap(), before.parse::<u64>().unwrap() + 1);
}

#[test]
fn a_course_comes_goes_and_comes_back_while_its_page_is_open() {
    let desk = Desk::open();
    let mut events = desk.listen();
    let (here, away) = (desk.site.path().join("courses/calm"), desk.site.path().join("calm-elsewhere"));
    fs::rename(&here, &away).unwrap();
    events.next("changed");
    for path in ["/course/calm", "/lesson/calm/welcome", "/plan/calm", "/pages/calm"] {
        let answer = desk.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("data-course=\"calm\"") && answer.body.contains("preview.js"), "{}", answer.body);
    }
    fs::rename(&away, &here).unwrap();
    desk.shows("/lesson/calm/welcome", "A quiet start.");
    // And it is followed as before.
    desk.site.lesson("calm", "end", "", "After the way back.");
    desk.shows("/mail/light/calm/end", "After the way back.");
}

#[test]
fn the_theme_and_the_configuration_are_followed_too() {
    let desk = Desk::open();
    desk.site.write("templates/theme.toml", "[light]\ncard = \"#fffdf8\"\n");
    desk.shows("/mail/light/calm/end", "#fffdf8");
    let text = fs::read_to_string(desk.site.path().join("dripline.toml")).unwrap();
    desk.site.write("dripline.toml", &text.replace("Steady Ground", "Firm Ground"));
    desk.shows("/mail/light/calm/end", "Firm Ground");
    fs::create_dir_all(desk.site.path().join("templates/web")).unwrap();
    desk.site.write("templates/web/style.css", "/* mine */");
    desk.shows("/site/assets/style.css", "/* mine */");
}

#[test]
fn a_new_folder_of_courses_is_found() {
    let desk = Desk::of("smtp://127.0.0.1:9", |_| {});
    assert!(desk.page("/").contains("There is no course yet"));
    assert!(desk.page("/problems").contains("can&#39;t read the courses"), "{}", desk.page("/problems"));
    desk.site.course("late", &["one"], "wait = \"2 days\"\nsend = \"30 8 * * *\"");
    desk.shows("/", "Course late");
    desk.site.lesson("late", "one", "", "Followed from then on.");
    desk.shows("/mail/light/late/one", "Followed from then on.");
}
