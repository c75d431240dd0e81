//! An issue for many: the operator has ten minutes to stop it, and a restart neither doubles nor loses anybody.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use crate::issues::crowd;
use crate::issues::dated;
use crate::issues::newsletter;
use crate::issues::one_issue;
use crate::issues::problems;
use dripline::flow::issue;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::stop;
use dripline::flow::stop::Counts;
use dripline::flow::stop::Stopped;
use std::collections::BTreeSet;

const TOLD: &str = "issue notes/one goes to 101 people from 09:10 UTC on; `dripline stop notes/one` cancels it";

#[tokio::test]
async fn an_issue_for_a_hundred_leaves_at_its_moment_and_for_more_ten_minutes_later() {
    for (people, waits) in [(100, false), (101, true)] {
        let app = TestApp::new().await;
        one_issue(&app, "").await;
        crowd(&app, "notes", people).await;
        app.advance(hours(72)).await;
        assert_eq!(app.mails(), if waits { 0 } else { people });
        assert_eq!(problems(&app).await, if waits { vec![TOLD.to_string()] } else { Vec::new() });
        app.advance(minutes(10) - minutes(1)).await;
        assert_eq!(app.mails(), if waits { 0 } else { people });
        app.advance(minutes(1)).await;
        assert_eq!(app.mails(), people);
        assert_eq!(problems(&app).await, Vec::<String>::new());
        app.verify().await;
    }
}

#[tokio::test]
async fn within_the_ten_minutes_a_stop_spares_everybody() {
    let app = TestApp::new().await;
    one_issue(&app, "").await;
    crowd(&app, "notes", 101).await;
    app.advance(hours(72) + minutes(9)).await;
    let stopped = stop::stop(&app.app, "notes", "one").await.unwrap();
    assert_eq!(stopped, Stopped::Now(Counts { cancelled: 101, ..Counts::default() }));
    assert_eq!(problems(&app).await, Vec::<String>::new());
    app.advance(days(1)).await;
    assert_eq!(app.mails(), 0);
    app.verify().await;
}

#[tokio::test]
async fn what_is_held_can_be_stopped_for_as_long() {
    let app = TestApp::new().await;
    one_issue(&app, "").await;
    crowd(&app, "notes", 101).await;
    app.advance(hours(72)).await;
    operate::hold(&app.app, &Scope::All, "a look").await.unwrap();
    app.advance(hours(1)).await;
    assert_eq!((app.mails(), problems(&app).await), (0, vec![TOLD.to_string()]));
    operate::release(&app.app, &Scope::All).await.unwrap();
    app.settle().await;
    assert_eq!((app.mails(), problems(&app).await), (101, Vec::new()));
}

#[tokio::test]
async fn the_ten_minutes_make_nobody_late_and_hold_up_no_later_moment() {
    let app = TestApp::new().await;
    let keys = "time_zone = \"subscriber\"\nlate_limit = \"1 hour\"";
    newsletter(&app, keys, &[("one", &dated("2026-03-05T09:00:00"))]).await;
    crowd(&app, "notes", 101).await;
    app.enrol_in("paris@example.org", "notes", "Europe/Paris").await;
    app.enrol_in("lisbon@example.org", "notes", "Europe/Lisbon").await;
    app.settle().await;
    // 2026-03-05T08:55Z: fifty-five minutes late in Paris, and an hour and five after the ten minutes.
    app.sleep_without_a_daemon(hours(72) - minutes(5));
    app.advance(hours(2)).await;
    assert_eq!(app.taken("paris@example.org").await, ["2026-03-05 10:05 notes/one"]);
    assert_eq!(app.taken("r1@example.org").await, ["2026-03-05 09:05 notes/one"]);
    assert_eq!(app.mails(), 103);
    app.verify().await;
}

#[tokio::test]
async fn a_restart_while_recipients_are_written_doubles_and_loses_nobody() {
    for done in [0, 1, 60, 101] {
        let mut app = TestApp::new().await;
        one_issue(&app, "").await;
        crowd(&app, "notes", 101).await;
        app.advance(hours(72) - minutes(1)).await;
        app.clock.advance(minutes(1));
        issue::step(&app.app).await.unwrap();
        // As if the program had ended when so many were written, and no later one had been.
        let nth = format!("SELECT coalesce(max(id), 0) FROM (SELECT id FROM enrolment ORDER BY id LIMIT {done}) e");
        let last = app.number(&nth).await;
        app.break_with(&format!("DELETE FROM outbox WHERE enrolment_id > {last}")).await;
        app.break_with(&format!("UPDATE issue SET after_id = {last}")).await;
        app.break_with("DELETE FROM alarm").await;
        app.restart().await;
        app.settle().await;
        assert_eq!((app.mails(), problems(&app).await), (0, vec![TOLD.to_string()]), "after {done}");
        app.advance(minutes(10)).await;
        let readers = app.readers_of("notes one");
        assert_eq!((readers.len(), readers.iter().collect::<BTreeSet<_>>().len()), (101, 101), "after {done}");
        app.verify().await;
    }
}
