//! All the SQL, written once for both databases: `$1` markers, whole numbers and texts, one JSON text for a set of rows.
//! Knows no rule: it stores what verbs decided.

mod dialect;
mod lock;
mod open;
mod outbox_row;
mod parked;
mod postgres;
mod sqlite;
pub mod acts;
pub mod address_changes;
pub mod answers;
pub mod backup;
pub mod calendar;
pub mod confirmations;
pub mod courses;
pub mod enrolments;
pub mod farewells;
pub mod issues;
pub mod ledger;
pub mod meta;
pub mod outbox;
pub mod people;
pub mod personal;
pub mod quota;
pub mod report;
pub mod retention;
pub mod stuck;
pub mod subscribers;
pub mod suppressions;
pub mod troubles;
pub mod verify;

pub use lock::Lock;
pub use open::Store;
pub use open::StoreError;

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

/// What every function here works on: a pooled connection, or a transaction of several functions.
pub type Connection = AnyConnection;

/// A transaction that will write; ends with `commit`, or with a rollback when dropped.
pub type Transaction = sqlx::Transaction<'static, sqlx::Any>;

type Row = AnyRow;

/// A text for a JSON parameter or a column: PostgreSQL refuses NUL in both.
fn storable(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text.to_string() }
}

/// `''` is "none" in the database.
fn optional(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
