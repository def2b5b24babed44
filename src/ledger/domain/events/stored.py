"""The closed union of all bodies, and an event as it is stored and read."""

from collections.abc import Iterable
from typing import Any, NamedTuple, get_args
from uuid import UUID

import msgspec

from ledger.domain import entry
from ledger.domain.entry import Entry
from ledger.domain.events.meaning import acting_person, names_of
from ledger.domain.events.of_changes import ChangeEffect
from ledger.domain.events.of_ledger import LedgerBody
from ledger.domain.events.of_people import PersonBody
from ledger.domain.events.of_statements import StatementBody, StatementSuperseded
from ledger.errors import CorruptError

Body = LedgerBody | PersonBody | StatementBody
# What another event brings about in the same commit, in the stream that it concerns.
EffectBody = ChangeEffect | StatementSuperseded

BODIES: dict[str, type[Body]] = {body.TAG: body for body in get_args(Body)}

_encode = msgspec.json.Encoder().encode
_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    tag: msgspec.json.Decoder(body) for tag, body in BODIES.items()
}


class Event(msgspec.Struct, frozen=True):
    """One event in its stream: `version` counts from 1, `at` is the server's UTC clock."""

    stream: UUID
    version: int
    at: str
    body: Body

    # The eventsourcing library requires these two names.
    @property
    def originator_id(self) -> UUID:
        """The stream."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The version in the stream."""
        return self.version


class ErasedEvent(msgspec.Struct, frozen=True):
    """An event whose salt and body were erased: what its entry says."""

    stream: UUID
    version: int
    at: str
    tag: str


class Effect(NamedTuple):
    """An event that a change or a new version brings about, in the stream that it concerns."""

    stream: UUID
    body: EffectBody


class Recorded(msgspec.Struct, frozen=True):
    """An event and its position in the whole log, from 1."""

    position: int
    event: Event


def encode(event: Event, *, salt: bytes) -> bytes:
    """Return the stored state of an event under a salt of 32 random bytes."""
    return entry.seal(
        at=event.at,
        seq=event.version,
        stream=event.stream,
        tag=event.body.TAG,
        body=_encode(event.body),
        salt=salt,
    )


def decode(state: bytes) -> Event:
    """Return the event of a stored state.

    Raises CorruptError: `state_truncated`, `entry_malformed`, `event_unknown`, `event_malformed`.
    Does not compare the body with the entry's commitment: the audit does.
    """
    raw_entry, _, raw_body = entry.split(state)
    return decode_body(entry.parse_entry(raw_entry), raw_body)


def read(state: bytes) -> Event | ErasedEvent:
    """Return the event of a stored state, or what is left of it; raise as `read_with_entry`."""
    return read_with_entry(state)[1]


def read_with_entry(state: bytes) -> tuple[Entry, Event | ErasedEvent]:
    """Return the entry and the event of a stored state, or what is left of the event.

    A state without any salt and body is that of an erased one. Raises CorruptError as
    `entry.unseal`, and those of `decode_body`.
    """
    if entry.is_erased(state):
        envelope = entry.parse_canonical(entry.cut(state)[0])
        return envelope, erased(envelope)
    envelope, raw_body = entry.unseal(state)
    return envelope, decode_body(envelope, raw_body)


def erased(envelope: Entry) -> ErasedEvent:
    """Return what the entry of an erased event says; raise CorruptError `event_unknown`."""
    if envelope.type not in BODIES:
        raise CorruptError("event_unknown", f"no event type {envelope.type!r}")
    return ErasedEvent(envelope.stream, envelope.seq, envelope.at, envelope.type)


def decode_body(envelope: Entry, raw_body: bytes) -> Event:
    """Return the event of an entry and its body, which has one form.

    Raises CorruptError as `decode` does. A second form could name a member twice, and readers would
    differ on which one counts.
    """
    decoder = _decoders.get(envelope.type)
    if decoder is None:
        raise CorruptError("event_unknown", f"no event type {envelope.type!r}")
    try:
        body = decoder.decode(raw_body)
        if _encode(body) != raw_body:
            raise CorruptError(
                "event_malformed", f"a stored {envelope.type} is not in its one form"
            )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CorruptError("event_malformed", f"a stored {envelope.type} is malformed") from error
    return Event(stream=envelope.stream, version=envelope.seq, at=envelope.at, body=body)


# The name that the freeze claims. Once it is claimed, the store appends nothing.
FROZEN = "frozen"

# The error for a name that is already claimed, by the name's kind.
TAKEN = {
    "act": ("act_known", "this act was already recorded, for another request"),
    "frozen": ("ledger_frozen", "this ledger is frozen and accepts nothing more"),
    "credential": ("credential_known", "this passkey is already registered"),
    "invitation": ("invitation_known", "this invitation is already issued"),
    "key-material": ("key_known", "this public key is already in the ledger"),
    "kid": ("key_known", "this signing key is already registered"),
    "name": (
        "name_taken",
        "this name looks like the name of somebody here; if that is you, sign in; otherwise add"
        " what tells you apart, such as a middle name",
    ),
    "use": ("used_up", "this use of the statement is already taken"),
    "used": ("invitation_used", "this invitation has been used"),
}


def claims(event: Event) -> tuple[str, ...]:
    """Return the unique names that this event claims for ever.

    A second event that claims one conflicts. The store writes them with the event in one
    transaction. They make keys, credential ids and used invitations unique over all streams.
    """
    return _names(event, event.body.MEANING.claims)


def memberships(events: Iterable[Event]) -> dict[tuple[str, UUID], bool]:
    """Return which groups these events' streams join (True) or leave, by (group, stream).

    The events are those of one write: where one undoes another, the later one counts.
    """
    moved: dict[tuple[str, UUID], bool] = {}
    for event in events:
        meaning = event.body.MEANING
        for name in _names(event, meaning.joins):
            moved[name, event.stream] = True
        for name in _names(event, meaning.leaves):
            moved[name, event.stream] = False
    return moved


def _names(event: Event, templates: tuple[str, ...]) -> tuple[str, ...]:
    if not templates:  # of most events
        return ()
    named = (names_of(event.body, event.stream, template) for template in templates)
    return tuple(name for names in named for name in names)


def actor(event: Event) -> str | None:
    """Return the id of the person who acted, None for the ledger itself or an effect."""
    kind = event.body.MEANING.actor
    stream = str(event.stream) if kind == "owner" else ""  # most events name somebody themselves
    return acting_person(kind, event.body, stream)
