//! Opening the database: its file, its settings, its migrations, and the lock that keeps a second daemon out.

use super::Transaction;
use super::dialect::Dialect;
use futures_util::FutureExt;
use sqlx::AnyPool;
use sqlx::AssertSqlSafe;
use sqlx::Executor;
use sqlx::Row;
use sqlx::SqlSafeStr;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::Migration;
use sqlx::migrate::MigrationType;
use sqlx::migrate::Migrator;
use std::borrow::Cow;
use std::fs::File;
use std::fs::TryLockError;
use std::path::Path;
use std::path::PathBuf;

const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "first", include_str!("../../migrations/sqlite/0001_first.sql")),
    (2, "wishes", include_str!("../../migrations/sqlite/0002_wishes.sql")),
    (3, "issue", include_str!("../../migrations/sqlite/0003_issue.sql")),
];

/// The database. One connection writes; readers see the last commit.
#[derive(Debug, Clone)]
pub struct Store {
    dialect: Dialect,
    path: PathBuf,
    writer: AnyPool,
    readers: AnyPool,
}

/// A database just opened.
#[derive(Debug)]
pub struct Opened {
    pub store: Store,
    /// Whether this call made the file.
    pub created: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("this version of dripline keeps its data in SQLite only; set [database] url = \"sqlite:data/dripline.db\"")]
    OtherDatabase,
    #[error("can't create the database's folder {0}: {1}")]
    Folder(PathBuf, std::io::Error),
    #[error("{0} can be read by others on this machine; it holds health data: run `chmod {2:o} {0}` (it is {1:o} now)")]
    Open(PathBuf, u32, u32),
    #[error("another dripline daemon works on {0}; stop it first, or use another database")]
    Locked(PathBuf),
    #[error("can't lock {0}: {1}")]
    Lock(PathBuf, std::io::Error),
    #[error(
        "the database was made by a newer dripline, or its migrations were changed: {0}; upgrade dripline, or restore a backup"
    )]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the database doesn't keep `{0}` at {1}: it says {2}")]
    Pragma(&'static str, &'static str, String),
    #[error("the database said: {0}")]
    Database(#[from] sqlx::Error),
}

/// What holds for every connection, and is read back. `page_size` only takes before the first table exists.
const PRAGMAS: [(&str, &str, Option<&str>); 8] = [
    ("page_size", "2048", None),
    ("journal_mode", "WAL", Some("wal")),
    ("synchronous", "FULL", Some("2")),
    ("temp_store", "MEMORY", Some("2")),
    // What is deleted is overwritten: the database holds health data.
    ("secure_delete", "ON", Some("1")),
    ("foreign_keys", "ON", Some("1")),
    ("busy_timeout", "20000", Some("20000")),
    ("wal_autocheckpoint", "4000", Some("4000")),
];

impl Store {
    /// Opens `url` (`sqlite:PATH`), creating or migrating the database first.
    ///
    /// # Errors
    /// When the file or its folder can be read by others, when the file was made by a newer version, or when it isn't
    /// a database.
    pub async fn open(url: &str) -> Result<Opened, StoreError> {
        let path = PathBuf::from(url.strip_prefix("sqlite:").ok_or(StoreError::OtherDatabase)?);
        let created = !path.exists();
        make_private(&path, created)?;
        sqlx::any::install_drivers(&[sqlx::sqlite::any::DRIVER]).ok();
        let writer = connect(&path, 1).await?;
        let readers = connect(&path, 4).await?;
        let store = Store { dialect: Dialect::Sqlite, path, writer, readers };
        migrator().run(&store.writer).await?;
        Ok(Opened { store, created })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A transaction that will write. One at a time; others wait.
    pub async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        self.writer.begin_with(self.dialect.begin()).await
    }

    /// A connection that only reads.
    pub async fn read(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Any>, sqlx::Error> {
        self.readers.acquire().await
    }

    /// A number that changes whenever another connection than this pool's one has committed something.
    pub async fn change_counter(connection: &mut super::Connection) -> Result<i64, sqlx::Error> {
        sqlx::query("PRAGMA data_version").fetch_one(connection).await?.try_get(0)
    }

    /// Keeps every other daemon away from this file until the returned handle is dropped, also by kill -9: the
    /// kernel lets go of a lock with its process.
    ///
    /// # Errors
    /// `Locked` when another daemon has it.
    pub fn lock(&self) -> Result<File, StoreError> {
        lock_file(&self.path)
    }

    /// Moves the write-ahead log into the database and empties it, so that nothing erased is left in either file: pages
    /// are overwritten when they are freed. A long reader can delay it; the next commit's checkpoint then does the same.
    pub async fn forget_old_pages(&self) -> Result<(), sqlx::Error> {
        self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        Ok(())
    }

    /// Where the number stands that tells a copy of the database from the original.
    pub fn epoch_file(&self) -> PathBuf {
        beside(&self.path, "epoch")
    }

    /// Closes all connections; the last one moves the write-ahead log into the database.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// As [`Store::lock`], for a file that may not even be a database.
pub(super) fn lock_file(database: &Path) -> Result<File, StoreError> {
    let path = beside(database, "lock");
    let failed = |error| StoreError::Lock(path.clone(), error);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(database.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// How a file is named to SQLite's driver.
pub(super) fn url_of(path: &Path) -> String {
    format!("sqlite://{}", path.display().to_string().replace('%', "%25").replace('?', "%3f"))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.into_iter().map(|(version, name, sql)| {
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

async fn connect(path: &Path, connections: u32) -> Result<AnyPool, StoreError> {
    let options = AnyPoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(|connection, _| set_pragmas(connection).boxed());
    Ok(options.connect(&format!("{}?mode=rwc", url_of(path))).await?)
}

async fn set_pragmas(connection: &mut sqlx::AnyConnection) -> Result<(), sqlx::Error> {
    for (name, value, expect) in PRAGMAS {
        connection.execute(AssertSqlSafe(format!("PRAGMA {name} = {value}"))).await?;
        let Some(expect) = expect else { continue };
        let row = connection.fetch_one(AssertSqlSafe(format!("PRAGMA {name}"))).await?;
        let found = row.try_get::<String, _>(0).or_else(|_| row.try_get::<i64, _>(0).map(|n| n.to_string()))?;
        if found != expect {
            return Err(sqlx::Error::Configuration(StoreError::Pragma(name, expect, found).into()));
        }
    }
    Ok(())
}

#[cfg(unix)]
fn make_private(path: &Path, created: bool) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    use std::os::unix::fs::OpenOptionsExt;
    use std::os::unix::fs::PermissionsExt;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |error| StoreError::Folder(folder.to_path_buf(), error);
    if !folder.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    if created {
        File::options().create(true).truncate(false).write(true).mode(0o600).open(path).map_err(failed)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(StoreError::Open(path.to_path_buf(), mode, 0o600));
    }
    Ok(())
}
