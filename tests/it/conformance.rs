//! What the database promises: its settings, the plans of its statements, its invariants, and each function of the
//! store that no journey calls.

mod answers;
mod breaches;
mod functions;
mod limits;
mod newsletters;
mod server;
mod statements;

use crate::app::Kind;
use crate::app::Setup;
use crate::app::TestApp;
use dripline::store::Store;
use dripline::store::meta;

/// A person in the middle of a course, one in doubt, one deferred, one held, one who left.
async fn lived_in() -> TestApp {
    let script = "times=1 to=doubt* dot late-reset; to=later* dot reply \"451 4.3.0 later\"; to=bad* dot reply \"554 5.6.0 odd\"";
    let app = TestApp::scripted(script).await;
    app.course("calm", &["one", "two"]).await;
    for name in ["ana", "doubt", "later", "bad", "left"] {
        app.enrol(&format!("{name}@example.org"), "calm").await;
        app.settle().await;
    }
    let left = "left@example.org".parse().unwrap();
    let all = dripline::flow::preferences::Which::All;
    dripline::flow::preferences::act(&app.app, &left, &all, &dripline::flow::preferences::Act::Leave).await.unwrap();
    app
}

#[tokio::test]
async fn every_connection_keeps_the_settings_that_durability_needs() {
    let app = TestApp::with(Setup { database: Kind::Sqlite, ..Setup::default() }).await;
    let expect = [
        ("synchronous", 2),
        ("temp_store", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 20_000),
        ("wal_autocheckpoint", 4000),
        ("page_size", 2048),
    ];
    for (name, value) in expect {
        assert_eq!(app.number(&format!("PRAGMA {name}")).await, value, "reading {name}");
        assert_eq!(app.number_while_writing(&format!("PRAGMA {name}")).await, value, "writing {name}");
    }
    assert_eq!(app.texts("PRAGMA journal_mode").await, ["wal"]);
    assert_eq!(app.texts("PRAGMA integrity_check").await, ["ok"]);
}

#[tokio::test]
async fn a_database_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let app = TestApp::with(Setup { database: Kind::Sqlite, ..Setup::default() }).await;
    let path = app.app.store.path().unwrap().to_path_buf();
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    mode(0o640);
    let refused = Store::open(app.database.url()).await.unwrap_err().to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
    mode(0o600);
    Store::open(app.database.url()).await.unwrap();
}

#[tokio::test]
async fn a_commit_is_seen_by_who_watches_and_nothing_else_is() {
    let app = TestApp::new().await;
    let other = Store::open(app.database.url()).await.unwrap();
    let mut watching = app.app.store.read().await.unwrap();
    let mut mark = Store::change_counter(&mut watching).await.unwrap();
    for n in 1..4 {
        let mut transaction = other.begin().await.unwrap();
        meta::set(&mut transaction, "word", &n.to_string()).await.unwrap();
        transaction.commit().await.unwrap();
        let now = Store::change_counter(&mut watching).await.unwrap();
        assert_ne!(mark, now, "commit {n}");
        mark = now;
    }
    meta::get(&mut other.read().await.unwrap(), "word").await.unwrap();
    if app.setup.database == Kind::Sqlite {
        assert_eq!(mark, Store::change_counter(&mut watching).await.unwrap());
    }
}

#[tokio::test]
async fn whoever_writes_is_alone_until_the_end_of_the_transaction() {
    let app = TestApp::new().await;
    let other = Store::open(app.database.url()).await.unwrap();
    let mut first = app.app.store.begin().await.unwrap();
    let second = tokio::spawn(async move {
        let mut second = other.begin().await.unwrap();
        let read = meta::get(&mut second, "word").await.unwrap();
        meta::set(&mut second, "word", "second").await.unwrap();
        second.commit().await.unwrap();
        read
    });
    // However long the other has waited: it reads what this one will have written.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    meta::set(&mut first, "word", "first").await.unwrap();
    assert!(!second.is_finished());
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap().as_deref(), Some("first"));
}

#[tokio::test]
async fn who_stops_waiting_to_write_keeps_nobody_from_writing() {
    let app = TestApp::new().await;
    let other = Store::open(app.database.url()).await.unwrap();
    let first = app.app.store.begin().await.unwrap();
    tokio::time::timeout(std::time::Duration::from_millis(20), other.begin()).await.err().unwrap();
    first.commit().await.unwrap();
    for store in [&app.app.store, &other, &app.app.store] {
        let mut transaction = store.begin().await.unwrap();
        meta::set(&mut transaction, "word", "written").await.unwrap();
        transaction.commit().await.unwrap();
    }
}

#[tokio::test]
async fn another_database_is_refused_with_what_to_write() {
    let refused = Store::open("mysql://localhost/dripline").await.unwrap_err().to_string();
    assert!(refused.contains("`sqlite:` and a path"), "{refused}");
}
