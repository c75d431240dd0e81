//! A database on a PostgreSQL server: what its URL may say, what every connection keeps, and why it can't be reached.
//! Knows no table, and says no password.

use super::StoreError;
use futures_util::FutureExt;
use sqlx::AnyConnection;
use sqlx::AnyPool;
use sqlx::Connection;
use sqlx::Executor;
use sqlx::Row;
use sqlx::any::AnyPoolOptions;
use url::Url;

/// The oldest whose words we use (`pg_current_snapshot`).
const OLDEST: i64 = 13;

/// What may stand behind the `?` of a URL. Anything else would be ignored and logged with its value, which might be a
/// misspelt password.
const PARAMETERS: [&str; 16] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

/// For every connection. The migrations' table is asked for on each start: its notice that it exists is no news. A
/// writer that stands still, or is gone without a word, may hold up the others only so long. And nothing is called
/// committed that a crash of the server would undo, whatever its default is; standbys are waited for as it says.
const SETTINGS: &str = "SET client_min_messages = warning;
    SET lock_timeout = '20s';
    SET idle_in_transaction_session_timeout = '5min';
    SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
        ELSE current_setting('synchronous_commit') END, false)";

/// A database as its URL names it.
#[derive(Debug, Clone)]
pub struct Address {
    /// The URL without password and parameters.
    pub shown: String,
    database: String,
    user: String,
}

/// Who may do what with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Read,
    Write,
}

/// # Errors
/// When the URL can't be understood; the sentence holds nothing of it but the names of its parameters.
pub fn address(url: &str) -> Result<Address, StoreError> {
    let parsed = Url::parse(url).map_err(|error| StoreError::Url(error.to_string()))?;
    for (key, _) in parsed.query_pairs() {
        if !PARAMETERS.contains(&&*key) && !key.starts_with("options") {
            return Err(StoreError::Url(format!("nothing is called `{key}` there")));
        }
    }
    let parameter = |name: &str| parsed.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let mut shown = parsed.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    // Only a URL without a host can't lose its password, and it has none.
    shown.set_password(None).ok();
    let in_path = Some(parsed.path().trim_start_matches('/').to_string()).filter(|path| !path.is_empty());
    let user = parameter("user").unwrap_or_else(|| parsed.username().to_string());
    let user = if user.is_empty() { "USER".to_string() } else { user };
    let database = parameter("dbname").or(in_path).unwrap_or_else(|| user.clone());
    Ok(Address { shown: shown.to_string(), database, user })
}

/// Makes a first connection and looks whether the database is one for us: what is wrong is told at once and in full,
/// where a pool would try for half a minute.
pub async fn reach(url: &str, address: &Address) -> Result<(), StoreError> {
    let mut connection = AnyConnection::connect(url).await.map_err(|error| unreachable(error, address))?;
    let sql =
        "SELECT cast(current_setting('server_version_num') as bigint) / 10000, current_setting('server_encoding')";
    let row = connection.fetch_one(sql).await?;
    let (version, encoding): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
    if version < OLDEST {
        return Err(StoreError::TooOld(version, OLDEST));
    }
    if encoding != "UTF8" {
        return Err(StoreError::Encoding(address.shown.clone(), encoding));
    }
    Ok(connection.close().await?)
}

pub fn pool(url: &str, connections: u32, for_what: Use) -> Result<AnyPool, StoreError> {
    let options = AnyPoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |connection, _| prepare(connection, for_what).boxed());
    Ok(options.connect_lazy(url)?)
}

async fn prepare(connection: &mut AnyConnection, for_what: Use) -> Result<(), sqlx::Error> {
    connection.execute(SETTINGS).await?;
    if for_what == Use::Read {
        connection.execute("SET default_transaction_read_only = on").await?;
    }
    Ok(())
}

fn unreachable(error: sqlx::Error, address: &Address) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
    let said = error.as_database_error().map(|error| error.message().to_string()).unwrap_or_default();
    let shown = address.shown.clone();
    match (code.as_str(), error) {
        ("3D000", _) => {
            StoreError::NoDatabase { shown, database: address.database.clone(), user: address.user.clone() }
        }
        ("28P01" | "28000", _) => StoreError::Refused(shown, said),
        (_, sqlx::Error::Configuration(error)) => StoreError::Url(error.to_string()),
        (_, error @ (sqlx::Error::Io(_) | sqlx::Error::Tls(_))) => StoreError::Unreachable(shown, error),
        (_, error) => StoreError::Database(error),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a table that can't be read is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_database_and_its_password_is_never_shown() {
        let check = |url: &str, shown: &str, database: &str, user: &str| {
            let found = address(url).unwrap();
            assert_eq!((found.shown.as_str(), found.database.as_str(), found.user.as_str()), (shown, database, user));
        };
        check(
            "postgres://ana:hunter2@db.example.org:5433/mails",
            "postgres://ana@db.example.org:5433/mails",
            "mails",
            "ana",
        );
        check("postgresql://ana@db.example.org", "postgresql://ana@db.example.org", "ana", "ana");
        check("postgres:///mails?host=/run/postgresql&user=ana&password=hunter2", "postgres:///mails", "mails", "ana");
        check("postgres://ana:hunter2@[::1]/?dbname=mails&sslmode=require", "postgres://ana@[::1]/", "mails", "ana");
    }

    #[test]
    fn a_url_that_cannot_be_understood_is_refused_without_being_repeated() {
        for url in ["postgres://ana:hunter2@db:port/mails", "postgres://ana@db/mails?passwrod=hunter2"] {
            let refused = address(url).unwrap_err().to_string();
            assert!(refused.contains("database.url") && !refused.contains("hunter2"), "{refused}");
        }
    }
}
