//! A stop at any moment, and what the next start makes of it.

use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;
use dripline::store::StoreError;
use sha2::Digest;
use sha2::Sha256;
use std::fs;
use std::path::PathBuf;

const ANA: &str = "ana@example.org";

async fn in_calm(script: &str) -> TestApp {
    let app = TestApp::scripted(script).await;
    app.course("calm", &["one", "two"]).await;
    app.enrol(ANA, "calm").await;
    app
}

/// Ana's first lesson on the wire, and the program gone.
async fn killed_while_sending() -> TestApp {
    let mut app = in_calm("times=1 dot hang").await;
    app.step().await;
    app.until("SELECT count(*) FROM outbox WHERE state = 3", 1).await;
    app.restart().await;
    // The kill may have come before the relay heard anything: nothing shall hang any more.
    app.mailbox_says("").await;
    app
}

#[tokio::test]
async fn what_was_leased_is_ready_again_and_sent_once() {
    let mut app = in_calm("times=1 data hang").await;
    app.step().await;
    app.until("SELECT count(*) FROM outbox WHERE state = 2", 1).await;
    app.restart().await;
    app.mailbox_says("").await;
    assert_eq!(app.status().await.deliveries["ready"], 1);
    app.verify().await;
    app.advance(days(3)).await;
    assert_eq!(app.subjects_to(ANA), ["calm one", "calm two"]);
    app.verify().await;
}

#[tokio::test]
async fn what_was_on_the_wire_is_in_doubt_and_made_again_byte_for_byte() {
    let app = killed_while_sending().await;
    assert_eq!(app.status().await.deliveries["in_doubt"], 1);
    assert_eq!(app.number("SELECT count(*) FROM body").await, 0, "nothing but the inputs is kept");
    app.verify().await;
    let hash = app.texts("SELECT hash FROM outbox").await.remove(0);
    app.advance(minutes(29)).await;
    assert_eq!(app.mails(), 0);
    app.advance(minutes(1)).await;
    let mails = app.mails_to(ANA);
    assert_eq!(mails.len(), 1);
    let found: String = Sha256::digest(&mails[0].bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, hash);
    app.verify().await;
}

#[tokio::test]
async fn a_message_made_of_an_older_version_of_the_course_is_made_again_of_that_version() {
    let app = killed_while_sending().await;
    app.write("calm/one.md", crate::app::lesson("calm one", "Other words."));
    assert_eq!(app.reload().await.swapped, ["calm"]);
    app.advance(hours(1)).await;
    let mails = app.mails_to(ANA);
    assert!(mails.len() == 1 && mails[0].text.contains("Breathe."), "{mails:?}");
    app.verify().await;
}

#[tokio::test]
async fn a_message_that_a_changed_template_makes_otherwise_is_held() {
    let mut app = killed_while_sending().await;
    let text = "{% extends \"mail/layout.txt\" %}{% block content %}Another greeting. {% block lesson %}{% endblock lesson %}{% endblock content %}";
    app.setup.templates.insert("mail/lesson/mail.txt".to_string(), text.as_bytes().to_vec());
    app.restart().await;
    app.advance(hours(1)).await;
    assert_eq!((app.mails(), app.status().await.deliveries["held"], app.state(ANA).await), (0, 1, "held"));
    let problems = app.status().await.problems;
    assert!(problems.iter().any(|it| it.contains("can't be built again as it was")), "{problems:?}");
    app.verify().await;
    let id = app.number("SELECT id FROM outbox").await;
    assert_eq!(operate::retry(&app.app, id).await.unwrap(), operate::Retried::Again);
    app.advance(hours(1)).await;
    let mails = app.mails_to(ANA);
    assert!(mails.len() == 1 && mails[0].text.contains("Another greeting."), "{mails:?}");
    app.verify().await;
}

#[tokio::test]
async fn a_doubt_and_a_deferral_survive_restarts() {
    let mut app = in_calm("times=1 dot late-reset; times=1 dot reply \"451 4.3.0 later\"").await;
    app.settle().await;
    app.restart().await;
    assert_eq!(app.status().await.deliveries["in_doubt"], 1);
    app.advance(minutes(30)).await;
    app.restart().await;
    assert_eq!(app.status().await.deliveries["deferred"], 1);
    app.verify().await;
    app.advance(days(2)).await;
    let mails = app.mails_to(ANA);
    assert_eq!(
        mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(),
        ["calm one", "calm one", "calm two"]
    );
    assert_eq!(mails[0], mails[1]);
    app.verify().await;
}

#[tokio::test]
async fn many_restarts_in_every_state_cost_nobody_a_lesson_and_give_nobody_a_third_copy() {
    let mut app = TestApp::scripted("every=3 dot hang; every=5 dot late-reset; every=7 data hang").await;
    app.setup.connections = 4;
    app.restart().await;
    app.course("calm", &["one"]).await;
    for n in 0..30 {
        app.enrol(&format!("p{n}@example.org"), "calm").await;
    }
    for _ in 0..40 {
        let before = app.mails();
        app.step().await;
        let some = async {
            while app.mails() < before + 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_millis(40), some).await.ok();
        app.restart().await;
        app.clock.advance(minutes(7));
    }
    app.mailbox_says("").await;
    app.advance(days(1)).await;
    for n in 0..30 {
        let address = format!("p{n}@example.org");
        let mails = app.mails_to(&address);
        let held = app.state(&address).await == "held";
        assert!(mails.len() <= 2 && (held || !mails.is_empty()), "{address} got {}", mails.len());
        assert!(mails.windows(2).all(|pair| pair[0] == pair[1]), "{address} got other bytes");
    }
    app.verify().await;
}

fn epoch_file(app: &TestApp) -> PathBuf {
    app.app.store.epoch_file(&app.app.settings.data)
}

