-- "requests" (JSON) is what the person asked for and hasn't got yet. "touched": 1 when what decides over the next lesson
-- changed while a message was on the wire. "due" is from now on when an enrolment is looked at next, in states 1 and 8;
-- newsletters' aren't: issues come by themselves.
ALTER TABLE enrolment ADD COLUMN requests TEXT NOT NULL DEFAULT '';
ALTER TABLE enrolment ADD COLUMN touched BIGINT NOT NULL DEFAULT 0;
UPDATE enrolment SET due = 253402207200999 WHERE state = 8;
DROP INDEX enrolment_due;
CREATE INDEX enrolment_due ON enrolment(due) WHERE state IN (1, 8);

-- What a person did that can be undone for a day, and how it was before (JSON).
CREATE TABLE act(
  id INTEGER NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  what TEXT NOT NULL,
  at BIGINT NOT NULL,
  before TEXT NOT NULL
);
CREATE INDEX act_subscriber ON act(subscriber_id);
