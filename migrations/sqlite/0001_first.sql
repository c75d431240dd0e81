-- Instants are unix milliseconds; flags are 0 or 1; dates are ISO 8601 text; '' is "none" where a column is text.
-- "wall" is the machine's clock, "reader" the clock that a rehearsal may speed up.

CREATE TABLE meta(
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE signing_key(
  kid BIGINT NOT NULL PRIMARY KEY,
  secret BLOB NOT NULL,
  created BIGINT NOT NULL
);

-- status: 1 pending, 2 active, 3 left, 4 suppressed
CREATE TABLE subscriber(
  id INTEGER NOT NULL PRIMARY KEY,
  address TEXT NOT NULL,
  address_key TEXT NOT NULL UNIQUE,
  first_name TEXT NOT NULL,
  language TEXT NOT NULL,
  zone TEXT NOT NULL,
  hour TEXT NOT NULL,
  weekdays TEXT NOT NULL,
  fields TEXT NOT NULL,
  status BIGINT NOT NULL,
  created BIGINT NOT NULL
);

-- What a person agreed to: the course's words by their hash, and where the agreement came from.
CREATE TABLE consent(
  id INTEGER NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  course TEXT NOT NULL,
  source TEXT NOT NULL,
  text TEXT NOT NULL,
  version TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX consent_subscriber ON consent(subscriber_id);

-- state: 1 waiting for its due time, 2 in flight, 3 pending, 4 paused, 5 held, 6 completed, 7 left, 8 awaiting an answer
-- "after" is the state that a person's act asked for while a message was on the wire; the record puts it in force.
CREATE TABLE enrolment(
  id INTEGER NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  course TEXT NOT NULL,
  run BIGINT NOT NULL,
  state BIGINT NOT NULL,
  after BIGINT NOT NULL,
  serial BIGINT NOT NULL,
  lesson TEXT NOT NULL,
  occurrence BIGINT NOT NULL,
  confirmed BIGINT NOT NULL,
  basis BIGINT NOT NULL,
  floor BIGINT NOT NULL,
  due BIGINT NOT NULL,
  why TEXT NOT NULL,
  progress TEXT NOT NULL,
  pace DOUBLE PRECISION NOT NULL,
  last_date TEXT NOT NULL,
  last_count BIGINT NOT NULL,
  expired BIGINT NOT NULL,
  paused_at BIGINT NOT NULL,
  paused_until BIGINT NOT NULL,
  held_why TEXT NOT NULL,
  created BIGINT NOT NULL,
  UNIQUE(subscriber_id, course, run)
);
CREATE INDEX enrolment_due ON enrolment(due) WHERE state = 1;
CREATE INDEX enrolment_return ON enrolment(paused_until) WHERE state = 4;
CREATE INDEX enrolment_course ON enrolment(course);

-- One message meant for one person. The unique key says what, for whom, and which time; it never forgets.
-- state: 0 ready, 1 deferred, 2 leased, 3 sending, 4 in doubt, 5 held, 6 quarantined,
--        10 accepted, 11 refused, 12 expired, 13 cancelled
-- lane: 0 confirmation, 1 lesson
CREATE TABLE outbox(
  id INTEGER NOT NULL PRIMARY KEY,
  what TEXT NOT NULL,
  whom BIGINT NOT NULL,
  occurrence BIGINT NOT NULL,
  subscriber_id BIGINT NOT NULL,
  enrolment_id BIGINT NOT NULL,
  serial BIGINT NOT NULL,
  lane BIGINT NOT NULL,
  state BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  claims BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  losses BIGINT NOT NULL,
  copies BIGINT NOT NULL,
  not_before BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  created BIGINT NOT NULL,
  due BIGINT NOT NULL,
  why TEXT NOT NULL,
  version TEXT NOT NULL,
  message_id TEXT NOT NULL,
  dated BIGINT NOT NULL,
  hash TEXT NOT NULL,
  inputs TEXT NOT NULL,
  doubtful_since BIGINT NOT NULL,
  reply TEXT NOT NULL,
  ended BIGINT NOT NULL,
  UNIQUE(what, whom, occurrence)
);
CREATE INDEX outbox_ready ON outbox(lane, not_before) WHERE state <= 1;
CREATE INDEX outbox_open ON outbox(subscriber_id) WHERE state < 10;
CREATE INDEX outbox_doubt ON outbox(doubtful_since) WHERE state = 4;

-- The bytes of a message whose attempt didn't end with a final answer, compressed (zstd).
CREATE TABLE body(
  id INTEGER NOT NULL PRIMARY KEY,
  bytes BLOB NOT NULL
);

-- What the relay said, each time.
CREATE TABLE attempt(
  id INTEGER NOT NULL PRIMARY KEY,
  outbox_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  relay TEXT NOT NULL,
  code BIGINT NOT NULL,
  enhanced TEXT NOT NULL,
  text TEXT NOT NULL,
  outcome TEXT NOT NULL
);
CREATE INDEX attempt_outbox ON attempt(outbox_id);

-- A single-use link that was mailed, by the SHA-256 of its token.
CREATE TABLE confirmation(
  hash TEXT NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used BIGINT NOT NULL
);
CREATE INDEX confirmation_subscriber ON confirmation(subscriber_id);

-- An address that must get nothing. After an erasure only the keyed hash is left of it.
CREATE TABLE suppression(
  hash TEXT NOT NULL PRIMARY KEY,
  address TEXT NOT NULL,
  reason TEXT NOT NULL,
  source TEXT NOT NULL,
  since BIGINT NOT NULL
);

-- Each version of a course that was in force, as its files (zstd), so that a broken edit never stops anybody.
CREATE TABLE course_version(
  id INTEGER NOT NULL PRIMARY KEY,
  course TEXT NOT NULL,
  version TEXT NOT NULL,
  files BLOB NOT NULL,
  since BIGINT NOT NULL,
  UNIQUE(course, version)
);
CREATE TABLE course_in_force(
  course TEXT NOT NULL PRIMARY KEY,
  version TEXT NOT NULL,
  since BIGINT NOT NULL
);

-- What must not be sent now: 'all', or the beginning of outbox.what.
CREATE TABLE hold(
  scope TEXT NOT NULL PRIMARY KEY,
  why TEXT NOT NULL,
  since BIGINT NOT NULL
);

-- What a human should look at, once each.
CREATE TABLE alarm(
  key TEXT NOT NULL PRIMARY KEY,
  text TEXT NOT NULL,
  since BIGINT NOT NULL
);
