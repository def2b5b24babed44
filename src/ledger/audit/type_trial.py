"""Try a type on the past: which statements of a log would have passed its policy and schema.

It reads documents and verifies no signature: it helps to write a definition, and proves nothing.
"""

from collections.abc import Iterator

import msgspec

from ledger.audit.compared_rows import compared
from ledger.audit.source import AuditedLog
from ledger.domain.content import shown_pointer
from ledger.domain.content_schema import unmet
from ledger.domain.document import Document
from ledger.domain.events import ErasedEvent, StatementDrafted
from ledger.domain.statement_types import DefinedType
from ledger.domain.vocabulary import CHANGE
from ledger.encoding import parse_json


class TriedStatement(msgspec.Struct, frozen=True, rename="camel"):
    """A statement of the past, tried on a type.

    `unmet` has the place in the content and the keyword of the schema that it does not meet, None
    if it meets the schema. `has_policy` tells whether its policy is that of the type.
    """

    position: int
    id: str
    title: str
    unmet: tuple[str, str] | None
    has_policy: bool

    @property
    def passes(self) -> bool:
        """Whether it could have been drafted as a statement of the type."""
        return self.unmet is None and self.has_policy


def tried(rows: AuditedLog, known: DefinedType, first: int, last: int) -> Iterator[TriedStatement]:
    """Yield the statements drafted at these positions, but changes, in log order.

    Raises CorruptError as `compared_rows.compared`.
    """
    for row in rows.events(after=first - 1, last=last):
        if row[3] != StatementDrafted.TAG:
            continue
        event = compared(row).event
        body = None if isinstance(event, ErasedEvent) else event.body
        if not isinstance(body, StatementDrafted) or body.type == CHANGE:
            continue
        document = msgspec.json.decode(body.document, type=Document)
        found = unmet(known.schema, parse_json(document.content.encode()))
        plain = msgspec.structs.replace(document.policy, expires_at=None)
        yield TriedStatement(
            position=row[0],
            id=document.statement_id,
            title=document.title,
            unmet=None if found is None else (shown_pointer(found.place), found.keyword),
            has_policy=plain == known.definition.policy,
        )
