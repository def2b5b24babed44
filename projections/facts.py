"""Decode events once for all views, without their large strings, and number the streams.

A stream's number is the position of its first event: a small integer that sorts by age and is the
same in every rebuild. Nothing here verifies evidence; the audit does.
"""

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Protocol, TypeVar

import msgspec

from ledger import clock
from ledger.domain import entry, events
from ledger.domain.document import DocumentType
from ledger.domain.events import BODIES, Recorded, acting_person
from ledger.domain.late_acts import late_signed_at
from ledger.domain.policy import Policy, for_a_new_version
from ledger.domain.usable import Usable
from ledger.domain.vocabulary import CHANGE, Form, ReadBy, Status
from ledger.errors import CorruptError
from projections.stream_numbers import STREAM_INDEX as STREAM_INDEX  # re-exported
from projections.stream_numbers import Streams as Streams
from projections.stream_numbers import find_stream as find_stream

# The end position of what has not ended: greater than every real position.
OPEN = 2**62

Slim = TypeVar("Slim", bound=msgspec.Struct)


class LogReader(Protocol):
    """The part of the log that the views read."""

    def head(self) -> int:
        """Return the newest position, 0 for an empty log."""

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return up to `limit` (position, state) pairs after position `after`, in order."""

    def events_at(self, positions: Sequence[int]) -> list[Recorded]:
        """Return the events at these positions."""


# Without forbid_unknown_fields, msgspec skips a JWS or an act without building its string.
class _Envelope(msgspec.Struct, gc=False):
    at: str
    seq: int
    stream: str
    type: str


class Confirmed(msgspec.Struct, gc=False, rename="camel"):
    """The passkey of an assertion."""

    credential_id: str


class Signed(msgspec.Struct, gc=False):
    """The fields of a StatementSigned that the views use."""

    signer: str
    kid: str
    form: Form
    status: Status
    iat: int
    assertion: Confirmed | None = None
    step: int | None = None
    late: bool = False

    @property
    def late_signed_at(self) -> str | None:
        """When an approval that a restore had lost was signed, None for any other."""
        return clock.to_text(self.iat * 1000) if self.late else None


class Rejected(msgspec.Struct, gc=False):
    """The fields of a StatementRejected that the views use."""

    signer: str
    kid: str
    status: Status
    assertion: Confirmed | None = None


class Retracted(msgspec.Struct, gc=False):
    """The fields of an ApprovalRetracted that the views use."""

    signer: str
    kid: str
    assertion: Confirmed | None = None


class Withdrawn(msgspec.Struct, gc=False):
    """The fields of a StatementWithdrawn that the views use."""

    signer: str
    kid: str
    assertion: None = None


class _Draft(msgspec.Struct, gc=False, rename="camel"):
    creator: str
    kid: str
    document: str
    ends_at: str
    type: str | None = None
    read_by: ReadBy = "participants"
    earlier: Status | None = None
    drafters: tuple[str, ...] = ()
    late: bool = False


class Superseding(msgspec.Struct, gc=False):
    """What a document says of the statement that it supersedes."""

    statement: str
    policy: Policy


class _Document(msgspec.Struct, gc=False, rename="camel"):
    created_at: str
    policy: Policy
    statement_id: str
    title: str
    supersedes: Superseding | None = None
    type: DocumentType | None = None
    readers: tuple[str, ...] | None = None
    usable: Usable | None = None


class DraftFact(msgspec.Struct, gc=False):
    """The fields of a StatementDrafted that the views use.

    `sha256` is the document's digest, 32 bytes, and `size` its length in bytes; `change` is the
    content of a change, None for every other statement; `for_everyone` tells whether everyone who
    is signed in may read it. `earlier` is the status of the statement that the document supersedes,
    and `drafters` are those of its type. `late_signed_at` is when a draft that a restore had lost
    was signed.
    """

    creator: str
    kid: str
    ends_at: str
    sha256: bytes
    size: int
    document: _Document
    for_everyone: bool
    change: str | None = None
    earlier: Status | None = None
    drafters: tuple[str, ...] = ()
    late_signed_at: str | None = None


class _Content(msgspec.Struct, gc=False):
    content: str


class Fact(msgspec.Struct, gc=False):
    """An event and its position; `stream` and `actor` are stream numbers."""

    position: int
    at: str
    stream: int
    actor: int | None
    body: Any


def asked_by(draft: Fact) -> Policy | None:
    """Return what the approved statement that a draft supersedes asks of it, None without one."""
    named, earlier = draft.body.document.supersedes, draft.body.earlier
    return for_a_new_version(named.policy) if named and earlier == "approved" else None


class ErasedFact(msgspec.Struct, gc=False):
    """What is left of an event whose body a change erased; `stream` is a stream number."""

    position: int
    at: str
    stream: int
    type: str


class Batch(msgspec.Struct):
    """Consecutive events grouped by type, and the streams that begin in them.

    `streams` holds (number, UUID text) pairs. Erased events are in no type: no view but the
    timeline has anything of them.
    """

    by_type: dict[str, list[Fact]]
    streams: list[tuple[int, str]]
    erased: list[ErasedFact]

    def of(self, *bodies: type[events.Body]) -> list[Fact]:
        """Return the facts of these event types, in log order."""
        found = [self.by_type.get(body.TAG, []) for body in bodies]
        return found[0] if len(found) == 1 else sorted(chain(*found), key=attrgetter("position"))


def decode(db: sqlite3.Connection, streams: Streams, rows: Sequence[tuple[int, bytes]]) -> Batch:
    """Decode (position, state) pairs into one batch.

    Raises CorruptError: `entry_malformed`, `event_unknown`, `event_malformed`, `stream_unknown`.
    """
    batch = Batch(defaultdict(list), [], [])
    remembered = streams.young
    for position, state in rows:
        end = 2 + int.from_bytes(state[:2], "big")
        try:
            envelope = _envelope(state[2:end])
            decoder, acting = _kinds[envelope.type]
            is_erased = len(state) == end
            body = None if is_erased else decoder(state[end + entry.SALT_BYTES :])
        except KeyError as error:
            raise CorruptError(
                "event_unknown", f"unknown event type at position {position}"
            ) from error
        except msgspec.MsgspecError as error:
            raise CorruptError(
                "event_malformed", f"malformed event at position {position}"
            ) from error
        stream = envelope.stream
        if envelope.seq == 1:
            number = position
            streams.begin(stream, number)
            batch.streams.append((number, stream))
        else:
            number = remembered.get(stream) or streams.number(db, stream)
        if is_erased:
            batch.erased.append(ErasedFact(position, envelope.at, number, envelope.type))
            continue
        person = acting_person(acting, body, stream)
        actor = None
        if person is not None:
            actor = remembered.get(person) or streams.number(db, person)
        fact = Fact(position, envelope.at, number, actor, body)
        batch.by_type[envelope.type].append(fact)
    return batch


def _slim(type_: type[Slim]) -> Callable[[bytes], Slim]:
    return msgspec.json.Decoder(type_).decode


_envelope = _slim(_Envelope)
_draft = _slim(_Draft)
_document = _slim(_Document)
_content = _slim(_Content)
_full_draft = _slim(events.StatementDrafted)


def _drafted(body: bytes) -> DraftFact:
    draft = _draft(body)
    document = draft.document.encode()
    change = _content(document).content if draft.type == CHANGE else None
    return DraftFact(
        draft.creator,
        draft.kid,
        draft.ends_at,
        hashlib.sha256(document).digest(),
        len(document),
        _document(document),
        draft.read_by == "everyone",
        change,
        draft.earlier,
        draft.drafters,
        late_signed_at(_full_draft(body)) if draft.late else None,
    )


_SLIM: dict[str, Callable[[bytes], Any]] = {
    events.StatementDrafted.TAG: _drafted,
    events.StatementSigned.TAG: _slim(Signed),
    events.StatementRejected.TAG: _slim(Rejected),
    events.ApprovalRetracted.TAG: _slim(Retracted),
    events.StatementWithdrawn.TAG: _slim(Withdrawn),
}
_kinds = {tag: (_SLIM.get(tag) or _slim(body), body.MEANING.actor) for tag, body in BODIES.items()}
