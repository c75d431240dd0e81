//! Opening the database: which one its URL means, its migrations, its connections, and the lock that keeps a second daemon
//! out.

use super::Connection;
use super::Lock;
use super::Transaction;
use super::dialect::Dialect;
use super::lock::Held;
use super::postgres;
use super::postgres::Use;
use super::sqlite;
use sqlx::AnyPool;
use sqlx::Executor;
use sqlx::Row;
use sqlx::SqlSafeStr;
use sqlx::migrate::MigrateError;
use sqlx::migrate::Migration;
use sqlx::migrate::MigrationType;
use sqlx::migrate::Migrator;
use std::borrow::Cow;
use std::path::Path;
use std::path::PathBuf;

/// How many connections read at once.
const READERS: u32 = 4;

/// The database. One connection of each process writes, one process at a time; readers see the last commit.
#[derive(Debug, Clone)]
pub struct Store {
    dialect: Dialect,
    place: Place,
    writer: AnyPool,
    readers: AnyPool,
}

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Server(postgres::Address),
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("`database.url` is neither `sqlite:` and a path nor `postgres://…`")]
    OtherDatabase,
    #[error("`database.url` can't be understood: {0}; write postgres://USER:PASSWORD@HOST/DATABASE")]
    Url(String),
    #[error("can't create the database's folder {0}: {1}")]
    Folder(PathBuf, std::io::Error),
    #[error("{0} can be read by others on this machine; it holds health data: run `chmod {2:o} {0}` (it is {1:o} now)")]
    Open(PathBuf, u32, u32),
    #[error("there is no database at {shown}; make it, as a user who may: createdb --owner={user} {database}")]
    NoDatabase { shown: String, database: String, user: String },
    #[error("{0} doesn't let us in: {1}; correct user and password in `database.url`")]
    Refused(String, String),
    #[error("can't reach {0}: {1}; see whether the server runs, and correct `database.url`")]
    Unreachable(String, sqlx::Error),
    #[error("PostgreSQL {0} is too old; dripline needs {1} or newer")]
    TooOld(i64, i64),
    #[error("{0} keeps its texts as {1}; make another with `createdb --encoding=UTF8 --template=template0`")]
    Encoding(String, String),
    #[error("another dripline daemon works on {0}; stop it first, or use another database")]
    Locked(String),
    #[error("can't lock {0}: {1}")]
    Lock(PathBuf, std::io::Error),
    #[error(
        "the database was made by a newer dripline, or its migrations were changed: {0}; upgrade dripline, or restore a backup"
    )]
    Migration(MigrateError),
    #[error("the database doesn't keep `{0}` at {1}: it says {2}")]
    Pragma(&'static str, &'static str, String),
    #[error("the database said: {0}")]
    Database(#[from] sqlx::Error),
}

