"""Record a signed act on a person's stream, by that person or an administrator."""

from collections.abc import Callable
from uuid import UUID

from ledger.commands.reading import Reading
from ledger.commands.writer import Answer, Plan, Request, Writer
from ledger.domain import charter, drafting, person
from ledger.domain.acts import parse_act
from ledger.domain.deadlines import Basis, until_ms
from ledger.domain.events import Body
from ledger.domain.person import Person
from ledger.domain.receipts import ACT, joined
from ledger.domain.unique_names import kid_name
from ledger.errors import NotFoundError, RefusedError
from ledger.jose import VerifiedJws

# Returns the event, given the person acted on, the actor, and the reading.
DecideAct = Callable[[Person, Person, Reading], Body]


async def write_act(
    writer: Writer, owner: UUID, act: str, decide_act: DecideAct, answer: dict[str, object]
) -> Answer:
    """Record a signed act on a person; the signing key identifies the actor.

    Raises NotFoundError `user_unknown`, RefusedError `key_unknown`, and what `parse_act` and
    `decide_act` raise.
    """
    kid = parse_act(act).header.kid

    def decide(reading: Reading) -> Plan:
        actor = reading.signer(kid)
        them = reading.person(owner)
        body = decide_act(them, actor, reading)
        end_ms = until_ms((body,), Basis(actor=actor, owner=them))
        return Plan(owner, them, person.evolve, (body,), answer, end_ms)

    needs = (owner, charter.STREAM)
    request = Request(ACT, joined(str(owner), act), owner, needs, (kid_name(kid),))
    return await writer.write(request, decide)


async def signed_draft(
    writer: Writer, raw: bytes, act: str, verified: Callable[[], None]
) -> VerifiedJws:
    """Return a document's act as `drafting.signed_act` does, and call `verified` then.

    A command calls it first, so that nobody without a key makes the server parse a document.
    Raises as `drafting.signed_act` does.
    """
    name = kid_name(parse_act(act).header.kid)

    def ask(reading: Reading) -> VerifiedJws:
        owner = reading.owner(name)
        if owner is None:
            raise RefusedError("key_unknown", "no such signing key")
        return drafting.signed_act(raw, act, reading.person(owner))

    jws = await writer.ask(ask)
    verified()
    return jws


async def signer_of(writer: Writer, kid: str) -> UUID:
    """Return the owner of a signing key; raise RefusedError `key_unknown`."""
    owner = await writer.ask(lambda reading: reading.owner(kid_name(kid)))
    if owner is None:
        raise RefusedError("key_unknown", "no such signing key")
    return owner


async def owner_of(writer: Writer, name: str, code: str) -> UUID:
    """Return the owner of a claimed name, such as `kid/…`; raise NotFoundError with `code`."""
    owner = await writer.ask(lambda reading: reading.owner(name))
    if owner is None:
        raise NotFoundError(code, "nothing here has this name")
    return owner
