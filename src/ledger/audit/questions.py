"""What auditors ask of a log, each answered by one table. docs/how-to/audit.md shows them.

A table has what the events record. Each event is compared with its entry and its leaf hash, and no
decision is recomputed: run `ledger audit` first.
"""

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from itertools import islice
from operator import attrgetter
from uuid import UUID

import msgspec

from ledger.audit.answers import AnswerTable, Cell
from ledger.audit.named import Named
from ledger.audit.positions import Period
from ledger.audit.selection import Selection
from ledger.audit.source import STATEMENT_TAGS, AuditedLog, RowFilter
from ledger.audit.statement_outline import charter_at, newest_ms
from ledger.audit.stored_events import StoredEvent, stored_events
from ledger.audit.trail import BRIEF, Line, Trail
from ledger.domain import person
from ledger.domain.counting import in_question, recorded
from ledger.domain.document import parse_uuid
from ledger.domain.events import (
    BODIES,
    CompromiseDeclared,
    CompromiseSet,
    KeyRevoked,
    PersonSuspended,
    StandingSet,
    StatementDecision,
    StatementSigned,
)
from ledger.domain.late_acts import told_late
from ledger.domain.person_state import Person
from ledger.domain.quoting import quoted

_OTHERS = tuple(tag for tag in BODIES if tag not in STATEMENT_TAGS)
_DECISIONS = tuple(tag for tag, body in BODIES.items() if issubclass(body, StatementDecision))
_COMPROMISES = (KeyRevoked.TAG, CompromiseDeclared.TAG, CompromiseSet.TAG)
_STANDINGS = (StandingSet.TAG, PersonSuspended.TAG)
_position = attrgetter("position")


def approvals(rows: AuditedLog, statement: str) -> AnswerTable:
    """Answer who decided on a statement, when, with which key, and what they saw.

    Raises MalformedError `id_invalid`, NotFoundError `statement_unknown`.
    """
    trail, people = Trail(rows), PeopleSoFar(rows)
    draft = trail.named.statement(statement)
    found: list[tuple[Cell, ...]] = []
    taken_back: set[str] = set()
    events = [*stored_events(rows, RowFilter(stream=parse_uuid(statement).bytes))]
    for each in reversed(events):
        body = each.event.body
        if not isinstance(body, StatementDecision):
            continue
        line, known = trail.line(each), recorded(body, each.event.at)
        remarks = ["in question"] if in_question(people.person(body.signer), known) else []
        if not remarks and body.signer in taken_back and line.form:
            remarks.append("taken back")
        remarks += filter(None, [_late(line)])
        if line.type == "approval-retracted.v1":
            taken_back.add(body.signer)
        elif line.form:
            taken_back.discard(body.signer)
        passkey = "" if known.credential_id is None else f"passkey:{known.credential_id}"
        told = (line.position, line.time, _did(line), line.actor_name, line.roles, line.key)
        found.append(
            (
                *(*told, passkey, line.form, line.step, line.document_hash, line.reason),
                "; ".join(remarks),
            )
        )
    columns = (
        "position",
        "time",
        "decision",
        "person",
        "roles",
        "key",
        "passkey",
        "form",
        "step",
        "saw",
        "reason",
        "remark",
    )
    policy = msgspec.json.encode(draft.policy).decode()
    return AnswerTable(
        f"Decisions on {quoted(draft.title)}",
        columns,
        tuple(reversed(found)),
        (
            f"statement {draft.id}, drafted by {trail.named.called(draft.creator)}",
            f"type {draft.type_in_words or 'none'}, policy {policy}",
            "`saw` is the SHA-256 of the document that the signature covers",
        ),
    )


def acts(rows: AuditedLog, user: str, period: Period, *, most: int | None = None) -> AnswerTable:
    """Answer what a person did in a period, in at most so many rows; `user` is an id or name.

    Raises NotFoundError `user_unknown`.
    """
    trail = Trail(rows)
    who = trail.named.person(user)
    wanted = RowFilter(period.after, period.last, mentions=parse_uuid(who))
    title = f"Acts of {trail.named.called(who)}"
    return _in_brief(title, trail, Selection(wanted, who), (f"person {who}",), most)


def events(rows: AuditedLog, period: Period, *, most: int | None = None) -> AnswerTable:
    """Answer what happened in a period, in at most so many rows."""
    wanted = Selection(RowFilter(period.after, period.last))
    notes = (f"positions {period.after + 1:,} to {period.last:,}",)
    return _in_brief("Events", Trail(rows), wanted, notes, most)


def administration(rows: AuditedLog, period: Period, *, most: int | None = None) -> AnswerTable:
    """Answer what changed of people, keys, roles, types and governance in a period, and by whom."""
    trail = Trail(rows)
    approvers = Approvers(rows, trail.named)
    wanted = Selection(RowFilter(period.after, period.last, tags=_OTHERS))
    found = tuple(
        (
            line.position,
            line.time,
            line.type,
            line.summary,
            approvers.of(line.change) if line.change else line.actor_name,
        )
        for line in islice(trail.lines(wanted), most)
    )
    note = "`by` is who acted, and of an effect of a change who approved the change"
    return AnswerTable(
        "Changes of the administration",
        ("position", "time", "type", "what", "by"),
        found,
        (note,),
    )


