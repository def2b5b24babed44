"""Accept a governance policy: the one in force, or the one that a pending change sets."""

from ledger.commands.acts import signer_of
from ledger.commands.reading import Reading
from ledger.commands.sign_counts import note_counts
from ledger.commands.writer import Answer, Plan, Request, Writer
from ledger.domain import acceptance, charter, person
from ledger.domain.acts import AcceptGovernance, parse_act, stated_act
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.document import parse_uuid
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.receipts import ACT, joined
from ledger.domain.statement import Statement
from ledger.errors import NotFoundError
from ledger.store.async_state import AsyncState


class AcceptanceCommands:
    """What people do who hold a place in governance."""

    def __init__(self, writer: Writer, state: AsyncState) -> None:
        self._writer = writer
        self._state = state

    async def accept(self, act: str, assertion: AssertionEvidence | None) -> Answer:
        """Record that the signer accepts a governance policy, as `acceptance.accept` decides.

        Raises RefusedError `act_mismatch` for another act, `key_unknown`; NotFoundError
        `statement_unknown`.
        """
        jws = parse_act(act)
        named = stated_act(jws, AcceptGovernance).change
        owner = await signer_of(self._writer, jws.header.kid)

        def decide(reading: Reading) -> Plan:
            them = reading.admitted(owner)
            change = None if named is None else _change(reading, named)

            def find(_: str) -> Statement | None:
                return change

            asked = reading.asked(act, assertion)
            body = acceptance.accept(them, asked, reading.charter(), find)
            end_ms = until_ms((body,), Basis(actor=them, statement=change))
            return Plan(owner, them, person.evolve, (body,), {"user": str(owner)}, end_ms)

        streams = (owner, charter.STREAM, *([] if named is None else [parse_uuid(named)]))
        request = Request(ACT, joined(str(owner), act), owner, streams)
        answer = await self._writer.write(request, decide)
        if not answer.repeated:
            await note_counts(self._state, self._writer.now_ms(), assertion)
        return answer


def _change(reading: Reading, named: str) -> Statement:
    """Return a change; raise NotFoundError `statement_unknown`, also for any other statement.

    Everybody may read a change. Another statement may be one that the signer may not know of.
    """
    found = reading.statement(parse_uuid(named))
    if found.items is None:
        raise NotFoundError("statement_unknown", "there is no such change")
    return found
