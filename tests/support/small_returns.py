"""The moves of the small world by which somebody comes back: a link, a day that passes, an end."""

from collections.abc import Callable, Iterator
from functools import cache
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import challenges, person, recoveries
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import PasskeyAdded
from ledger.domain.held_passkeys import first_passkey
from ledger.domain.person import Person
from tests.support.authenticator import Passkey
from tests.support.comebacks import admit, re_enrol
from tests.support.links import link_key
from tests.support.signers import LEDGER, NONCE, NOW_MS, PARTY, assertion
from tests.support.small_moves import acted, asked, happened, tried
from tests.support.small_world import ADA, BEN, CAL, Item, State, Step, signer

EVERYBODY = (ADA, BEN, CAL)


def returns(who: int) -> Callable[[State], Item]:
    """Return the item that lets a person come back."""
    return lambda _: re_enrol(signer(who), _link(who))


def admits(who: int, passkey: Passkey | None = None) -> Callable[[State], Item]:
    """Return the item that admits a person's new passkey, or another one that it names."""
    return lambda _: admit(signer(who), passkey or new_passkey(who))


def new_passkey(who: int) -> Passkey:
    """Return the passkey that the link of a person's re-enrolment adds."""
    return signer(who, 2).passkey


def _link(who: int) -> str:
    return f"comeback {who}"


def redemptions(state: State) -> Iterator[Step]:
    """Use a link, as anybody can who has its secret."""
    for who in EVERYBODY:
        yield from tried(lambda: _redeem(state, who))  # noqa: B023  # run at once


def _redeem(state: State, who: int) -> Step:
    owner, (added, redeeming) = state.people[who], _new(who)
    if added.credential_id in owner.passkeys:
        raise LookupError(added.credential_id)  # a credential is registered once
    body = recoveries.recover(owner, added, redeeming, state.charter)
    after = happened(state, who, body)
    return Step(f"somebody uses the link of {'ABC'[who]}", None, "", None, after, redeemed=who)


@cache
def _new(who: int) -> tuple[PasskeyAdded, ConfirmedAct]:
    me, passkey = signer(who), new_passkey(who)
    added = first_passkey(me.new_passkey(passkey), nonce=NONCE, ledger=LEDGER, party=PARTY)
    cose = passkey.cose_sha256
    challenge = challenges.redeem(cose_sha256=cose, ledger=LEDGER, nonce=NONCE, user=me.user)
    text = me.redeem(link_key(_link(who)), cose=cose, purpose="re-enrolment")
    return added, ConfirmedAct(text, assertion(passkey.get(challenge)), LEDGER, PARTY, NOW_MS)


def waits(state: State) -> Iterator[Step]:
    """Let a day pass: what waits for nothing else works from then on.

    The clock stands still here, so that signatures are made once; the ends of the waits move.
    """
    after = state._replace(people=tuple(map(_a_day_later, state.people)))
    if after.people != state.people:
        yield Step("a day passes", None, "", None, after)


def _a_day_later(who: Person) -> Person:
    now = clock.to_text(NOW_MS)
    passkeys = {
        name: each if each.active_from is None else msgspec.structs.replace(each, active_from=now)
        for name, each in who.passkeys.items()
    }
    return person.settled(msgspec.structs.replace(who, passkeys=passkeys), NOW_MS)


def cancellations(state: State) -> Iterator[Step]:
    """Cancel the re-enrolment of somebody that waits."""
    for by in EVERYBODY:
        for who in EVERYBODY:
            yield from tried(lambda: _cancel(state, by, who))  # noqa: B023  # run at once


def _cancel(state: State, by: int, who: int) -> Step:
    me, owner = signer(by), state.people[who]
    recovery = f"passkey:{new_passkey(who).id}"
    act = acted(by, 0, "cancel-recovery", recovery=recovery, user=str(UUID(int=who + 1)))
    body = recoveries.cancel(owner, state.people[by], asked(by, act), state.charter)
    after = happened(state, who, body)
    name = f"{'ABC'[by]} cancels the re-enrolment of {'ABC'[who]}"
    return Step(name, by, me.key.kid, me.passkey.id, after, cancelled=who)
