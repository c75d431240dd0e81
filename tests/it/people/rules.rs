//! The rules of a sign-up hold for a file of people, and for the same file a second time.

use super::counts;
use super::dry_run;
use super::export;
use super::import;
use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::flow::operate;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;

const HEADER: &str = "email,first_name,zone,language,course,source\n";

async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.course("calm", &["one", "two"]).await;
    app.course("walk", &["one"]).await;
    app
}

#[tokio::test]
async fn whoever_agreed_gets_the_first_lesson_and_everybody_else_is_asked() {
    let mut app = app().await;
    let file = format!("{HEADER}ana@example.org,Ana,Europe/Berlin,de,calm,fair 2026\nben@example.org,,,,calm,\n");
    let tally = import(&app, &file).await;
    assert_eq!((counts(&tally), tally.due), ((2, 0, 0, 1), 1));
    assert_eq!((app.state("ana@example.org").await, app.state("ben@example.org").await), ("active", "pending"));
    let ana = app.person("ana@example.org").await;
    assert_eq!((ana.zone.as_str(), ana.language.as_str(), ana.status), ("Europe/Berlin", "de", "active"));
    assert_eq!(app.texts("SELECT source FROM consent").await, ["fair 2026"]);
    app.settle().await;
    assert_eq!(app.subjects_to("ana@example.org"), ["calm one"]);
    app.confirm("ben@example.org").await;
    app.settle().await;
    assert_eq!(app.subjects_to("ben@example.org").last().unwrap(), "calm one");
    assert_eq!(counts(&import(&app, &file).await), (0, 2, 0, 0));
    app.verify().await;
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_writes_nothing() {
    let app = app().await;
    let file = format!(
        "{HEADER}ana@example.org,,,,calm,fair\nben@example.org,,,,calm,\nben@example.org,,,,walk,\nnobody,,,,calm,\n"
    );
    let tables =
        "SELECT (SELECT count(*) FROM subscriber) + (SELECT count(*) FROM enrolment) + (SELECT count(*) FROM outbox)";
    let told = dry_run(&app, &file).await;
    assert_eq!(app.number(tables).await, 0);
    let done = import(&app, &file).await;
    assert_eq!((counts(&told), told.due, &told.refused), (counts(&done), done.due, &done.refused));
    assert_eq!(counts(&done), (3, 0, 1, 1));
    assert_eq!(app.number(tables).await, 2 + 3 + 1);
}

#[tokio::test]
async fn a_file_imported_again_asks_nobody_twice_and_starts_nobody_twice() {
    let app = app().await;
    let file =
        format!("{HEADER}ana@example.org,,,,calm,fair\nANA@example.org,,,,walk,fair\nben@example.org,,,,walk,\n");
    assert_eq!(counts(&import(&app, &file).await), (3, 0, 0, 1));
    for _ in 0..2 {
        assert_eq!(counts(&import(&app, &file).await), (0, 3, 0, 0));
    }
    let ana = "ana@example.org".parse().unwrap();
    app.advance(days(3)).await;
    assert_eq!(app.state("ana@example.org").await, "completed");
    // Completed, or left: the consent of this file was used.
    assert_eq!(counts(&import(&app, &file).await).0, 0);
    let again = file.replace("fair", "fair 2027");
    assert_eq!(counts(&import(&app, &again).await).0, 2);
    preferences::act(&app.app, &ana, &Which::All, &Act::Leave).await.unwrap();
    assert_eq!(counts(&import(&app, &again).await).0, 0);
    assert_eq!(app.number("SELECT count(*) FROM subscriber").await, 2);
    app.verify().await;
}

#[tokio::test]
async fn who_is_suppressed_is_refused_and_not_revived() {
    let app = app().await;
    app.enrol("ana@example.org", "calm").await;
    preferences::erase(&app.app, &"ana@example.org".parse().unwrap()).await.unwrap();
    let tally = import(&app, format!("{HEADER}Ana@Example.org,,,,calm,fair\n")).await;
    assert_eq!(counts(&tally), (0, 0, 1, 0));
    assert!(tally.refused[0].reason.contains("gets nothing") && tally.refused[0].reason.contains("lift"));
    assert_eq!(app.number("SELECT count(*) FROM subscriber").await, 0);
}

#[tokio::test]
async fn a_list_of_those_who_get_nothing_stops_whoever_gets_mail_here() {
    let app = app().await;
    app.enrol("ana@example.org", "calm").await;
    app.sign_up("ben@example.org", "walk").await;
    let file = "email,course,suppressed\nana@example.org,,asked us to stop\nben@example.org,,bounced\neve@example.org,,bounced\n";
    assert_eq!(counts(&import(&app, file).await), (3, 0, 0, 0));
    assert_eq!(counts(&import(&app, file).await), (0, 3, 0, 0));
    app.advance(days(2)).await;
    assert_eq!(app.mails(), 0);
    assert_eq!(
        (app.state("ana@example.org").await, app.person("ana@example.org").await.status),
        ("held", "suppressed")
    );
    assert_eq!(operate::suppressions(&app.app).await.unwrap().len(), 3);
    app.verify().await;
}

#[tokio::test]
async fn sending_goes_on_and_a_known_person_gets_a_further_course() {
    let app = TestApp::with(Setup { daily_cap: 9, ..Setup::default() }).await;
    app.course("calm", &["one", "two"]).await;
    app.course("walk", &["one"]).await;
    app.enrol("ana@example.org", "calm").await;
    app.settle().await;
    let file = format!("{HEADER}ana@example.org,Anna,Asia/Tokyo,,walk,fair\nana@example.org,,,,calm,fair\n");
    assert_eq!(counts(&import(&app, &file).await), (1, 1, 0, 0));
    app.advance(hours(30)).await;
    assert_eq!(app.person("ana@example.org").await.zone, "Asia/Tokyo");
    assert_eq!(app.subjects_to("ana@example.org"), ["calm one", "walk one", "calm two"]);
    app.verify().await;
}

#[tokio::test]
async fn values_are_data_and_formulas_come_back_as_they_were() {
    let app = TestApp::new().await;
    let course = crate::app::course_toml("calm", &["one"]) + "\n[fields]\ngoal = { label = \"Goal\" }\n";
    app.write("calm/course.toml", course);
    app.write("calm/one.md", crate::app::lesson("calm one", "Breathe."));
    assert!(app.reload().await.problems.is_empty());
    let names = ["=1+1", "'=1", "'t Hooft", "@all", "+49", "-", "Zoë", "\u{202e}evil", "a\tb", "\"Q\", x"];
    let mut file = "email,course,source,first_name,field:goal\n".to_string();
    for (at, name) in names.iter().enumerate() {
        let cell = dripline::flow::sheet::neutral(name).replace('"', "\"\"");
        file += &format!("p{at}@example.org,calm,\"'=fair\",\"{cell}\",\"{cell}\"\n");
    }
    assert_eq!(counts(&import(&app, &file).await), (names.len() as u64, 0, 0, 0));
    let expect = ["=1+1", "'=1", "'t Hooft", "@all", "+49", "-", "Zoë", "evil", "a b", "\"Q\", x"];
    assert_eq!(app.texts("SELECT first_name FROM subscriber ORDER BY id").await, expect);
    let (text, _) = export(&app).await;
    let cells = csv::ReaderBuilder::new().from_reader(text.as_bytes()).into_records().map(|row| row.unwrap());
    for row in cells {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{row:?}");
    }
    let other = TestApp::new().await;
    other.write(
        "calm/course.toml",
        crate::app::course_toml("calm", &["one"]) + "\n[fields]\ngoal = { label = \"Goal\" }\n",
    );
    other.write("calm/one.md", crate::app::lesson("calm one", "Breathe."));
    other.reload().await;
    assert_eq!(counts(&import(&other, &text).await).0, names.len() as u64);
    assert_eq!(other.texts("SELECT first_name FROM subscriber ORDER BY id").await, expect);
    assert_eq!(export(&other).await.0, text);
}
