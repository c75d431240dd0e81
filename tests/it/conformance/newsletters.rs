//! The functions of the store that newsletters and reports need, one by one.

use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::minutes;
use crate::conformance::lived_in;
use crate::issues::dated;
use crate::issues::newsletter;
use dripline::delivery::State;
use dripline::enrolment;
use dripline::store::calendar;
use dripline::store::issues;
use dripline::store::issues::Fate;
use dripline::store::issues::Issue;
use dripline::store::report;
use dripline::store::subscribers;
use jiff::civil::date;

const ONE: &str = "lesson/notes/one";

/// An issue that one got, one didn't take, and two got into doubt about.
async fn sent() -> TestApp {
    let script = "times=1 to=doubt* dot late-reset; to=later* dot reply \"451 4.3.0 later\"";
    let app = TestApp::scripted(script).await;
    newsletter(&app, "time_zone = \"Europe/London\"", &[("one", &dated("2026-03-05T09:00:00"))]).await;
    for name in ["ana", "doubt", "later", "later2"] {
        app.enrol(&format!("{name}@example.org"), "notes").await;
    }
    app.advance(hours(72)).await;
    app
}

#[tokio::test]
async fn an_issue_is_fixed_once_looked_through_in_parts_and_stopped_for_good() {
    let app = TestApp::new().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let moment = date(2026, 3, 5).at(9, 0, 0, 0);
    let (first, fixed) = (app.now() + hours(1), app.now());
    let it = Issue { lesson: "one".to_string(), fate: Fate::Late, moment, first, fixed, after_id: Some(0) };
    assert!(issues::add(&mut transaction, "notes", &it).await.unwrap());
    assert!(!issues::add(&mut transaction, "notes", &Issue { fate: Fate::Sent, ..it.clone() }).await.unwrap());
    assert!(issues::add(&mut transaction, "news", &it).await.unwrap());
    assert_eq!(issues::of(&mut transaction, "notes").await.unwrap(), std::slice::from_ref(&it));
    assert_eq!(issues::get(&mut transaction, "notes", "two").await.unwrap(), None);
    issues::advance(&mut transaction, "notes", "one", Some(7)).await.unwrap();
    let found = issues::get(&mut transaction, "notes", "one").await.unwrap().unwrap();
    assert_eq!(found, Issue { after_id: Some(7), ..it.clone() });
    issues::stop(&mut transaction, "notes", "one").await.unwrap();
    let found = issues::get(&mut transaction, "notes", "one").await.unwrap().unwrap();
    assert_eq!(found, Issue { fate: Fate::Stopped, after_id: None, ..it.clone() });
    assert_eq!(issues::of(&mut transaction, "news").await.unwrap(), [it]);
}

