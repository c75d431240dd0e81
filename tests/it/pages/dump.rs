//! A whole SQLite database as text: what doesn't change it leaves it the same.

use dripline::flow::App;
use sqlx::AssertSqlSafe;
use sqlx::Row;

/// Every row of every table.
pub async fn dump(app: &App) -> String {
    let mut connection = app.store.read().await.unwrap();
    let tables = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    let mut dump = String::new();
    for table in tables.fetch_all(&mut *connection).await.unwrap() {
        let table: String = table.get(0);
        let columns =
            format!("SELECT group_concat('quote(' || name || ')', ' || ''|'' || ') FROM pragma_table_info('{table}')");
        let columns: String = sqlx::query(AssertSqlSafe(columns)).fetch_one(&mut *connection).await.unwrap().get(0);
        let rows = format!("SELECT {columns} FROM {table} ORDER BY 1");
        for row in sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut *connection).await.unwrap() {
            dump.push_str(&format!("{table}: {}\n", row.get::<String, _>(0)));
        }
    }
    dump
}
