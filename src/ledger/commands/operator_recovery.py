"""The operator's recovery of governance: invite people, or cancel that. No rule lives here."""

import secrets
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from ledger.commands.changes import sources
from ledger.commands.reading import Reading
from ledger.commands.sign_counts import note_counts
from ledger.commands.writer import Answer, Plan, Request, Writer
from ledger.domain import charter, operator_recovery
from ledger.domain.acts import (
    TYP,
    CancelOperatorInvitations,
    parse_act,
    stated_act,
)
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.events import OperatorInvitationsCancelled, OperatorInvited
from ledger.domain.ledger_acts import OperatorLink, RecoverGovernance
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.receipts import ACT, joined
from ledger.domain.redeeming import SECRET_BYTES, key_of_secret
from ledger.domain.skeletons import skeletons
from ledger.domain.unique_names import kid_name, person_name, used_invitation_name
from ledger.encoding import b64u_encode
from ledger.errors import MalformedError, NotFoundError
from ledger.jose import SigningKey
from ledger.store.async_state import AsyncState


class Invited(NamedTuple):
    """What the operator began: the event, and each link's role and secret."""

    event: OperatorInvited
    links: tuple[tuple[str, str], ...]


async def recover(writer: Writer, key: SigningKey, lost: Sequence[str], reason: str) -> Invited:
    """Invite as many people to governance as it lacks without the lost ones.

    `key` is the ledger's own; `lost` are ids or names of people. Raises NotFoundError
    `user_unknown`, and as `operator_recovery.roles_to_invite` and `operator_recovery.invite` do.
    """

    def look(reading: Reading) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        users = tuple(sorted({str(_user(reading, each)) for each in lost}))
        found = sources(reading)
        roles = operator_recovery.roles_to_invite(found, users, now_ms=reading.now_ms)
        return found.charter.ledger, users, roles

    ledger, users, roles = await writer.ask(look, fresh=True)
    links = tuple((role, b64u_encode(secrets.token_bytes(SECRET_BYTES))) for role in roles)
    act = RecoverGovernance(
        iat=writer.now_ms() // 1000,
        ledger=ledger,
        recovery=str(uuid4()),
        lost=users,
        invitations=tuple(
            OperatorLink(str(uuid4()), role, key_of_secret(secret, ledger=ledger).jwk)
            for role, secret in links
        ),
        reason=reason,
    )
    signed = key.sign(msgspec.json.encode(act), typ=TYP)
    recorded: list[OperatorInvited] = []

    def decide(reading: Reading) -> Plan:
        body = operator_recovery.invite(signed, sources(reading), now_ms=reading.now_ms)
        recorded[:] = [body]
        # The end of the waiting time follows from the time, which the log must keep.
        plan = _plan(body, reading, Basis())
        return msgspec.structs.replace(plan, until_ms=reading.now_ms + 1)

    await writer.write(_request(signed), decide)
    return Invited(recorded[0], links)


def _user(reading: Reading, named: str) -> UUID:
    """Return the person with this id or name; raise NotFoundError `user_unknown`."""
    try:
        return UUID(reading.person(UUID(named)).user)
    except ValueError:  # no id
        pass
    try:
        looks = skeletons(named).sha256
    except MalformedError:  # no name that anybody could have
        looks = ()
    found = [reading.owner(person_name(each)) for each in looks]
    if not found or found[0] is None:
        raise NotFoundError("user_unknown", f"there is nobody with the id or name {named!r}")
    return found[0]


def _request(act: str, *names: str) -> Request:
    stream = charter.STREAM
    return Request(ACT, joined(str(stream), act), stream, (stream,), names)


def _plan(
    body: OperatorInvited | OperatorInvitationsCancelled, reading: Reading, basis: Basis
) -> Plan:
    end_ms = until_ms((body,), basis)
    answer: dict[str, object] = {"recovery": body.recovery}
    return Plan(charter.STREAM, reading.charter(), charter.evolve, (body,), answer, end_ms)


class OperatorRecoveryCommands:
    """What people with a place in governance do about a recovery by the operator."""

    def __init__(self, writer: Writer, state: AsyncState) -> None:
        self._writer = writer
        self._state = state

    async def cancel(self, act: str, assertion: AssertionEvidence | None) -> Answer:
        """Cancel the operator's invitations, as `operator_recovery.cancel` decides.

        Raises RefusedError `act_mismatch` for another act, `key_unknown`.
        """
        jws = parse_act(act)
        stated = stated_act(jws, CancelOperatorInvitations)

        def decide(reading: Reading) -> Plan:
            by, rules = reading.signer(jws.header.kid), reading.charter()
            known = operator_recovery.of_recovery(rules, stated.recovery)
            names = {each.id: used_invitation_name(each.id) for each in known}
            used = [id_ for id_, name in names.items() if reading.owner(name) is not None]
            body = operator_recovery.cancel(by, reading.asked(act, assertion), rules, used)
            return _plan(body, reading, Basis(actor=by, charter=rules))

        answer = await self._writer.write(_request(act, kid_name(jws.header.kid)), decide)
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), assertion)
        return answer
