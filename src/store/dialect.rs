//! The few words in which SQLite and PostgreSQL differ.

/// Which database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
}

impl Dialect {
    /// A transaction that will write. SQLite: IMMEDIATE, since a later upgrade of a read lock fails at once.
    pub fn begin(self) -> &'static str {
        match self {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
        }
    }
}
