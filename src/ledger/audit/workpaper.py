"""The sheets of a working paper: what was done with each statement of a sample, from the log.

The conclusions are the auditor's: their columns are empty.
"""

from collections.abc import Iterable, Iterator

import msgspec

from ledger.audit.answers import AnswerTable, Cell
from ledger.audit.compared_rows import time_ms_at
from ledger.audit.named import Named
from ledger.audit.population import Drafted, Population, rank, sample
from ledger.audit.source import AuditedLog, RowFilter
from ledger.audit.statement_outline import charter_at
from ledger.audit.stored_events import StoredEvent, stored_events
from ledger.domain import charter, statement
from ledger.domain.charter import Charter
from ledger.domain.document import parse_uuid
from ledger.domain.events import (
    ApprovalRetracted,
    CharterSet,
    GovernanceSet,
    HoldPlaced,
    HoldReleased,
    RoleClosed,
    RoleDefined,
    StatementRejected,
    StatementSigned,
    StatementUsed,
    TypeDefined,
    TypeRetired,
)
from ledger.domain.statement import Statement
from ledger.errors import CorruptError

_ITEM = (
    "rank",
    "statement",
    "title",
    "requester",
    "drafted",
    "policy",
    "approvers",
    "rejections",
    "taken back",
    "policy met at position",
    "policy met at time",
    "uses",
    "used after approval",
    "used by somebody who did not approve",
    "outcomes",
    "status at the end",
    "conclusion",
    "remarks",
)


def sheets(
    rows: AuditedLog, found: Population, *, count: int | None, seed: str
) -> dict[str, AnswerTable]:
    """Return the sheets of a population and a sample of it, by name.

    Raises CorruptError as `stored_events`.
    """
    named, last = Named(rows), found.period.last
    drawn = sample(found.statements, count, seed)
    known, now_ms = charter_at(rows, last), time_ms_at(rows, last)
    items = [_item(rows, named, each, (known, now_ms, last), seed) for each in drawn]
    return {
        "population": _population(found, named, {each.draft.id for each in drawn}, seed),
        "sample": AnswerTable("Sample", _ITEM, tuple(items)),
        "rules": _rules(rows, found),
    }


def _population(found: Population, named: Named, drawn: set[str], seed: str) -> AnswerTable:
    columns = ("position", "time", "statement", "title", "requester", "type", "documentHash")
    lines = tuple(
        (
            each.position,
            each.at,
            each.draft.id,
            each.draft.title,
            named.name(each.draft.creator),
            each.draft.type_in_words,
            each.draft.sha256,
            rank(seed, each.draft.id),
            "yes" if each.draft.id in drawn else "",
        )
        for each in found.statements
    )
    return AnswerTable("Population", (*columns, "rank", "in the sample"), lines)


def _item(
    rows: AuditedLog, named: Named, drafted: Drafted, end: tuple[Charter, int, int], seed: str
) -> tuple[Cell, ...]:
    known, now_ms, last = end
    wanted = RowFilter(last=last, stream=parse_uuid(drafted.draft.id).bytes)
    events = [*stored_events(rows, wanted)]
    state: Statement | None = None
    for each in events:
        state = statement.evolve(state, each.event)
    if state is None:
        raise CorruptError("stream_unknown", f"there is no draft of {drafted.draft.id}")
    met = next(
        (e for e in events if isinstance(e.event.body, StatementSigned) and _is_met(e)), None
    )
    uses = [each for each in events if isinstance(each.event.body, StatementUsed)]
    users = {each.event.body.signer for each in uses if isinstance(each.event.body, StatementUsed)}
    return (
        rank(seed, state.id),
        state.id,
        state.title,
        f"{named.called(state.creator)} ({state.creator})",
        f"position {drafted.position}, {drafted.at}",
        msgspec.json.encode(state.policy).decode(),
        _people(events, StatementSigned, named),
        _people(events, StatementRejected, named),
        _people(events, ApprovalRetracted, named),
        "" if met is None else met.position,
        "" if met is None else met.event.at,
        _people(uses, StatementUsed, named),
        _yes(met is not None and all(e.position > met.position for e in uses)) if uses else "",
        _yes(users.isdisjoint(state.approvals)) if uses else "",
        "; ".join(f"use {use.number}: {use.outcome or 'not reported'}" for use in state.uses),
        state.status_at(now_ms, stopped=known.stops(state.type, state.drafted_at)),
        "",
        "",
    )


def _is_met(found: StoredEvent) -> bool:
    body = found.event.body
    return isinstance(body, StatementSigned) and body.status == "approved"


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _people(events: Iterable[StoredEvent], kind: type, named: Named) -> str:
    """Return who acted in the events of a class: their roles, the position, the time, the key."""
    found = (each for each in events if isinstance(each.event.body, kind))
    return "; ".join(_acted(each, named) for each in found)


def _acted(found: StoredEvent, named: Named) -> str:
    body = found.event.body
    signer, kid = getattr(body, "signer"), getattr(body, "kid")  # noqa: B009  # of every decision
    roles = ", ".join(getattr(body, "roles", ()))
    held = f" as {roles}" if roles else ""
    reason = getattr(body, "reason", None)
    why = f": {reason}" if reason else ""
    place = f"position {found.position}, {found.event.at}, key {kid}"
    return f"{named.called(signer)}{held}{why} ({place})"


# --- rules ---------------------------------------------------------------------------------------


def _rules(rows: AuditedLog, found: Population) -> AnswerTable:
    """Return each change of a rule in the period, with the value before it and after it."""
    lines: list[tuple[Cell, ...]] = []
    state: Charter | None = None
    wanted = RowFilter(last=found.period.last, stream=charter.STREAM.bytes)
    for each in stored_events(rows, wanted):
        before, state = state, charter.evolve(state, each.event)
        if before is not None and each.position > found.period.after:
            lines += [
                (each.position, each.event.at, rule, old, new, change)
                for rule, old, new, change in _changed(each, before, state)
            ]
    columns = ("position", "time", "rule", "old", "new", "change")
    return AnswerTable("Changed rules", columns, tuple(lines))


def _changed(
    found: StoredEvent, before: Charter, after: Charter
) -> Iterator[tuple[str, str, str, str]]:
    match found.event.body:
        case CharterSet(change=change):
            yield "charter", _json(before.values), _json(after.values), change
        case GovernanceSet(change=change):
            yield "governance", _json(before.governance), _json(after.governance), change
        case RoleDefined(change=change, role=role):
            yield f"role {role}", "", "defined", change
        case RoleClosed(change=change, role=role):
            yield f"role {role}", "defined", "closed", change
        case HoldPlaced(change=change, kind=kind, held=held):
            yield f"hold on the {kind} {held}", "", "placed", change
        case HoldReleased(change=change, kind=kind, held=held):
            yield f"hold on the {kind} {held}", "placed", "released", change
        case TypeDefined(change=change, name=name):
            yield f"type {name}", _type(before, name), _type(after, name), change
        case TypeRetired(change=change, name=name):
            yield f"type {name}", _type(before, name), "retired", change
        case _:
            return


def _type(known: Charter, name: str) -> str:
    return _json(known.types[name].definition) if name in known.types else ""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
