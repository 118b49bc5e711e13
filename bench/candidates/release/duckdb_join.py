"""DuckDB writes the tables of a release: runs the statements that it is given, and imports nothing of ours.

python -m bench.candidates.release.duckdb_join STATEMENTS.json
"""

import json
import sys
from pathlib import Path

import duckdb

if __name__ == "__main__":
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for statement in json.loads(Path(sys.argv[1]).read_text("utf-8")):
            connection.execute(statement)
