"""Check 5 of a bundle: every key was its owner's, and in force, wherever it signed. Pure."""

from contextlib import suppress
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import person
from ledger.domain.acts import parse_act
from ledger.domain.approval import parse_approval
from ledger.domain.epochs import Loss
from ledger.domain.events import (
    Body,
    Event,
    KeyAdded,
    KeyReaffirmed,
    KeyRevoked,
    LedgerRestored,
    OutcomeReported,
    Recorded,
    StatementDrafted,
    StatementUsed,
    UserRegistered,
    actor,
    signature_of,
)
from ledger.domain.late_acts import LateAct, is_late, signed_ms
from ledger.domain.person import Person
from ledger.errors import LedgerError, RefusedError, UnverifiableError
from ledger.jose import CompactJws, PublicJwk, thumbprint


class KeyHistory:
    """Knows, in the order of the log, who owns each key and whether it may sign.

    `known` are all keys of the bundle; `complete` tells whether it holds the whole log.
    """

    def __init__(self, known: dict[str, PublicJwk], *, complete: bool) -> None:
        self._known = known
        self._complete = complete
        self._owners: dict[str, UUID] = {}
        self._people: dict[UUID, Person] = {}
        self._losses: list[Loss] = []

    def add(self, recorded: Recorded) -> None:
        """Refuse an event whose key was not its actor's, or not in force; then learn from it."""
        event, kid = recorded.event, signing_kid(recorded)
        if kid is not None:
            self._require_in_force(recorded, kid)
        if event.body.MEANING.stream == "person":
            self._learn(event)
        elif isinstance(event.body, LedgerRestored) and event.body.lost:
            self._losses.append(Loss(event.body.epoch, event.at))

    def _learn(self, event: Event) -> None:
        """Fold an event of a person; check 6 reports one that does not fit the person."""
        body, stream = event.body, event.stream
        if isinstance(body, UserRegistered):
            return
        if isinstance(body, KeyAdded):
            kid = thumbprint(body.jwk)  # not the kid that the event states
            if kid in self._owners:
                return
            self._owners[kid] = stream
            event = msgspec.structs.replace(event, body=msgspec.structs.replace(body, kid=kid))
        begun = Person(str(stream), 0, "", frozenset(), {}, {}, lost_at=event.at)
        known = self._people.setdefault(stream, begun)
        with suppress(KeyError, LedgerError):
            self._people[stream] = person.evolve(known, event, self._losses)

    def _require_in_force(self, recorded: Recorded, kid: str) -> None:
        if kid not in self._owners:
            if kid in self._known:
                raise RefusedError("key_unknown", "the key signed before it was attested")
            raise unknown_key(kid, complete=self._complete)
        owner, now_ms = self._owners[kid], clock.to_ms(recorded.event.at)
        body = recorded.event.body
        # A key that nobody reaffirmed ends itself, and reaffirms itself.
        itself = isinstance(body, KeyRevoked | KeyReaffirmed) and body.kid == kid
        if str(owner) != actor(recorded.event):
            raise RefusedError("key_of_another", "the key belongs to another person")
        known = person.settled(self._people[owner], now_ms, self._losses)
        # A late act was signed before the loss after which keys are reaffirmed.
        late = isinstance(body, LateAct) and is_late(body)
        now_ms = signed_ms(body) if isinstance(body, LateAct) and late else now_ms
        act = _act_of(body, itself=itself)
        known.active_key(kid, now_ms=now_ms, unaffirmed=itself or late, act=act)


# What a service account signs is one of these; its end and its reaffirmation are its own only.
_ACTS: dict[type, str] = {
    StatementDrafted: "draft",
    StatementUsed: "use",
    OutcomeReported: "outcome",
}


def _act_of(body: Body, *, itself: bool) -> str | None:
    return "revoke-key" if itself else _ACTS.get(type(body))


def unknown_key(kid: str, *, complete: bool) -> LedgerError:
    """Return the error for an unknown key: a partial bundle may omit its owner."""
    kind = RefusedError if complete else UnverifiableError
    return kind("key_unknown", f"nobody in this bundle has the key {kid!a:.60}")


def parse_signature(recorded: Recorded) -> CompactJws:
    """Return an event's unverified signature; raise as `parse_approval` and `parse_act`."""
    body = recorded.event.body
    parse = parse_approval if "jws" in body.MEANING.evidence else parse_act
    return parse(signature_of(body))


def signing_kid(recorded: Recorded) -> str | None:
    """Return the kid of the person's key that signed an event; None if no person's key did.

    Returns None for a malformed JWS: check 3 reports it.
    """
    if recorded.event.body.MEANING.actor in ("ledger", "change"):
        return None
    try:
        return parse_signature(recorded).header.kid
    except LedgerError:
        return None
