"""A person: passkeys, signing keys, roles. Pure decide and evolve.

`held_passkeys` and `signing_keys` decide what begins and ends passkeys and keys.

Every decision takes the state and the evidence and returns the event's body, or raises. Revoked
keys and removed passkeys stay in the state, marked, so that their signatures can still be verified.
"""

from typing import Any

import msgspec

from ledger import clock
from ledger.domain.events import (
    Body,
    CompromiseDeclared,
    CompromiseSet,
    Event,
    GovernanceAccepted,
    KeyAttested,
    KeyRevoked,
    LedgerBody,
    PasskeyAdded,
    PasskeyRemoved,
    PersonSuspended,
    RecoveryCancelled,
    RecoveryCodesSet,
    RoleEnded,
    RoleGranted,
    StandingSet,
    StatementBody,
    UserRegistered,
)
from ledger.domain.invitations import AdmittedAs
from ledger.domain.names import require_name
from ledger.domain.skeletons import Skeletons, require_skeletons
from ledger.domain.vocabulary import AUDITOR, PersonStanding
from ledger.errors import NotFoundError, RefusedError
from ledger.jose import OkpJwk, PublicJwk, parse_compact, thumbprint


class AttestedKey(msgspec.Struct, frozen=True):
    """A signing key of a person."""

    kid: str
    jwk: PublicJwk
    added_at: str
    expires_at: str | None = None
    added_by: frozenset[str] = frozenset()  # references to what attested it
    revoked: bool = False
    compromised_since: str | None = None


class Passkey(msgspec.Struct, frozen=True):
    """A passkey of a person, with its COSE public key (base64url)."""

    credential_id: str
    public_key: str
    added_at: str
    added_by: frozenset[str] = frozenset()  # references to what signed for its addition
    removed: bool = False
    compromised_since: str | None = None
    active_from: str | None = None
    code: str | None = None  # the kid of the recovery code that added it
    cancelled: bool = False  # removed before it worked
    transports: tuple[str, ...] = ()  # as its registration said

    def waits(self, now_ms: int) -> bool:
        """Tell whether it does not work yet: a recovery code added it a short time ago."""
        return self.active_from is not None and now_ms < clock.to_ms(self.active_from)

    def is_live(self, now_ms: int) -> bool:
        """Tell whether it works: it is not removed, and its waiting time is over."""
        return not self.removed and not self.waits(now_ms)


class Person(msgspec.Struct, frozen=True):
    """A person as of a version of their stream.

    `accepted` has the digest of each governance policy that the person accepted, with those of
    their roles that they hold since then.
    """

    user: str
    version: int
    name: str
    roles: frozenset[str]
    keys: dict[str, AttestedKey]
    passkeys: dict[str, Passkey]
    standing: PersonStanding = "active"
    suspended_at: str | None = None  # the last time; sessions from before have ended
    invitation: str | None = None
    codes: dict[str, OkpJwk] = {}
    accepted: dict[str, frozenset[str]] = {}

    def active_key(self, kid: str, *, now_ms: int) -> AttestedKey:
        """Return the key; raise RefusedError `key_unknown`, `key_revoked` or `key_expired`."""
        key = self.keys.get(kid)
        if key is None:
            raise RefusedError("key_unknown", "no such signing key of this person", kid=kid)
        if key.revoked:
            raise RefusedError("key_revoked", "this signing key was revoked", kid=kid)
        if key.expires_at is not None and clock.to_ms(key.expires_at) <= now_ms:
            raise RefusedError("key_expired", "this signing key has expired", kid=kid)
        return key

    def active_passkey(self, credential_id: str, *, now_ms: int) -> Passkey:
        """Return the passkey.

        Raises RefusedError `passkey_unknown`, `passkey_removed` or `passkey_waiting`.
        """
        passkey = self.passkeys.get(credential_id)
        if passkey is None:
            raise RefusedError("passkey_unknown", "no such passkey of this person")
        if passkey.removed:
            raise RefusedError("passkey_removed", "this passkey was removed")
        if passkey.waits(now_ms):
            raise RefusedError(
                "passkey_waiting", f"this passkey works from {passkey.active_from} on"
            )
        return passkey

    def find(self, reference: str) -> AttestedKey | Passkey:
        """Return the key or passkey of a reference, ended or not.

        Raises NotFoundError `key_unknown` or `passkey_unknown`.
        """
        kind, _, name = reference.partition(":")
        if kind == "kid" and name in self.keys:
            return self.keys[name]
        if kind == "passkey" and name in self.passkeys:
            return self.passkeys[name]
        if kind == "passkey":
            raise NotFoundError("passkey_unknown", "no such passkey of this person")
        raise NotFoundError("key_unknown", "no such signing key of this person")


def key_reference(kid: str) -> str:
    """Return how acts and events refer to a signing key where they could mean a passkey too."""
    return f"kid:{kid}"


def passkey_reference(credential_id: str) -> str:
    """Return how acts and events refer to a passkey where they could mean a signing key too."""
    return f"passkey:{credential_id}"


