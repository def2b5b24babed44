"""Keyset paging with opaque cursors, and a limit on the rows that one page examines."""

from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError
from ledger.sqlite.files import MAX_INTEGER

T = TypeVar("T")

# Rows that one page may examine. At the limit it returns a cursor instead of searching on.
EXAMINED = 1_000
MAX_CURSOR_CHARS = 64


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items, the cursor of the next page (None at the end), and the position shown."""

    items: list[T]
    next: str | None
    position: int


def encode_cursor(name: str, *keys: int) -> str:
    """Return the cursor that continues after these keys in the list `name`."""
    return b64u_encode(f"{name}:{'.'.join(map(str, keys))}".encode())


def decode_cursor(name: str, cursor: str) -> int:
    """Return the key in a cursor of the list `name`; raise MalformedError `cursor_invalid`."""
    (key,) = decode_keys(name, cursor, 1)
    return key


def decode_keys(name: str, cursor: str, count: int) -> tuple[int, ...]:
    """Return so many keys in a cursor of the list `name`; raise as `decode_cursor`."""
    try:
        if len(cursor) > MAX_CURSOR_CHARS:
            raise ValueError(cursor)
        listed, _, text = b64u_decode(cursor).decode("ascii").partition(":")
        parts = text.split(".")
        if listed != name or len(parts) != count or not all(map(str.isdecimal, parts)):
            raise ValueError(cursor)
        keys = tuple(map(int, parts))
        if encode_cursor(name, *keys) != cursor or max(keys) > MAX_INTEGER:
            raise ValueError(cursor)
    except (ValueError, MalformedError) as error:
        raise MalformedError(
            "cursor_invalid", "this cursor does not belong to this list"
        ) from error
    return keys


def collect(rows: Iterable[tuple[int, int]], limit: int) -> tuple[list[int], int | None]:
    """Return the keys of up to `limit` matching rows, and the key to continue after.

    Rows are (key, whether it matches) pairs, in list order. After EXAMINED rows it stops: the page
    may then hold fewer keys than `limit`, even none, and still have a next page.
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
