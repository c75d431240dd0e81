-- What waits for a human: few, and asked for often.
CREATE INDEX outbox_human ON outbox(id) WHERE state IN (5, 6);
