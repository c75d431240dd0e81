//! What people answered, as rows: of a question in a lesson, the last answer. Doesn't know what was asked.

use super::Connection;
use super::Row;
use super::storable;
use crate::clock::from_ms;
use crate::course::Value;
use jiff::Timestamp;
use serde_json::json;
use sqlx::Row as _;
use std::collections::BTreeMap;
use std::collections::HashMap;

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub id: i64,
    pub subscriber_id: i64,
    pub enrolment_id: i64,
    pub course: String,
    /// As the lesson was called when it was answered.
    pub lesson: String,
    pub question: String,
    pub value: Value,
    /// By the reader's clock.
    pub at: Timestamp,
}

/// An answer, and who gave it in which run of the course.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    pub answer: Answer,
    pub address: String,
    pub run: i64,
}

/// The columns that make an [`Answer`], in the order in which `read` takes them.
macro_rules! columns {
    () => {
        "a.id, a.subscriber_id, a.enrolment_id, a.course, a.lesson, a.question, a.value, a.at"
    };
}

/// How many columns `columns` names: those of joined tables begin behind them.
const COLUMNS: usize = 8;

/// Stores an answer; an earlier one to the same question in the same lesson is replaced, but keeps its number.
pub async fn put(connection: &mut Connection, it: &Answer) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO answer(id, subscriber_id, enrolment_id, course, lesson, question, value, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT(enrolment_id, lesson, question) DO UPDATE SET value = excluded.value, at = excluded.at";
    sqlx::query(sql)
        .bind(it.id)
        .bind(it.subscriber_id)
        .bind(it.enrolment_id)
        .bind(it.course.clone())
        .bind(it.lesson.clone())
        .bind(it.question.clone())
        .bind(to_text(&it.value))
        .bind(it.at.as_millisecond())
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes what was answered to a question while its lesson had one of these names.
pub async fn forget(
    connection: &mut Connection,
    enrolment: i64,
    lessons: &[String],
    question: &str,
) -> Result<(), sqlx::Error> {
    let names: Vec<[&String; 1]> = lessons.iter().map(|name| [name]).collect();
    let sql = "DELETE FROM answer WHERE enrolment_id = $1 AND question = $2
        AND lesson IN (SELECT j.value ->> 0 FROM json_each($3) j)";
    let query = sqlx::query(sql).bind(enrolment).bind(question.to_string()).bind(json!(names).to_string());
    query.execute(connection).await?;
    Ok(())
}

/// The latest answer to each question, whichever lesson asked, by enrolment. Who answered nothing is absent.
pub async fn latest(
    connection: &mut Connection,
    enrolment_ids: &[i64],
) -> Result<HashMap<i64, BTreeMap<String, Value>>, sqlx::Error> {
    let ids: Vec<[i64; 1]> = enrolment_ids.iter().map(|id| [*id]).collect();
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM answer a WHERE a.enrolment_id IN (SELECT cast(j.value ->> 0 as bigint) FROM json_each($1) j)
         ORDER BY a.at, a.id"
    );
    let rows = sqlx::query(sql).bind(json!(ids).to_string()).fetch_all(connection).await?;
    let mut latest: HashMap<i64, BTreeMap<String, Value>> = HashMap::new();
    for row in &rows {
        let it = read(row)?;
        latest.entry(it.enrolment_id).or_default().insert(it.question, it.value);
    }
    Ok(latest)
}

/// Everything that was answered in one enrolment, oldest first.
pub async fn of_enrolment(connection: &mut Connection, enrolment: i64) -> Result<Vec<Answer>, sqlx::Error> {
    let sql = concat!("SELECT ", columns!(), " FROM answer a WHERE a.enrolment_id = $1 ORDER BY a.at, a.id");
    let rows = sqlx::query(sql).bind(enrolment).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Everything that one person answered in all courses, oldest first.
pub async fn of_subscriber(connection: &mut Connection, subscriber: i64) -> Result<Vec<Answer>, sqlx::Error> {
    let sql = concat!("SELECT ", columns!(), " FROM answer a WHERE a.subscriber_id = $1 ORDER BY a.at, a.id");
    let rows = sqlx::query(sql).bind(subscriber).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// The answers of a course in the order in which they first came, in pages: at most `limit` with an id above `after`.
pub async fn of_course(
    connection: &mut Connection,
    course: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Given>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        ", s.address, e.run FROM answer a JOIN subscriber s ON s.id = a.subscriber_id JOIN enrolment e ON e.id = a.enrolment_id
         WHERE a.course = $1 AND a.id > $2 ORDER BY a.id LIMIT $3"
    );
    let rows = sqlx::query(sql).bind(course.to_string()).bind(after).bind(limit).fetch_all(connection).await?;
    let given =
        |row: &Row| Ok(Given { answer: read(row)?, address: row.try_get(COLUMNS)?, run: row.try_get(COLUMNS + 1)? });
    rows.iter().map(given).collect()
}

fn read(row: &Row) -> Result<Answer, sqlx::Error> {
    let value: String = row.try_get(6)?;
    let damaged = || sqlx::Error::Decode("a stored answer can't be read; restore a backup".into());
    Ok(Answer {
        id: row.try_get(0)?,
        subscriber_id: row.try_get(1)?,
        enrolment_id: row.try_get(2)?,
        course: row.try_get(3)?,
        lesson: row.try_get(4)?,
        question: row.try_get(5)?,
        value: from_text(&value).ok_or_else(damaged)?,
        at: from_ms(row.try_get(7)?),
    })
}

/// A text, an array of texts, or a number.
fn to_text(value: &Value) -> String {
    match value {
        Value::Text(text) => json!(storable(text)),
        Value::Texts(texts) => texts.iter().map(|text| storable(text)).collect(),
        Value::Number(number) if number.fract() == 0.0 => json!(*number as i64),
        Value::Number(number) => json!(number),
    }
    .to_string()
}

fn from_text(text: &str) -> Option<Value> {
    match serde_json::from_str(text).ok()? {
        serde_json::Value::String(text) => Some(Value::Text(text)),
        serde_json::Value::Number(number) => number.as_f64().map(Value::Number),
        serde_json::Value::Array(texts) => {
            let texts = texts.iter().map(|text| text.as_str().map(str::to_string));
            texts.collect::<Option<_>>().map(Value::Texts)
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_answer_survives_storage() {
        let check = |value: Value, text: &str| {
            assert_eq!(to_text(&value), text);
            assert_eq!(from_text(text), Some(value));
        };
        check(Value::Text("neck".to_string()), r#""neck""#);
        check(Value::Text("a \"b\"\nc".to_string()), r#""a \"b\"\nc""#);
        check(Value::Texts(Vec::new()), "[]");
        check(Value::Texts(vec!["neck".to_string(), "jaw".to_string()]), r#"["neck","jaw"]"#);
        check(Value::Number(-3.0), "-3");
        check(Value::Number(0.5), "0.5");
        assert_eq!(to_text(&Value::Text("a\0b".to_string())), r#""ab""#);
        for damaged in ["", "null", "true", "{}", "[1]", "neck"] {
            assert_eq!(from_text(damaged), None, "{damaged}");
        }
    }
}
