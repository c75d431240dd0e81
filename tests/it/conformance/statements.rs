//! The plan of every statement that a journey runs: none reads a whole table of people or messages.

use crate::app::Kind;
use crate::app::Setup;
use crate::app::TestApp;
use crate::app::days;
use crate::app::hours;
use crate::app::lesson;
use dripline::flow::answer;
use dripline::flow::operate;
use dripline::flow::operate::Scope;
use dripline::flow::page_link;
use dripline::flow::preferences;
use dripline::flow::preferences::Act;
use dripline::flow::preferences::Which;
use dripline::flow::retention;
use dripline::relay::DomainLimit;
use dripline::relay::Limits;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;

/// Where the journey below leaves the statements it ran; set only when another test runs it in a process of its own.
const WRITE_TO: &str = "DRIPLINE_TEST_STATEMENTS";

/// Indexes that hold only what is open, waits or is in doubt: to walk them is to look at what there is to do.
const OPEN_ONLY: [&str; 7] = [
    "enrolment_due",
    "enrolment_return",
    "outbox_ready",
    "outbox_open",
    "outbox_doubt",
    "outbox_parked",
    "outbox_human",
];

/// PostgreSQL plans by what is in the tables, SQLite by their definitions: so many people wait, and so much has been sent.
const MANY: [&str; 8] = [
    "INSERT INTO subscriber(id, address, address_key, first_name, language, zone, hour, weekdays, fields, status, created)
        SELECT n, n || '@example.org', n || '@example.org', '', '', '', '', '', '{}', 2, 1 FROM generate_series(1, 20000) n",
    "INSERT INTO enrolment(id, subscriber_id, course, run, state, after, serial, lesson, occurrence, confirmed, basis, floor, due, why,
            progress, pace, last_date, last_count, expired, paused_at, paused_until, held_why, created)
        SELECT n, n, 'c' || n % 9, 1, CASE n % 100 WHEN 0 THEN 4 WHEN 1 THEN 2 ELSE 1 END, 0, 1, 'one', 1, 1, 1, 0, n * 1000, '',
            '{}', 1, '', 0, 0, 0, CASE n % 100 WHEN 0 THEN n ELSE 0 END, '', 1 FROM generate_series(1, 20000) n",
    "INSERT INTO outbox(id, what, whom, occurrence, subscriber_id, enrolment_id, serial, lane, state, epoch, claims, attempts, losses,
            copies, not_before, expires, created, due, why, version, message_id, dated, hash, inputs, doubtful_since, reply, ended)
        SELECT n, 'lesson/c/' || n % 1000, n, 1, n / 3, n / 3, 1, 1, CASE n % 200 WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 4 ELSE 10 END, 1, 1,
            0, 0, 1, n, n, n, n, '', '', '', 1, '', '', n, '', n FROM generate_series(1, 60000) n",
    "INSERT INTO attempt(id, outbox_id, at, relay, code, enhanced, text, outcome)
        SELECT n, n, n, '', 250, '', '', 'accepted' FROM generate_series(1, 60000) n",
    "INSERT INTO answer(id, subscriber_id, enrolment_id, course, lesson, question, value, at)
        SELECT n, n, n, 'c' || n % 999, 'one', 'q', '1', n FROM generate_series(1, 20000) n",
    "INSERT INTO confirmation(hash, subscriber_id, created, expires, used) SELECT n, n, 1, 1, 1 FROM generate_series(1, 20000) n",
    "INSERT INTO consent(id, subscriber_id, course, source, text, version, at)
        SELECT n, n, '', '', '', '', 1 FROM generate_series(1, 20000) n",
    "ANALYZE",
];

#[tokio::test]
async fn a_journey_with_every_act_for_the_sake_of_its_statements() {
    let written = std::env::var(WRITE_TO).ok();
    if let Some(path) = &written {
        let layer = Statements { path: path.clone(), seen: Mutex::default() };
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    }
    let script = "times=1 to=doubt* dot late-reset; times=2 to=later* rcpt reply \"451 4.3.0 later\"; to=bad* dot reply \"554 5.6.0 odd\"; \
                  to=dead* rcpt reply \"550 5.1.1 no\"; nth=20 connect close";
    let slow = DomainLimit { rate: Some("60/min".parse().unwrap()), connections: None };
    let limits = Limits { domains: [("slow.test".to_string(), slow)].into(), ..Limits::default() };
    let setup = Setup { script: script.to_string(), limits, operator: Some("ops@example.net"), ..Setup::default() };
    let mut app = TestApp::with(setup).await;
    app.course("calm", &["one", "two", "three"]).await;
    app.course("walk", &["one", "two"]).await;
    let asks = "+++\nsubject = \"walk one\"\n[[ask]]\nid = \"ease\"\nquestion = \"How easy?\"\nkind = \"scale\"\n+++\n\nWalk.\n";
    app.write("walk/one.md", asks);
    app.reload().await;
    app.sign_up("ana@example.org", "calm").await;
    app.confirm("ana@example.org").await;
    for name in ["doubt", "later", "bad", "dead", "leaves"] {
        app.enrol(&format!("{name}@example.org"), "calm").await;
    }
    app.app.raise("disk", "almost full").await;
    for name in ["a", "b", "c"] {
        app.enrol(&format!("{name}@slow.test"), "calm").await;
    }
    app.enrol("ana@example.org", "walk").await;
    app.advance(hours(2)).await;
    let leaves = "leaves@example.org".parse().unwrap();
    preferences::act(&app.app, &leaves, &Which::All, &Act::Pause { until: Some(jiff::civil::date(2026, 3, 5)) })
        .await
        .unwrap();
    app.advance(days(1)).await;
    preferences::act(&app.app, &leaves, &Which::All, &Act::Resume).await.unwrap();
    preferences::act(&app.app, &leaves, &Which::All, &Act::Leave).await.unwrap();
    app.write("calm/two.md", lesson("calm two", "Edited."));
    app.reload().await;
    operate::hold(&app.app, &Scope::All, "a look").await.unwrap();
    operate::release(&app.app, &Scope::All).await.unwrap();
    app.restart().await;
    app.advance(days(4)).await;
    let (ana, raw) = ("ana@example.org".parse().unwrap(), ["3".to_string()]);
    let recorded = answer::record_by_hand(&app.app, &ana, "walk", None, "ease", &raw).await.unwrap();
    assert!(matches!(recorded, answer::Recorded::Kept(_)));
    let shelved = app.app.shelf.read().await.get("walk").cloned().unwrap();
    assert_eq!(answer::report(&app.app, &shelved).await.unwrap().people, 1);
    let file = "email,course,source,state,done,suppressed\nnew@example.org,calm,paper,,,\nasked@example.org,calm,,,,\n\
                old@example.org,walk,paper,active,one,\nana@example.org,walk,paper form,,,\neve@example.org,,,,,bounced\n";
    assert_eq!(crate::people::import(&app, file).await.imported, 4);
    let fresh = "fresh@example.org".parse().unwrap();
    page_link::ask(&app.app, &ana).await.unwrap();
    app.change_address("ana@example.org", &fresh).await;
    app.change_address("fresh@example.org", &ana).await;
    app.advance(days(30)).await;
    retention::step(&app.app).await.unwrap();
    assert_eq!(app.state("ana@example.org").await, "completed");
    assert_eq!(app.subjects_to("later@example.org"), ["calm one", "calm two", "calm three"]);
    app.verify().await;
}

