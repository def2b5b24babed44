"""What decisions need, in one statement: one snapshot, one round trip."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from ledger.domain.entry import join
from ledger.store.ports.log import Facts, Head, Membership, Needs, Receipt

# Kind, number of the need, three numbers, stream, text, two byte strings.
_HEAD, _EVENT, _OWNER, _RECEIPT, _MEMBER, _PLACE = range(6)
_TABLES = """
    WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest(%s::int[], %s::uuid[], %s::bigint[]) x(need, stream, version)),
    owned AS MATERIALIZED (
        SELECT x.need, x.name, c.stream FROM unnest(%s::int[], %s::text[]) x(need, name),
            LATERAL (SELECT t.stream FROM ledger.claim t WHERE t.name = x.name LIMIT 1) c),
    streams AS MATERIALIZED (
        SELECT need, stream, version FROM wanted
        UNION SELECT o.need, o.stream, 0 FROM owned o WHERE NOT EXISTS(
            SELECT 1 FROM wanted w WHERE w.need = o.need AND w.stream = o.stream))
"""
# A gap in a stream would not be noticed: an event without its body stays, and no entry matches it.
LOAD = f"""{_TABLES}
    SELECT {_HEAD}, 0, size, epoch, at_ms, NULL::uuid, NULL::text, NULL::bytea, NULL::bytea
        FROM ledger.log_head
    UNION ALL SELECT {_EVENT}, s.need, e.version, 0, 0, s.stream, e.tag, e.entry,
            CASE WHEN b.data IS NULL AND NOT EXISTS(SELECT 1 FROM ledger.erased t
                WHERE t.pos = e.pos) THEN '\\x00' ELSE b.data END
        FROM streams s
        CROSS JOIN LATERAL (SELECT t.pos, t.version, t.tag, t.entry FROM ledger.ev t
            WHERE t.stream = s.stream AND t.version > s.version ORDER BY t.version OFFSET 0) e
        LEFT JOIN LATERAL (SELECT t.data FROM ledger.body t WHERE t.pos = e.pos LIMIT 1) b ON true
    UNION ALL SELECT {_OWNER}, need, 0, 0, 0, stream, name, NULL, NULL FROM owned
    UNION ALL SELECT {_RECEIPT}, x.need, c.pos, c.n, 0, NULL, NULL, c.answer, NULL
        FROM unnest(%s::int[], %s::bytea[]) x(need, key),
            LATERAL (SELECT t.pos, t.n, t.answer FROM ledger.cmd t WHERE t.key = x.key LIMIT 1) c
    UNION ALL SELECT {_MEMBER}, x.need, m.pos, m.present::int, 0, m.stream, x.grp, NULL, NULL
        FROM unnest(%s::int[], %s::text[]) x(need, grp),
            LATERAL (SELECT DISTINCT ON (t.stream) t.stream, t.pos, t.present FROM ledger.member t
                WHERE t.grp = x.grp ORDER BY t.stream, t.pos DESC) m
    UNION ALL SELECT {_PLACE}, x.need, e.pos, e.version, 0, x.stream, NULL, NULL, NULL
        FROM unnest(%s::int[], %s::uuid[]) x(need, stream), ledger.ev e WHERE e.stream = x.stream
"""  # noqa: S608  # from this file


def arguments(needs: Sequence[Needs]) -> list[list[Any]]:
    """Return the arguments of LOAD for these needs."""
    streams = [
        (number, stream, version)
        for number, each in enumerate(needs)
        for stream, version in each.streams
    ]
    names = [(number, name) for number, each in enumerate(needs) for name in each.names]
    keys = [(number, each.key) for number, each in enumerate(needs) if each.key]
    groups = [(number, group) for number, each in enumerate(needs) for group in each.groups]
    placed = [(number, stream) for number, each in enumerate(needs) for stream in each.placed]
    columns: list[list[Any]] = []
    for rows, width in ((streams, 3), (names, 2), (keys, 2), (groups, 2), (placed, 2)):
        columns += map(list, zip(*rows, strict=True)) if rows else [[] for _ in range(width)]
    return columns


def facts(needs: Sequence[Needs], rows: Sequence[tuple[Any, ...]]) -> list[Facts]:
    """Return the answers to these needs from the rows of LOAD."""
    head = Head(0, 0, 0, 0)
    events: list[dict[UUID, list[StoredEvent]]] = [
        {stream: [] for stream, _ in each.streams} for each in needs
    ]
    owners: list[dict[str, UUID]] = [{} for _ in needs]
    versions: list[dict[str, int]] = [dict.fromkeys(each.groups, 0) for each in needs]
    members: list[dict[str, set[UUID]]] = [{each: set() for each in one.groups} for one in needs]
    receipts: dict[int, Receipt] = {}
    placed: list[dict[UUID, list[int]]] = [{each: [] for each in one.placed} for one in needs]
    for kind, need, one, two, three, stream, text, first, second in rows:
        if kind == _HEAD:
            head = Head(stored=one, sealed=one, epoch=two, at_ms=three)
        elif kind == _EVENT:
            event = StoredEvent(stream, one, text, join(first, second or b""))
            events[need].setdefault(stream, []).append(event)
        elif kind == _OWNER:
            owners[need][text] = stream
            events[need].setdefault(stream, [])
        elif kind == _RECEIPT:
            receipts[need] = stored_receipt(one, two, first)
        elif kind == _PLACE:
            placed[need][stream].append(one)
        else:
            versions[need][text] = max(versions[need][text], one)
            if two:
                members[need][text].add(stream)
    return [
        Facts(
            head=head,
            events={stream: _in_order(found) for stream, found in events[number].items()},
            owners=owners[number],
            groups={
                group: Membership(version, frozenset(members[number][group]))
                for group, version in versions[number].items()
            },
            receipt=receipts.get(number),
            placed={stream: tuple(sorted(found)) for stream, found in placed[number].items()},
        )
        for number in range(len(needs))
    ]


def _in_order(found: list[StoredEvent]) -> tuple[StoredEvent, ...]:
    # Rows of a UNION have no order of their own.
    return tuple(sorted(found, key=lambda event: event.originator_version))


def stored_receipt(first: int, count: int, answer: bytes) -> Receipt:
    """Return the receipt of a write that the log already contains."""
    return Receipt(position=first + count - 1, answer=answer, count=count, repeated=True)
