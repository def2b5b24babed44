"""Insert many rows in few SQLite calls.

Python releases the interpreter lock at each SQLite step and must take it back, which is slow when
other threads are busy. `executemany` makes one step per row; a VALUES list is one step.
"""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

# Few sizes, so that the connection's cache holds a prepared statement for each.
SIZES = (64, 16, 4, 1)


def write(db: sqlite3.Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run `sql` over all rows; its `{rows}` is replaced by `VALUES (?,…),…`."""
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
