//! A SQLite database as one whole file: written from a database that is at work, and looked at before anybody trusts it.
//! Moves and names no file.

use super::Connection;
use super::sqlite;
use super::suppressions;
use super::suppressions::Suppression;
use super::verify;
use crate::clock::from_ms;
use jiff::Timestamp;
use sqlx::Connection as _;
use sqlx::Executor as _;
use sqlx::Row as _;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

pub use super::open::StoreError;

/// Writes everything that is committed into `file`, which is empty. Nobody waits: readers and writers go on.
pub async fn copy(connection: &mut Connection, file: &Path) -> Result<(), sqlx::Error> {
    sqlx::query("VACUUM INTO $1").bind(file.display().to_string()).execute(connection).await?;
    Ok(())
}

/// Reads a whole database file that nobody works on, whatever version made it. Each finding keeps it from being used.
///
/// # Errors
/// When it isn't an SQLite database.
pub async fn damages(file: &Path) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = connect(file).await?;
    let found = damages_in(&mut connection).await;
    connection.close().await?;
    found
}

/// As [`verify::breaches`], for a database file of this version that nobody works on.
pub async fn breaches(file: &Path, called_now: &verify::CalledNow<'_>) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = connect(file).await?;
    let found = verify::breaches(&mut connection, called_now).await;
    connection.close().await?;
    found
}

/// Moves what stands in the write-ahead log into the database file, which holds everything then.
pub async fn settle(file: &Path) -> Result<(), sqlx::Error> {
    let mut connection = connect(file).await?;
    let settled = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.map(|_| ());
    connection.close().await?;
    settled
}

/// Who must get nothing, as a database knows it.
#[derive(Debug)]
pub struct Stops {
    /// The address's keyed hash with each.
    pub suppressions: Vec<(String, Suppression)>,
    /// Enrolments that their people have left.
    pub left: Vec<i64>,
}

/// Reads who must get nothing from a database file that nobody works on.
pub async fn stops(file: &Path) -> Result<Stops, sqlx::Error> {
    let mut connection = connect(file).await?;
    let found = stops_in(&mut connection).await;
    connection.close().await?;
    found
}

/// Issues whose recipients are fixed or that were stopped, as `NEWSLETTER/ISSUE`, in a database file that nobody works on.
pub async fn issues(file: &Path) -> Result<BTreeSet<String>, sqlx::Error> {
    let mut connection = connect(file).await?;
    let found = issues_in(&mut connection).await;
    connection.close().await?;
    found
}

/// As [`issues`], by a connection.
pub async fn issues_in(connection: &mut Connection) -> Result<BTreeSet<String>, sqlx::Error> {
    let rows = sqlx::query("SELECT newsletter || '/' || lesson FROM issue WHERE state IN (1, 4)")
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Keeps every daemon away from the database at `path`, also when it can't be opened.
///
/// # Errors
/// `Locked` when a daemon works on it.
pub fn lock(path: &Path) -> Result<File, StoreError> {
    sqlite::lock(path)
}

/// When a relay last took a mail, as far as this database knows.
pub async fn last_accepted(connection: &mut Connection) -> Result<Option<Timestamp>, sqlx::Error> {
    let row = sqlx::query("SELECT cast(coalesce(max(at), 0) as bigint) FROM attempt WHERE outcome = 'accepted'")
        .fetch_one(connection)
        .await?;
    let at: i64 = row.try_get(0)?;
    Ok((at > 0).then(|| from_ms(at)))
}

async fn stops_in(connection: &mut Connection) -> Result<Stops, sqlx::Error> {
    let suppressions = suppressions::with_hashes(connection).await?;
    let sql = "SELECT id FROM enrolment WHERE state = 7 OR after = 7 ORDER BY id";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    let left = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    Ok(Stops { suppressions, left })
}

async fn connect(file: &Path) -> Result<Connection, sqlx::Error> {
    sqlx::any::install_drivers(&[sqlx::sqlite::any::DRIVER]).ok();
    Connection::connect(&format!("{}?mode=rw", sqlite::url_of(file))).await
}

async fn damages_in(connection: &mut Connection) -> Result<Vec<String>, sqlx::Error> {
    let mut found = Vec::new();
    for row in sqlx::query("PRAGMA integrity_check").fetch_all(&mut *connection).await? {
        let said: String = row.try_get(0)?;
        if said != "ok" {
            found.push(said);
        }
    }
    for row in sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *connection).await? {
        let table: String = row.try_get(0)?;
        found.push(format!("a row of {table} refers to one that isn't there"));
    }
    let ours = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('_sqlx_migrations', 'meta', 'enrolment', 'outbox')";
    let tables: i64 = sqlx::query(ours).fetch_one(connection).await?.try_get(0)?;
    if tables != 4 {
        found.push("it is a database of another program".to_string());
    }
    Ok(found)
}
