"""What a newer copy of a log erased, and an older backup still has; and what it holds.

A restore from before an erasure would bring the bodies back. Only an approved change erases, and
the change is among what was lost; late_changes.py records it again. A restore names what would
still return, and does not go on unless the operator says so. It also names the holds that are lost,
so that somebody places them again.
"""

from contextlib import closing
from pathlib import Path

import msgspec

from ledger.audit.compared_rows import compared
from ledger.audit.source import AuditedLog
from ledger.data_files import is_database
from ledger.domain.events import BodiesErased, Event, HoldPlaced, HoldReleased, NameErased
from ledger.domain.vocabulary import HeldKind
from ledger.errors import ConflictError, CorruptError, LedgerError, UnavailableError
from ledger.recovery.late_changes import acts_of
from ledger.store.engines import address_of, audited_log


class ErasedLater(msgspec.Struct, frozen=True):
    """What a copy says was erased after the backup: a statement, or a person's name, by its id."""

    source: str
    kind: HeldKind
    id: str
    change: str
    position: int
    bodies: int


class HeldLater(msgspec.Struct, frozen=True):
    """A hold that a copy has and the backup does not: on a statement, or on a person's name."""

    source: str
    kind: HeldKind
    id: str
    change: str
    position: int


class NewerCopies(msgspec.Struct, frozen=True):
    """What newer copies erased, which copies were read, and which told nothing.

    `size` is how many entries the largest copy that was read has; what was erased later is unknown.
    `held` are the holds that are in force at its end. `changes` have the acts of the changes that
    erased; `again` are those which the restore records late, and `refused` says why not others.
    """

    erased: list[ErasedLater] = []
    read: list[str] = []
    silent: list[str] = []
    size: int = 0
    held: list[HeldLater] = []
    changes: dict[str, tuple[bytes, ...]] = {}
    again: list[str] = []
    refused: dict[str, str] = {}

    @property
    def returning(self) -> list[ErasedLater]:
        """What a restore brings back: nothing erases it again."""
        return [each for each in self.erased if each.change not in self.again]


def from_copies(given: tuple[str, ...], own: str, size: int, staged: Path) -> NewerCopies:
    """Return what the ledger's own log and these copies erased in the first `size` entries.

    A copy is the address of a database or the path of a directory with a log or backup. The own log
    may be damaged or gone, which is why there is a restore. Raises UnavailableError `copy_unread`
    for a given copy that cannot be read, ConflictError `copy_differs` for one of another log.
    """
    found: dict[tuple[str, str], ErasedLater] = {}
    read, silent, largest = [], [], 0
    held: list[HeldLater] = []
    changes: dict[str, tuple[bytes, ...]] = {}
    with closing(audited_log(address_of(staged)).open()) as backup:
        for place in (own, *given):
            address = place if is_database(place) or place == own else address_of(Path(place))
            try:
                with closing(audited_log(address).open()) as rows:
                    erased, newest = _erased_by(rows, backup, place, size), rows.newest()
                    held_here = _held_by(rows, place, size)
                    acts = {e.change: acts_of(rows, e.change, e.position) for e in erased}
            except ConflictError:
                if place != own:
                    raise
                continue  # another log was in the place of this one
            except LedgerError as error:
                if place != own:
                    detail = f"{place} cannot be read: {error.detail}"
                    raise UnavailableError("copy_unread", detail) from error
                silent.append(f"the log in the data directory: {error.detail}")
                continue
            if newest <= size:
                name = "the log in the data directory" if place == own else place
                silent.append(f"{name} is not newer than the backup")
                continue
            read.append(place)
            if newest > largest:
                largest, held = newest, held_here
            for each in erased:
                found.setdefault((each.kind, each.id), each)
            changes |= {name: each for name, each in acts.items() if name not in changes}
    in_order = sorted(found.values(), key=lambda each: each.position)
    ordered = {each.change: changes[each.change] for each in in_order}
    return NewerCopies(in_order, read, silent, largest, held, ordered)


def _erased_by(rows: AuditedLog, backup: AuditedLog, source: str, size: int) -> list[ErasedLater]:
    """Return the erasures of a copy that are later than a size and concern what is earlier.

    Raises CorruptError `body_missing` if a body is gone, and what erased it is not there;
    UnavailableError `copy_unread` for a part of a log; ConflictError `copy_differs`.
    """
    if rows.newest() and rows.entry(1) is None:
        detail = f"{source} lacks the first entries: a backup that continues another one, perhaps"
        raise UnavailableError("copy_unread", detail)
    if rows.newest() and rows.entry(1) != backup.entry(1):
        raise ConflictError("copy_differs", f"{source} is a copy of another log")
    gone: dict[int, list[int]] = {}
    for position, by in rows.erased():
        if by > size >= position and rows.entry(position) == backup.entry(position):
            gone.setdefault(by, []).append(position)
    found = []
    for by, positions in gone.items():
        row = next(rows.events(by - 1, by), None)
        event = None if row is None or not isinstance(row[4], bytes) else compared(row).event
        if not isinstance(event, Event) or not isinstance(event.body, BodiesErased | NameErased):
            detail = f"{len(positions)} bodies are gone, and no event at position {by} erased them"
            raise CorruptError("body_missing", detail, position=by)
        kind: HeldKind = "statement" if isinstance(event.body, BodiesErased) else "name"
        change = event.body.change
        found.append(ErasedLater(source, kind, str(event.stream), change, by, len(positions)))
    return found


def _held_by(rows: AuditedLog, source: str, size: int) -> list[HeldLater]:
    """Return the holds that a copy placed after a size, and did not release."""
    held: dict[tuple[HeldKind, str], HeldLater] = {}
    for row in rows.events(size, rows.newest()):
        if not isinstance(row[4], bytes):
            continue
        position, _, event, _ = compared(row)
        if not isinstance(event, Event):
            continue
        match event.body:
            case HoldPlaced(kind=kind, held=name, change=change):
                held[kind, name] = HeldLater(source, kind, name, change, position)
            case HoldReleased(kind=kind, held=name):
                held.pop((kind, name), None)
            case _:
                pass
    return [*held.values()]


def require_none(found: NewerCopies, *, brings_back: bool) -> None:
    """Raise ConflictError `erasures_return` if bodies would return and nobody allowed it."""
    if found.returning and not brings_back:
        count = len(found.returning)
        detail = (
            f"{count} statement(s) or name(s) that were erased after the backup would be readable"
            " again: restore from a newer backup, or give --bring-back and erase them again"
        )
        raise ConflictError("erasures_return", detail)
