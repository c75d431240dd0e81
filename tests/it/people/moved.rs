//! Who is moved to another database goes on there: same places, same dates, no lesson twice, and nobody revived.

use super::counts;
use super::export;
use super::import;
use crate::app::Kind;
use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use dripline::flow::operate;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;
use jiff::civil::date;

/// People in every state, two days into their courses; always on SQLite, so that a run on PostgreSQL moves them there.
async fn lived_in() -> TestApp {
    let script = "to=bad* dot reply \"554 5.6.0 odd\"; to=dead* rcpt reply \"550 5.1.1 no such user\"";
    let app =
        TestApp::with(Setup { script: script.to_string(), daily_cap: 3, database: Kind::Sqlite, ..Setup::default() })
            .await;
    courses(&app).await;
    for name in ["ana", "bad", "dead", "left", "paused", "resting", "erased"] {
        app.enrol_in(&format!("{name}@example.org"), "calm", "Europe/Berlin").await;
    }
    app.enrol_in("ana@example.org", "walk", "Europe/Berlin").await;
    app.enrol_in("done@example.org", "walk", "Asia/Tokyo").await;
    app.sign_up("asked@example.org", "calm").await;
    app.advance(hours(30)).await;
    let of = |name: &str| format!("{name}@example.org").parse().unwrap();
    preferences::act(&app.app, &of("left"), &Which::All, &Act::Leave).await.unwrap();
    preferences::act(&app.app, &of("paused"), &Which::All, &Act::Pause { until: Some(date(2026, 3, 20)) })
        .await
        .unwrap();
    preferences::act(&app.app, &of("resting"), &Which::All, &Act::Pause { until: None }).await.unwrap();
    preferences::erase(&app.app, &of("erased")).await.unwrap();
    app.advance(hours(1)).await;
    app
}

async fn courses(app: &TestApp) {
    app.course("calm", &["one", "two", "three", "four"]).await;
    app.course("walk", &["one"]).await;
}

/// An empty site with the same courses at the same time.
async fn empty(of: &TestApp) -> TestApp {
    let app = TestApp::with(Setup { daily_cap: 3, ..Setup::default() }).await;
    app.clock.advance(app.now().duration_until(of.now()));
    courses(&app).await;
    app
}

#[tokio::test]
async fn everybody_goes_on_where_they_stood_and_gets_no_lesson_twice() {
    let old = lived_in().await;
    let (file, left_out) = export(&old).await;
    assert_eq!((left_out.erased, left_out.nowhere, left_out.under_way), (1, 0, 0));
    let new = empty(&old).await;
    let tally = import(&new, &file).await;
    // Nine places, and one mail for the person whose link leads to the old database.
    assert_eq!(counts(&tally), (9, 0, 0, 1), "{:?}", tally.refused);
    for name in ["ana", "bad", "dead", "left", "paused", "resting", "done", "asked"] {
        let address = format!("{name}@example.org");
        let (was, is) = (old.person(&address).await, new.person(&address).await);
        assert_eq!(serde_json::to_value(&was).unwrap(), serde_json::to_value(&is).unwrap(), "{name}");
    }
    assert_eq!(old.status().await.enrolments, new.status().await.enrolments);
    assert_eq!(export(&new).await.0, file);
    assert_eq!(counts(&import(&new, &file).await), (0, 9, 0, 0));
    new.verify().await;

    new.advance(days(30)).await;
    old.advance(days(30)).await;
    assert_eq!(new.subjects_to("ana@example.org"), ["calm three", "calm four"]);
    assert_eq!(new.subjects_to("paused@example.org"), ["calm three", "calm four"]);
    let late = |taken: Vec<String>| taken.into_iter().filter(|it| it.contains("three") || it.contains("four"));
    for name in ["ana@example.org", "paused@example.org"] {
        let (was, is) = (late(old.taken(name).await), late(new.taken(name).await));
        assert_eq!(was.collect::<Vec<_>>(), is.collect::<Vec<_>>(), "{name}");
    }
    for name in ["left@example.org", "dead@example.org", "resting@example.org", "bad@example.org", "done@example.org"] {
        assert_eq!(new.subjects_to(name), Vec::<String>::new(), "{name}");
    }
    new.verify().await;
}

#[tokio::test]
async fn what_was_held_is_released_there_and_what_rested_goes_on() {
    let old = lived_in().await;
    let new = empty(&old).await;
    import(&new, export(&old).await.0).await;
    let resting = "resting@example.org".parse().unwrap();
    preferences::act(&new.app, &resting, &Which::All, &Act::Resume).await.unwrap();
    operate::release(&new.app, &operate::Scope::Course("calm".to_string())).await.unwrap();
    new.advance(days(2)).await;
    assert_eq!(new.subjects_to("bad@example.org"), ["calm one", "calm two", "calm three"]);
    assert_eq!(new.subjects_to("resting@example.org"), ["calm three"]);
    assert_eq!(new.subjects_to("dead@example.org"), Vec::<String>::new());
    new.verify().await;
}

#[tokio::test]
async fn people_of_another_program_begin_behind_what_they_have_had() {
    let app = TestApp::new().await;
    courses(&app).await;
    let file = "email,course,source,state,done\nana@example.org,calm,old list,active,one two\nben@example.org,calm,old list,active,one two three four\n";
    assert_eq!(counts(&import(&app, file).await), (2, 0, 0, 0));
    assert_eq!((app.state("ana@example.org").await, app.state("ben@example.org").await), ("active", "completed"));
    app.advance(days(5)).await;
    assert_eq!(app.subjects_to("ana@example.org"), ["calm three", "calm four"]);
    assert_eq!(app.mails(), 2);
    app.verify().await;
}

#[tokio::test]
async fn readers_of_a_newsletter_get_the_issues_to_come_and_none_that_went_out() {
    let notes = |app: &TestApp| {
        let toml = "title = \"Notes\"\nlanguage = \"en\"\nkind = \"newsletter\"\nlessons = [\"one\", \"two\"]\n";
        app.write("notes/course.toml", toml);
        for (id, date) in [("one", "2026-03-03T09:00:00"), ("two", "2026-03-09T09:00:00")] {
            app.write(
                &format!("notes/{id}.md"),
                format!("+++\nsubject = \"notes {id}\"\ndate = {date}\n+++\n\nNews.\n"),
            );
        }
    };
    let old = TestApp::new().await;
    notes(&old);
    assert!(old.reload().await.problems.is_empty());
    old.enrol("ana@example.org", "notes").await;
    old.advance(days(3)).await;
    assert_eq!(old.subjects_to("ana@example.org"), ["notes one"]);
    let (file, _) = export(&old).await;
    let new = TestApp::new().await;
    new.clock.advance(new.now().duration_until(old.now()));
    notes(&new);
    new.reload().await;
    assert_eq!(counts(&import(&new, &file).await), (1, 0, 0, 0));
    assert_eq!(export(&new).await.0, file);
    new.advance(days(10)).await;
    assert_eq!(new.subjects_to("ana@example.org"), ["notes two"]);
    new.verify().await;
}
