"""The trail: one line per event, as JSON lines or CSV, for use in tables.

It reads only the log, in order, with constant memory. It compares each entry with its body and its
leaf hash. It does not recompute decisions: `ledger audit` does.
"""

import csv
import io
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import BinaryIO

import msgspec

from ledger.audit.source import AuditedLog
from ledger.domain import entry, events
from ledger.domain.document import Document
from ledger.domain.events import Event, StatementDrafted, UserRegistered, kid_of
from ledger.domain.policy_words import called
from ledger.domain.quoting import quoted
from ledger.domain.vocabulary import LET_IN, OPERATOR
from ledger.errors import CorruptError, LedgerError

MOST_TITLES = 10_000
# First characters that make a spreadsheet read a cell as a formula, or end the cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """One event; the members have the order of the columns.

    `actor_id` is the person who acted, empty for the ledger itself. `object` is the id, kid or
    credential id that the event is about. Hashes are in hex.
    """

    position: int
    leaf_index: int
    time: str
    stream: str
    version: int
    type: str
    actor_id: str
    actor_name: str
    object: str
    summary: str
    kid: str
    entry_hash: str
    body_hash: str


COLUMNS = tuple(field.encode_name for field in msgspec.structs.fields(Line))


class Trail:
    """Describes the events of one log; caches people's names and some statements' titles."""

    def __init__(self, rows: AuditedLog) -> None:
        self._rows = rows
        self._names: dict[str, str] = {}
        self._by_operator: set[str] = set()
        self._title = lru_cache(MOST_TITLES)(self._find_title)

    def lines(self) -> Iterator[Line]:
        """Yield a line for each event.

        Raises CorruptError if a position is missing or stored bytes contradict each other.
        """
        for number, row in enumerate(self._rows.events(), start=1):
            position, *_, state, leaf = row
            if position != number or not isinstance(state, bytes):
                raise CorruptError("position_missing", f"position {number} is missing")
            try:
                envelope, body = entry.unseal(state)
                event = events.decode_body(envelope, body)
            except LedgerError as error:
                detail = f"at position {position}, {error.detail}"
                raise CorruptError(error.code, detail, position=position) from error
            hashed = entry.leaf_hash(state)
            if hashed != leaf:
                detail = f"at position {position}, the stored leaf hash does not match the entry"
                raise CorruptError("leaf_mismatch", detail, position=position)
            yield self._line(position, event, hashed.hex(), envelope.body.sha256)

    def _line(self, position: int, event: Event, entry_hash: str, body_hash: str) -> Line:
        if isinstance(event.body, UserRegistered):
            self._names[event.body.user] = event.body.name
            if event.body.admitted_by == OPERATOR:
                self._by_operator.add(event.body.user)
        actor = events.actor(event)
        name = "The ledger" if actor is None else self._names.get(actor, "")
        who = name if actor is None else quoted(name)
        if actor in self._by_operator and event.body.MEANING.stream == "statement":
            who += f" ({LET_IN})"
        return Line(
            position=position,
            leaf_index=position - 1,
            time=event.at,
            stream=str(event.stream),
            version=event.version,
            type=event.body.TAG,
            actor_id=actor or "",
            actor_name=name,
            object=_about(event),
            summary=self._summary(event, who),
            kid=kid_of(event.body),
            entry_hash=entry_hash,
            body_hash=body_hash,
        )

    def _summary(self, event: Event, who: str) -> str:
        """Return the event's sentence, from the words that its class declares for the trail."""
        body = event.body
        slots = {
            name: len(value) if isinstance(value, tuple) else value
            for name, value in msgspec.structs.asdict(body).items()
        }
        role = body.role_in_words if isinstance(body, UserRegistered) else slots.get("role")
        slots["role"] = role or events.NO_ROLE
        slots |= {"who": who, "whose": called(str(event.stream), self._names)}
        if body.MEANING.stream == "statement":
            slots["title"] = self._title(event.stream.bytes)
        return body.MEANING.words.trail.format_map(slots)

    def _find_title(self, stream: bytes) -> str:
        for state in self._rows.of_stream(stream):
            body = events.decode(state).body
            if isinstance(body, StatementDrafted):
                return quoted(msgspec.json.decode(body.document, type=Document).title)
        raise CorruptError("stream_unknown", f"there is no draft of {stream.hex()}")


def _about(event: Event) -> str:
    """Return the id, kid or credential id that an event is about; the first of several."""
    member = event.body.MEANING.words.about
    if member is None:
        return ""
    found = event.stream if member == "stream" else getattr(event.body, member)
    return str(found[0] if isinstance(found, tuple) else found)


# --- formats ---------------------------------------------------------------------------------


def write_jsonl(rows: AuditedLog, out: BinaryIO) -> None:
    """Write the trail as one JSON object per line."""
    encoder = msgspec.json.Encoder()
    for line in Trail(rows).lines():
        out.write(encoder.encode(line) + b"\n")


def write_csv(rows: AuditedLog, out: BinaryIO) -> None:
    """Write the trail as CSV (RFC 4180, UTF-8); the first line names the columns.

    A cell that a spreadsheet would read as a formula gets an apostrophe as its first character.
    """
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for line in Trail(rows).lines():
            writer.writerow([_defused(value) for value in msgspec.structs.astuple(line)])
    finally:
        text.detach()


def _defused(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


FORMATS: dict[str, Callable[[AuditedLog, BinaryIO], None]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
}
