//! The database as a test looks at it and breaks it: rows by hand, past every rule.

use crate::app::TestApp;
use sqlx::AssertSqlSafe;
use sqlx::Row;
use sqlx::SqlSafeStr;

impl TestApp {
    /// Runs a statement that no verb would.
    pub async fn break_with(&self, sql: &str) -> u64 {
        let mut transaction = self.app.store.begin().await.unwrap();
        let done = sqlx::query(AssertSqlSafe(sql.to_string()).into_sql_str()).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        done.rows_affected()
    }

    /// The first column, a whole number, of every row.
    pub async fn numbers(&self, sql: &str) -> Vec<i64> {
        let mut connection = self.app.store.read().await.unwrap();
        let sql = AssertSqlSafe(sql.to_string()).into_sql_str();
        let rows = sqlx::query(sql).fetch_all(&mut *connection).await.unwrap();
        rows.iter().map(|row| row.try_get(0).unwrap()).collect()
    }

    pub async fn number(&self, sql: &str) -> i64 {
        let found = self.numbers(sql).await;
        assert_eq!(found.len(), 1, "{sql}");
        found[0]
    }

    /// The same on the connection that writes.
    pub async fn number_while_writing(&self, sql: &str) -> i64 {
        let mut transaction = self.app.store.begin().await.unwrap();
        let sql = AssertSqlSafe(sql.to_string()).into_sql_str();
        sqlx::query(sql).fetch_one(&mut *transaction).await.unwrap().try_get(0).unwrap()
    }

    /// The steps by which the database would run a statement.
    pub async fn plan(&self, sql: &str) -> Vec<String> {
        let mut connection = self.app.store.read().await.unwrap();
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")).into_sql_str();
        let rows = sqlx::query(explain).fetch_all(&mut *connection).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
        rows.iter().map(|row| row.try_get(3).unwrap()).collect()
    }

    /// The first column, a text, of every row.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let mut connection = self.app.store.read().await.unwrap();
        let sql = AssertSqlSafe(sql.to_string()).into_sql_str();
        let rows = sqlx::query(sql).fetch_all(&mut *connection).await.unwrap();
        rows.iter().map(|row| row.try_get(0).unwrap()).collect()
    }

    /// Waits, without letting time pass, until a count is reached.
    pub async fn until(&self, sql: &str, count: i64) {
        let reached = async {
            while self.number(sql).await != count {
                tokio::task::yield_now().await;
            }
        };
        let limit = std::time::Duration::from_secs(30);
        tokio::time::timeout(limit, reached).await.unwrap_or_else(|_| panic!("never came to {count}: {sql}"));
    }
}
