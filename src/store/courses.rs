//! Versions of courses as files, and which of them is in force.

use super::Connection;
use sqlx::Row as _;

/// A course's files (zstd of a JSON object: path → base64) and its version.
#[derive(Debug, Clone)]
pub struct Version {
    pub course: String,
    pub version: String,
    pub files: Vec<u8>,
}

/// The version of every course that is in force.
pub async fn in_force(connection: &mut Connection) -> Result<Vec<Version>, sqlx::Error> {
    let sql = "SELECT v.course, v.version, v.files FROM course_in_force f
        JOIN course_version v ON v.course = f.course AND v.version = f.version ORDER BY v.course";
    let rows = sqlx::query(sql).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// (course, version) of what is in force, without the files.
pub async fn versions(connection: &mut Connection) -> Result<Vec<(String, String)>, sqlx::Error> {
    let rows = sqlx::query("SELECT course, version FROM course_in_force ORDER BY course").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

pub async fn get(connection: &mut Connection, course: &str, version: &str) -> Result<Option<Version>, sqlx::Error> {
    let sql = "SELECT course, version, files FROM course_version WHERE course = $1 AND version = $2";
    let row = sqlx::query(sql).bind(course.to_string()).bind(version.to_string()).fetch_optional(connection).await?;
    row.map(|row| read(&row)).transpose()
}

/// Stores a version and puts it in force.
pub async fn put_in_force(connection: &mut Connection, id: i64, it: &Version, now: i64) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO course_version(id, course, version, files, since) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    sqlx::query(sql)
        .bind(id)
        .bind(it.course.clone())
        .bind(it.version.clone())
        .bind(it.files.clone())
        .bind(now)
        .execute(&mut *connection)
        .await?;
    let sql = "INSERT INTO course_in_force(course, version, since) VALUES ($1, $2, $3)
        ON CONFLICT(course) DO UPDATE SET version = excluded.version, since = excluded.since";
    sqlx::query(sql).bind(it.course.clone()).bind(it.version.clone()).bind(now).execute(connection).await?;
    Ok(())
}

fn read(row: &super::Row) -> Result<Version, sqlx::Error> {
    Ok(Version { course: row.try_get(0)?, version: row.try_get(1)?, files: row.try_get(2)? })
}
