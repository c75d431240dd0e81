-- Instants are unix milliseconds; flags are 0 or 1; dates are ISO 8601 text; '' is "none" where a column is text.
-- "wall" is the machine's clock, "reader" the clock that a rehearsal may speed up.

CREATE TABLE meta(
  key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE signing_key(
  kid BIGINT NOT NULL PRIMARY KEY,
  secret BYTEA NOT NULL,
  created BIGINT NOT NULL
);

-- status: 1 pending, 2 active, 3 left, 4 suppressed
CREATE TABLE subscriber(
  id BIGINT NOT NULL PRIMARY KEY,
  address TEXT COLLATE "C" NOT NULL,
  address_key TEXT COLLATE "C" NOT NULL UNIQUE,
  first_name TEXT COLLATE "C" NOT NULL,
  language TEXT COLLATE "C" NOT NULL,
  zone TEXT COLLATE "C" NOT NULL,
  hour TEXT COLLATE "C" NOT NULL,
  weekdays TEXT COLLATE "C" NOT NULL,
  fields TEXT COLLATE "C" NOT NULL,
  status BIGINT NOT NULL,
  created BIGINT NOT NULL
);

-- What a person agreed to: the course's words by their hash, and where the agreement came from.
CREATE TABLE consent(
  id BIGINT NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  course TEXT COLLATE "C" NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  text TEXT COLLATE "C" NOT NULL,
  version TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX consent_subscriber ON consent(subscriber_id);

-- state: 1 waiting for its due time, 2 in flight, 3 pending, 4 paused, 5 held, 6 completed, 7 left, 8 awaiting an answer
-- "after" is the state that a person's act asked for while a message was on the wire; the record puts it in force.
CREATE TABLE enrolment(
  id BIGINT NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  course TEXT COLLATE "C" NOT NULL,
  run BIGINT NOT NULL,
  state BIGINT NOT NULL,
  after BIGINT NOT NULL,
  serial BIGINT NOT NULL,
  lesson TEXT COLLATE "C" NOT NULL,
  occurrence BIGINT NOT NULL,
  confirmed BIGINT NOT NULL,
  basis BIGINT NOT NULL,
  floor BIGINT NOT NULL,
  due BIGINT NOT NULL,
  why TEXT COLLATE "C" NOT NULL,
  progress TEXT COLLATE "C" NOT NULL,
  pace DOUBLE PRECISION NOT NULL,
  last_date TEXT COLLATE "C" NOT NULL,
  last_count BIGINT NOT NULL,
  expired BIGINT NOT NULL,
  paused_at BIGINT NOT NULL,
  paused_until BIGINT NOT NULL,
  held_why TEXT COLLATE "C" NOT NULL,
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
  id BIGINT NOT NULL PRIMARY KEY,
  what TEXT COLLATE "C" NOT NULL,
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
  why TEXT COLLATE "C" NOT NULL,
  version TEXT COLLATE "C" NOT NULL,
  message_id TEXT COLLATE "C" NOT NULL,
  dated BIGINT NOT NULL,
  hash TEXT COLLATE "C" NOT NULL,
  inputs TEXT COLLATE "C" NOT NULL,
  doubtful_since BIGINT NOT NULL,
  reply TEXT COLLATE "C" NOT NULL,
  ended BIGINT NOT NULL,
  UNIQUE(what, whom, occurrence)
);
CREATE INDEX outbox_ready ON outbox(lane, not_before) WHERE state <= 1;
CREATE INDEX outbox_open ON outbox(subscriber_id) WHERE state < 10;
CREATE INDEX outbox_doubt ON outbox(doubtful_since) WHERE state = 4;

-- The bytes of a message whose attempt didn't end with a final answer, compressed (zstd).
CREATE TABLE body(
  id BIGINT NOT NULL PRIMARY KEY,
  bytes BYTEA NOT NULL
);

-- What the relay said, each time.
CREATE TABLE attempt(
  id BIGINT NOT NULL PRIMARY KEY,
  outbox_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  relay TEXT COLLATE "C" NOT NULL,
  code BIGINT NOT NULL,
  enhanced TEXT COLLATE "C" NOT NULL,
  text TEXT COLLATE "C" NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL
);
CREATE INDEX attempt_outbox ON attempt(outbox_id);

-- A single-use link that was mailed, by the SHA-256 of its token.
CREATE TABLE confirmation(
  hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used BIGINT NOT NULL
);
CREATE INDEX confirmation_subscriber ON confirmation(subscriber_id);

-- An address that must get nothing. After an erasure only the keyed hash is left of it.
CREATE TABLE suppression(
  hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  address TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL
);

-- Each version of a course that was in force, as its files (zstd), so that a broken edit never stops anybody.
CREATE TABLE course_version(
  id BIGINT NOT NULL PRIMARY KEY,
  course TEXT COLLATE "C" NOT NULL,
  version TEXT COLLATE "C" NOT NULL,
  files BYTEA NOT NULL,
  since BIGINT NOT NULL,
  UNIQUE(course, version)
);
CREATE TABLE course_in_force(
  course TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  version TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL
);

-- What must not be sent now: 'all', or the beginning of outbox.what.
CREATE TABLE hold(
  scope TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  why TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL
);

-- What a human should look at, once each.
CREATE TABLE alarm(
  key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  text TEXT COLLATE "C" NOT NULL,
  since BIGINT NOT NULL
);
