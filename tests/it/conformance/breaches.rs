//! `verify` finds each kind of damage, made by hand in a database in which there is none.

use crate::conformance::lived_in;
use dripline::flow::journal;

#[tokio::test]
async fn verify_names_each_breach_and_nothing_else() {
    let table = [
        ("DELETE FROM subscriber WHERE address LIKE 'ana@%'", "belongs to no subscriber"),
        ("UPDATE enrolment SET lesson = '' WHERE state = 1", "waits without a lesson or a due time"),
        ("UPDATE enrolment SET due = 0 WHERE state = 1", "waits without a lesson or a due time"),
        ("UPDATE enrolment SET state = 2 WHERE state = 1", "is in flight, but no open delivery of it exists"),
        ("UPDATE enrolment SET state = 1, due = 1 WHERE state = 2", "waits, though a delivery of it is open"),
        (
            "INSERT INTO outbox SELECT id + 1, what || 'x', whom, occurrence, subscriber_id, enrolment_id, serial, lane, state, epoch, claims,
                attempts, losses, copies, not_before, expires, created, due, why, version, message_id, dated, hash, inputs, doubtful_since,
                reply, ended, parked FROM outbox WHERE state = 1",
            "has two open deliveries",
        ),
        ("UPDATE enrolment SET held_why = '' WHERE state = 5", "is held without a reason"),
        ("UPDATE outbox SET copies = 0 WHERE state = 4", "was on the wire, but no intent is stored with it"),
        ("UPDATE outbox SET hash = '' WHERE state = 10", "was on the wire, but no intent is stored with it"),
        ("UPDATE outbox SET copies = 3 WHERE state = 4", "may have left more than twice"),
        ("UPDATE outbox SET ended = 0 WHERE state = 11", "has ended without a time, or goes on with one"),
        ("UPDATE outbox SET ended = 1 WHERE state = 1", "has ended without a time, or goes on with one"),
        ("UPDATE outbox SET doubtful_since = 0 WHERE state = 4", "is in doubt since no time"),
        (
            "UPDATE subscriber SET status = 3 WHERE address LIKE 'later@%'",
            "waits for a person who left or is suppressed",
        ),
        (
            "INSERT INTO issue(newsletter, lesson, state, moment, first, fixed, after_id) VALUES ('calm', 'one', 4, '', 1, 1, -1)",
            "waits to be sent, though its issue was stopped",
        ),
        ("INSERT INTO body(id, bytes) VALUES (1, 'x')", "belong to a delivery that has ended"),
        (
            "INSERT INTO answer(id, subscriber_id, enrolment_id, course, lesson, question, value, at) VALUES (1, 2, 3, 'calm', 'one', 'q', '1', 1)",
            "answer 1 belongs to nobody",
        ),
        (
            "UPDATE enrolment SET progress = '{\"accepted\":[\"one\",\"two\"]}' WHERE state = 1",
            "counts lesson two as accepted, but no delivery of it was",
        ),
        (
            "UPDATE enrolment SET progress = '{}' WHERE state = 1",
            "doesn't count lesson one, though its delivery was accepted",
        ),
    ];
    for (mutation, sentence) in table {
        let app = lived_in().await;
        app.verify().await;
        assert!(app.break_with(mutation).await > 0, "changed nothing: {mutation}");
        let found = journal::verify(&app.app).await.unwrap();
        assert!(!found.is_empty() && found.iter().all(|it| it.contains(sentence)), "{mutation}: {found:#?}");
        assert!(found.iter().all(|it| !it.contains('@')), "{found:#?}");
    }
}