#[tokio::test]
async fn an_issue_is_kept_back_until_it_left_for_somebody_or_nobody_waits_for_it() {
    let app = sent().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    // Each step is one more thing that happened since: what was done to the deliveries, to the issue, and what follows.
    for (deliveries, issue, expect) in [
        ("state = state", "state = state", false),
        ("state = 0, copies = 0", "state = state", true),
        ("state = 1, copies = 1", "state = state", false),
        ("state = 12, copies = 0", "state = state", false),
        ("state = 12, copies = 0", "after_id = 7", true),
        ("state = 12, copies = 0", "state = 4", false),
    ] {
        for (table, set) in [("outbox", deliveries), ("issue", issue)] {
            let sql = sqlx::AssertSqlSafe(format!("UPDATE {table} SET {set}"));
            sqlx::query(sql).execute(&mut *transaction).await.unwrap();
        }
        let found = issues::kept_back(&mut transaction, "notes").await.unwrap();
        assert_eq!(found, if expect { vec!["one"] } else { vec![] }, "{deliveries}, {issue}");
        assert_eq!(issues::kept_back(&mut transaction, "note").await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn deliveries_of_an_issue_are_counted_moved_and_cancelled_and_no_others() {
    let app = sent().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let of =
        |state, may_have_arrived, count| report::IssueCount { what: ONE.to_string(), state, may_have_arrived, count };
    let whats = [ONE.to_string(), "lesson/notes/on".to_string()];
    assert_eq!(
        report::issue_counts(&mut transaction, &whats).await.unwrap(),
        [of(State::Deferred, false, 2), of(State::InDoubt, true, 1), of(State::Accepted, true, 1)]
    );
    assert_eq!(report::issue_counts(&mut transaction, &[]).await.unwrap(), []);

    let moments = issues::moments(&mut transaction, ONE).await.unwrap();
    let due = "2026-03-05T09:00:00Z".parse().unwrap();
    assert_eq!(moments.iter().map(|(_, due)| *due).collect::<Vec<_>>(), [due, due]);
    let later = app.now() + days(1);
    issues::leave_from(&mut transaction, &[(moments[0].0, later)]).await.unwrap();
    let (waiting, from) = issues::waiting(&mut transaction, ONE).await.unwrap();
    assert!(waiting == 2 && from.is_some_and(|from| from < app.now() + minutes(2)), "{from:?}");
    issues::leave_from(&mut transaction, &[(moments[1].0, later)]).await.unwrap();
    assert_eq!(issues::waiting(&mut transaction, ONE).await.unwrap(), (2, Some(later)));
    assert_eq!(issues::waiting(&mut transaction, "lesson/notes/on").await.unwrap(), (0, None));

    let id = moments[0].0;
    assert!(!issues::cancel_if_stopped(&mut transaction, id, app.now()).await.unwrap());
    issues::stop(&mut transaction, "notes", "one").await.unwrap();
    assert!(issues::cancel_if_stopped(&mut transaction, id, app.now()).await.unwrap());
    assert!(!issues::cancel_if_stopped(&mut transaction, id, app.now()).await.unwrap());
    assert_eq!(issues::cancel(&mut transaction, "lesson/notes/on", "", app.now()).await.unwrap(), 0);
    assert_eq!(issues::cancel(&mut transaction, ONE, "enough", app.now()).await.unwrap(), 2);
    assert_eq!(issues::cancel(&mut transaction, ONE, "enough", app.now()).await.unwrap(), 0);
    assert_eq!(
        report::issue_counts(&mut transaction, &whats).await.unwrap(),
        [of(State::Accepted, true, 1), of(State::Cancelled, false, 2), of(State::Cancelled, true, 1)]
    );
    transaction.commit().await.unwrap();
    app.verify().await;
}

#[tokio::test]
async fn readers_are_told_by_address_with_what_became_of_one_issue() {
    let app = sent().await;
    app.enrol("new@example.org", "notes").await;
    let mut connection = app.app.store.read().await.unwrap();
    let readers = report::readers(&mut connection, "notes", ONE).await.unwrap();
    let shown: Vec<(&str, Option<State>)> =
        readers.iter().map(|it| (it.address.as_str(), it.delivery.as_ref().map(|it| it.state))).collect();
    assert_eq!(
        shown,
        [
            ("ana@example.org", Some(State::Accepted)),
            ("doubt@example.org", Some(State::InDoubt)),
            ("later2@example.org", Some(State::Deferred)),
            ("later@example.org", Some(State::Deferred)),
            ("new@example.org", None)
        ]
    );
    assert!(readers.iter().all(|it| it.state == enrolment::State::Awaiting && it.enrolment > 0));
    assert!(report::readers(&mut connection, "note", ONE).await.unwrap().is_empty());
}

#[tokio::test]
async fn places_show_each_enrolment_of_a_course_as_its_person_wishes() {
    let app = lived_in().await;
    let mut connection = app.app.store.read().await.unwrap();
    let people = report::people(&mut connection, "calm").await.unwrap();
    let (waiting, flies, held, left) =
        (enrolment::State::Waiting, enrolment::State::InFlight, enrolment::State::Held, enrolment::State::Left);
    assert_eq!(people, [(waiting, 1), (flies, 2), (held, 1), (left, 1)]);
    let mut seen = Vec::new();
    let see = |place: report::Place| seen.push((place.state.name(), place.lesson));
    report::places(&mut connection, "calm", see).await.unwrap();
    seen.sort();
    let expect = [("active", "one"), ("active", "one"), ("active", "two"), ("held", "one"), ("left", "two")];
    assert_eq!(seen.iter().map(|(state, lesson)| (*state, lesson.as_str())).collect::<Vec<_>>(), expect);
    report::places(&mut connection, "cal", |place| panic!("{place:?}")).await.unwrap();
}

#[tokio::test]
async fn dates_of_issues_are_added_up_and_forgotten_when_they_are_over() {
    let app = lived_in().await;
    let mut transaction = app.app.store.begin().await.unwrap();
    let ana = subscribers::by_key(&mut transaction, "ana@example.org").await.unwrap().unwrap().id;
    let day = |day| date(2026, 3, day);
    for days in [vec![(ana, day(4)), (ana + 1, day(4))], vec![(ana, day(4))], vec![(ana, day(5))], vec![]] {
        calendar::use_dates(&mut transaction, &days).await.unwrap();
    }
    let mut used = Vec::new();
    for keep_from in [3, 5, 6] {
        calendar::forget_dates(&mut transaction, day(keep_from)).await.unwrap();
        let uses = calendar::date_uses(&mut transaction, &[ana]).await.unwrap();
        let issues = uses.iter().filter(|it| it.enrolment_id == 0);
        assert!(issues.clone().all(|it| it.in_flight.is_none() && it.waiting.is_none()));
        let mut days: Vec<String> = issues.map(|it| format!("{}x{}", it.last_date.unwrap(), it.last_count)).collect();
        days.sort();
        used.push(days.join(" "));
    }
    assert_eq!(used, ["2026-03-04x2 2026-03-05x1", "2026-03-05x1", ""]);
}
