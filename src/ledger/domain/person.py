"""A person: how each event of their stream changes their state. Pure.

`person_state` has the state, and what changes it without an event; `holdings` the passkeys and
keys; `held_passkeys` and `signing_keys` decide what begins and ends them.

Every decision takes the state and the evidence and returns the event's body, or raises. Revoked
keys and removed passkeys stay in the state, marked, so that their signatures can still be verified.
"""

from collections.abc import Sequence
from typing import Any, assert_never

import msgspec

from ledger import clock
from ledger.domain.epochs import Loss
from ledger.domain.events import (
    CompromiseDeclared,
    CompromiseSet,
    Event,
    GovernanceAccepted,
    KeyAdded,
    KeyAttested,
    KeyReaffirmed,
    KeyRevoked,
    NameErased,
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
    ServiceAccountAdded,
    ServiceAccountEnded,
    StandingSet,
    UserNamed,
    UserRegistered,
)
from ledger.domain.holdings import (
    AttestedKey,
    Link,
    Passkey,
    ServiceScope,
    key_reference,
    passkey_reference,
)
from ledger.domain.names import without_name
from ledger.domain.person_state import Person as Person  # re-exported: what `evolve` returns
from ledger.domain.person_state import may_sign as may_sign
from ledger.domain.person_state import next_start_ms as next_start_ms
from ledger.domain.person_state import settled as settled
from ledger.jose import parse_compact, thumbprint


def evolve(person: Person | None, event: Event, losses: Sequence[Loss] = ()) -> Person:
    """Return the person after the next event of their stream, as of the event's time.

    `losses` are those of the ledger; they are not needed for a person who is settled with them.
    """
    if isinstance(event.body, UserRegistered):
        body = event.body
        roles = frozenset() if body.role is None else frozenset({body.role})
        return Person(
            user=body.user,
            version=event.version,
            name=without_name(body.user),
            roles=roles,
            keys={},
            passkeys={},
            invitation=body.invitation,
            admitted_by=body.admitted_by,
            lost_at=event.at,
            accepted={} if body.accepts is None else {body.accepts: roles},
        )
    if person is None:
        raise AssertionError("a person's stream must begin with a registration")
    if not isinstance(event.body, PersonBody):
        raise AssertionError("not an event of a person's stream")
    now_ms = clock.to_ms(event.at)
    before = settled(person, now_ms, losses)
    after = msgspec.structs.replace(
        before, version=event.version, **_changes(before, event.body, event.at)
    )
    return settled(after, now_ms, losses)


def _changes(person: Person, body: PersonBody, at: str) -> dict[str, Any]:
    match body:
        case UserNamed() | NameErased():
            return _named(person, body)
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
        case KeyAttested() | ServiceAccountAdded():
            return {"keys": person.keys | {body.kid: _attested(body, at)}}
        case KeyRevoked() | KeyReaffirmed() | ServiceAccountEnded():
            kid = body.account if isinstance(body, ServiceAccountEnded) else body.kid
            return {"keys": _updated(person.keys, kid, **_of_key(person, body))}
        case RoleGranted():
            return {"roles": person.roles | {body.role}}
        case RoleEnded():
            return _without_role(person, body.role, at)
        case GovernanceAccepted():
            return {"accepted": person.accepted | {body.policy_sha256: person.roles}}
        case StandingSet() | PersonSuspended():
            standing = body.standing if isinstance(body, StandingSet) else "suspended"
            comes_back = person.link is not None or person.re_enrolling is not None
            return {"standing": standing, "suspension_stays": comes_back}
        case CompromiseDeclared() | CompromiseSet():
            return _compromised(person, body, at)
        case RecoveryCodesSet() | RecoveryCancelled() | ReEnrolmentOpened() | PasskeyAdmitted():
            return _recovering(person, body, at)
        case _:
            raise _misplaced(body)


def _attested(body: KeyAdded, at: str) -> AttestedKey:
    by = frozenset({passkey_reference(body.assertion.credential_id)})
    key = AttestedKey(body.kid, body.jwk, at, body.expires_at, by)
    if isinstance(body, KeyAttested):
        return key
    scope = ServiceScope(body.name, body.acts, body.types, body.untyped)
    return msgspec.structs.replace(key, service=scope)


def _named(person: Person, body: UserNamed | NameErased) -> dict[str, Any]:
    if isinstance(body, UserNamed):
        return {"name": body.name}
    return {"name": without_name(person.user), "name_erased_by": body.change}


def _of_key(
    person: Person, body: KeyRevoked | KeyReaffirmed | ServiceAccountEnded
) -> dict[str, Any]:
    if isinstance(body, KeyReaffirmed):
        return {"unaffirmed": False}
    if isinstance(body, ServiceAccountEnded):
        return {"revoked": True}
    since = body.compromised_since or person.keys[body.kid].compromised_since
    return {"revoked": True, "compromised_since": since}


def _recovering(
    person: Person,
    body: RecoveryCodesSet | RecoveryCancelled | ReEnrolmentOpened | PasskeyAdmitted,
    at: str,
) -> dict[str, Any]:
    match body:
        case RecoveryCodesSet(keys=keys):
            return {"codes": {thumbprint(each): each for each in keys}, "codes_void": False}
        case ReEnrolmentOpened():
            return {"link": Link(body.key, body.expires_at), "suspension_stays": False}
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


def _without_role(person: Person, role: str, at: str) -> dict[str, Any]:
    """Return the changes of a role's end, after which it must be accepted again."""
    accepted = {digest: held - {role} for digest, held in person.accepted.items()}
    return {"roles": person.roles - {role}, "accepted": accepted, "role_ended_at": at}


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
