"""Read models in memory, folded in one batch, which end with what they were made for."""

import sqlite3
import weakref
from collections.abc import Sequence

from projections import facts, views


def views_in_memory(owner: object, rows: Sequence[tuple[int, bytes]]) -> sqlite3.Connection:
    """Return the views of these (position, state) pairs; they are closed with `owner`."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    weakref.finalize(owner, db.close)
    views.prepare(db)
    if rows:
        batch = facts.decode(db, facts.Streams(), rows)
        for view in views.VIEWS:
            view.fold(db, batch)
    views.complete(db)
    return db
