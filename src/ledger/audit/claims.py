"""Compare the head, the unique names and the receipts with the events.

The file stores them beside the events, but all of them follow from the events.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from ledger.audit.findings import Finding
from ledger.audit.shares import ErasedBody, PeopleAuditor, ShareResult
from ledger.audit.source import AuditedLog
from ledger.domain.entry import entry_ms
from ledger.domain.unique_names import ACT, REPLACES, USE
from ledger.errors import MalformedError

# A stored name, with its stream and position; the names that events claim.
Claim = tuple[Any, Any, Any]
StoredMember = tuple[Any, Any, Any, Any]  # a group, its stream and position, whether it joined
Claimed = dict[str, tuple[bytes, int]]
# How the names begin that events of statements claim.
_OF_STATEMENTS = tuple(each.partition("{")[0] for each in (ACT, USE))
_REPLACES = REPLACES.partition("{")[0]


def read_head(rows: AuditedLog) -> tuple[int, Finding | None]:
    """Return the log's size, and a finding if the stored head differs from it."""
    found = rows.heads()
    newest = None
    if len(found) == 1:
        size, epoch, at_ms = found[0]
        if all(isinstance(each, int) and each >= 0 for each in (size, epoch)):
            # Another part reports an event without a time.
            if _time_at(rows, size) in (None, at_ms):
                return size, None
            newest = size
    if newest is None:
        newest = rows.newest()
    expected = f"one row with the size {newest} and the time {_time_at(rows, newest)}"
    return newest, Finding("head", None, "head_mismatch", f"the head is {found!r}", expected)


def _time_at(rows: AuditedLog, position: int) -> int | None:
    """Return an event's time in milliseconds since 1970, None if it has none; 0 for position 0."""
    raw = rows.entry(position)
    if isinstance(raw, bytes):
        with suppress(MalformedError):
            return entry_ms(raw)
    return None if position else 0


def compare_epoch(rows: AuditedLog, expected: int) -> Finding | None:
    """Return a finding unless the head has the epoch of the last restore."""
    epochs = [epoch for _, epoch, _ in rows.heads()]
    if len(epochs) != 1 or epochs == [expected]:  # `read_head` reports another number of rows
        return None
    detail = f"the head has the epoch {epochs[0]!r}, not {expected}"
    if isinstance(epochs[0], int) and epochs[0] > expected:
        detail += ": `ledger copy` closed this log, and it goes on in another place"
    return Finding("head", None, "head_mismatch", detail, str(expected))


class Further(NamedTuple):
    """Stored names and members that events of statements may have claimed and joined.

    `erased` counts the names whose event was erased: nothing can be compared with them.
    """

    claims: list[Claim]
    members: list[StoredMember]
    erased: int


def compare_names(
    rows: AuditedLog, people: PeopleAuditor, size: int
) -> tuple[list[Finding], Further]:
    """Compare names and members with the events that claim and join, and look for stray bodies.

    Return what was found, and what is left to compare with the events of statements.
    """
    own: list[Claim] = []
    further: list[Claim] = []
    erased = 0
    for stored in rows.claims():
        name, stream, position = stored
        others = name not in people.claims and str(name).startswith(_OF_STATEMENTS)
        if others and _is_erased(people, stream, position):
            erased += 1
        else:
            (further if others else own).append(stored)
    members: list[StoredMember] = []
    replacing: list[StoredMember] = []
    for each in rows.members():
        group, stream, position, _ = each
        if not str(group).startswith(_REPLACES):
            members.append(each)
        elif not _is_erased(people, stream, position):
            replacing.append(each)
    stray = compare_bodies(rows, size)
    found = [
        *compare_claims(own, people.claims),
        *compare_members(members, people.members),
        *compare_erased(rows, people.erased),
        *([] if stray is None else [stray]),
    ]
    return found, Further(further, replacing, erased)


def compare_further(further: Further, shares: ShareResult) -> list[Finding]:
    """Compare the further names and members with the events of statements."""
    joined = dict.fromkeys(shares.members, True)
    claimed = compare_claims(further.claims, shares.claims)
    return [*claimed, *compare_members(further.members, joined)]


