-- What a person agreed to, by which page, from where and with what. asked: 1 when they asked for the course, 0 when they
-- confirmed it (or somebody else says where they did).
ALTER TABLE consent ADD COLUMN asked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE consent ADD COLUMN page TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE consent ADD COLUMN ip TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE consent ADD COLUMN agent TEXT COLLATE "C" NOT NULL DEFAULT '';

-- A new address that waits for its owner's word, by the hash of the token in the mail that asks. used: 0 is not yet.
CREATE TABLE address_change(
  hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  address TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used BIGINT NOT NULL
);
CREATE INDEX address_change_subscriber ON address_change(subscriber_id);

-- Why somebody left, in their own words; each enrolment's last word.
CREATE TABLE farewell(
  enrolment_id BIGINT NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  course TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX farewell_subscriber ON farewell(subscriber_id);
CREATE INDEX farewell_course ON farewell(course);
