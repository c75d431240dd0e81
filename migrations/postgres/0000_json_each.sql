-- The one word of SQLite that our statements need and PostgreSQL lacks: the elements of a JSON array, as rows.
-- The planner is told of 10 rows, as many as a commit often has: told of 200, it reads a whole table of 20,000 people
-- rather than look up each one by its key.
CREATE FUNCTION json_each(text) RETURNS TABLE(value jsonb) LANGUAGE sql IMMUTABLE STRICT ROWS 10
AS 'SELECT e.value FROM jsonb_array_elements(cast($1 AS jsonb)) AS e(value)';
