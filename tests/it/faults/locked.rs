//! Another process keeps the database for itself, longer than anybody waits.

use super::End;
use super::Ground;
use super::LONG;
use super::PEOPLE;
use super::shim::Faults;
use crate::program::until;
use sqlx::Connection as _;
use sqlx::Executor as _;
use sqlx::SqliteConnection;

/// SQLite waits for 20 seconds each time; here those are over at once.
const WAITS: usize = 3;

#[test]
fn a_database_that_another_process_locks_for_a_minute_costs_nobody_anything() {
    for first in [0, 1, PEOPLE / 2] {
        let ground = Ground::new("every=1 dot delay 5ms");
        let faulty = ground.serve(&Faults { hurry: true, ..Faults::default() });
        faulty.is_ready();
        until("the first mails", LONG, || ground.mails().len() >= first);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut other = runtime.block_on(SqliteConnection::connect(ground.site.database())).unwrap();
        runtime.block_on(other.execute("BEGIN IMMEDIATE")).unwrap();
        let waits = || faulty.program.told().matches("database is locked").count();
        until("three waits in vain", LONG, || waits() >= WAITS || ground.mails().len() == PEOPLE);
        let before = ground.mails().len();
        println!("locked after {first} mails: {} waits in vain, {before} mails were out", waits());
        runtime.block_on(other.execute("ROLLBACK")).unwrap();
        runtime.block_on(other.close()).unwrap();
        let what = format!("locked after {first} mails");
        assert_eq!(ground.bring_to_an_end(faulty, &what), End::default(), "nobody died, nothing is in doubt");
    }
}
