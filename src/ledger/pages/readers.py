"""Who may read a statement, in a sentence; web/static/js/lib/readers.js writes the same."""

import sqlite3
from collections.abc import Mapping, Sequence

from ledger.domain.vocabulary import ReadBy
from ledger.pages.policy_texts import called, listed
from ledger.pages.texts import text
from projections import users
from projections.statements import StatementDetail
from projections.users import NamedPerson, User


def readers_sentence(read_by: ReadBy, named: Sequence[str] | None, names: Mapping[str, str]) -> str:
    """Return who may read a statement; `named` are the readers of its document."""
    if read_by == "everyone":
        return text("readers.everyone")
    if not named:
        return text("readers.participants")
    shown = [
        text("readers.holders", role=name) if kind == "role" else called(name, names)
        for kind, _, name in (each.partition(":") for each in named)
    ]
    return text("readers.named", named=listed(shown))


def readers_and_executors(statement: StatementDetail) -> set[str]:
    """Return the ids of the people whom a document names as readers or executors."""
    executors = () if statement.usable is None else statement.usable.by
    members = (*(statement.readers or ()), *executors)
    return {each[5:] for each in members if each.startswith("user:")}


def carried_readers(
    db: sqlite3.Connection, base: StatementDetail | None, offered: Sequence[User], *, at: int
) -> list[NamedPerson]:
    """Return the people whom an older version names as readers, and whom the form does not offer.

    So a new version names them too, unless its drafter leaves them out.
    """
    return _carried(db, (base and base.readers) or (), offered, at=at)


def carried_executors(
    db: sqlite3.Connection, base: StatementDetail | None, offered: Sequence[User], *, at: int
) -> list[NamedPerson]:
    """Return the same for executors."""
    usable = None if base is None else base.usable
    return _carried(db, () if usable is None else usable.by, offered, at=at)


def _carried(
    db: sqlite3.Connection, members: Sequence[str], offered: Sequence[User], *, at: int
) -> list[NamedPerson]:
    known = {each.id for each in offered}
    named = [each[5:] for each in members if each.startswith("user:")]
    names = users.names(db, named, at=at)
    return [NamedPerson(each, names.get(each, each)) for each in named if each not in known]