#[tokio::test]
async fn no_statement_of_a_journey_reads_every_person_or_every_message() {
    let app = TestApp::new().await;
    let path = app.folder.path().join("statements");
    let this = std::env::current_exe().unwrap();
    let journey = "conformance::statements::a_journey_with_every_act_for_the_sake_of_its_statements";
    let output = Command::new(this).args(["--exact", journey]).env(WRITE_TO, &path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let statements = read(&path);
    for hot in [
        "UPDATE outbox SET state = 2, epoch",
        "UPDATE enrolment SET serial",
        "INSERT INTO outbox",
        "INSERT INTO attempt",
        "parked = j.value",
        "outbox.parked = $1",
        "UPDATE trouble SET told",
    ] {
        assert!(statements.iter().any(|sql| sql.contains(hot)), "the journey didn't run {hot}");
    }
    assert!(statements.len() > 40, "only {} statements were seen", statements.len());
    if app.setup.database == Kind::Postgres {
        for sql in MANY {
            app.break_with(sql).await;
        }
    }
    let mut whole = Vec::new();
    for sql in statements.iter().filter(|sql| is_of_the_journey(sql)) {
        for step in app.plan(sql).await {
            if reads_a_whole_table(&step) {
                whole.push(format!("{step}: {sql}"));
            }
        }
    }
    assert!(whole.is_empty(), "{whole:#?}");
    assert!(reads_a_whole_table("SCAN outbox") && reads_a_whole_table("SCAN e"));
    assert!(
        !reads_a_whole_table("SCAN outbox USING INDEX outbox_open") && !reads_a_whole_table("SCAN j VIRTUAL TABLE")
    );
}

/// Everything but definitions, pragmas, and what the test itself asked at the end.
fn is_of_the_journey(sql: &str) -> bool {
    let first = sql.split_whitespace().next().unwrap_or_default();
    let verified = [
        "e WHERE NOT EXISTS",
        "FROM enrolment WHERE state = 1 AND (",
        "GROUP BY enrolment_id",
        "FROM enrolment e ORDER BY e.id",
    ];
    ["SELECT", "UPDATE", "INSERT", "DELETE", "WITH"].contains(&first)
        && !verified.iter().any(|part| sql.contains(part))
        && !is_a_question_of_verify(sql)
}

/// The sentences of `verify` are asked of every row, on purpose and never by a daemon.
fn is_a_question_of_verify(sql: &str) -> bool {
    let sql = sql.trim();
    let asks_for_ids =
        sql.starts_with("SELECT id FROM") || sql.starts_with("SELECT o.id FROM") || sql.starts_with("SELECT b.id FROM");
    asks_for_ids || sql.starts_with("SELECT enrolment_id, what FROM outbox WHERE state = 10")
}

fn reads_a_whole_table(step: &str) -> bool {
    let Some(rest) = step.strip_prefix("SCAN ") else { return false };
    let table = rest.split_whitespace().next().unwrap_or_default();
    ["enrolment", "e", "outbox", "o", "subscriber", "s", "attempt", "answer", "a"].contains(&table)
        && !OPEN_ONLY.iter().any(|index| rest.contains(index))
}

fn read(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap();
    text.split('\0').map(|sql| sql.trim().to_string()).filter(|sql| !sql.is_empty()).collect()
}

/// Writes down each statement that the database driver reports.
struct Statements {
    path: String,
    seen: Mutex<BTreeSet<String>>,
}

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target() != "sqlx::query" {
            return;
        }
        let mut told = Told::default();
        event.record(&mut told);
        let sql = if told.statement.is_empty() { told.summary } else { told.statement };
        let mut seen = self.seen.lock().unwrap();
        if seen.insert(sql.trim().to_string()) {
            fs::write(&self.path, seen.iter().cloned().collect::<Vec<_>>().join("\0")).unwrap();
        }
    }
}

#[derive(Default)]
struct Told {
    summary: String,
    statement: String,
}

impl tracing::field::Visit for Told {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_string(),
            "db.statement" => self.statement = value.to_string(),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
}
