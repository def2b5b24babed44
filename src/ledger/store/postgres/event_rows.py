"""The SQL that selects the rows of events for an audit: one page of them, and the conditions."""

from typing import Any

from ledger.audit.source import RowFilter
from ledger.domain.unique_names import type_group
from ledger.domain.vocabulary import CHANGE

# Changes are audited with people, because their effects are.
CHANGES = f"(SELECT stream FROM ledger.member WHERE grp = '{type_group(CHANGE)}')"  # noqa: S608  # constants
TAGS = "ANY(%s::text[])"
WITH_PEOPLE = f"(e.tag <> ALL(%s::text[]) OR e.stream IN {CHANGES})"
PAGE = """
    SELECT pos, stream, version, tag, leaf, entry, data FROM (
        SELECT e.pos, uuid_send(e.stream) AS stream, e.version, e.tag, e.leaf, e.entry,
            coalesce(b.data, (SELECT ''::bytea FROM ledger.erased t WHERE t.pos = e.pos)) AS data,
            sum(octet_length(b.data)) OVER (ORDER BY e.pos) - octet_length(b.data) AS before
        FROM ledger.ev e LEFT JOIN ledger.body b USING(pos)
        WHERE e.pos > %s AND e.pos <= %s AND {where} ORDER BY e.pos LIMIT %s) page
    WHERE before IS NULL OR before < %s ORDER BY pos
"""


def conditions(wanted: RowFilter) -> tuple[str, list[Any]]:
    """Return the condition of a filter's stream, types and person, and its values."""
    where = ["TRUE"]
    values: list[Any] = []
    if wanted.stream is not None:
        where.append("e.stream = encode(%s, 'hex')::uuid")
        values.append(wanted.stream)
    if wanted.tags:
        where.append(f"e.tag = {TAGS}")
        values.append([*wanted.tags])
    if wanted.mentions is not None:
        where.append("(e.stream = %s::uuid OR b.data IS NULL OR position(%s::bytea IN b.data) > 0)")
        values += [str(wanted.mentions), str(wanted.mentions).encode()]
    return " AND ".join(where), values
