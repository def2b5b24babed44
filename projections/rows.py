"""Give SQLite many values in few steps.

`executemany` takes one step per row and releases the interpreter lock at each: half the speed,
and beside a busy server thread every one of these steps can wait for the lock. A VALUES list of 64
rows is one step.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

# A few sizes, so that every statement is found prepared in the connection's cache.
SIZES = (64, 16, 4, 1)


def write(db: sqlite3.Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run `sql`, whose `{rows}` stands for `VALUES (?,…),…`, over all rows."""
    start = 0
    for size in SIZES:
        while len(rows) - start >= size:
            statement = _statement(sql, len(rows[0]), size)
            db.execute(statement, [*chain.from_iterable(rows[start : start + size])])
            start += size


@lru_cache(maxsize=512)
def _statement(sql: str, columns: int, size: int) -> str:
    row = f"({','.join('?' * columns)})"
    return sql.replace("{rows}", f"VALUES {','.join([row] * size)}")


def json_list(values: Iterable[int | str]) -> str:
    """Return values for `IN (SELECT value FROM json_each(?))`, one statement for any number."""
    return json.dumps([*values])
