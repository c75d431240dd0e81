//! A database in a file: whose eyes it is for, what every connection keeps, and the lock beside it. Knows no table.

use super::StoreError;
use futures_util::FutureExt;
use sqlx::AnyPool;
use sqlx::AssertSqlSafe;
use sqlx::Connection;
use sqlx::Executor;
use sqlx::Row;
use sqlx::any::AnyPoolOptions;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::TryLockError;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

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

pub async fn connect(path: &Path, connections: u32) -> Result<AnyPool, StoreError> {
    let options = AnyPoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(|connection, _| set_pragmas(connection).boxed())
        .after_release(|connection, _| is_in_step(connection).boxed());
    Ok(options.connect(&format!("{}?mode=rwc", url_of(path))).await?)
}

/// How a file is named to SQLite's driver. The whole path, or its beginning would be read as a host.
pub fn url_of(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let text = whole.display().to_string();
    format!("sqlite://{}", text.replace('%', "%25").replace('?', "%3f").replace('#', "%23"))
}

/// Makes the file and its folder for our eyes only, where they don't exist.
///
/// # Errors
/// `Open` when others may read the file.
pub fn make_private(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |error| StoreError::Folder(folder.to_path_buf(), error);
    if !folder.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    if !path.exists() {
        File::options().create(true).truncate(false).write(true).mode(0o600).open(path).map_err(failed)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(StoreError::Open(path.to_path_buf(), mode, 0o600));
    }
    Ok(())
}

/// The lock of the file beside the database.
pub fn lock(path: &Path) -> Result<File, StoreError> {
    let beside = beside(path, "lock");
    let failed = |error| StoreError::Lock(beside.clone(), error);
    let file = File::options().create(true).truncate(false).write(true).open(&beside).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// A full disk or a failed sync has SQLite take the whole transaction back by itself, and the driver goes on counting it as
/// open: nothing could ever begin on that connection again. It is closed, also because a file whose sync failed is better
/// looked at anew.
async fn is_in_step(connection: &mut sqlx::AnyConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A rollback may have been asked for and not been done yet; it comes before this.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
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
