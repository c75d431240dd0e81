//! Files that are wrong, half written or gone: the last good version goes on as if nothing had happened.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::edits::ANA;
use crate::edits::got;
use crate::edits::put;
use dripline::message::Templates;
use std::fs;

async fn begun() -> TestApp {
    let app = TestApp::new().await;
    put(&app, &["a", "b", "c"]).await;
    app.enrol(ANA, "calm").await;
    app.settle().await;
    app
}

/// A mail without what differs from one run to the next: links, and the headers made of ids.
fn without_ids(bytes: &[u8]) -> String {
    let parsed = mail_parser::MessageParser::default().parse(bytes).unwrap();
    let mut seen = vec![parsed.subject().unwrap_or_default().to_string(), parsed.date().unwrap().to_rfc3339()];
    for part in [parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap()] {
        let mut pieces = part.split("https://learn.example.org/");
        seen.extend(pieces.next().map(str::to_string));
        seen.extend(
            pieces
                .map(|it| it.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_./".contains(c)).to_string()),
        );
    }
    seen.join("\n")
}

fn comparable(app: &TestApp) -> Vec<String> {
    app.mails_to(ANA).iter().map(|mail| without_ids(&mail.bytes)).collect()
}

/// A bundled course in force, with one person in it.
async fn bundled() -> (TestApp, Vec<String>) {
    let app = TestApp::new().await;
    for file in fs::read_dir("courses/four-stages").unwrap().map(Result::unwrap) {
        let name = file.file_name().into_string().unwrap();
        if file.path().is_file() {
            // A person's share of the spread differs from run to run, and no other course is here.
            let text = fs::read_to_string(file.path()).unwrap();
            let unwanted = |line: &str| line.starts_with("spread ") || line.starts_with("next ");
            let text: String = text.split_inclusive('\n').filter(|line| !unwanted(line)).collect();
            app.write(&format!("four-stages/{name}"), text);
        }
    }
    for file in fs::read_dir("courses/four-stages/images").unwrap().map(Result::unwrap) {
        let name = file.file_name().into_string().unwrap();
        app.write(&format!("four-stages/images/{name}"), fs::read(file.path()).unwrap());
    }
    let reloaded = app.reload().await;
    assert!(reloaded.problems.is_empty(), "{:?}", reloaded.problems);
    app.enrol(ANA, "four-stages").await;
    app.settle().await;
    let lessons = app.app.shelf.read().await.get("four-stages").unwrap().course.order.clone();
    (app, lessons.into_iter().map(|id| id.to_string()).collect())
}

#[tokio::test]
async fn any_lesson_cut_off_at_any_byte_of_its_front_matter_changes_nobodys_mail() {
    let (undisturbed, lessons) = bundled().await;
    assert!(lessons.len() > 4, "{lessons:?}");
    let (app, _) = bundled().await;
    let each = days(3);
    for id in &lessons {
        let path = format!("four-stages/{id}.md");
        let whole = fs::read(app.courses().join(&path)).unwrap();
        let front = whole.windows(5).position(|at| at == b"\n+++\n").unwrap() + 4;
        for cut in 0..front {
            app.write(&path, &whole[..cut]);
            let reloaded = app.reload().await;
            assert_eq!(reloaded.swapped, Vec::<String>::new(), "{path} cut at {cut}");
            let named: Vec<String> = reloaded.problems.iter().map(ToString::to_string).collect();
            assert!(named.iter().any(|it| it.starts_with(&format!("courses/{path}:"))), "cut at {cut}: {named:?}");
        }
        let problems = app.status().await.problems;
        assert!(problems.iter().any(|it| it.contains(&path)), "{problems:?}");
        app.advance(each).await;
        app.write(&path, &whole);
        let reloaded = app.reload().await;
        assert!(reloaded.swapped.is_empty() && reloaded.problems.is_empty(), "the same version is nothing new");
        assert_eq!(app.status().await.problems, Vec::<String>::new());
    }
    undisturbed.advance(each * i32::try_from(lessons.len()).unwrap()).await;
    assert_eq!(comparable(&app), comparable(&undisturbed));
    assert_eq!(app.mails_to(ANA).len(), lessons.len());
    app.verify().await;
}

#[tokio::test]
async fn a_course_file_cut_off_at_any_byte_is_refused_or_a_whole_course() {
    let app = begun().await;
    let path = app.courses().join("calm/course.toml");
    let whole = fs::read(&path).unwrap();
    for cut in 0..whole.len() - 1 {
        app.write("calm/course.toml", &whole[..cut]);
        let reloaded = app.reload().await;
        let named: Vec<String> = reloaded.problems.iter().map(ToString::to_string).collect();
        let refused = named.iter().any(|it| it.starts_with("courses/calm/course.toml:"));
        assert!(refused != (reloaded.swapped == ["calm"]), "cut at {cut}: {named:?}");
        assert_eq!(app.state(ANA).await, "active", "cut at {cut}");
    }
    app.write("calm/course.toml", &whole);
    app.reload().await;
    app.advance(days(5)).await;
    assert_eq!(got(&app, ANA), ["a", "b", "c"]);
    app.verify().await;
}

#[tokio::test]
async fn a_broken_tag_is_named_with_its_line_and_the_old_text_goes_on() {
    let app = begun().await;
    for text in [
        "{{ subscriber.frist_name }}",
        "{% if %}",
        "{{ subscriber.first_name | nofilter }}",
        "{% include \"mail/layout.mjml\" %}",
    ] {
        app.write("calm/b.md", format!("+++\nsubject = \"calm b\"\n+++\n\nHello.\n\n{text}\n"));
        let reloaded = app.reload().await;
        assert_eq!(reloaded.swapped, Vec::<String>::new(), "{text}");
        let named: Vec<String> = reloaded.problems.iter().map(ToString::to_string).collect();
        assert!(named.iter().any(|it| it.starts_with("courses/calm/b.md:7:")), "{text}: {named:?}");
    }
    app.advance(days(4)).await;
    assert_eq!(got(&app, ANA), ["a", "b", "c"]);
    assert!(app.mails_to(ANA)[1].text.contains("Dear Sam"));
    app.verify().await;
}

#[tokio::test]
async fn one_broken_course_keeps_no_other_from_its_edit() {
    let app = begun().await;
    app.course("walk", &["one"]).await;
    app.write("calm/b.md", "no front matter");
    app.write("walk/one.md", crate::app::lesson("walk one", "Edited."));
    let reloaded = app.reload().await;
    assert_eq!(reloaded.swapped, ["walk"]);
    assert!(!reloaded.problems.is_empty());
    app.enrol("ben@example.org", "walk").await;
    app.settle().await;
    assert!(app.mails_to("ben@example.org")[0].text.contains("Edited."));
}

#[tokio::test]
async fn a_course_whose_folder_is_gone_goes_on_also_after_a_restart() {
    let mut app = begun().await;
    fs::remove_dir_all(app.courses().join("calm")).unwrap();
    let problem = app.reload().await.problems[0].to_string();
    assert_eq!(problem, "courses/calm/course.toml:1:1: error: the folder of this course is gone");
    app.advance(days(1)).await;
    app.restart().await;
    app.reload().await;
    app.enrol("new@example.org", "calm").await;
    app.advance(days(4)).await;
    assert_eq!(got(&app, ANA), ["a", "b", "c"]);
    assert_eq!(got(&app, "new@example.org"), ["a", "b", "c"]);
    app.verify().await;
}

#[tokio::test]
async fn a_folder_of_courses_that_cannot_be_read_changes_nothing() {
    let app = begun().await;
    fs::rename(app.courses(), app.folder.path().join("elsewhere")).unwrap();
    let refused = dripline::flow::reload::from_disk(&app.app).await.unwrap_err();
    assert!(format!("{refused:#}").contains("can't read the courses"), "{refused:#}");
    app.advance(days(4)).await;
    assert_eq!(got(&app, ANA), ["a", "b", "c"]);
    app.verify().await;
}

#[tokio::test]
async fn a_broken_template_is_named_with_its_line_before_anything_is_sent() {
    let broken = "first\n{% if %}\n";
    let overrides = [("mail/lesson/mail.txt".to_string(), broken.as_bytes().to_vec())].into();
    let problems = Templates::load(&overrides).unwrap_err();
    assert!(problems[0].to_string().starts_with("templates/mail/lesson/mail.txt:2:"), "{}", problems[0]);

    // One that parses and leaves out what the law wants keeps the course out of force.
    let bare = "{% block lesson %}{% endblock lesson %}";
    let templates = [("mail/lesson/mail.txt".to_string(), bare.as_bytes().to_vec())].into();
    let app = TestApp::with(Setup { templates, ..Setup::default() }).await;
    crate::edits::write(&app, &["a"], &[]);
    let reloaded = app.reload().await;
    assert_eq!(reloaded.swapped, Vec::<String>::new());
    assert!(
        reloaded.problems.iter().any(|it| it.to_string().contains("lacks the link to leave")),
        "{:?}",
        reloaded.problems
    );
}

#[test]
fn what_a_newer_program_asks_of_new_files_cant_keep_a_course_in_force_from_going_on() {
    let dated = |date: &str| crate::app::lesson("x", "x").replacen("+++\n", &format!("+++\ndate = {date}\n"), 1);
    let tree = dripline::course::Tree::from([
        ("course.toml".to_string(), crate::app::course_toml("calm", &["a", "b"]).into_bytes()),
        ("a.md".to_string(), dated("2027-01-12T08:00:00").into_bytes()),
        ("b.md".to_string(), dated("2027-01-11T08:00:00").into_bytes()),
    ]);
    assert!(dripline::course::load("calm", "courses", &tree).course.is_none());
    let stored = dripline::flow::shelf::pack(&tree).unwrap();
    assert_eq!(dripline::flow::shelf::unpack("calm", &stored).unwrap().order, ["a", "b"]);
}

#[tokio::test]
async fn a_field_that_becomes_required_is_not_taken_for_granted_of_who_is_there() {
    let app = begun().await;
    let words = [("b", "You play {{ subscriber.fields.instrument }}.")];
    let toml = |lessons: &[&str]| {
        crate::app::course_toml("calm", lessons)
            + "\n[fields]\ninstrument = { label = \"Instrument\", required = true }\n"
    };
    crate::edits::write(&app, &["a", "b", "c"], &words);
    app.write("calm/course.toml", toml(&["a", "b", "c"]));
    let problems = app.reload().await.problems;
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("1 person in this course has no `instrument`, which wasn't required"), "{told:?}");
    assert!(told.iter().any(|it| it.contains("courses/calm/b.md") && it.contains("may be missing")), "{told:?}");
    crate::edits::write(
        &app,
        &["a", "b", "c"],
        &[("b", "You play {{ subscriber.fields.instrument or \"something\" }}.")],
    );
    app.write("calm/course.toml", toml(&["a", "b", "c"]));
    assert!(app.reload().await.problems.is_empty());
    app.advance(days(4)).await;
    assert_eq!(got(&app, ANA), ["a", "b", "c"]);
    app.verify().await;
}
