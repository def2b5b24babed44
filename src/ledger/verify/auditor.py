"""The auditor: recompute every event from its evidence, and compare.

The auditor reads stored bytes in log order and trusts none of them. It parses each entry and
compares the body with its commitment. It verifies every signature and passkey response. Then it
applies every rule to the states that follow from earlier events. If its result differs from the
stored event, the log is invalid at that position.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar, assert_never
from uuid import UUID

import msgspec

from ledger.domain import charter, entry, erasure, events, person, statement, versions
from ledger.domain.changes.items import is_drafted_alone
from ledger.domain.charter import Charter
from ledger.domain.events import (
    BodiesErased,
    Body,
    EffectBody,
    ErasedEvent,
    Event,
    KeyAdded,
    KeyAttested,
    LedgerCreated,
    PasskeyAdded,
    StatementDrafted,
    StatementRecord,
    StatementSigned,
    UserNamed,
    UserRegistered,
)
from ledger.domain.person import Person
from ledger.domain.seen import require_seen
from ledger.domain.statement import Statement
from ledger.domain.unique_names import key_material_name
from ledger.errors import CorruptError, LedgerError
from ledger.verify.decisions import Decisions

MOST_CHARS = 500
KEY_MATERIAL_PREFIX = key_material_name("")
_BEGINNINGS = (LedgerCreated, UserRegistered, StatementDrafted)
# What follows directly on the first event of a person and of a change, with its version. The last
# of them completes the beginning. A change of governance is drafted alone.
_FOLLOWS: dict[type[Body], int] = {
    PasskeyAdded: 2,
    KeyAttested: 3,
    UserNamed: erasure.NAMED,
    StatementSigned: 2,
}
_COMPLETES = (UserNamed, StatementSigned)
S = TypeVar("S", Charter, Person, Statement)
P = TypeVar("P", Charter, Person)


class AuditError(CorruptError):
    """The log is invalid at a position, which is in `evidence`."""


class Auditor(Decisions):
    """Folds a log from its first position and recomputes the decision of each event.

    With `complete` False it gets some streams of a log only, each of them complete. Then positions
    may have gaps, and an event whose decision needs a missing stream is rejected.
    """

    def __init__(self, *, complete: bool = True) -> None:
        super().__init__()
        self._complete = complete
        self._claims: set[str] = set()
        # The stream that began, if more events of the same commit must follow directly.
        self._incomplete: UUID | None = None

    def add(
        self, position: int, state: bytes, leaf: bytes | None = None, *, decide: bool = True
    ) -> Event:
        """Check the next stored event and fold it; raise AuditError `log_invalid`.

        Without `decide`, compare the event with its entry and fold it, but do not recompute the
        decision.
        """
        place = position
        try:
            if self._may_skip(position):
                self.position = position - 1
            if position != self.position + 1:
                place = self.position + 1 if self.is_inside_commit else position
                raise CorruptError("position_gap", f"position {position} follows {self.position}")
            event = self._parse(state, leaf)
            self._require_complete(event)
            if decide:
                self._compare(event)
            self._claim(event)
            self._evolve(event)
            if event.body.MEANING.stream != "ledger":
                self._note_place(event.stream, position)
            self._late_order.note(position, event, self._newest)
            # Last: an event that is wrong otherwise can have any time.
            if event.at < self._newest:
                raise CorruptError("time_backwards", f"{event.at} comes after {self._newest}")
        # RecursionError: the document of a draft that nobody decides, nested too deep.
        except (LedgerError, AssertionError, KeyError, ValueError, RecursionError) as error:
            raise refusal(error, place) from error
        self.position, self._newest = position, event.at
        return event

    def add_erased(self, position: int, state: bytes, leaf: bytes | None = None) -> ErasedEvent:
        """Check the entry of an event whose body a change erased; raise AuditError `log_invalid`.

        `erasures` must state it. The decision is not recomputed: its evidence is gone.
        """
        before = position - 1 if self._may_skip(position) else self.position
        place = before + 1 if self.is_inside_commit else position
        try:
            if before != position - 1:
                raise CorruptError("position_gap", f"position {position} follows {before}")
            event = events.erased(entry.parse_canonical(entry.cut(state)[0]))
            if leaf not in (None, entry.leaf_hash(state)):
                raise CorruptError("leaf_mismatch", "the stored leaf hash does not match the entry")
            self._pass_erased(position, event)
            if self._newest > event.at:
                raise CorruptError("time_backwards", f"{event.at} comes after {self._newest}")
        except (LedgerError, KeyError) as error:
            raise refusal(error, place) from error
        self.position, self._newest = position, event.at
        return event

    def _pass_erased(self, position: int, event: ErasedEvent) -> None:
        stream = event.stream
        erasure.require_stated(self._erased_places(stream), position)
        if self._incomplete == stream and stream in self.people:
            self.people[stream] = erasure.next_unnamed(self.people[stream], event)
            self._note_place(stream, position)
            self._incomplete = None
            return
        if self._incomplete is not None:
            raise self._torn(self._incomplete)
        self.due = erasure.without_due(self.due, event)
        known = self._statement(stream) if event.version > 1 else None
        after = erasure.next_erased(known, event, has_begun=self._has_begun(stream))
        self.statements[stream] = after
        self._erased.setdefault(stream, []).append((position, event.tag))
        self._note_place(stream, position)
        self._moved(known, after)

    def pass_over(self, position: int, stream: UUID, version: int) -> None:
        """Count an event whose body a bundle leaves out; raise AuditError `log_invalid`.

        It changes nothing that the other events rest on, but they count it among what they saw.
        """
        try:
            if self.is_inside_commit:
                raise CorruptError("position_gap", f"position {position} follows {self.position}")
            if stream == charter.STREAM:
                self.charter = _passed(self._charter, version)
            else:
                self.people[stream] = _passed(self.people[stream], version)
        except (LedgerError, KeyError) as error:
            raise refusal(error, position) from error
        self.position = position

    def _compare(self, event: Event) -> None:
        expected = self.decide(event)
        if isinstance(event.body, StatementRecord) and isinstance(expected, StatementRecord):
            require_seen(event.body, expected)
        if expected != event.body:
            raise CorruptError("decision_mismatch", _differences(event.body, expected))
        if isinstance(event.body, BodiesErased):
            erasure.require_passed(event.body, self._erased.get(event.stream, ()))

    def _may_skip(self, position: int) -> bool:
        """Tell whether the positions before this one may be events of other streams.

        Not inside a commit: nothing comes between its events.
        """
        return not self._complete and not self.is_inside_commit and position > self.position

    def _has_everybody(self) -> bool:
        return self._complete

    @property
    def is_inside_commit(self) -> bool:
        """Tell whether the next event must be one of the same commit."""
        return self._incomplete is not None or bool(self.due) or self._late_order.is_open

    def finish(self) -> None:
        """Raise AuditError `log_invalid` if the log ends inside a commit."""
        if self.is_inside_commit:
            detail = "a registration, a change's draft or the effects of an event are incomplete"
            raise AuditError("log_invalid", detail, position=self.position)

    @staticmethod
    def _parse(state: bytes, leaf: bytes | None) -> Event:
        envelope, body = entry.unseal(state)
        if leaf is not None and leaf != entry.leaf_hash(state):
            raise CorruptError("leaf_mismatch", "the stored leaf hash does not match the entry")
        return events.decode_body(envelope, body)

    # --- folding -------------------------------------------------------------------------------

    def _evolve(self, event: Event) -> None:
        # A stream is the ledger, a person or a statement, and has exactly one first event.
        begins = isinstance(event.body, _BEGINNINGS)
        if begins != (event.version == 1) or (begins and self._has_begun(event.stream)):
            raise CorruptError(
                "event_misplaced", "a stream must begin once, with an event of its own kind"
            )
        stream = event.stream
        match event.body.MEANING.stream:
            case "statement":
                known = None if begins else self._statement(stream)
                after = self.statements[stream] = _next(known, event, statement.evolve)
                self._moved(known, after)
                self.due += versions.effects(known, after)
                if begins and after.items is not None and not is_drafted_alone(after.items):
                    self._incomplete = stream
            case "ledger":
                self.charter = _next(self.charter, event, charter.evolve)
            case "person":
                losses = () if self.charter is None else self.charter.losses
                evolve = partial(person.evolve, losses=losses)
                self.people[stream] = _next(self.people.get(stream), event, evolve)
                if isinstance(event.body, KeyAdded):
                    self._owners[event.body.kid] = stream
            case kind:
                assert_never(kind)
        if self.due and isinstance(event.body, EffectBody):
            self.due = self.due[1:]

    def _torn(self, stream: UUID) -> CorruptError:
        if stream in self.people:
            detail = "a registration is incomplete or interleaved with other events"
            return CorruptError("registration_torn", detail)
        return CorruptError("change_torn", "the drafter's approval of a change does not follow")

    # Overridden by an auditor of some streams only.

    def _moved(self, before: Statement | None, after: Statement) -> None:
        """Called after an event changed a statement."""
        if before is None and after.replaces is not None:
            self._replacing.setdefault(after.replaces, []).append(UUID(after.id))

    def _has_begun(self, stream: UUID) -> bool:
        return (
            stream in self.statements
            or stream in self.people
            or (stream == charter.STREAM and self.charter is not None)
        )

    def _claim(self, event: Event) -> None:
        for name in events.claims(event):
            if name in self._claims:
                code = "key_shared" if name.startswith(KEY_MATERIAL_PREFIX) else "claimed_twice"
                raise CorruptError(code, f"{name} is claimed twice")
            self._claims.add(name)

    def _require_complete(self, event: Event) -> None:
        stream, body = event.stream, event.body
        self._late_order.require_next(event)
        if self._incomplete is not None:
            if stream != self._incomplete or _FOLLOWS.get(type(body)) != event.version:
                raise self._torn(self._incomplete)
            if isinstance(body, _COMPLETES):
                self._incomplete = None
        elif isinstance(body, UserRegistered):
            self._incomplete = stream


def refusal(error: Exception, position: int) -> AuditError:
    """Return the AuditError for a position, from the error that caused it."""
    detail = f"{error}" if isinstance(error, LedgerError) else f"{error!r}"
    return AuditError("log_invalid", detail, position=position)


def _differences(stored: Body, expected: Body) -> str:
    """Describe how a stored event differs from the one that its evidence leads to."""
    if type(stored) is not type(expected):
        return f"the evidence leads to {expected.TAG}"
    pairs = [
        (name, getattr(stored, name), getattr(expected, name)) for name in stored.__struct_fields__
    ]
    told = [f"{name} is {a!r}, not {b!r}" for name, a, b in pairs if a != b]
    return f"the evidence leads to another event: {'; '.join(told)}"[:MOST_CHARS]


def _passed(state: P, version: int) -> P:
    if version != state.version + 1:
        raise CorruptError("version_gap", f"version {version} follows {state.version}")
    return msgspec.structs.replace(state, version=version)


def _next(state: S | None, event: Event, evolve: Callable[[S | None, Event], S]) -> S:
    """Return the state after the next event of its stream; raise CorruptError `version_gap`."""
    version = 0 if state is None else state.version
    if event.version != version + 1:
        raise CorruptError("version_gap", f"version {event.version} follows {version}")
    return evolve(state, event)
