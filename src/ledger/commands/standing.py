"""Commands on standing: suspend a person, declare a key or passkey compromised."""

from collections.abc import Sequence
from uuid import UUID

from ledger.commands.acts import signer_of, write_act
from ledger.commands.reading import Reading
from ledger.commands.writer import Answer, Writer
from ledger.domain import compromise, standing
from ledger.domain.acts import DeclareCompromise, parse_act, stale_ms, stated_act
from ledger.domain.changes.items import Item, ReinstatePerson
from ledger.domain.document import parse_uuid
from ledger.domain.passkey import AssertionEvidence
from ledger.errors import NotFoundError
from ledger.store.async_state import AsyncState


async def end_sessions_first(writer: Writer, state: AsyncState, items: Sequence[Item]) -> None:
    """End the sessions of suspended people whom these items reinstate.

    Call it before the change is recorded: a suspended person opens no session, so none from before
    the suspension comes back with them. No clock is compared, because the log's may be ahead.
    """
    users = [UUID(each.user) for each in items if isinstance(each, ReinstatePerson)]

    def suspended(reading: Reading) -> list[str]:
        return [each.user for each in reading.people(users) if each.standing == "suspended"]

    try:
        found = await writer.ask(suspended, fresh=True) if users else []
    except NotFoundError:  # the change is refused
        found = []
    for user in found:
        await state.close_sessions(user)


class StandingCommands:
    """What ends a person's sessions beside the event: a suspension, a compromise."""

    def __init__(self, writer: Writer, state: AsyncState) -> None:
        self._writer = writer
        self._state = state

    async def suspend(self, user: str, act: str, assertion: AssertionEvidence | None) -> Answer:
        """Suspend a person, as `standing.suspend` decides, and end their sessions."""
        stream = parse_uuid(user)
        answer = await write_act(
            self._writer,
            stream,
            act,
            lambda them, actor, reading: standing.suspend(
                them, actor, reading.asked(act, assertion), reading.charter()
            ),
            {"user": user},
        )
        await self._end_sessions(answer, stream, act)
        return answer

    async def declare_compromise(self, act: str, assertion: AssertionEvidence | None) -> Answer:
        """Declare a key or passkey compromised, as `compromise.declare` decides.

        The declaration ends its person's sessions. Raises RefusedError `act_mismatch` for another
        act, `key_unknown`.
        """
        jws = parse_act(act)
        stated = stated_act(jws, DeclareCompromise)
        owner = await signer_of(self._writer, jws.header.kid)
        answer = await write_act(
            self._writer,
            owner,
            act,
            lambda them, actor, reading: compromise.declare(them, reading.asked(act, assertion)),
            {"compromised": stated.named()},
        )
        await self._end_sessions(answer, owner, act)
        for reference in (stated.named(), *stated.also):
            await self._state.forget_wrapped_keys_of(reference.partition(":")[2])
        return answer

    async def _end_sessions(self, answer: Answer, person: UUID, act: str) -> None:
        # A repetition may be of a request that was stored and could not end them; one of an old act
        # ends nothing, or everybody who has seen the act could.
        if not answer.repeated or self._writer.now_ms() < stale_ms(act):
            await self._state.close_sessions(str(person))
