"""Names that may be used once, in the file of the operational state, until they expire."""

import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS once(
    name TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS once_expires ON once(expires_ms);
"""
# The row without a name has the latest end of a name that was forgotten. A name that ended by then
# may be one of them: it is not taken, also after the clock was set back. The mark is set before
# names are deleted, so that a crash between the two forgets nothing.
_MARK = """
    INSERT INTO once SELECT '', max(expires_ms) FROM once WHERE expires_ms <= ? AND name <> ''
        HAVING max(expires_ms) IS NOT NULL
    ON CONFLICT DO UPDATE SET expires_ms = max(expires_ms, excluded.expires_ms)
"""
_FORGET = "DELETE FROM once WHERE expires_ms <= ? AND name <> ''"
_USE = """
    INSERT INTO once SELECT ?1, ?2
        WHERE NOT EXISTS(SELECT 1 FROM once WHERE name = '' AND expires_ms >= ?2)
    ON CONFLICT DO NOTHING
"""


def use(db: sqlite3.Connection, name: str, *, now_ms: int, expires_ms: int) -> bool:
    """Take a name, and forget those that expired; False if it is taken, or may have been."""
    db.execute(_MARK, (now_ms,))
    db.execute(_FORGET, (now_ms,))
    return bool(db.execute(_USE, (name, expires_ms)).rowcount)
