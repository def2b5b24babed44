"""Links for new devices in the file of the operational state: one row for each person at most."""

import sqlite3

from ledger.store.ports.operations import DeviceLink, LinkEnd

SCHEMA = """
CREATE TABLE IF NOT EXISTS device_link(
    user TEXT PRIMARY KEY, secret_sha256 BLOB NOT NULL UNIQUE, ceremony TEXT NOT NULL,
    nonce TEXT NOT NULL, expires_ms INTEGER NOT NULL, offer BLOB, ended TEXT)
    STRICT, WITHOUT ROWID;
"""
# The columns are in the order of DeviceLink's fields.
_BY_USER = "SELECT * FROM device_link WHERE user = ?"
_BY_DIGEST = "SELECT * FROM device_link WHERE secret_sha256 = ?"


def keep(db: sqlite3.Connection, link: DeviceLink) -> None:
    """Keep a person's link, in place of the one before."""
    row = (link.user, link.secret_sha256, link.ceremony, link.nonce, link.expires_ms)
    db.execute("INSERT OR REPLACE INTO device_link VALUES(?,?,?,?,?,NULL,NULL)", row)


def find(db: sqlite3.Connection, name: str | bytes) -> DeviceLink | None:
    """Return a person's link, or that with a secret of this digest."""
    row = db.execute(_BY_USER if isinstance(name, str) else _BY_DIGEST, (name,)).fetchone()
    return None if row is None else DeviceLink(*row)


def offer(db: sqlite3.Connection, secret_sha256: bytes, offered: bytes) -> bytes | None:
    """Keep the first offer by a link that was not ended, in one statement; return what is kept."""
    updating = (
        "UPDATE device_link SET offer = coalesce(offer, ?)"
        " WHERE secret_sha256 = ? AND ended IS NULL RETURNING offer"
    )
    row = db.execute(updating, (offered, secret_sha256)).fetchone()
    return None if row is None else row[0]


def end(db: sqlite3.Connection, user: str, ended: LinkEnd) -> None:
    """End a person's link, unless it ended before."""
    db.execute("UPDATE device_link SET ended = coalesce(ended, ?) WHERE user = ?", (ended, user))
