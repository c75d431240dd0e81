//! What the database promises: its settings, the plans of its statements, its invariants, and each function of the
//! store that no journey calls.

mod breaches;
mod functions;
mod statements;

use crate::app::TestApp;

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
    dripline::flow::preferences::leave(&app.app, &left, &all).await.unwrap();
    app
}

#[tokio::test]
async fn every_connection_keeps_the_settings_that_durability_needs() {
    let app = TestApp::new().await;
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
    let app = TestApp::new().await;
    let path = app.app.store.path().to_path_buf();
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    mode(0o640);
    let url = format!("sqlite:{}", path.display());
    let refused = dripline::store::Store::open(&url).await.map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
    mode(0o600);
    assert!(!dripline::store::Store::open(&url).await.unwrap().created);
}

#[tokio::test]
async fn another_database_than_sqlite_is_refused_with_what_to_write() {
    let refused = dripline::store::Store::open("postgres://localhost/dripline").await.map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("sqlite:data/dripline.db"), "{refused}");
}
