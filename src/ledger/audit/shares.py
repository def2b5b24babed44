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
from ledger.audit.part_auditor import Known, PartAuditor
from ledger.audit.questioned import Questioned
from ledger.audit.source import AuditedLog, EventRow
from ledger.audit.stored_receipts import Receipts
from ledger.audit.verified_ahead import TOGETHER
from ledger.domain import events
from ledger.domain.charter import Charter
from ledger.domain.events import Event, StatementEffect
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
    """The first finding of a part, if any, its counts, and the names that its statements claim."""

    finding: Finding | None
    counts: Counts
    claims: dict[str, tuple[bytes, int]] = {}


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
            for row in self._auditor.following(self._rows.of_people(size), size):
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
            case "statement":
                after = auditor.statements[stream]
                if isinstance(event.body, StatementEffect):
                    self.history.append(Known(position, stream, effect=True))
                elif after.items is None:
                    raise refusal(_misplaced("a statement is stored as a change"), position)
                else:
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


def _settled(found: list[Finding], receipts: Receipts, counts: Counts) -> Finding | None:
    """Count the receipts; return the first finding, if any."""
    last = receipts.settle()
    counts.receipts = receipts.count
    return findings.first([*found, *([last] if last else [])])


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
    claims: dict[str, tuple[bytes, int]] = {}
    told_at = REPORT_EVERY
    commit: list[tuple[Event, Statement]] = []
    try:
        ahead = _verified_ahead(rows, share, auditor)
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
            claims |= {name: (event.stream.bytes, position) for name in events.claims(event)}
            if auditor.is_inside_commit:
                continue
            (first, state), count = commit[0], len(commit)
            commit.clear()
            if isinstance(first.body, StatementEffect):
                continue  # its receipt is of what brought it about
            questioned.look(first, state)
            expected = written_about_statement(first, len(state.approvals))
            finding = receipts.expect(position - count + 1, count, expected)
            if finding is not None:
                found.append(finding)
                break
            auditor.forget()
    except AuditError as error:
        found.append(findings.of_error("event", error))
    auditor.count_expired(share.size)
    questioned.count(auditor.counts)
    return ShareResult(_settled(found, receipts, auditor.counts), auditor.counts, claims)