def count_names(people: PeopleAuditor, shares: ShareResult, further: Further) -> int:
    """Return how many names and members there are; those of erased events are not compared."""
    members = len(people.members) + len(shares.members)
    return len(people.claims | shares.claims) + members + further.erased


def _is_erased(people: PeopleAuditor, stream: object, position: object) -> bool:
    known = people.erased.get(position) if isinstance(position, int) else None
    return known is not None and known.stream == stream


def compare_erased(rows: AuditedLog, expected: dict[int, ErasedBody]) -> list[Finding]:
    """Compare the stored positions of erased bodies with those that the changes erased."""
    found, left = [], dict(expected)
    for position, by in rows.erased():
        due = left.pop(position, None)
        place = position if isinstance(position, int) else None
        if due is None:
            detail = f"the body of {position!r} is recorded as erased, and no change erased it"
            # At the event that should state it: an earlier finding can be why nobody read that one.
            stated = by if isinstance(by, int) else place
            found.append(Finding("event", stated, "erasure_unknown", detail))
        elif due.by != by:
            detail = f"the body is recorded as erased by position {by!r}"
            found.append(Finding("event", place, "erasure_mismatch", detail, str(due.by)))
    for position in left:
        detail = "a change erased the body, and the file does not record it"
        found.append(Finding("event", position, "erasure_missing", detail))
    return found


def compare_claims(stored: Iterable[Claim], expected: Claimed) -> list[Finding]:
    """Compare stored unique names with those that the events claim."""
    found, left = [], dict(expected)
    for name, stream, position in stored:
        due = left.pop(name, None)
        place = position if isinstance(position, int) else None
        if due is None:
            found.append(Finding("claim", place, "claim_unknown", f"no event claims {name!r}"))
        elif due != (stream, position):
            detail = f"{name} is stored as claimed at {position} by {_hex(stream)}"
            wanted = f"at {due[1]} by {due[0].hex()}"
            found.append(Finding("claim", due[1], "claim_mismatch", detail, wanted))
    for name, (_, position) in left.items():
        found.append(Finding("claim", position, "claim_missing", f"{name} is missing"))
    return found


def compare_members(
    stored: Iterable[StoredMember], expected: dict[tuple[str, bytes, int], bool]
) -> list[Finding]:
    """Compare the stored joins and leaves of groups with those of the events' streams."""
    found, left = [], dict(expected)
    for group, stream, position, present in stored:
        due = left.pop((group, stream, position), None)
        place = position if isinstance(position, int) else None
        if due is None:
            detail = f"no event at {position!r} moves {_hex(stream)} into or out of {group!r}"
            found.append(Finding("member", place, "member_unknown", detail))
        elif due != present:
            detail = f"{_hex(stream)} is stored as {_moved(present)} {group} at {position}"
            found.append(Finding("member", place, "member_mismatch", detail, _moved(due)))
    for (group, stream, position), present in left.items():
        detail = f"{stream.hex()} is missing as {_moved(present)} {group} at {position}"
        found.append(Finding("member", position, "member_missing", detail))
    return found


def _moved(present: object) -> str:
    return "joining" if present in (True, 1) else "leaving"


def compare_bodies(rows: AuditedLog, size: int) -> Finding | None:
    """Return a finding if there are bodies of events that do not exist."""
    position = rows.stray_body(size)
    if position is None:
        return None
    return Finding("event", position, "body_unknown", "a body belongs to no event")


def compare_receipts(rows: AuditedLog, size: int, stored: int, count: int) -> Finding | None:
    """Return a receipt without an event, if more are `stored` than the events' `count`."""
    if stored == count:
        return None
    next_ = 1
    for position, events in rows.receipts():
        place = position if isinstance(position, int) else None
        if place != next_ or not isinstance(events, int) or next_ + events > size + 1:
            return Finding("receipt", place, "receipt_unknown", "the receipt has no events")
        next_ += events
    return Finding("receipt", None, "receipt_unknown", f"there are {stored} receipts, not {count}")


def _hex(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)
