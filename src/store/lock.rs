//! The lock that keeps a second daemon away from a database. Knows how to hold it and let go, not who may have it.

use sqlx::AnyConnection;
use sqlx::Connection as _;
use std::fs::File;

/// Ends with the process, however that ends: the kernel lets go of a file's lock, PostgreSQL of a session's.
#[derive(Debug)]
pub struct Lock(pub(super) Held);

#[derive(Debug)]
pub(super) enum Held {
    File(File),
    Session(AnyConnection),
}

impl Lock {
    /// Asks whether the lock is still ours. A file's always is; a session on a server can be lost, and then another
    /// daemon may have begun.
    ///
    /// # Errors
    /// When it is lost.
    pub async fn holds(&mut self) -> Result<(), sqlx::Error> {
        match &mut self.0 {
            Held::File(_) => Ok(()),
            Held::Session(connection) => connection.ping().await,
        }
    }

    /// Lets the next one have it.
    pub async fn release(self) {
        match self.0 {
            Held::File(file) => drop(file),
            // The lock is gone with the session, also when that can't say good-bye.
            Held::Session(connection) => drop(connection.close().await),
        }
    }
}
