-- The local dates that issues of newsletters use, also those to come: a lesson leaves on another day. "count" is how many.
CREATE TABLE issue_date(
  subscriber_id BIGINT NOT NULL,
  date TEXT NOT NULL,
  count BIGINT NOT NULL,
  PRIMARY KEY(subscriber_id, date)
);
