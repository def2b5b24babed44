"""Commands on roles and invitations."""

from ledger.commands.acts import write_act
from ledger.commands.reading import Reading
from ledger.commands.writer import Answer, Plan, Request, Writer
from ledger.domain import charter, person
from ledger.domain.acts import parse_act
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.document import parse_uuid
from ledger.domain.receipts import INVITE
from ledger.domain.unique_names import kid_name


class RoleCommands:
    """Commands of administrators."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def grant(self, user: str, act: str) -> Answer:
        """Grant a person another role, as `person.grant_role` decides."""
        return await write_act(
            self._writer,
            parse_uuid(user),
            act,
            lambda them, actor, reading: person.grant_role(
                them, actor, act, ledger=reading.charter().ledger, now_ms=reading.now_ms
            ),
            {"user": user},
        )

    async def invite(self, act: str) -> Answer:
        """Record an invitation, as `charter.invite` decides."""
        kid = parse_act(act).header.kid

        def decide(reading: Reading) -> Plan:
            inviter = reading.signer(kid)
            founding = reading.charter()
            body = charter.invite(founding, inviter, act, now_ms=reading.now_ms)
            answer: dict[str, object] = {"invitationId": body.invitation_id}
            end_ms = until_ms((body,), Basis(actor=inviter))
            return Plan(charter.STREAM, founding, charter.evolve, (body,), answer, end_ms)

        stream = charter.STREAM
        request = Request(INVITE, act, stream, (stream,), (kid_name(kid),))
        return await self._writer.write(request, decide)
