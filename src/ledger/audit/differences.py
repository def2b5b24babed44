"""What differs between two positions of a log: people, rules, and statements, value by value."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import msgspec

from ledger import clock
from ledger.audit.answers import AnswerTable, Cell
from ledger.audit.positions import find_position
from ledger.audit.source import STATEMENT_TAGS, AuditedLog, RowFilter
from ledger.audit.statement_outline import (
    StatementOutline,
    charter_at,
    events_of_statements,
    newest_ms,
)
from ledger.audit.stored_events import StoredEvent, stored_events
from ledger.domain import charter, person
from ledger.domain.charter import Charter
from ledger.domain.events import BODIES
from ledger.domain.person_state import Person
from ledger.errors import CorruptError, MalformedError

_OTHERS = tuple(tag for tag in BODIES if tag not in STATEMENT_TAGS)


class _Subject(NamedTuple):
    """The subject of a value: its kind, its id, and its name."""

    about: str
    id: str
    name: str


Values = dict[tuple[_Subject, str], str]


class _Point(NamedTuple):
    position: int
    ms: int


def differences(
    rows: AuditedLog, first: str, last: str | None, *, after: int = 0, most: int | None = None
) -> AnswerTable:
    """Return each value that differs between two points; a point is a position or a time.

    With `most`, so many rows at most, after the first `after`.

    Raises MalformedError `period_invalid` for a first point after the last one; as
    `find_position`; CorruptError as `stored_events`.
    """
    points = _point(rows, first), _point(rows, last)
    if points[0].position > points[1].position or points[0].ms > points[1].ms:
        raise MalformedError("period_invalid", "the first point is after the last one")
    then, now = _others(rows, points)
    for values, statements in zip((then, now), _statements(rows, points), strict=True):
        values |= statements
    found: Iterator[tuple[Cell, ...]] = (
        (*subject, what, then.get((subject, what), ""), now.get((subject, what), ""))
        for subject, what in dict.fromkeys([*then, *now])
        if then.get((subject, what), "") != now.get((subject, what), "")
    )
    shown = islice(found, after, None if most is None else after + most)
    was, is_now = (point.position for point in points)
    notes = (f"positions {was:,} and {is_now:,}; a value that is not there is empty",)
    return AnswerTable(
        "Differences", ("about", "id", "name", "what", "from", "to"), tuple(shown), notes
    )


def _point(rows: AuditedLog, asked: str | None) -> _Point:
    position, time = find_position(rows, asked)
    return _Point(position, newest_ms(rows, position) if time is None else clock.to_ms(time))


def _others(rows: AuditedLog, points: tuple[_Point, _Point]) -> Iterator[Values]:
    """Yield the values of the ledger and of everybody at both points."""
    rules: Charter | None = None
    people: dict[UUID, Person] = {}
    events = stored_events(rows, RowFilter(last=points[1].position, tags=_OTHERS))
    ahead: StoredEvent | None = next(events, None)
    for point in points:
        while ahead is not None and ahead.position <= point.position:
            event = ahead.event
            if event.stream == charter.STREAM:
                rules = charter.evolve(rules, event)
            else:
                losses = () if rules is None else rules.losses
                people[event.stream] = person.evolve(people.get(event.stream), event, losses)
            ahead = next(events, None)
        if rules is None:
            detail = "the log does not begin with the ledger's creation"
            raise CorruptError("position_missing", detail)
        yield _of_ledger(rules) | {
            key: value
            for each in people.values()
            for key, value in _of_person(person.settled(each, point.ms, rules.losses)).items()
        }


def _of_ledger(rules: Charter) -> Values:
    ledger = _Subject("ledger", rules.ledger, "")
    told = {
        "charter": _json(rules.values),
        "governance": _json(rules.governance),
        "roles": ", ".join(sorted(rules.roles)),
        "log keys": ", ".join(key.vkey for key in rules.log_keys if key.last_size is None),
        "log origin": rules.log_origin,
        "frozen": "yes" if rules.frozen else "no",
    }
    for name, each in rules.types.items():
        version = f"version {each.definition.version}, {each.sha256}"
        told[f"type {name}"] = f"{version}, retired" if each.retired else version
    return {(ledger, what): value for what, value in told.items()}


def _of_person(someone: Person) -> Values:
    subject = _Subject("person", someone.user, someone.name)
    told = {
        "standing": someone.standing,
        "roles": ", ".join(sorted(someone.roles)) or "none",
        "keys": ", ".join(k.kid for k in someone.keys.values() if not k.revoked),
        "passkeys": ", ".join(p.credential_id for p in someone.passkeys.values() if not p.removed),
    }
    return {(subject, what): value for what, value in told.items()}


def _statements(rows: AuditedLog, points: tuple[_Point, _Point]) -> tuple[Values, Values]:
    outline, found = StatementOutline(), []
    events = events_of_statements(rows, points[1].position)
    ahead: StoredEvent | None = next(events, None)
    for point in points:
        while ahead is not None and ahead.position <= point.position:
            outline.take(ahead)
            ahead = next(events, None)
        known = charter_at(rows, point.position)
        found.append(
            {
                (_Subject("statement", each.id, each.title), "status"): each.status_at(
                    point.ms, known
                )
                for each in outline.statements.values()
            }
        )
    before, after = found
    return dict(before), dict(after)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
