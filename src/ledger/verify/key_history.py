"""Check 5 of a bundle: every key was its owner's, and in force, wherever it signed. Pure."""

from typing import assert_never
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain.acts import parse_act
from ledger.domain.approval import parse_approval
from ledger.domain.events import (
    CompromiseDeclared,
    CompromiseSet,
    GovernanceAccepted,
    KeyAttested,
    KeyRevoked,
    PasskeyAdded,
    PasskeyRemoved,
    PersonRecord,
    PersonSuspended,
    Recorded,
    RecoveryCancelled,
    RecoveryCodesSet,
    UserRegistered,
    actor,
    signature_of,
)
from ledger.domain.person import AttestedKey, Person
from ledger.errors import LedgerError, RefusedError, UnverifiableError
from ledger.jose import CompactJws, PublicJwk, thumbprint


class KeyHistory:
    """Knows, in the order of the log, who owns each key and whether it may sign.

    `known` are all keys of the bundle; `complete` tells whether it holds the whole log.
    """

    def __init__(self, known: dict[str, PublicJwk], *, complete: bool) -> None:
        self._known = known
        self._complete = complete
        self._owners: dict[str, tuple[UUID, AttestedKey]] = {}

    def add(self, recorded: Recorded) -> None:
        """Refuse an event whose key was not its actor's, or not in force; then learn from it."""
        event, kid = recorded.event, signing_kid(recorded)
        if kid is not None:
            self._require_in_force(recorded, kid)
        body = event.body
        if not isinstance(body, PersonRecord | CompromiseSet):
            return
        match body:
            case KeyAttested():
                new = thumbprint(body.jwk)
                key = AttestedKey(new, body.jwk, event.at, body.expires_at)
                self._owners.setdefault(new, (event.stream, key))
            case KeyRevoked():
                self._end(body.kid)
            case CompromiseDeclared() | CompromiseSet():
                for reference in (body.compromised, *body.also):
                    self._end(reference.removeprefix("kid:"))
            case (
                UserRegistered()
                | PasskeyAdded()
                | PasskeyRemoved()
                | PersonSuspended()
                | RecoveryCodesSet()
                | RecoveryCancelled()
                | GovernanceAccepted()
            ):
                pass  # neither attests nor ends a signing key
            case _:
                assert_never(body)

    def _end(self, kid: str) -> None:
        if kid in self._owners:
            owner, key = self._owners[kid]
            self._owners[kid] = (owner, msgspec.structs.replace(key, revoked=True))

    def _require_in_force(self, recorded: Recorded, kid: str) -> None:
        if kid not in self._owners:
            if kid in self._known:
                raise RefusedError("key_unknown", "the key signed before it was attested")
            raise unknown_key(kid, complete=self._complete)
        owner, key = self._owners[kid]
        if str(owner) != actor(recorded.event):
            raise RefusedError("key_of_another", "the key belongs to another person")
        holder = Person(str(owner), 0, "", frozenset(), {kid: key}, {})
        holder.active_key(kid, now_ms=clock.to_ms(recorded.event.at))


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
