"""Audit one part of the log: people, the ledger itself and changes, or a share of the statements.

Decisions about people and about changes depend only on people and on changes. Decisions about
another statement depend on its own stream, on people, and on the statement that it supersedes,
which is folded anew. So people and changes are audited first,
in order, and each state is kept with its position. Then shares of the other statements are audited
in parallel, each with the people as of its own position. Up to the first invalid position a part
sees the same states as one auditor of the whole log. Therefore the lowest failing position across
parts equals that auditor's result.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import assert_never
from uuid import UUID

import msgspec

from ledger.audit import findings
from ledger.audit.counts import Counts
from ledger.audit.findings import Finding
from ledger.audit.part_auditor import Known, PartAuditor, claimed_erasures
from ledger.audit.questioned import Questioned
from ledger.audit.source import AuditedLog, EventRow
from ledger.audit.stored_receipts import Receipts
from ledger.audit.verified_ahead import TOGETHER
from ledger.domain import events
from ledger.domain.charter import Charter
from ledger.domain.erasure import StatedErasure
from ledger.domain.events import BODIES, ErasedEvent, Event, NameErased, StatementEffect
from ledger.domain.receipts import (
    written,
    written_about_change,
    written_about_statement,
)
from ledger.domain.statement import Statement
from ledger.errors import CorruptError, LedgerError
from ledger.verify.auditor import AuditError, refusal

REPORT_EVERY = 1_000


class Share(msgspec.Struct, frozen=True):
    """Which statements to audit: those of part `part` of `parts`, up to position `size`.

    Up to `trusted` they are folded, but their decisions are not recomputed.
    """

    part: int
    parts: int
    size: int
    trusted: int

    def has(self, statement: UUID) -> bool:
        """Tell whether a statement is of this part; `AuditedLog.of_statements` parts them alike."""
        return statement.bytes[-1] % self.parts == self.part


class ShareResult(msgspec.Struct):
    """The first finding of a part, its counts, and the names and groups of its statements."""

    finding: Finding | None
    counts: Counts
    claims: dict[str, tuple[bytes, int]] = {}
    members: list[tuple[str, bytes, int]] = []

    def note(self, event: Event | ErasedEvent, position: int) -> None:
        """Note which names an event claims and which groups it joins; an erased one shows none."""
        if isinstance(event, ErasedEvent):
            return
        for name in events.claims(event):
            self.claims[name] = event.stream.bytes, position
        for name, stream in events.memberships([event]):
            self.members.append((name, stream.bytes, position))


class ErasedBody(msgspec.Struct, frozen=True):
    """Of an erased body: its stream, the position of the event that states it, and the change.

    `is_name` tells whether it is the name of a person.
    """

    stream: bytes
    by: int
    change: str
    is_name: bool


class PeopleAuditor:
    """Audits people, the ledger itself and changes; keeps the states of the first two."""

    def __init__(self, rows: AuditedLog) -> None:
        self._rows = rows
        self._auditor = PartAuditor(rows, erasures={})  # `run` reads them
        self._receipts = Receipts(rows)
        self._commit: list[tuple[Event | ErasedEvent, bytes]] = []
        self._changed: list[tuple[Event, Statement]] = []
        self.history: list[Known] = []
        self.claims: dict[str, tuple[bytes, int]] = {}
        self.members: dict[tuple[str, bytes, int], bool] = {}
        self.erased: dict[int, ErasedBody] = {}

    @property
    def counts(self) -> Counts:
        """The counts of this part."""
        return self._auditor.counts

    @property
    def charter(self) -> Charter | None:
        """The ledger's charter after the last valid event."""
        return self._auditor.charter

    @property
    def number(self) -> int:
        """The number of registered people."""
        return len(self._auditor.people)

    def run(self, size: int) -> Finding | None:
        """Audit all events that are not about statements; return the first finding."""
        found: list[Finding] = []
        try:
            self._auditor.erasures = claimed_erasures(self._rows)
            for row in self._auditor.following(self._rows.of_people(size), size):
                event = self._auditor.take(row)
                if isinstance(event, Event):
                    self._keep(row[0], event)
                finding = self._expect(row[0], event, row[4])
                if finding is not None:
                    found.append(finding)
                    break
            else:
                self._finish(size)
        except LedgerError as error:
            if error.code == "file_malformed":  # what follows cannot be read either
                raise
            found.append(findings.of_error("event", error))
        questioned = Questioned(self._auditor.people.values())
        for event, after in self._changed:
            questioned.look(event, after)
        self._auditor.count_expired(size)
        questioned.count(self.counts)
        return _settled(found, self._receipts, self.counts)

    def _finish(self, size: int) -> None:
        """Raise AuditError if a commit lacks its last events: at the place of the first of them."""
        try:
            self._auditor.finish()
        except AuditError as error:
            place = min(self._auditor.position + 1, size)
            raise AuditError(error.code, error.detail, position=place) from error.__cause__

    def _keep(self, position: int, event: Event) -> None:
        stream, auditor = event.stream, self._auditor
        match event.body.MEANING.stream:
            case "ledger":
                self.history.append(Known(position, stream, charter=auditor.charter))
            case "person":
                self.history.append(Known(position, stream, person=auditor.people[stream]))
                if isinstance(event.body, StatedErasure):
                    self._note_erased(position, stream, event.body)
            case "statement":
                after = auditor.statements[stream]
                if isinstance(event.body, StatementEffect):
                    self.history.append(Known(position, stream, effect=True))
                    if isinstance(event.body, StatedErasure):
                        self._note_erased(position, stream, event.body)
                elif after.items is None:
                    raise refusal(_misplaced("a statement is stored as a change"), position)
                else:
                    self._changed.append((event, after))
            case kind:
                assert_never(kind)

    def _note_erased(self, position: int, stream: UUID, body: StatedErasure) -> None:
        for each in body.positions:
            is_name = isinstance(body, NameErased)
            self.erased[each] = ErasedBody(stream.bytes, position, body.change, is_name)

    def _expect(self, position: int, event: Event | ErasedEvent, state: bytes) -> Finding | None:
        self._commit.append((event, state))
        if self._auditor.is_inside_commit:
            return None
        complete, self._commit = self._commit, []
        count = len(complete)
        # An erased effect claims nothing and joins no group.
        group = [(each, stored) for each, stored in complete if isinstance(each, Event)]
        for each, _ in group:
            self.claims |= {name: (each.stream.bytes, position) for name in events.claims(each)}
        moved = events.memberships(each for each, _ in group)
        self.members |= {
            (name, stream.bytes, position): present for (name, stream), present in moved.items()
        }
        first, told = group[0][0], [each for each, _ in group]
        if first.body.MEANING.stream == "statement":
            approvals = len(self._auditor.statements[first.stream].approvals)
            expected = written_about_change(told, approvals)
        else:
            expected = written(told, [stored for _, stored in group])
        return self._receipts.expect(position - count + 1, count, expected)


