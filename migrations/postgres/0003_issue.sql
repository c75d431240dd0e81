-- An issue of a newsletter whose recipients are fixed, or that was past already when its newsletter came into force.
-- state: 1 being sent, 2 archive. "moment" is civil time; "after_id" the last enrolment that was looked at, -1: all were.
CREATE TABLE issue(
  newsletter TEXT COLLATE "C" NOT NULL,
  lesson TEXT COLLATE "C" NOT NULL,
  state BIGINT NOT NULL,
  moment TEXT COLLATE "C" NOT NULL,
  first BIGINT NOT NULL,
  fixed BIGINT NOT NULL,
  after_id BIGINT NOT NULL,
  PRIMARY KEY(newsletter, lesson)
);
