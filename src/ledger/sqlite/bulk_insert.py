"""Give SQLite many values in few steps.

Python lets go of the interpreter lock at every step of SQLite and has to get it back, from a busy
thread if there is one; `executemany` takes a step a row. A VALUES list is one step.
"""

import sqlite3
from collections.abc import Sequence
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
