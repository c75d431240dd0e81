//! The few words in which SQLite and PostgreSQL differ, each named by what it is for. Runs none of them.

use super::Connection;

/// Which database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// Version, name, text.
type Migration = (i64, &'static str, &'static str);

const SQLITE: [Migration; 9] = [
    (1, "first", include_str!("../../migrations/sqlite/0001_first.sql")),
    (2, "wishes", include_str!("../../migrations/sqlite/0002_wishes.sql")),
    (3, "issue", include_str!("../../migrations/sqlite/0003_issue.sql")),
    (4, "answers", include_str!("../../migrations/sqlite/0004_answers.sql")),
    (5, "pace", include_str!("../../migrations/sqlite/0005_pace.sql")),
    (6, "issue_date", include_str!("../../migrations/sqlite/0006_issue_date.sql")),
    (7, "pages", include_str!("../../migrations/sqlite/0007_pages.sql")),
    (8, "quota", include_str!("../../migrations/sqlite/0008_quota.sql")),
    (9, "human", include_str!("../../migrations/sqlite/0009_human.sql")),
];
const POSTGRES: [Migration; 10] = [
    (0, "json_each", include_str!("../../migrations/postgres/0000_json_each.sql")),
    (1, "first", include_str!("../../migrations/postgres/0001_first.sql")),
    (2, "wishes", include_str!("../../migrations/postgres/0002_wishes.sql")),
    (3, "issue", include_str!("../../migrations/postgres/0003_issue.sql")),
    (4, "answers", include_str!("../../migrations/postgres/0004_answers.sql")),
    (5, "pace", include_str!("../../migrations/postgres/0005_pace.sql")),
    (6, "issue_date", include_str!("../../migrations/postgres/0006_issue_date.sql")),
    (7, "pages", include_str!("../../migrations/postgres/0007_pages.sql")),
    (8, "quota", include_str!("../../migrations/postgres/0008_quota.sql")),
    (9, "human", include_str!("../../migrations/postgres/0009_human.sql")),
];

impl Dialect {
    /// What the other end of a connection speaks.
    pub fn of(connection: &Connection) -> Dialect {
        if connection.backend_name() == "PostgreSQL" { Dialect::Postgres } else { Dialect::Sqlite }
    }

    pub fn migrations(self) -> &'static [Migration] {
        match self {
            Dialect::Sqlite => &SQLITE,
            Dialect::Postgres => &POSTGRES,
        }
    }

    /// A transaction that will write. SQLite: IMMEDIATE, since a later upgrade of a read lock fails at once. PostgreSQL:
    /// every statement sees what was committed before it, whatever the server's own setting is.
    pub fn begin(self) -> &'static str {
        match self {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }

    /// What a writing transaction does first, to be the only one of all processes until it ends. SQLite's IMMEDIATE says
    /// so already; with the same promise on PostgreSQL no verb can be overtaken between what it reads and what it
    /// writes. The number is "dripline" in ASCII, plus one; locks are a database's own.
    pub fn be_the_only_writer(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some("SELECT pg_advisory_xact_lock(7237963482713910886)"),
        }
    }

    /// Asks for the daemon's lock, which ends with its session: one row, true when it is ours.
    pub fn be_the_only_daemon(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some("SELECT pg_try_advisory_lock(7237963482713910885)"),
        }
    }

    /// A value that changes with every commit and costs nothing to ask: both answer from memory. PostgreSQL's is the
    /// list of transactions that haven't ended; it also moves with other databases of the same server, which only
    /// wakes us in vain.
    pub fn commits_so_far(self) -> &'static str {
        match self {
            Dialect::Sqlite => "PRAGMA data_version",
            Dialect::Postgres => "SELECT cast(pg_current_snapshot() as text)",
        }
    }

    /// What a restored dump has otherwise than the database it was made of: the numbers that the server gave to the
    /// database and to a table. Nothing in a SQLite file tells it from its copy.
    pub fn which_copy(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(
                "SELECT cast(d.oid as text) || '/' || cast(cast(cast('meta' as regclass) as oid) as text)
                    FROM pg_database d WHERE d.datname = current_database()",
            ),
        }
    }

    /// Empties what still holds erased rows. PostgreSQL's write-ahead log belongs to its operator.
    pub fn forget_old_pages(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => Some("PRAGMA wal_checkpoint(TRUNCATE)"),
            Dialect::Postgres => None,
        }
    }

    /// Looks for damage of the file itself: rows of text, `ok` when there is none.
    pub fn look_for_damage(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => Some("PRAGMA quick_check"),
            Dialect::Postgres => None,
        }
    }

    /// Whether a statement failed because of a value in it. A broken constraint is the row's fault on both; PostgreSQL
    /// also refuses values that SQLite takes (class 22, "data exception"). A full disk or a lost connection isn't.
    pub fn is_a_rows_own_fault(self, error: &sqlx::Error) -> bool {
        let Some(error) = error.as_database_error() else { return false };
        let constraint = !matches!(error.kind(), sqlx::error::ErrorKind::Other);
        match self {
            Dialect::Sqlite => constraint,
            Dialect::Postgres => constraint || error.code().is_some_and(|code| code.starts_with("22")),
        }
    }
}