def evolve(person: Person | None, event: Event) -> Person:
    """Return the person after the next event of their stream."""
    if isinstance(event.body, UserRegistered):
        body = event.body
        roles = frozenset() if body.role is None else frozenset({body.role})
        return Person(
            user=body.user,
            version=event.version,
            name=body.name,
            roles=roles,
            keys={},
            passkeys={},
            invitation=body.invitation,
            accepted={} if body.accepts is None else {body.accepts: roles},
        )
    if person is None:
        raise AssertionError("a person's stream must begin with a registration")
    return msgspec.structs.replace(
        person, version=event.version, **_changes(person, event.body, event.at)
    )


def _changes(person: Person, body: Body, at: str) -> dict[str, Any]:
    match body:
        case PasskeyAdded():
            added = Passkey(
                body.credential_id,
                body.public_key,
                at,
                _added_by(body),
                active_from=body.active_from,
                code=_code_of(body),
                transports=body.transports,
            )
            return {"passkeys": person.passkeys | {added.credential_id: added}}
        case PasskeyRemoved(credential_id=name):
            return {"passkeys": _updated(person.passkeys, name, **_end(person, name, at))}
        case KeyAttested():
            credential = body.assertion.credential_id
            by = frozenset({passkey_reference(credential)})
            key = AttestedKey(body.kid, body.jwk, at, body.expires_at, by)
            return {"keys": person.keys | {body.kid: key}}
        case KeyRevoked():
            since = body.compromised_since or person.keys[body.kid].compromised_since
            ended = {"revoked": True, "compromised_since": since}
            return {"keys": _updated(person.keys, body.kid, **ended)}
        case RoleGranted():
            return {"roles": person.roles | {body.role}}
        case RoleEnded():
            return _without_role(person, body.role)
        case GovernanceAccepted():
            return {"accepted": person.accepted | {body.policy_sha256: person.roles}}
        case StandingSet() | PersonSuspended():
            standing = body.standing if isinstance(body, StandingSet) else "suspended"
            since = at if standing == "suspended" else person.suspended_at
            return {"standing": standing, "suspended_at": since}
        case CompromiseDeclared() | CompromiseSet():
            return _compromised(person, body, at)
        case RecoveryCancelled(recovery=reference):
            name = reference.partition(":")[2]
            ended = {"removed": True, "cancelled": True}
            return {"passkeys": _updated(person.passkeys, name, **ended)}
        case RecoveryCodesSet(keys=keys):
            return {"codes": {thumbprint(each): each for each in keys}}
        case _:
            raise _misplaced(body)


def _misplaced(_: UserRegistered | LedgerBody | StatementBody) -> AssertionError:
    """Return the error for an event that cannot follow in a person's stream.

    The argument's type lists all other events: mypy fails if `evolve` forgets one.
    """
    return AssertionError("not an event of a person's stream")


def _without_role(person: Person, role: str) -> dict[str, Any]:
    """Return the changes of a role's end, after which it must be accepted again."""
    accepted = {digest: held - {role} for digest, held in person.accepted.items()}
    return {"roles": person.roles - {role}, "accepted": accepted}


def _added_by(body: PasskeyAdded) -> frozenset[str]:
    """Return references to the key that signed for a passkey, and the passkey that confirmed it."""
    by_key = [] if body.kid is None else [key_reference(body.kid)]
    older = body.confirmation
    by_passkey = [] if older is None else [passkey_reference(older.credential_id)]
    return frozenset([*by_key, *by_passkey])


def _code_of(body: PasskeyAdded) -> str | None:
    """Return the kid of the recovery code that added a passkey, if one did."""
    if body.active_from is None or body.redeem is None:
        return None
    return parse_compact(body.redeem).header.kid


def _end(person: Person, credential_id: str, at: str) -> dict[str, bool]:
    waits = person.passkeys[credential_id].waits(clock.to_ms(at))
    return {"removed": True, "cancelled": waits}


def _compromised(
    person: Person, body: CompromiseDeclared | CompromiseSet, at: str
) -> dict[str, Any]:
    """Return the changes of a declaration: each named thing ends, with the date that holds for it.

    What `also` names was compromised from its own beginning on, if that is later, or since the time
    that an earlier declaration said.
    """
    keys, passkeys = person.keys, person.passkeys
    for reference in (body.compromised, *body.also):
        thing = person.find(reference)
        since = max(body.since, thing.added_at)
        earliest = min(since, thing.compromised_since or since)
        if isinstance(thing, AttestedKey):
            keys = _updated(keys, thing.kid, revoked=True, compromised_since=earliest)
        else:
            name = thing.credential_id
            ended = _end(person, name, at) if not thing.removed else {}
            passkeys = _updated(passkeys, name, **ended, compromised_since=earliest)
    return {"keys": keys, "passkeys": passkeys}


def _updated(things: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    return things | {name: msgspec.structs.replace(things[name], **changes)}


def register(user: str, name: str, admitted: AdmittedAs, looks: Skeletons) -> UserRegistered:
    """Return the registration of a person whom `admission.admit` accepted.

    Raises MalformedError `name_invalid`, `text_refused`, `name_skeletons_invalid`.
    """
    require_name(name)
    require_skeletons(looks)
    return UserRegistered(
        user,
        name,
        admitted.role,
        looks.sha256,
        looks.unicode,
        admitted.invitation,
        admitted.accepts,
    )


def may_sign(person: Person) -> bool:
    """Tell whether any of the person's roles may sign: every role but an auditor's."""
    return not person.roles <= {AUDITOR}
