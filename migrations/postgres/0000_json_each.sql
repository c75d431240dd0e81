-- The one word of SQLite that our statements need and PostgreSQL lacks: the elements of a JSON array, as rows.
CREATE FUNCTION json_each(text) RETURNS TABLE(value jsonb) LANGUAGE sql IMMUTABLE STRICT ROWS 200
AS 'SELECT e.value FROM jsonb_array_elements(cast($1 AS jsonb)) AS e(value)';