#[tokio::test]
async fn a_database_that_is_a_copy_starts_held_and_a_crash_between_the_two_writes_is_no_copy() {
    // The number, and what stands behind it.
    let mark = |app: &TestApp| {
        let text = fs::read_to_string(epoch_file(app)).unwrap();
        let (number, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap());
        (number.parse::<i64>().unwrap(), rest.to_string())
    };
    // How far the number beside the database is ahead of the one in it; none: there is no file.
    let table = [(Some(0), false), (Some(-1), false), (None, true), (Some(1), true), (Some(-2), true)];
    for (n, (ahead, copied)) in table.into_iter().enumerate() {
        let mut app = TestApp::new().await;
        app.course("calm", &["one"]).await;
        app.restart().await;
        app.enrol(ANA, "calm").await;
        match ahead {
            Some(ahead) => {
                let (number, rest) = mark(&app);
                fs::write(epoch_file(&app), format!("{}{rest}", number + ahead)).unwrap();
            }
            None => fs::remove_file(epoch_file(&app)).unwrap(),
        }
        app.restart().await;
        app.advance(hours(2)).await;
        let expect = if copied { (0, 1) } else { (1, 0) };
        assert_eq!((app.mails(), app.status().await.held.len()), expect, "case {n}");
        if copied {
            assert!(app.status().await.problems[0].contains("dripline release"), "case {n}");
            app.restart().await;
            app.settle().await;
            assert_eq!(app.mails(), 0, "held until a human says, case {n}");
            assert!(operate::release(&app.app, &Scope::All).await.unwrap().0);
            app.settle().await;
            assert_eq!((app.mails(), app.status().await.problems.len()), (1, 0), "case {n}");
        }
        app.verify().await;
    }
}

#[tokio::test]
async fn a_second_daemon_is_kept_away_and_the_next_one_starts_at_once() {
    let app = TestApp::with(Setup::default()).await;
    let mut lock = app.app.store.lock().await.unwrap();
    let refused = app.app.store.lock().await;
    let name = app.database.url().trim_start_matches("sqlite:");
    assert!(matches!(&refused, Err(StoreError::Locked(shown)) if shown == name), "{refused:?}");
    lock.holds().await.unwrap();
    lock.release().await;
    app.app.store.lock().await.unwrap().release().await;
}

#[tokio::test]
async fn a_database_of_the_release_before_goes_on_where_everybody_was() {
    let mut app = TestApp::scripted("times=1 nth=10 dot reply \"451 4.3.0 later\"").await;
    app.course("calm", &["a", "b", "c", "d"]).await;
    app.course("short", &["a", "b"]).await;
    for name in ["waits", "paused", "left"] {
        app.enrol(&format!("{name}@example.org"), "calm").await;
    }
    // Whose course ends with a mail at an hour of its own: the tenth mail is the lesson that waits for another try.
    app.enrol_in("done@example.org", "short", "Asia/Tokyo").await;
    app.advance(days(1) + minutes(30)).await;
    assert_eq!(app.mails(), 8);
    let paused = "paused@example.org".parse().unwrap();
    let back = Some("2026-03-06".parse().unwrap());
    preferences::act(&app.app, &paused, &Which::All, &Act::Pause { until: back }).await.unwrap();
    preferences::act(&app.app, &"left@example.org".parse().unwrap(), &Which::All, &Act::Leave).await.unwrap();
    app.advance(hours(22)).await;
    app.clock.advance(hours(1));
    app.step().await;
    app.until("SELECT count(*) FROM outbox WHERE state = 1", 1).await;
    // As that release stored it: a course ended with its last lesson, and nobody knew when a lesson was accepted.
    for old in [
        "DELETE FROM outbox WHERE what LIKE '%@closing'",
        "UPDATE enrolment SET state = 6, lesson = '' WHERE course = 'short'",
        "UPDATE enrolment SET progress = '{\"accepted\":[\"a\",\"b\"]}'",
        "DROP INDEX enrolment_due",
        "CREATE INDEX enrolment_due ON enrolment(due) WHERE state = 1",
        "ALTER TABLE enrolment DROP COLUMN requests",
        "ALTER TABLE enrolment DROP COLUMN touched",
        "DROP TABLE act",
        "DROP TABLE answer",
        "DROP TABLE issue_date",
        "DROP TABLE address_change",
        "DROP TABLE farewell",
        "DROP TABLE relay_day",
        "DROP TABLE trouble",
        "DROP INDEX outbox_human",
        "DROP INDEX outbox_parked",
        "DROP INDEX outbox_parked_expires",
        "ALTER TABLE outbox DROP COLUMN parked",
        "ALTER TABLE consent DROP COLUMN asked",
        "ALTER TABLE consent DROP COLUMN page",
        "ALTER TABLE consent DROP COLUMN ip",
        "ALTER TABLE consent DROP COLUMN agent",
        "DELETE FROM _sqlx_migrations WHERE version > 3",
    ] {
        app.break_with(old).await;
    }
    app.restart().await;
    app.advance(days(5)).await;
    let subjects = |lessons: &[&str]| lessons.iter().map(|id| format!("calm {id}")).collect::<Vec<_>>();
    assert_eq!(app.subjects_to("waits@example.org"), subjects(&["a", "b", "c", "d"]));
    assert_eq!(app.subjects_to("left@example.org"), subjects(&["a", "b"]));
    assert_eq!(app.subjects_to("done@example.org"), ["short a", "short b"]);
    let taken = app.taken("paused@example.org").await;
    // 23 hours of the wait were left.
    assert_eq!(taken[2..], ["2026-03-07 08:30 calm/c", "2026-03-08 08:30 calm/d"]);
    app.verify().await;
}