def _settled(found: list[Finding], receipts: Receipts, counts: Counts) -> Finding | None:
    """Count the receipts; return the first finding, if any."""
    last = receipts.settle()
    counts.receipts = receipts.count
    return findings.first([*found, *([last] if last else [])])


def _misplaced(detail: str) -> CorruptError:
    return CorruptError("member_mismatch", detail)


def _looked_ahead(rows: AuditedLog, share: Share, auditor: PartAuditor) -> Iterator[EventRow]:
    """Yield the events of a share, after the auditor looked ahead at several of them."""
    events_of_share = rows.of_statements(share.size, share.part, share.parts)
    while together := [*islice(events_of_share, TOGETHER)]:
        auditor.look_ahead(together, trusted=share.trusted)
        yield from together


def audit_share(
    rows: AuditedLog, history: Sequence[Known], share: Share, told: Callable[[int], None]
) -> ShareResult:
    """Audit the statements of a share; call `told` with each position reached."""
    auditor, receipts = PartAuditor(rows, claimed_erasures(rows), history), Receipts(rows)
    latest = {known.stream: known.person for known in history if known.person is not None}
    questioned = Questioned(latest.values())
    found: list[Finding] = []
    result = ShareResult(None, auditor.counts)
    told_at = REPORT_EVERY
    commit: list[tuple[Event | ErasedEvent, Statement]] = []
    try:
        ahead = _looked_ahead(rows, share, auditor)
        for row in auditor.following(ahead, share.size, share.has):
            position = row[0]
            if position >= told_at:
                told(position - 1)
                told_at = position + REPORT_EVERY
            auditor.learn(position)
            event = auditor.take(row, decide=position > share.trusted)
            after = auditor.statements[event.stream]
            if after.items is not None:
                raise refusal(_misplaced("a change is not stored as one"), position)
            commit.append((event, after))
            result.note(event, position)
            if auditor.is_inside_commit:
                continue
            (first, state), count = commit[0], len(commit)
            commit.clear()
            if _is_effect(first):
                continue  # its receipt is of what brought it about
            if isinstance(first, Event):
                questioned.look(first, state)
            finding = _expect(receipts, first, state, (position - count + 1, count))
            if finding is not None:
                found.append(finding)
                break
            auditor.forget()
    except AuditError as error:
        found.append(findings.of_error("event", error))
    auditor.count_expired(share.size)
    questioned.count(auditor.counts)
    result.finding = _settled(found, receipts, auditor.counts)
    return result


def _expect(
    receipts: Receipts, first: Event | ErasedEvent, state: Statement, place: tuple[int, int]
) -> Finding | None:
    """Queue the receipt of a commit, by its first event, position and number of events."""
    if isinstance(first, ErasedEvent):
        receipts.expect_one(place[0])
        return None
    return receipts.expect(*place, written_about_statement(first, len(state.approvals)))


def _is_effect(event: Event | ErasedEvent) -> bool:
    body = BODIES[event.tag] if isinstance(event, ErasedEvent) else type(event.body)
    return issubclass(body, StatementEffect)
