"""Audit one part of the log: people, the ledger itself and changes, or a share of the statements.

Decisions about people and about changes depend only on people and on changes. Decisions about
another statement depend on its own stream and on people. So people and changes are audited first,
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
from ledger.audit.questioned import Questioned
from ledger.audit.source import AuditedLog, EventRow
from ledger.audit.stored_receipts import Receipts
from ledger.audit.verified_ahead import TOGETHER, VerifiedAhead
from ledger.domain import events, statement
from ledger.domain.charter import Charter
from ledger.domain.events import Event, StatementDrafted
from ledger.domain.person import Person
from ledger.domain.receipts import (
    written,
    written_about_change,
    written_about_statement,
)
from ledger.domain.statement import Statement
from ledger.errors import CorruptError, LedgerError
from ledger.jose import CompactJws
from ledger.verify.auditor import AuditError, Auditor, refusal

MOST_STATEMENTS = 5_000  # kept in memory; others are folded again when needed
REPORT_EVERY = 1_000


class Known(msgspec.Struct, frozen=True):
    """The charter or a person after an event; exactly one of the two is set."""

    position: int
    stream: UUID
    charter: Charter | None = None
    person: Person | None = None


class Share(msgspec.Struct, frozen=True):
    """Which statements to audit: those of part `part` of `parts`, up to position `size`.

    Up to `trusted` they are folded, but their decisions are not recomputed.
    """

    part: int
    parts: int
    size: int
    trusted: int


class ShareResult(msgspec.Struct):
    """The first finding of a part, if any, and its counts."""

    finding: Finding | None
    counts: Counts


class PartAuditor(Auditor):
    """Audits some streams; looks up the first events of other streams in the file."""

    def __init__(self, rows: AuditedLog, history: Sequence[Known] = ()) -> None:
        super().__init__(complete=False)
        self._rows = rows
        self._history = history
        self._learned = 0
        self._verified = VerifiedAhead(each.person for each in history if each.person is not None)
        self.counts = Counts()

    def take(self, row: EventRow, *, decide: bool = True) -> Event:
        """Compare a row's columns with its entry, then check and fold its event as `add` does."""
        position, stream, version, tag, state, leaf = row
        typed = isinstance(position, int) and isinstance(state, bytes) and isinstance(leaf, bytes)
        if not typed:  # the scan of all leaves reports invalid positions
            error = CorruptError("columns_mismatch", "a column has the wrong type")
            raise refusal(error, int(position or 0))
        event = self.add(position, state, leaf, decide=decide)
        if (stream, version, tag) != (event.stream.bytes, event.version, event.body.TAG):
            error = CorruptError("columns_mismatch", "the row's columns do not match its entry")
            raise refusal(error, position)
        self.counts.count(event)
        return event

    def verify_ahead(self, rows: Sequence[EventRow]) -> None:
        """Verify the signatures of approvals, which the next calls of `take` decide."""
        self._verified.verify(rows)

    def _approval(self, jws: str) -> CompactJws:
        return self._verified.get(jws) or super()._approval(jws)

    def learn(self, before: int) -> None:
        """Load the state of everybody before this position."""
        while self._learned < len(self._history):
            known = self._history[self._learned]
            if known.position >= before:
                return
            self._learned += 1
            if known.charter is not None:
                self.charter = known.charter
            if known.person is not None:
                self.people[known.stream] = known.person
                for kid in known.person.keys:
                    self._owners[kid] = known.stream

    def _has_everybody(self) -> bool:
        return True

    def _has_begun(self, stream: UUID) -> bool:
        return super()._has_begun(stream) or self._rows.has_begun(stream.bytes, self.position + 1)

    def _statement(self, stream: UUID) -> Statement | None:
        known = self.statements.get(stream)
        if known is None:
            known = self._folded(stream)
            if known is not None:
                self.statements[stream] = known
        return known

    def _moved(self, before: Statement | None, after: Statement) -> None:
        if before is None or before.status != after.status:
            self.counts.move(before, after)

    def _folded(self, stream: UUID) -> Statement | None:
        """Fold a statement that was dropped from memory, or that another part audits."""
        state: Statement | None = None
        for stored in self._rows.of_stream(stream.bytes, self.position + 1):
            event = events.decode(stored)
            version = 0 if state is None else state.version
            if (event.stream, event.version) != (stream, version + 1):
                raise CorruptError(
                    "columns_mismatch", f"the rows of {stream} do not match its events"
                )
            # The stream is a person's or invalid: the audit of that position reports it.
            if (state is None) != isinstance(event.body, StatementDrafted):
                return None
            state = statement.evolve(state, event)
        return state

    def forget(self) -> None:
        """Drop the older half of the statements from memory when there are too many."""
        if len(self.statements) > MOST_STATEMENTS:
            for stream in [*islice(self.statements, MOST_STATEMENTS // 2)]:
                del self.statements[stream]


class PeopleAuditor:
    """Audits people, the ledger itself and changes; keeps the states of the first two."""

    def __init__(self, rows: AuditedLog) -> None:
        self._rows = rows
        self._auditor = PartAuditor(rows)
        self._receipts = Receipts(rows)
        self._commit: list[tuple[Event, bytes]] = []
        self._changed: list[tuple[Event, Statement]] = []
        self.history: list[Known] = []
        self.claims: dict[str, tuple[bytes, int]] = {}
        self.members: dict[tuple[str, bytes, int], bool] = {}

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
            for row in self._rows.of_people(size):
                event = self._auditor.take(row)
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
        questioned.count(self.counts)
        last = self._receipts.settle()
        self.counts.receipts = self._receipts.count
        return findings.first([*found, *([last] if last else [])])

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
            case "statement":
                after = auditor.statements[stream]
                if after.items is None:
                    raise refusal(_misplaced("a statement is stored as a change"), position)
                self._changed.append((event, after))
            case kind:
                assert_never(kind)

    def _expect(self, position: int, event: Event, state: bytes) -> Finding | None:
        self._commit.append((event, state))
        if self._auditor.is_inside_commit:
            return None
        group, self._commit = self._commit, []
        count = len(group)
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


def _misplaced(detail: str) -> CorruptError:
    return CorruptError("member_mismatch", detail)


def _verified_ahead(rows: AuditedLog, share: Share, auditor: PartAuditor) -> Iterator[EventRow]:
    """Yield the events of a share, after the auditor verified the signatures of several of them."""
    events_of_share = rows.of_statements(share.size, share.part, share.parts)
    while together := [*islice(events_of_share, TOGETHER)]:
        auditor.verify_ahead([row for row in together if row[0] > share.trusted])
        yield from together


def audit_share(
    rows: AuditedLog, history: Sequence[Known], share: Share, told: Callable[[int], None]
) -> ShareResult:
    """Audit the statements of a share; call `told` with each position reached."""
    auditor, receipts = PartAuditor(rows, history), Receipts(rows)
    latest = {known.stream: known.person for known in history if known.person is not None}
    questioned = Questioned(latest.values())
    found: list[Finding] = []
    told_at = REPORT_EVERY
    try:
        for row in _verified_ahead(rows, share, auditor):
            position = row[0]
            if position >= told_at:
                told(position - 1)
                told_at = position + REPORT_EVERY
            auditor.learn(position)
            event = auditor.take(row, decide=position > share.trusted)
            after = auditor.statements[event.stream]
            if after.items is not None:
                raise refusal(_misplaced("a change is not stored as one"), position)
            questioned.look(event, after)
            approvals = len(after.approvals)
            finding = receipts.expect(position, 1, written_about_statement(event, approvals))
            if finding is not None:
                found.append(finding)
                break
            auditor.forget()
    except AuditError as error:
        found.append(findings.of_error("event", error))
    last = receipts.settle()
    auditor.counts.receipts = receipts.count
    questioned.count(auditor.counts)
    return ShareResult(findings.first([*found, *([last] if last else [])]), auditor.counts)
