"""What messages tell of a statement's content: what its type says, and nothing without it.

The version of the type that the document states decides. Values are told as they were drafted, and
only texts, numbers, true, false and null: what is longer than a bound, a list or an object is not.
"""

import sqlite3

import msgspec

from ledger.domain import events
from ledger.domain.document import Document, DocumentType
from ledger.domain.events import Event, StatementDrafted
from ledger.domain.statement_types import TypeDefinition
from ledger.messages.outline import NOTHING, ToldContent, ToldValue
from projections import types
from projections.facts import LogReader, find_stream

MOST_VALUE_BYTES = 1_000  # of a value, as JSON
_HAS_TYPE = "SELECT 1 FROM statement WHERE id = ? AND type IS NOT NULL"


class ContentTeller:
    """Reads what messages tell of statements, as of a position; each document and type once.

    `read_bytes` is how much of the log it has read.
    """

    def __init__(self, db: sqlite3.Connection, log: LogReader, *, at: int) -> None:
        self._db = db
        self._log = log
        self._at = at
        self.read_bytes = 0
        self._known: dict[str, ToldContent] = {}
        self._definitions: dict[DocumentType | None, TypeDefinition | None] = {}

    def of(self, statement: str) -> ToldContent:
        """Return what messages tell of a statement, by its id; nothing of an erased one."""
        if statement not in self._known:
            number = find_stream(self._db, statement)
            self._known[statement] = NOTHING if number is None else self._read(number)
        return self._known[statement]

    def _read(self, number: int) -> ToldContent:
        if self._db.execute(_HAS_TYPE, (number,)).fetchone() is None:
            return NOTHING
        ((position, state),) = self._log.read(number - 1, 1)
        self.read_bytes += len(state)
        event = events.read(state)
        if (
            position != number
            or not isinstance(event, Event)
            or not isinstance(event.body, StatementDrafted)
        ):
            return NOTHING  # its body is erased
        document = msgspec.json.decode(event.body.document, type=Document)
        definition = self._definition(document.type)
        return NOTHING if definition is None else told_of(definition, document)

    def _definition(self, named: DocumentType | None) -> TypeDefinition | None:
        if named not in self._definitions:
            self._definitions[named] = types.definition_of(self._db, named, at=self._at)
        return self._definitions[named]


def told_of(definition: TypeDefinition, document: Document) -> ToldContent:
    """Return what the messages of a type tell of a document."""
    says = definition.messages
    if says is None:
        return NOTHING
    try:
        found = msgspec.json.decode(document.content, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:  # the schema asks for no object
        found = {}
    labels = definition.schema["properties"] if says.members else {}
    return ToldContent(
        document.title if says.title else "",
        tuple(
            ToldValue(name, _label(labels[name]) or name, bytes(found[name]))
            for name in says.members
            if name in found and _is_short(bytes(found[name]))
        ),
    )


def _label(schema: object) -> str:
    return str(schema.get("title", "")) if isinstance(schema, dict) else ""


def _is_short(value: bytes) -> bool:
    return len(value) <= MOST_VALUE_BYTES and not value.lstrip().startswith((b"{", b"["))
