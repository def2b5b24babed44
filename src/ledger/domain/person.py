"""A person: passkeys, signing keys, roles. Pure decide and evolve.

`holdings` has the passkeys and keys; `held_passkeys` and `signing_keys` begin and end them. Revoked
keys and removed passkeys stay in the state, marked, so that their signatures can still be verified.
"""

from typing import Any, assert_never

import msgspec

from ledger import clock
from ledger.domain.events import (
    CompromiseDeclared,
    CompromiseSet,
    Event,
    GovernanceAccepted,
    KeyAttested,
    KeyRevoked,
    PasskeyAdded,
    PasskeyAdmitted,
    PasskeyRemoved,
    PersonBody,
    PersonSuspended,
    RecoveryCancelled,
    RecoveryCodesSet,
    ReEnrolmentOpened,
    RoleEnded,
    RoleGranted,
    StandingSet,
    UserRegistered,
)
from ledger.domain.holdings import AttestedKey, Link, Passkey, key_reference, passkey_reference
from ledger.domain.vocabulary import AUDITOR, AdmittedBy, PersonStanding
from ledger.errors import NotFoundError, RefusedError
from ledger.jose import OkpJwk, parse_compact, thumbprint


class Person(msgspec.Struct, frozen=True):
    """A person as of a version of their stream."""

    user: str
    version: int
    name: str
    roles: frozenset[str]
    keys: dict[str, AttestedKey]
    passkeys: dict[str, Passkey]
    standing: PersonStanding = "active"
    suspended_at: str | None = None  # the last time; sessions from before have ended
    invitation: str | None = None
    admitted_by: AdmittedBy | None = None
    codes: dict[str, OkpJwk] = {}
    # By the digest of a governance policy that they accepted: the roles that they hold since then.
    accepted: dict[str, frozenset[str]] = {}
    link: Link | None = None  # of a re-enrolment that nobody has redeemed
    re_enrolled_at: str | None = None  # the last time that a re-enrolment was complete

    @property
    def re_enrolling(self) -> Passkey | None:
        """The passkey of a re-enrolment that waits; None without one."""
        return next((p for p in self.passkeys.values() if p.re_enrols and not p.removed), None)

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


def evolve(person: Person | None, event: Event) -> Person:
    """Return the person after the next event of their stream, as of the event's time."""
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
            admitted_by=body.admitted_by,
            accepted={} if body.accepts is None else {body.accepts: roles},
        )
    if person is None:
        raise AssertionError("a person's stream must begin with a registration")
    if not isinstance(event.body, PersonBody):
        raise AssertionError("not an event of a person's stream")
    now_ms = clock.to_ms(event.at)
    before = settled(person, now_ms)
    after = msgspec.structs.replace(
        before, version=event.version, **_changes(before, event.body, event.at)
    )
    return settled(after, now_ms)


def settled(person: Person, now_ms: int) -> Person:
    """Return a person as of a time: a re-enrolment whose waiting is over by then is complete.

    It ends the person's older passkeys, keys, codes and links, and a suspension, without an event.
    Every reader of a person's state asks for the state as of a time.
    """
    new = person.re_enrolling
    if new is None or new.waits(now_ms):
        return person
    ended = {
        name: msgspec.structs.replace(each, removed=True, cancelled=each.waits(now_ms))
        for name, each in person.passkeys.items()
        if not each.removed and name != new.credential_id
    }
    done = {new.credential_id: msgspec.structs.replace(new, re_enrols=False)}
    revoked = {kid: msgspec.structs.replace(k, revoked=True) for kid, k in person.keys.items()}
    return msgspec.structs.replace(
        person,
        passkeys=person.passkeys | ended | done,
        keys=revoked,
        codes={},
        link=None,
        standing="active" if person.standing == "suspended" else person.standing,
        re_enrolled_at=new.active_from,
    )


def next_start_ms(person: Person, now_ms: int) -> int | None:
    """Return when a passkey that waits begins to work: the person changes without an event then."""
    starts = (
        clock.to_ms(each.active_from)
        for each in person.passkeys.values()
        if each.active_from is not None and not each.removed
    )
    return min((start for start in starts if now_ms < start), default=None)


def _changes(person: Person, body: PersonBody, at: str) -> dict[str, Any]:
    match body:
        case PasskeyAdded():
            added = Passkey(
                body.credential_id,
                body.public_key,
                at,
                _added_by(body),
                active_from=body.active_from,
                code=_code_of(body),
                re_enrols=body.re_enrols,
                needs_admission=body.needs_admission,
                transports=body.transports,
            )
            link = None if body.re_enrols else person.link
            return {"passkeys": person.passkeys | {added.credential_id: added}, "link": link}
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
        case RecoveryCodesSet() | RecoveryCancelled() | ReEnrolmentOpened() | PasskeyAdmitted():
            return _recovering(person, body, at)
        case _:
            raise _misplaced(body)


def _recovering(
    person: Person,
    body: RecoveryCodesSet | RecoveryCancelled | ReEnrolmentOpened | PasskeyAdmitted,
    at: str,
) -> dict[str, Any]:
    match body:
        case RecoveryCodesSet(keys=keys):
            return {"codes": {thumbprint(each): each for each in keys}}
        case ReEnrolmentOpened():
            return {"link": Link(body.key, body.expires_at)}
        case PasskeyAdmitted(credential_id=name):
            starts = max(person.passkeys[name].active_from or at, at)
            admitted = {"needs_admission": False, "active_from": starts}
            return {"passkeys": _updated(person.passkeys, name, **admitted)}
        case RecoveryCancelled(recovery=reference):
            kind, _, name = reference.partition(":")
            if kind == "kid":
                return {"link": None}
            return {"passkeys": _updated(person.passkeys, name, removed=True, cancelled=True)}
        case _:
            assert_never(body)


def _misplaced(_: UserRegistered) -> AssertionError:
    """Return the error for an event that cannot follow in a person's stream.

    The argument's type is the only other one: mypy fails if `evolve` forgets one.
    """
    return AssertionError("a person registers once")


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
    if body.active_from is None or body.redeem is None or body.re_enrols:
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


def may_sign(person: Person) -> bool:
    """Tell whether any of the person's roles may sign: every role but an auditor's."""
    return not person.roles <= {AUDITOR}
