"""Commands on roles and invitations."""

from ledger.commands.acts import write_act
from ledger.commands.writer import Answer, Plan, Reading, Writer
from ledger.domain import charter, person
from ledger.domain.acts import parse_act
from ledger.domain.document import parse_uuid
from ledger.domain.receipts import INVITE


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

        def decide(reading: Reading) -> Plan:
            inviter = reading.signer(parse_act(act).header.kid)
            founding = reading.charter()
            body = charter.invite(founding, inviter, act, now_ms=reading.now_ms)
            answer: dict[str, object] = {"invitationId": body.invitation_id}
            return Plan(charter.STREAM, founding, charter.evolve, (body,), answer)

        return await self._writer.write(INVITE, act, charter.STREAM, decide)
