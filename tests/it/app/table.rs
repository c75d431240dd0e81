//! The database as a test looks at it and breaks it: rows by hand, past every rule.

use crate::app::Kind;
use crate::app::TestApp;
use sqlx::AssertSqlSafe;
use sqlx::Executor;
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

    pub async fn text_while_writing(&self, sql: &str) -> String {
        let mut transaction = self.app.store.begin().await.unwrap();
        let sql = AssertSqlSafe(sql.to_string()).into_sql_str();
        sqlx::query(sql).fetch_one(&mut *transaction).await.unwrap().try_get(0).unwrap()
    }

    /// The steps by which the database would run a statement, as SQLite tells them: `SCAN table`, `SEARCH table …`.
    pub async fn plan(&self, sql: &str) -> Vec<String> {
        match self.setup.database {
            Kind::Sqlite => self.plan_of_sqlite(sql).await,
            Kind::Postgres => self.plan_of_postgres(sql).await,
        }
    }

    async fn plan_of_sqlite(&self, sql: &str) -> Vec<String> {
        let mut connection = self.app.store.read().await.unwrap();
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")).into_sql_str();
        let rows = sqlx::query(explain).fetch_all(&mut *connection).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
        rows.iter().map(|row| row.try_get(3).unwrap()).collect()
    }

    /// The plan for any value. What it is depends on how much there is: fill the tables first.
    async fn plan_of_postgres(&self, sql: &str) -> Vec<String> {
        let mut transaction = self.app.store.begin().await.unwrap();
        let parameters = (1..).take_while(|n| sql.contains(&format!("${n}"))).count();
        let values = if parameters == 0 { String::new() } else { format!("({})", vec!["NULL"; parameters].join(", ")) };
        let prepare = format!("SET LOCAL plan_cache_mode = force_generic_plan; PREPARE asked AS {sql}");
        transaction.execute(AssertSqlSafe(prepare)).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
        let rows = transaction.fetch_all(AssertSqlSafe(format!("EXPLAIN EXECUTE asked{values}"))).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
        transaction.execute("DEALLOCATE asked").await.unwrap();
        steps(&rows.iter().map(|row| row.try_get(0).unwrap()).collect::<Vec<String>>())
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

/// PostgreSQL's lines in SQLite's words. An index that is read without a condition is walked from end to end.
fn steps(lines: &[String]) -> Vec<String> {
    let mut steps = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let Some((node, what)) = line.trim_start_matches(['-', '>', ' ']).split_once(" Scan ") else { continue };
        let below = lines[n + 1..].iter().take_while(|line| !line.trim_start().starts_with("->"));
        let searches = below.into_iter().any(|line| line.contains("Index Cond:"));
        let word = |after: &str| {
            let rest = what.split_once(after).map_or("", |(_, rest)| rest);
            rest.split_whitespace().next().unwrap_or_default().to_string()
        };
        let step = match node {
            "Seq" => format!("SCAN {}", word("on ")),
            "Index" | "Index Only" if searches => format!("SEARCH {} USING INDEX {}", word(" on "), word("using ")),
            "Index" | "Index Only" => format!("SCAN {} USING INDEX {}", word(" on "), word("using ")),
            "Bitmap Index" => {
                let index = word("on ");
                let table = index.split('_').next().unwrap_or_default();
                format!("{} {table} USING INDEX {index}", if searches { "SEARCH" } else { "SCAN" })
            }
            _ => continue,
        };
        steps.push(step);
    }
    steps
}
