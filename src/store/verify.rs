//! The invariants of the database, each as a question whose answer should be empty. Prints ids only, no address.

use super::Connection;
use super::dialect::Dialect;
use super::enrolments;
use super::enrolments::enrolment_columns;
use sqlx::Row as _;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// A sentence, and a query for the ids for which it is true though it mustn't be.
const BREACHES: [(&str, &str); 14] = [
    (
        "enrolment {} belongs to no subscriber",
        "SELECT id FROM enrolment e WHERE NOT EXISTS (SELECT 1 FROM subscriber s WHERE s.id = e.subscriber_id)",
    ),
    (
        "enrolment {} waits without a lesson or a due time",
        "SELECT id FROM enrolment WHERE state = 1 AND (lesson = '' OR due <= 0)",
    ),
    (
        "enrolment {} is in flight, but no open delivery of it exists",
        "SELECT id FROM enrolment e WHERE state = 2 AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.subscriber_id = e.subscriber_id AND o.enrolment_id = e.id AND o.lane = 1 AND o.state < 10)",
    ),
    (
        "enrolment {} waits, though a delivery of it is open",
        "SELECT id FROM enrolment e WHERE state = 1 AND EXISTS (SELECT 1 FROM outbox o WHERE o.subscriber_id = e.subscriber_id AND o.enrolment_id = e.id AND o.state < 10)",
    ),
    (
        "enrolment {} has two open deliveries",
        "SELECT enrolment_id FROM outbox WHERE state < 10 AND enrolment_id <> 0 AND lane = 1 GROUP BY enrolment_id HAVING count(*) > 1",
    ),
    ("enrolment {} is held without a reason", "SELECT id FROM enrolment WHERE state = 5 AND held_why = ''"),
    (
        "delivery {} was on the wire, but no intent is stored with it",
        "SELECT id FROM outbox WHERE state IN (3, 4, 10) AND (copies < 1 OR message_id = '' OR hash = '')",
    ),
    ("delivery {} may have left more than twice", "SELECT id FROM outbox WHERE copies > 2"),
    (
        "delivery {} has ended without a time, or goes on with one",
        "SELECT id FROM outbox WHERE (state >= 10) <> (ended > 0)",
    ),
    ("delivery {} is in doubt since no time", "SELECT id FROM outbox WHERE state = 4 AND doubtful_since <= 0"),
    (
        "delivery {} waits for a person who left or is suppressed",
        "SELECT o.id FROM outbox o JOIN subscriber s ON s.id = o.subscriber_id WHERE o.state IN (0, 1, 2) AND s.status IN (3, 4) AND o.what NOT IN ('address', 'changed') AND NOT (s.status = 3 AND o.what = 'page')",
    ),
    (
        "delivery {} waits to be sent, though its issue was stopped",
        "SELECT o.id FROM issue i JOIN outbox o ON o.what = 'lesson/' || i.newsletter || '/' || i.lesson WHERE i.state = 4 AND o.state IN (0, 1, 2, 5, 6)",
    ),
    (
        "stored bytes {} belong to a delivery that has ended",
        "SELECT b.id FROM body b WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.id = b.id AND o.state < 10)",
    ),
    (
        "answer {} belongs to nobody",
        "SELECT id FROM answer a WHERE NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.id = a.enrolment_id AND e.subscriber_id = a.subscriber_id)",
    ),
];

/// What a lesson of a course is called today, from the name it had.
pub type CalledNow<'a> = dyn Fn(&str, &str) -> String + Sync + 'a;

/// Every breach as a sentence.
pub async fn breaches(connection: &mut Connection, called_now: &CalledNow<'_>) -> Result<Vec<String>, sqlx::Error> {
    let mut found = Vec::new();
    for (sentence, sql) in BREACHES {
        for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
            found.push(sentence.replace("{}", &row.try_get::<i64, _>(0)?.to_string()));
        }
    }
    if let Some(sql) = Dialect::of(connection).look_for_damage() {
        for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
            let said: String = row.try_get(0)?;
            if said != "ok" {
                found.push(format!("the database file is damaged: {said}; restore a backup"));
            }
        }
    }
    found.extend(progress_breaches(connection, called_now).await?);
    Ok(found)
}

/// Progress says "accepted" exactly of the lessons whose delivery was accepted.
async fn progress_breaches(
    connection: &mut Connection,
    called_now: &CalledNow<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let mut accepted: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    let sql = "SELECT enrolment_id, what FROM outbox WHERE state = 10 AND lane = 1";
    for row in sqlx::query(sql).fetch_all(&mut *connection).await? {
        let what: String = row.try_get(1)?;
        let named = what.strip_prefix("lesson/").and_then(|rest| rest.split_once('/'));
        let Some((course, lesson)) = named else { continue };
        accepted.entry(row.try_get(0)?).or_default().insert(called_now(course, lesson));
    }
    let mut found = Vec::new();
    let sql = concat!("SELECT ", enrolment_columns!(), " FROM enrolment e ORDER BY e.id");
    for row in sqlx::query(sql).fetch_all(connection).await? {
        let enrolment = enrolments::read(&row)?;
        let sent = accepted.remove(&enrolment.id).unwrap_or_default();
        let marked: BTreeSet<String> = enrolment.progress.sent().iter().map(|sent| sent.lesson.clone()).collect();
        // What another database sent, no delivery of this one tells of.
        for lesson in marked.difference(&sent).filter(|lesson| !enrolment.progress.is_carried(lesson)) {
            found.push(format!(
                "enrolment {} counts lesson {lesson} as accepted, but no delivery of it was",
                enrolment.id
            ));
        }
        for lesson in sent.difference(&marked) {
            found.push(format!(
                "enrolment {} doesn't count lesson {lesson}, though its delivery was accepted",
                enrolment.id
            ));
        }
    }
    Ok(found)
}
