"""Service accounts, as a list: whose each one is, what it may do, and whether it still does."""

import sqlite3

import msgspec

from projections import keys
from projections.facts import find_stream
from projections.keys import KeySummary
from projections.paging import Page, decode_cursor, encode_cursor
from projections.users import NamedPerson, names

_LIST = "service-accounts"


class ServiceAccount(msgspec.Struct, frozen=True):
    """A service account: its owner, and its key with the scope and the status."""

    owner: NamedPerson
    key: KeySummary


def page(
    db: sqlite3.Connection,
    *,
    at: int,
    now: str,
    limit: int,
    cursor: str | None = None,
    owner: str | None = None,
) -> Page[ServiceAccount]:
    """Return service accounts, of one owner or of everybody, ended ones too, newest first.

    Raises MalformedError `cursor_invalid`.
    """
    below = at + 1 if cursor is None else decode_cursor(_LIST, cursor)
    whose = "" if owner is None else " AND k.user = :user"
    given = {
        "at": at,
        "now": now,
        "below": below,
        "limit": limit + 1,
        "user": None if owner is None else find_stream(db, owner),
    }
    condition = f"k.service IS NOT NULL AND k.position < :below{whose}"
    rows = keys.summaries(db, f"{condition} ORDER BY k.position DESC LIMIT :limit", given)
    found, more = rows[:limit], len(rows) > limit
    called = names(db, [each.user for each in found], at=at)
    items = [ServiceAccount(NamedPerson(each.user, called[each.user]), each) for each in found]
    return Page(items, encode_cursor(_LIST, found[-1].position) if more else None, at)