impl Store {
    /// Opens `url`, `sqlite:PATH` or `postgres://…`, and migrates it. A file is made where there is none; a database on
    /// a server must exist.
    ///
    /// # Errors
    /// When the file or its folder can be read by others, when the server can't be reached or has no such database, when
    /// the database was made by a newer version, or when it isn't one.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        sqlx::any::install_drivers(&[sqlx::sqlite::any::DRIVER, sqlx::postgres::any::DRIVER]).ok();
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Store::open_file(PathBuf::from(path)).await;
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Store::open_server(url).await;
        }
        Err(StoreError::OtherDatabase)
    }

    /// The database's file; none when it is on a server.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Server(_) => None,
        }
    }

    /// A transaction that will write. One at a time, over all processes; others wait.
    pub async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        let mut transaction = self.writer.begin_with(self.dialect.begin()).await?;
        if let Some(sql) = self.dialect.be_the_only_writer() {
            transaction.execute(sql).await?;
        }
        Ok(transaction)
    }

    /// A connection that only reads.
    pub async fn read(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Any>, sqlx::Error> {
        self.readers.acquire().await
    }

    /// A value that changes whenever another connection than this one has committed something.
    pub async fn change_counter(connection: &mut Connection) -> Result<String, sqlx::Error> {
        let row = connection.fetch_one(Dialect::of(connection).commits_so_far()).await?;
        row.try_get(0).or_else(|_| row.try_get::<i64, _>(0).map(|number| number.to_string()))
    }

    /// Keeps every other daemon away from this database until the lock is released, or its process ends, also by
    /// kill -9.
    ///
    /// # Errors
    /// `Locked` when another daemon has it.
    pub async fn lock(&self) -> Result<Lock, StoreError> {
        match &self.place {
            Place::File(path) => Ok(Lock(Held::File(sqlite::lock(path)?))),
            Place::Server(address) => {
                // A session of its own, which no pool closes or hands on.
                let mut session = self.readers.acquire().await?.detach();
                let Some(sql) = self.dialect.be_the_only_daemon() else { return Err(StoreError::OtherDatabase) };
                let locked: bool = session.fetch_one(sql).await?.try_get(0)?;
                let lock = Lock(Held::Session(session));
                if locked {
                    return Ok(lock);
                }
                lock.release().await;
                Err(StoreError::Locked(address.shown.clone()))
            }
        }
    }

    /// Moves SQLite's write-ahead log into the database and empties it, so that nothing erased is left in either file:
    /// pages are overwritten when they are freed. A long reader can delay it; the next commit's checkpoint then does the
    /// same. On PostgreSQL what is erased stays in its pages until the server's vacuum comes by.
    pub async fn forget_old_pages(&self) -> Result<(), sqlx::Error> {
        if let Some(sql) = self.dialect.forget_old_pages() {
            self.writer.execute(sql).await?;
        }
        Ok(())
    }

    /// Which copy of the database this is, as far as it can tell: a dump that is restored gets another answer. Empty for
    /// a file.
    pub async fn which_copy(connection: &mut Connection) -> Result<String, sqlx::Error> {
        let Some(sql) = Dialect::of(connection).which_copy() else { return Ok(String::new()) };
        connection.fetch_one(sql).await?.try_get(0)
    }

    /// Where the mark stands that tells a copy of the database from the original: beside a file; for a database on a
    /// server in `data`, this installation's own folder, since what stood on the server would be in its dumps as well.
    pub fn epoch_file(&self, data: &Path) -> PathBuf {
        match &self.place {
            Place::File(path) => sqlite::beside(path, "epoch"),
            Place::Server(_) => data.join("postgres.epoch"),
        }
    }

    /// Closes all connections; the last one moves SQLite's write-ahead log into the database.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn open_file(path: PathBuf) -> Result<Store, StoreError> {
        sqlite::make_private(&path)?;
        let writer = sqlite::connect(&path, 1).await?;
        let readers = sqlite::connect(&path, READERS).await?;
        let dialect = Dialect::Sqlite;
        migrate(dialect, &writer).await?;
        Ok(Store { dialect, place: Place::File(path), writer, readers })
    }

    async fn open_server(url: &str) -> Result<Store, StoreError> {
        let address = postgres::address(url)?;
        let dialect = Dialect::Postgres;
        postgres::reach(url, &address).await?;
        let writer = postgres::pool(url, 1, Use::Write)?;
        let readers = postgres::pool(url, READERS, Use::Read)?;
        migrate(dialect, &writer).await?;
        Ok(Store { dialect, place: Place::Server(address), writer, readers })
    }
}

async fn migrate(dialect: Dialect, writer: &AnyPool) -> Result<(), StoreError> {
    let migrations = dialect.migrations().iter().map(|(version, name, sql)| {
        Migration::new(*version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let done = Migrator::with_migrations(migrations.collect()).run(writer).await;
    done.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => StoreError::Database(error),
        error => StoreError::Migration(error),
    })
}
