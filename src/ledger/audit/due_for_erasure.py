"""What an auditor asks of retention: which statements are due for erasure, from the log alone."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from ledger import clock
from ledger.audit.answers import AnswerTable
from ledger.audit.named import Named
from ledger.audit.source import AuditedLog, RowFilter
from ledger.audit.statement_outline import (
    OutlinedStatement,
    StatementOutline,
    charter_at,
    events_of_statements,
)
from ledger.audit.stored_events import stored_events
from ledger.domain import charter, erasure, holds, statement
from ledger.domain.charter import Charter
from ledger.domain.erasure import Erasing
from ledger.domain.events import StatementDrafted, TypeDefined, TypeRetired
from ledger.domain.retention import Retention
from ledger.domain.statement import Statement
from ledger.domain.unique_names import replacing_group
from ledger.errors import ConflictError

_COLUMNS = ("position", "due", "type", "title", "statement", "status", "final", "drafted")
_NOTES = (
    "by the rule of the type's newest version; a change that people approve erases, and nothing"
    " else does",
    "what is held, pending, or can still be used is left out",
)


def due(rows: AuditedLog, *, now_ms: int, after: int = 0, most: int | None = None) -> AnswerTable:
    """Answer which statements are due for erasure at a time, in the order of their drafts.

    In so many rows, of positions after one.
    """
    known = charter_at(rows)
    rules = {
        name: each.definition.retention
        for name, each in known.types.items()
        if each.definition.retention is not None
    }
    found = []
    named = Named(rows)
    ends = _Ends(rows, known)
    for each in _outlined(rows, rules):
        if each.position <= after:
            continue
        status = each.status_at(now_ms, known)
        rule = rules.get("" if each.type is None else each.type.name)
        if status == "pending" or rule is None:
            continue
        final_ms = ends.final_ms(each, now_ms)
        due_ms = rule.due_ms(drafted_ms=clock.to_ms(each.drafted_at), final_ms=final_ms)
        if due_ms > now_ms or not _is_erasable(rows, UUID(each.id), known, now_ms):
            continue
        told = each.position, clock.to_text(due_ms), each.type_in_words
        title = named.statement(each.id).title
        final = clock.to_text(final_ms)
        found.append((*told, title, each.id, status, final, each.drafted_at))
        if len(found) == most:
            break
    return AnswerTable("Due for erasure", _COLUMNS, tuple(found), _NOTES)


def _outlined(rows: AuditedLog, rules: Mapping[str, Retention]) -> list[OutlinedStatement]:
    """Return the statements of types with a rule, in the order of their drafts."""
    outline, others = StatementOutline(), set[UUID]()
    if not rules:
        return []
    for each in events_of_statements(rows):
        if isinstance(each.event.body, StatementDrafted) and each.event.body.type not in rules:
            others.add(each.event.stream)
        elif each.event.stream not in others:
            outline.take(each)
    return [*outline.statements.values()]


class _Ends:
    """When statements became final: also those that a change of their type or a loss ended."""

    def __init__(self, rows: AuditedLog, known: Charter) -> None:
        self._losses_ms = [clock.to_ms(each.at) for each in known.losses]
        self._stops: dict[str, list[tuple[int, int]]] = {}  # by type: up to which version, and when
        newest: dict[str, int] = {}
        for each in stored_events(rows, RowFilter(stream=charter.STREAM.bytes)):
            body = each.event.body
            if not isinstance(body, TypeDefined | TypeRetired):
                continue
            if body.pending == "stop" and body.name in newest:
                stop = newest[body.name], clock.to_ms(each.event.at)
                self._stops.setdefault(body.name, []).append(stop)
            newest[body.name] = newest.get(body.name, 0) + isinstance(body, TypeDefined)

    def final_ms(self, each: OutlinedStatement, now_ms: int) -> int:
        """Return when a statement that is final at a time became so."""
        if each.status != "pending":
            return clock.to_ms(each.since)
        drafted_ms = clock.to_ms(each.drafted_at)
        return min(self._of_others(each, drafted_ms), each.ends_ms, now_ms)

    def _of_others(self, each: OutlinedStatement, drafted_ms: int) -> int:
        name, version = ("", 0) if each.type is None else (each.type.name, each.type.version)
        ended = [at for stopped, at in self._stops.get(name, []) if version <= stopped]
        ended += self._losses_ms
        return min((at for at in ended if at > drafted_ms), default=each.ends_ms)


def _is_erasable(rows: AuditedLog, stream: UUID, known: Charter, now_ms: int) -> bool:
    """Tell whether a change could erase a statement now, by the rule that decides it."""
    subject = _folded(rows, stream)
    group = rows.group(replacing_group(stream), rows.newest() + 1)
    versions = tuple(_each_folded(rows, group))
    try:
        holds.require_free(known, "statement", str(stream))
        if subject is not None:
            erasure.of_statement("", subject, Erasing((), versions), known, now_ms=now_ms)
    except ConflictError:
        return False
    return subject is not None


def _each_folded(rows: AuditedLog, streams: list[bytes]) -> Iterator[Statement]:
    for each in streams:
        found = _folded(rows, UUID(bytes=each))
        if found is not None:
            yield found


def _folded(rows: AuditedLog, stream: UUID) -> Statement | None:
    """Return a statement as of the end of the log, None for one that is erased."""
    state: Statement | None = None
    for each in stored_events(rows, RowFilter(stream=stream.bytes)):
        if state is None and not isinstance(each.event.body, StatementDrafted):
            return None
        state = statement.evolve(state, each.event)
    return state
