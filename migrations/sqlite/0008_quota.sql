-- How many mails a relay accepted on a day (UTC, ISO 8601), by the relay's URL without its user.
CREATE TABLE relay_day(
  relay TEXT NOT NULL,
  day TEXT NOT NULL,
  accepted BIGINT NOT NULL,
  PRIMARY KEY(relay, day)
);

-- "parked" is the domain in whose own queue a row waits because its receivers ask for less, '': none. Such a row has a
-- far "not_before", so that it stands in nobody else's way.
ALTER TABLE outbox ADD COLUMN parked TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_parked ON outbox(parked, lane, id) WHERE state <= 1 AND parked <> '';
CREATE INDEX outbox_parked_expires ON outbox(expires) WHERE state <= 1 AND parked <> '';

-- What the operator is told of by mail, once each. over: 0 while it lasts; told: 0 until a relay took the mail.
CREATE TABLE trouble(
  key TEXT NOT NULL PRIMARY KEY,
  text TEXT NOT NULL,
  since BIGINT NOT NULL,
  over BIGINT NOT NULL,
  told BIGINT NOT NULL
);
