-- What a person answered to a question of a lesson: the last answer, as JSON. "at" is the reader's clock.
CREATE TABLE answer(
  id INTEGER NOT NULL PRIMARY KEY,
  subscriber_id BIGINT NOT NULL,
  enrolment_id BIGINT NOT NULL,
  course TEXT NOT NULL,
  lesson TEXT NOT NULL,
  question TEXT NOT NULL,
  value TEXT NOT NULL,
  at BIGINT NOT NULL,
  UNIQUE(enrolment_id, lesson, question)
);
CREATE INDEX answer_subscriber ON answer(subscriber_id);
CREATE INDEX answer_course ON answer(course, id);
