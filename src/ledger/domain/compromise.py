"""Keys and passkeys that were compromised, and the decisions that this puts in question. Pure.

A person, or a change, says since when somebody else may have used a key or passkey. That ends it.
Every
decision with it from that time on is in question: it counts for no later status, and its person may
decide again. A status that was reached stays. The date can be moved to an earlier time only.
"""

from collections.abc import Sequence, Set

from ledger import clock
from ledger.domain import acts, recovery_codes
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.changes.items import SetCompromise
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import CompromiseDeclared, CompromiseSet
from ledger.domain.holdings import AttestedKey, Passkey, passkey_reference
from ledger.domain.person import Person
from ledger.domain.standing import require_standing
from ledger.errors import ConflictError, MalformedError

REACH_DAYS = 30
REACH_MS = REACH_DAYS * 24 * 60 * 60 * 1000


def require_own_date(thing: AttestedKey | Passkey, since: str, *, now_ms: int) -> None:
    """Require a time at which a person may declare their own key or passkey compromised.

    Raises as `require_date` does, also ConflictError `compromise_date_refused` for a time more than
    30 days ago.
    """
    if clock.to_ms(since) < now_ms - REACH_MS:
        raise ConflictError(
            "compromise_date_refused", f"this is more than {REACH_DAYS} days ago: ask for a change"
        )
    require_date(thing, since, now_ms=now_ms)


def require_date(thing: AttestedKey | Passkey, since: str, *, now_ms: int) -> None:
    """Require a time at which a key or passkey can have been compromised.

    Raises MalformedError `time_invalid` for a time that is malformed or in the future;
    ConflictError `compromise_date_refused` for one before the key or passkey was recorded,
    `compromise_known` unless it is earlier than the one already declared.
    """
    if clock.to_ms(since) > now_ms:
        raise MalformedError("time_invalid", "a compromise must not be in the future")
    if since < thing.added_at:
        raise ConflictError("compromise_date_refused", "this is before the key or passkey began")
    if thing.compromised_since is not None and since >= thing.compromised_since:
        raise ConflictError("compromise_known", "an earlier time is already declared")


def declare(owner: Person, asked: ConfirmedAct) -> CompromiseDeclared:
    """Return the declaration that a person's own key or passkey was compromised.

    The keys and passkeys that `also` names must have been attested or added by the compromised one;
    what these attested or added themselves is not meant. Raises RefusedError as `verify_act` and
    `confirmed_by` do; NotFoundError `key_unknown`, `passkey_unknown`; ConflictError
    `passkey_last` if no passkey would be left, `compromise_unrelated`; ForbiddenError as
    `require_standing`; and as `require_own_date`.
    """
    ledger, now_ms = asked.ledger, asked.now_ms
    jws = parse_act(asked.text)
    key = owner.active_key(jws.header.kid, now_ms=now_ms)
    act = verify_act(jws, key.jwk, acts.DeclareCompromise, ledger=ledger, now_ms=now_ms)
    name = act.named()
    thing = owner.find(name)
    others = [owner.find(each) for each in act.also]
    require_standing(owner)
    assertion, sign_count = asked.confirmed_by(owner)
    require_own_date(thing, act.since, now_ms=now_ms)
    _require_related(name, act.also, others)
    passkeys = [each for each in (thing, *others) if isinstance(each, Passkey)]
    recovery_codes.require_may_end(owner, assertion.credential_id, passkeys, now_ms=now_ms)
    require_passkey_left(owner, {name, *act.also}, now_ms=now_ms)
    return CompromiseDeclared(
        compromised=name,
        since=act.since,
        also=act.also,
        kid=key.kid,
        act=asked.text,
        assertion=assertion,
        sign_count=sign_count,
    )


def of_change(change: str, owner: Person, item: SetCompromise, *, now_ms: int) -> CompromiseSet:
    """Return the declaration by a change that a person's key or passkey was compromised.

    It reaches back as far as the key or passkey does, and may end the person's last passkey. Raises
    NotFoundError `key_unknown`, `passkey_unknown`; ConflictError `compromise_unrelated`; and as
    `require_date`.
    """
    name = item.named()
    thing = owner.find(name)
    others = [owner.find(each) for each in item.also]
    require_date(thing, item.since, now_ms=now_ms)
    _require_related(name, item.also, others)
    return CompromiseSet(change, name, item.since, item.also)


def _require_related(
    name: str, also: Sequence[str], others: Sequence[AttestedKey | Passkey]
) -> None:
    if len({*also, name}) != 1 + len(also) or any(name not in each.added_by for each in others):
        raise ConflictError(
            "compromise_unrelated", "also names what the compromised one attested or added, once"
        )


def require_passkey_left(owner: Person, ending: Set[str], *, now_ms: int) -> None:
    """Raise ConflictError `passkey_last` if ending these would end the person's last passkey."""
    live = {passkey_reference(n) for n, each in owner.passkeys.items() if each.is_live(now_ms)}
    if live and not live - ending:
        raise ConflictError("passkey_last", "this is your last passkey: add another one first")
