//! Which database a test works on: a SQLite file in its folder, or one of its own on the server of `tests/with-postgres`.
//! Knows no table.

use dripline::store::Store;
use sqlx::AnyConnection;
use sqlx::AssertSqlSafe;
use sqlx::Connection;
use sqlx::Executor;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// `sqlite` or `postgres`: what all tests of a run work on that don't say otherwise.
const OF_THIS_RUN: &str = "DRIPLINE_TEST_DATABASE";
/// The URL of a database on a server where we may make others.
const SERVER: &str = "DRIPLINE_TEST_POSTGRES";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// One test's own; gone when this is dropped.
#[derive(Debug)]
pub enum Database {
    File(String),
    OnServer { url: String, name: String },
}

impl Kind {
    pub fn of_this_run() -> Kind {
        match std::env::var(OF_THIS_RUN).as_deref() {
            Err(_) | Ok("sqlite") => Kind::Sqlite,
            Ok("postgres") => Kind::Postgres,
            Ok(other) => panic!("{OF_THIS_RUN}={other} is neither `sqlite` nor `postgres`"),
        }
    }

    /// A new database without a row in it; a file of it stands in `folder`.
    pub fn make(self, folder: &Path) -> Database {
        match self {
            Kind::Sqlite => Database::File(format!("sqlite:{}", folder.join("data/dripline.db").display())),
            Kind::Postgres => {
                let name = fresh_name();
                on_server(&format!("CREATE DATABASE {name} TEMPLATE {}", migrated()));
                Database::OnServer { url: url_of(&name), name }
            }
        }
    }
}

impl Database {
    pub fn url(&self) -> &str {
        match self {
            Database::File(url) | Database::OnServer { url, .. } => url,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match self {
            Database::File(_) => {}
            Database::OnServer { name, .. } => on_server(&format!("DROP DATABASE {name} WITH (FORCE)")),
        }
    }
}

/// The server's own database under another name.
pub fn url_of(name: &str) -> String {
    let server = std::env::var(SERVER);
    let server = server.unwrap_or_else(|_| panic!("{SERVER} isn't set; run `tests/with-postgres cargo test`"));
    let (server, _) = server.rsplit_once('/').unwrap_or_else(|| panic!("{SERVER}={server} names no database"));
    format!("{server}/{name}")
}

/// Statements that no database of a test is asked.
pub fn on_server(sql: &str) {
    let sql = sql.to_string();
    // The store installs these too; whoever comes first does it for all.
    sqlx::any::install_drivers(&[sqlx::sqlite::any::DRIVER, sqlx::postgres::any::DRIVER]).ok();
    apart(async move {
        let mut connection = AnyConnection::connect(&url_of("postgres")).await.unwrap();
        let done = connection.execute(AssertSqlSafe(sql.clone())).await;
        done.unwrap_or_else(|error| panic!("{error}: {sql}"));
        connection.close().await.unwrap();
    });
}

/// The database that the others are copied from, so that each costs a few milliseconds.
fn migrated() -> &'static str {
    static MIGRATED: OnceLock<String> = OnceLock::new();
    MIGRATED.get_or_init(|| {
        let name = fresh_name();
        on_server(&format!("CREATE DATABASE {name}"));
        let url = url_of(&name);
        apart(async move { Store::open(&url).await.unwrap().close().await });
        name
    })
}

fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Runs in a thread of its own, so that it may be asked for inside and outside of a runtime.
fn apart(work: impl Future<Output = ()> + Send + 'static) {
    let thread = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work);
    });
    thread.join().expect("the database server does what a test asks of it");
}
