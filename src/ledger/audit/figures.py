"""Figures of a ledger as tables: statements by month and by type, decisions by person, times."""

from collections import Counter
from collections.abc import Callable
from statistics import median, quantiles

from ledger import clock
from ledger.audit.answers import AnswerTable, Cell
from ledger.audit.named import Named
from ledger.audit.positions import Period
from ledger.audit.source import AuditedLog
from ledger.audit.statement_outline import (
    OutlinedStatement,
    StatementOutline,
    charter_at,
    events_of_statements,
    newest_ms,
)
from ledger.domain.events import StatementDecision
from ledger.domain.vocabulary import CHANGE, Status

STATUSES: tuple[Status, ...] = (
    "approved",
    "rejected",
    "withdrawn",
    "expired",
    "superseded",
    "pending",
)
_MONTH = slice(0, 7)  # of a time: year and month
_HOUR_MS = 3_600_000


def figures(rows: AuditedLog, period: Period) -> list[AnswerTable]:
    """Return the tables on the statements that were drafted in a period, as of its end.

    Changes are counted apart from other statements.
    """
    outline = StatementOutline()
    decisions: Counter[tuple[str, str]] = Counter()
    for each in events_of_statements(rows, period.last):
        outline.take(each)
        body = each.event.body
        if each.position > period.after and isinstance(body, StatementDecision):
            decisions[body.signer, body.TAG.rpartition(".")[0].replace("-", " ")] += 1
    drafted = [each for each in outline.statements.values() if each.position > period.after]
    known, now_ms = charter_at(rows, period.last), newest_ms(rows, period.last)
    statuses = {each.id: each.status_at(now_ms, known) for each in drafted}
    others = [each for each in drafted if each.type is None or each.type.name != CHANGE]
    return [
        _counts("Statements by month of the draft", "month", others, statuses, by_month),
        _counts("Statements by type", "type", drafted, statuses, by_type),
        _by_person(decisions, Named(rows)),
        _times(others),
    ]


def by_month(each: OutlinedStatement) -> str:
    """Return the month of a statement's draft, as 2026-11."""
    return each.drafted_at[_MONTH]


def by_type(each: OutlinedStatement) -> str:
    """Return the type of a statement in words."""
    return each.type_in_words or "no type"


def _counts(
    title: str,
    name: str,
    drafted: list[OutlinedStatement],
    statuses: dict[str, Status],
    group: Callable[[OutlinedStatement], str],
) -> AnswerTable:
    counted = Counter((group(each), statuses[each.id]) for each in drafted)
    groups = sorted({found for found, _ in counted})
    found: tuple[tuple[Cell, ...], ...] = tuple(
        (
            each,
            sum(counted[each, status] for status in STATUSES),
            *(counted[each, status] for status in STATUSES),
        )
        for each in groups
    )
    return AnswerTable(title, (name, "drafted", *STATUSES), found)


def _by_person(decisions: Counter[tuple[str, str]], named: Named) -> AnswerTable:
    kinds = sorted({kind for _, kind in decisions})
    people = sorted({user for user, _ in decisions}, key=lambda user: (named.name(user), user))
    found: tuple[tuple[Cell, ...], ...] = tuple(
        (named.name(user), user, *(decisions[user, kind] for kind in kinds)) for user in people
    )
    return AnswerTable("Decisions by person", ("person", "id", *kinds), found)


def _times(drafted: list[OutlinedStatement]) -> AnswerTable:
    found: list[tuple[Cell, ...]] = []
    for status in ("approved", "rejected"):
        hours = sorted(
            (clock.to_ms(each.since) - clock.to_ms(each.drafted_at)) / _HOUR_MS
            for each in drafted
            if each.status == status
        )
        if hours:
            ninth = quantiles(hours, n=10)[-1] if len(hours) > 1 else hours[0]
            told = (median(hours), ninth, hours[-1])
            found.append((status, len(hours), *(f"{each:,.2f}" for each in told)))
    columns = ("status", "statements", "median hours", "90 % within hours", "longest")
    return AnswerTable("Time from the draft to the status", columns, tuple(found))
