-- What a person answered to a question of a lesson: the last answer, as JSON. "at" is the reader's clock.
CREATE TABLE answer(
  id BIGINT NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  enrolment_id BIGINT NOT NULL,
  course TEXT COLLATE "C" NOT NULL,
  lesson TEXT COLLATE "C" NOT NULL,
  question TEXT COLLATE "C" NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  UNIQUE(enrolment_id, lesson, question)
);
CREATE INDEX answer_subscriber ON answer(subscriber_id);
CREATE INDEX answer_course ON answer(course, id);
