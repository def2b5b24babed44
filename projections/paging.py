"""Pages of lists: keyset paging with opaque cursors, and a bound on what one page may examine."""

from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError
from ledger.sqlite.files import MAX_INTEGER

T = TypeVar("T")

# Rows that one page may look at before it hands out a cursor instead of searching on.
EXAMINED = 1_000
MAX_CURSOR_CHARS = 64


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items, where to go on (None: that was all), and the position that is shown."""

    items: list[T]
    next: str | None
    position: int


def encode_cursor(name: str, key: int) -> str:
    """Return the cursor that goes on behind `key` in the list `name`."""
    return b64u_encode(f"{name}:{key}".encode())


def decode_cursor(name: str, cursor: str) -> int:
    """Return the key in a cursor of the list `name`; raise MalformedError `cursor_invalid`."""
    try:
        if len(cursor) > MAX_CURSOR_CHARS:
            raise ValueError(cursor)
        listed, _, key = b64u_decode(cursor).decode("ascii").partition(":")
        if listed != name or not (key.isdecimal() and encode_cursor(name, int(key)) == cursor):
            raise ValueError(cursor)
        if int(key) > MAX_INTEGER:
            raise ValueError(cursor)
    except (ValueError, MalformedError) as error:
        raise MalformedError("cursor_invalid", "not a cursor of this list") from error
    return int(key)


def collect(rows: Iterable[tuple[int, int]], limit: int) -> tuple[list[int], int | None]:
    """Return the keys of up to `limit` rows that match, and the key behind which to go on.

    Rows are (key, whether it matches), in the list's order. Stops after EXAMINED rows, then the
    page may hold fewer keys than `limit`, even none, and still have a next one.
    """
    found: list[int] = []
    for examined, (key, matches) in enumerate(rows, start=1):
        if matches:
            if len(found) == limit:
                return found, found[-1]
            found.append(key)
        if examined == EXAMINED:
            return found, key
    return found, None
