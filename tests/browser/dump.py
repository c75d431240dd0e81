"""Prints every row of every table of an SQLite database as JSON, table by table, without writing to it."""
import json
import sqlite3
import sys


def plain(value):
    return value.hex() if isinstance(value, bytes) else value


database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
dump = {}
for table in tables:
    rows = database.execute(f'SELECT * FROM "{table}"')
    names = [column[0] for column in rows.description]
    dump[table] = sorted(json.dumps(dict(zip(names, map(plain, row)))) for row in rows)
print(json.dumps(dump))
