"""The moves of the small world by which somebody new comes: a fourth person, with a link."""

from collections.abc import Callable, Iterator
from functools import cache
from uuid import UUID

from ledger import clock
from ledger.domain import admission, person, redeeming, signing_keys
from ledger.domain.events import Event, PasskeyAdded
from ledger.domain.held_passkeys import first_passkey
from ledger.domain.invitations import Invitation
from ledger.domain.person import Person
from tests.support.changes import DAY_MS, invite
from tests.support.links import link_key
from tests.support.signers import LEDGER, NONCE, NOW_MS, PARTY
from tests.support.small_moves import NOW, tried
from tests.support.small_world import Item, State, Step, signer

DEE = 3
_ENDS = clock.to_text(NOW_MS + 7 * DAY_MS)
_STREAM = UUID(int=DEE + 1)


def invites(role: str) -> Callable[[State], Item]:
    """Return the item that invites somebody to a role."""
    return lambda _: invite(role, role, _ENDS, invitation=_id(role))


def cancels(role: str) -> Callable[[State], Item]:
    """Return the item that cancels the invitation to a role."""
    return lambda _: {"cancel-invitation": {"invitation": _id(role)}}


def _id(role: str) -> str:
    return str(UUID(int=(len(role) << 64) | 0x4000_8000_0000_0000_0200))


def registrations(state: State) -> Iterator[Step]:
    """Register with an invitation, as anybody can who has its secret."""
    if len(state.people) > DEE:
        return  # the world has one who may come
    for invitation in state.charter.invitations.values():
        yield from tried(lambda: _register(state, invitation))  # noqa: B023  # run at once


def _register(state: State, invitation: Invitation) -> Step:
    rules, me = state.charter, signer(DEE)
    admitted = admission.admit(rules, None, invitation, now_ms=NOW_MS)
    registered = admission.register(me.user, admitted)
    newcomer = person.evolve(None, Event(_STREAM, 1, NOW, registered))
    accepts = {} if admitted.accepts is None else {"accepts": admitted.accepts}
    text = me.redeem(link_key(invitation.role), **accepts)
    added = redeeming.redeem_invitation(newcomer, _passkey(), text, rules, now_ms=NOW_MS)
    newcomer = person.evolve(newcomer, Event(_STREAM, 2, NOW, added))
    after = state._replace(people=(*state.people, _attested(newcomer)))
    name = f"D comes as {invitation.role}"
    return Step(name, None, "", None, after, invited=invitation.id)


@cache
def _passkey() -> PasskeyAdded:
    me = signer(DEE)
    return first_passkey(me.new_passkey(me.passkey), nonce=NONCE, ledger=LEDGER, party=PARTY)


def _attested(newcomer: Person) -> Person:
    me = signer(DEE)
    submission = me.submission(me.key)
    attested = signing_keys.attest_key(
        newcomer, submission, nonce=NONCE, ledger=LEDGER, party=PARTY, now_ms=NOW_MS
    )
    return person.evolve(newcomer, Event(_STREAM, 3, NOW, attested))