def questioned(rows: AuditedLog, *, after: int = 0, most: int | None = None) -> AnswerTable:
    """Answer which decisions are in question now: in so many rows, of positions after one."""
    trail, people = Trail(rows), PeopleSoFar(rows)

    def events() -> Iterator[StoredEvent]:
        for user in _streams(rows, _COMPROMISES):
            someone = people.person(str(user))
            for each, body in _decisions(rows, user, after):
                if in_question(someone, recorded(body, each.event.at)):
                    yield each

    found: list[tuple[Cell, ...]] = []
    for each in _first(events(), most):
        line = trail.line(each)
        told = (line.position, line.time, _did(line), line.actor_name, line.key)
        found.append((*told, line.title, line.stream, line.status, _late(line)))
    columns = (
        *("position", "time", "decision", "person", "key", "title", "statement", "status then"),
        "remark",
    )
    notes = ("recorded with a key or passkey after the time since which it is compromised",)
    return AnswerTable("Decisions in question", columns, tuple(found), notes)


def leavers(rows: AuditedLog, *, after: int = 0, most: int | None = None) -> AnswerTable:
    """Answer which approvals are by people who are suspended or deactivated now.

    In so many rows, of positions after one.
    """
    trail, people = Trail(rows), PeopleSoFar(rows)

    def events() -> Iterator[StoredEvent]:
        for user in _streams(rows, _STANDINGS):
            if people.person(str(user)).standing != "active":
                for each, body in _decisions(rows, user, after):
                    if isinstance(body, StatementSigned):
                        yield each

    found: list[tuple[Cell, ...]] = []
    for each in _first(events(), most):
        line = trail.line(each)
        told = (line.position, line.time, line.actor_name, people.person(line.actor_id).standing)
        found.append((*told, line.title, line.stream, line.document_hash, _late(line)))
    columns = ("position", "time", "person", "standing", "title", "statement", "saw", "remark")
    notes = ("they count: eligibility is that of the approval's own position",)
    return AnswerTable("Approvals by people who have left", columns, tuple(found), notes)


class PeopleSoFar:
    """People as of the end of a log, folded when they are asked for."""

    def __init__(self, rows: AuditedLog) -> None:
        self._rows = rows
        self._losses = charter_at(rows).losses
        self._now_ms = newest_ms(rows)
        self._known: dict[str, Person] = {}

    def person(self, user: str) -> Person:
        """Return a person as of the last event of their stream."""
        if user not in self._known:
            state: Person | None = None
            for each in stored_events(self._rows, RowFilter(stream=parse_uuid(user).bytes)):
                state = person.evolve(state, each.event, self._losses)
            if state is None:
                raise AssertionError("a person who decided is registered")
            self._known[user] = person.settled(state, self._now_ms, self._losses)
        return self._known[user]


class Approvers:
    """Who approved changes, in words."""

    def __init__(self, rows: AuditedLog, named: Named) -> None:
        self._rows = rows
        self._named = named
        self._known: dict[str, str] = {}

    def of(self, change: str) -> str:
        """Return the names of those who approved a change, in the order of their approvals."""
        if change not in self._known:
            wanted = RowFilter(stream=parse_uuid(change).bytes, tags=(StatementSigned.TAG,))
            bodies = [each.event.body for each in stored_events(self._rows, wanted)]
            signers = [each.signer for each in bodies if isinstance(each, StatementSigned)]
            self._known[change] = ", ".join(map(self._named.called, signers))
        return self._known[change]


def _streams(rows: AuditedLog, tags: tuple[str, ...]) -> list[UUID]:
    """Return the streams with an event of these types, each of them once."""
    return [*dict.fromkeys(each.event.stream for each in stored_events(rows, RowFilter(tags=tags)))]


def _first(found: Iterable[StoredEvent], most: int | None) -> list[StoredEvent]:
    """Return the first so many events in the order of the log; only these are held in memory."""
    if most is None:
        return sorted(found, key=_position)
    return nsmallest(most, found, key=_position)


def _decisions(
    rows: AuditedLog, user: UUID, after: int
) -> Iterator[tuple[StoredEvent, StatementDecision]]:
    wanted = RowFilter(after, mentions=user, tags=_DECISIONS)
    for each in stored_events(rows, wanted):
        body = each.event.body
        if isinstance(body, StatementDecision) and body.signer == str(user):
            yield each, body


def _in_brief(
    title: str, trail: Trail, wanted: Selection, notes: tuple[str, ...], most: int | None
) -> AnswerTable:
    found = islice(trail.events(wanted), most)
    return AnswerTable(title, BRIEF, tuple(map(trail.brief, found)), notes)


def _late(line: Line) -> str:
    """Return that a decision was recorded late, and when it was signed; empty for any other."""
    return told_late(line.late_signed_at) if line.late_signed_at else ""


def _did(line: Line) -> str:
    """Return the type of a decision's event in words, without its version."""
    return line.type.rpartition(".")[0].replace("-", " ")
