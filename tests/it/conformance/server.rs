//! What only a database on a server can be asked: who may come in, what it keeps, and what its loss does. Each test is
//! skipped in a run on SQLite, which may have no server.

use crate::app::Kind;
use crate::app::TestApp;
use crate::app::on_server;
use crate::app::url_of;
use crate::program::SOON;
use crate::program::Sink;
use crate::program::Site;
use crate::program::until;
use dripline::daemon;
use dripline::store::Store;
use dripline::store::meta;
use std::process::Command;

const SECRET: &str = "hunter2";

async fn refused(url: &str) -> String {
    Store::open(url).await.unwrap_err().to_string()
}

/// As an administrator, or a network that breaks.
fn end_the_session_that_locks(url: &str) {
    let database = url.rsplit_once('/').unwrap().1;
    on_server(&format!(
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
         WHERE l.locktype = 'advisory' AND d.datname = '{database}'"
    ));
}

#[tokio::test]
async fn every_connection_keeps_what_durability_needs_whatever_the_server_prefers() {
    if Kind::of_this_run() == Kind::Sqlite {
        return;
    }
    let mut app = TestApp::new().await;
    let database = app.database.url().rsplit_once('/').unwrap().1.to_string();
    on_server(&format!("ALTER DATABASE {database} SET synchronous_commit = off"));
    on_server(&format!("ALTER DATABASE {database} SET default_transaction_isolation = 'serializable'"));
    app.restart().await;
    let expect = [("synchronous_commit", "on", "on"), ("lock_timeout", "20s", "20s")];
    for (name, reading, writing) in expect {
        let sql = format!("SELECT current_setting('{name}')");
        assert_eq!(app.texts(&sql).await, [reading], "{name}");
        assert_eq!(app.text_while_writing(&sql).await, writing, "{name}");
    }
    assert_eq!(app.text_while_writing("SELECT current_setting('transaction_isolation')").await, "read committed");
    let mut reader = app.app.store.read().await.unwrap();
    let written = meta::set(&mut reader, "word", "written").await.unwrap_err().to_string();
    assert!(written.contains("read-only"), "{written}");
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_told_with_what_to_do_and_without_the_password() {
    if Kind::of_this_run() == Kind::Sqlite {
        return;
    }
    let table = [
        (url_of("nowhere").replace("dripline@", "dripline:hunter2@"), "createdb --owner=dripline nowhere"),
        (url_of("postgres").replace("dripline@", "nobody:hunter2@"), "correct user and password"),
        ("postgres://dripline:hunter2@127.0.0.1:1/dripline".to_string(), "see whether the server runs"),
        ("postgres://dripline:hunter2@127.0.0.1:1/dripline?pasword=hunter2".to_string(), "`pasword`"),
        ("postgres://dripline:hunter2@127.0.0.1:x/dripline".to_string(), "can't be understood"),
        (format!("{}?sslmode=hopefully", url_of("postgres").replace("dripline@", "dripline:hunter2@")), "hopefully"),
    ];
    for (url, what_to_do) in table {
        let refused = refused(&url).await;
        assert!(refused.contains(what_to_do) && !refused.contains(SECRET), "{refused}");
    }
}

#[tokio::test]
async fn a_database_that_cannot_keep_every_text_is_refused() {
    if Kind::of_this_run() == Kind::Sqlite {
        return;
    }
    let name = format!("latin_{}", std::process::id());
    on_server(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"));
    let refused = refused(&url_of(&name)).await;
    on_server(&format!("DROP DATABASE {name} WITH (FORCE)"));
    assert!(refused.contains("LATIN1") && refused.contains("--encoding=UTF8"), "{refused}");
}

#[tokio::test]
async fn a_lost_session_is_a_lost_lock() {
    if Kind::of_this_run() == Kind::Sqlite {
        return;
    }
    let app = TestApp::new().await;
    let mut lock = app.app.store.lock().await.unwrap();
    lock.holds().await.unwrap();
    end_the_session_that_locks(app.database.url());
    assert!(lock.holds().await.is_err());
    daemon::lock(&app.app.store).await.unwrap().release().await;
}

#[test]
fn a_daemon_that_loses_its_lock_stops_and_says_so_and_the_next_one_goes_on() {
    if Kind::of_this_run() == Kind::Sqlite {
        return;
    }
    let sink = Sink::start("dot delay 20ms");
    let site = Site::new(sink.url(), "");
    site.course("calm", &["one"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    for n in 0..20 {
        let address = format!("reader{n}@example.org");
        site.good(&["subscriber", "add", &address, "--course", "calm", "--confirmed", "--source", "a test"]);
    }
    let mut daemon = site.serve(&[]);
    let mut second = site.start(&["serve"]);
    assert_eq!(second.ends(SOON), Some(1), "{}", second.told());
    assert!(second.told().contains("another dripline daemon works on postgres://"), "{}", second.told());
    sink.wait_for(3, SOON);
    end_the_session_that_locks(site.database());
    assert_eq!(daemon.ends(SOON), Some(1), "{}", daemon.told());
    assert!(daemon.told().contains("keeps other daemons away"), "{}", daemon.told());
    let daemon = site.serve(&[]);
    until("the others", SOON, || site.deliveries()["accepted"] == 20);
    daemon.stop();
    assert_eq!(sink.accepted().len(), 20);
    assert_eq!(site.good(&["verify"]), "");
}

#[test]
fn a_database_restored_from_a_dump_starts_held_even_when_no_daemon_has_begun_since() {
    if Kind::of_this_run() == Kind::Sqlite {
        return;
    }
    let sink = Sink::start("");
    let site = Site::new(sink.url(), "");
    site.course("calm", &["one"], "wait = \"1 day\"\nsend = \"30 8 * * *\"");
    site.serve(&[]).stop();
    let dump = site.path().join("dump");
    let ran = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).output();
        let output = output.unwrap_or_else(|error| panic!("{program}, which comes with PostgreSQL: {error}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    ran("pg_dump", &["--format=custom", "--file", dump.to_str().unwrap(), site.database()]);
    site.serve(&[]).stop();
    let held = || site.json(&["status", "--json"])["held"].as_array().unwrap().len();
    assert_eq!(held(), 0);
    for restored in 1..=2 {
        ran("pg_restore", &["--clean", "--dbname", site.database(), dump.to_str().unwrap()]);
        site.serve(&[]).stop();
        assert_eq!(held(), 1, "restored {restored} times");
        site.good(&["release"]);
        site.serve(&[]).stop();
        assert_eq!(held(), 0, "a human has said that it may go on");
        ran("pg_dump", &["--format=custom", "--file", dump.to_str().unwrap(), site.database()]);
    }
}
