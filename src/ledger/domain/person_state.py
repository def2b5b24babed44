"""A person as of a version of their stream and a time: the state that decisions read. Pure.

Two things change it without an event: the end of a re-enrolment's waiting time, and a loss.
"""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from ledger import clock
from ledger.domain.epochs import Loss
from ledger.domain.holdings import AttestedKey, Link, Passkey, beyond_scope
from ledger.domain.vocabulary import AUDITOR, AdmittedBy, PersonStanding
from ledger.errors import NotFoundError, RefusedError
from ledger.jose import OkpJwk

# What every service account may sign besides the acts of its scope; the last two end or reaffirm
# its own key.
OWN_ACTS = ("sign-in", "revoke-key", "reaffirm-key")


class Person(msgspec.Struct, frozen=True):
    """A person as of a version of their stream."""

    user: str
    version: int
    name: str  # `names.without_name` before the event that names the person, and without it
    roles: frozenset[str]
    keys: dict[str, AttestedKey]
    passkeys: dict[str, Passkey]
    standing: PersonStanding = "active"
    suspension_stays: bool = False  # it is later than the change that lets the person come back
    invitation: str | None = None
    admitted_by: AdmittedBy | None = None
    codes: dict[str, OkpJwk] = {}
    # By the digest of a governance policy that they accepted: the roles that they hold since then.
    accepted: dict[str, frozenset[str]] = {}
    role_ended_at: str | None = None  # the last time that one of their roles ended
    link: Link | None = None  # of a re-enrolment that nobody has redeemed
    re_enrolled_at: str | None = None  # the last time that a re-enrolment was complete
    codes_void: bool = False  # since a loss, until the person sets others
    name_erased_by: str | None = None  # the change that erased the name
    lost_at: str = ""  # losses up to this time are taken into account

    @property
    def re_enrolling(self) -> Passkey | None:
        """The passkey of a re-enrolment that waits; None without one."""
        return next((p for p in self.passkeys.values() if p.re_enrols and not p.removed), None)

    def active_key(
        self, kid: str, *, now_ms: int, unaffirmed: bool = False, act: str | None = None
    ) -> AttestedKey:
        """Return the key; with `unaffirmed` also one that nobody reaffirmed after a loss.

        The key of a service account is returned only for an `act` that the account may sign.
        Raises RefusedError `key_unknown`, `key_revoked`, `key_expired` or `reaffirmation_required`;
        ForbiddenError `beyond_scope`.
        """
        key = self.keys.get(kid)
        if key is None:
            raise RefusedError("key_unknown", "no such signing key of this person", kid=kid)
        if key.revoked:
            raise RefusedError("key_revoked", "this signing key was revoked", kid=kid)
        if key.expires_at is not None and clock.to_ms(key.expires_at) <= now_ms:
            raise RefusedError("key_expired", "this signing key has expired", kid=kid)
        if key.unaffirmed and not unaffirmed:
            detail = "reaffirm this signing key with your passkey: the ledger lost entries"
            raise RefusedError("reaffirmation_required", detail, kid=kid)
        if key.service is not None and act not in (*key.service.acts, *OWN_ACTS):
            raise beyond_scope()
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


def settled(person: Person, now_ms: int, losses: Sequence[Loss] = ()) -> Person:
    """Return a person as of a time, which changes a person without an event in two ways.

    A re-enrolment whose waiting is over by then is complete: it ends the person's older passkeys,
    keys, codes and links, and a suspension from before the change that opened it. A loss voids what
    its lost events may have ended: `_after_loss`. Every reader of a person's state asks for the
    state as of a time.
    """
    if losses and person.lost_at < losses[-1].at:
        first = bisect_right(losses, person.lost_at, key=_at)
        end = bisect_right(losses, clock.to_text(now_ms), first, key=_at)
        if first < end:  # a further loss voids nothing more: this person has no event between them
            before = _re_enrolled(person, clock.to_ms(losses[first].at))
            person = _after_loss(before, losses[first], losses[end - 1].at)
    return _re_enrolled(person, now_ms)


def _at(loss: Loss) -> str:
    return loss.at


def _after_loss(person: Person, loss: Loss, lost_at: str) -> Person:
    """Return a person after a loss, whose lost events may have ended any of what they hold.

    Their keys sign only after they are reaffirmed. Codes, the link of a re-enrolment and passkeys
    that wait are void. They count in governance only after they accept it anew. Passkeys that work
    go on: without them nobody could act.
    """
    at_ms = clock.to_ms(loss.at)
    ended = {
        name: msgspec.structs.replace(each, removed=True, cancelled=True)
        for name, each in person.passkeys.items()
        if not each.removed and each.waits(at_ms)
    }
    return msgspec.structs.replace(
        person,
        passkeys=person.passkeys | ended,
        keys={kid: msgspec.structs.replace(k, unaffirmed=True) for kid, k in person.keys.items()},
        codes_void=True,
        link=None if person.link is None else msgspec.structs.replace(person.link, void=True),
        accepted={},
        lost_at=lost_at,
    )


def _re_enrolled(person: Person, now_ms: int) -> Person:
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
        standing="active" if _ends_suspension(person) else person.standing,
        re_enrolled_at=new.active_from,
    )


def _ends_suspension(person: Person) -> bool:
    """Tell whether the end of a re-enrolment ends a suspension.

    It ends one that those who let the person come back knew of. A later one is a newer decision.
    """
    return person.standing == "suspended" and not person.suspension_stays


def next_start_ms(person: Person, now_ms: int) -> int | None:
    """Return when a passkey that waits begins to work: the person changes without an event then."""
    starts = (
        clock.to_ms(each.active_from)
        for each in person.passkeys.values()
        if each.active_from is not None and not each.removed
    )
    return min((start for start in starts if now_ms < start), default=None)


def may_sign(person: Person) -> bool:
    """Tell whether any of the person's roles may sign: every role but an auditor's."""
    return not person.roles <= {AUDITOR}
