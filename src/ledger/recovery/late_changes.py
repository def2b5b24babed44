"""Changes that erased something in the lost part of a log, recorded again after a restore.

A newer copy has the change as people signed it. Its acts are decided by the auditor of the restored
log, as late acts, so a copy is trusted with nothing: a forged act is refused, and the restore says
so.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple
from uuid import UUID

import msgspec

from ledger import clock
from ledger.audit.compared_rows import compared, erasures_of
from ledger.audit.part_auditor import PartAuditor
from ledger.audit.source import AuditedLog
from ledger.domain import charter, events
from ledger.domain.entry import SALT_BYTES
from ledger.domain.erasure import StatedErasure
from ledger.domain.events import (
    ApprovalRetracted,
    ErasedEvent,
    Event,
    LedgerRestored,
    StatementDrafted,
    StatementRejected,
    StatementSigned,
)
from ledger.domain.ledger_acts import KeptTree
from ledger.domain.receipts import written_about_change
from ledger.domain.statement import Statement
from ledger.errors import ConflictError, LedgerError
from ledger.store.engines import audited_log
from ledger.store.log import EVENTS, Log
from ledger.store.ports.log import Write
from ledger.store.results import require_stored

# By change, the stored states of its acts in a newer copy, in order.
LostChanges = Mapping[str, tuple[bytes, ...]]


class LateChanges(NamedTuple):
    """The commits that record changes late, and by change why another one cannot be."""

    commits: list["Commit"]
    refused: dict[str, str]


class Commit(NamedTuple):
    """The events that record one change, with its effects, and its number of approvals."""

    change: str
    events: tuple[Event, ...]
    approvals: int


class _Further(PartAuditor):
    """An auditor that goes on beyond the end of its rows: it knows what it added to them."""

    def _latest(self, stream: UUID) -> Statement | None:
        stored, own = super()._latest(stream), self.statements.get(stream)
        return own if own is not None and (not stored or own.version > stored.version) else stored


def acts_of(rows: AuditedLog, change: str, before: int) -> tuple[bytes, ...]:
    """Return the draft of a change in a copy, and the approvals that completed it.

    An approval that its person took back before position `before`, or rejected after, is left out.
    Raises CorruptError as `compared`.
    """
    draft: list[bytes] = []
    approvals: dict[str, bytes] = {}
    for row in rows.of_stream(UUID(change).bytes, before):
        state, event = row[4], compared(row).event
        if isinstance(event, ErasedEvent):
            continue
        match event.body:
            case StatementDrafted():
                draft.append(state)
            case StatementSigned(signer=signer):
                approvals[signer] = state
            case ApprovalRetracted(signer=signer) | StatementRejected(signer=signer):
                approvals.pop(signer, None)
            case _:
                pass
    return (*draft, *approvals.values())


def possible(staged: str, changes: LostChanges, kept: KeptTree, *, now_ms: int) -> LateChanges:
    """Return which changes a restore that keeps this tree will record late."""
    body = LedgerRestored(
        epoch=1 << 40, kept=kept, lost="unknown", origin="", vkeys=(), reason="", act=""
    )

    def restored(rows: AuditedLog) -> PartAuditor:
        auditor = _folded(rows, kept.size)
        version = 1 if auditor.charter is None else auditor.charter.version + 1
        event = Event(charter.STREAM, version, clock.to_text(now_ms), body)
        # Nobody signed it: it says what the log will be like, and is stored nowhere.
        auditor.add(kept.size + 1, _encoded(event), decide=False)
        return auditor

    with closing(audited_log(staged).open()) as rows:
        return _decided(lambda: restored(rows), changes, now_ms)


def record(log: Log, address: str, changes: LostChanges, *, now_ms: int) -> list[str]:
    """Record changes late, directly after the restore; return their ids.

    Raises ConflictError `late_refused` if one cannot be, and what appending raises.
    """
    head = log.store.head()
    with closing(audited_log(address).open()) as rows:
        decided = _decided(lambda: _folded(rows, head.stored), changes, max(now_ms, head.at_ms))
    for change, why in decided.refused.items():
        raise ConflictError("late_refused", f"the change {change} cannot be recorded late: {why}")
    for result in log.store.append([_to_write(each) for each in decided.commits]):
        require_stored(result)
    return [each.change for each in decided.commits]


def _folded(rows: AuditedLog, size: int) -> PartAuditor:
    """Return an auditor of people and changes at the end of a log that was audited."""
    auditor = _Further(rows, erasures_of(rows))
    for row in auditor.following(rows.of_people(size), size):
        auditor.take(row, decide=False)
    auditor.position = size
    return auditor


def _decided(begin: Callable[[], PartAuditor], changes: LostChanges, now_ms: int) -> LateChanges:
    refused: dict[str, str] = {}
    while True:
        auditor, commits = begin(), list[Commit]()
        for change in changes:
            if change in refused:
                continue
            try:
                commits.append(_commit(auditor, change, changes[change], clock.to_text(now_ms)))
            except (LedgerError, KeyError) as error:
                refused[change] = f"{error}" if isinstance(error, LedgerError) else "key_unknown"
                break  # what it had begun is in the auditor's states: begin anew without it
        else:
            return LateChanges(commits, refused)


def _commit(auditor: PartAuditor, change: str, acts: Sequence[bytes], at: str) -> Commit:
    """Return the events of a change that is recorded late; raise what deciding it raises."""
    stream, told = UUID(change), list[Event]()
    known = auditor.statements.get(stream)
    for state in acts:
        event = events.decode(state)
        body = event.body
        if event.stream != stream or not isinstance(body, StatementDrafted | StatementSigned):
            raise ConflictError("late_refused", "the copy has something else among its acts")
        if known is not None and event.version <= known.version:
            continue  # the restored log has it
        if auditor.due:
            break  # it is approved already, by an approval that the restored log has
        late = msgspec.structs.replace(body, late=True)
        told.append(_decide(auditor, Event(stream, auditor.version_of(stream) + 1, at, late)))
    while auditor.due:
        effect = auditor.due[0]
        version = auditor.version_of(effect.stream) + 1
        told.append(_add(auditor, Event(effect.stream, version, at, effect.body)))
    if auditor.is_inside_commit or not told:
        raise ConflictError("late_refused", "the copy lacks approvals of the change")
    return Commit(change, tuple(told), len(auditor.statements[stream].approvals))


def _decide(auditor: PartAuditor, event: Event) -> Event:
    """Return an act's event as the auditor decides it, and add it."""
    body = auditor.decide(event)
    auditor.due = ()
    return _add(auditor, msgspec.structs.replace(event, body=body))


def _add(auditor: PartAuditor, event: Event) -> Event:
    auditor.add(auditor.position + 1, _encoded(event))
    return event


def _encoded(event: Event) -> bytes:
    return events.encode(event, salt=os.urandom(SALT_BYTES))


def _to_write(commit: Commit) -> Write:
    receipt = written_about_change(commit.events, commit.approvals)
    moved = events.memberships(commit.events)
    return Write(
        key=receipt.key,
        events=tuple(map(EVENTS.to_stored_event, commit.events)),
        answer=receipt.answers[0],
        claims=tuple((name, each.stream) for each in commit.events for name in events.claims(each)),
        joins=tuple(each for each, present in moved.items() if present),
        leaves=tuple(each for each, present in moved.items() if not present),
        erases=tuple(
            (nth, position)
            for nth, each in enumerate(commit.events)
            if isinstance(each.body, StatedErasure)
            for position in each.body.positions
        ),
        until_ms=clock.to_ms(commit.events[0].at) + 1,  # the log must keep the time
    )
