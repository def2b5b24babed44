"""Bundles of a company that keeps types, invitations and links which no statement rests on."""

from functools import cache

from ledger.domain.events import Body
from ledger.verify import container
from ledger.verify.container import Mode
from tests.support.changes import invite
from tests.support.chronicle import statement_id
from tests.support.dossier import bundle_of
from tests.support.type_definitions import POLICY, define, definition, stated
from tests.vectors.changes.company import Company

SECRET = "What we ask of acquisitions"
TEXT = definition(title=SECRET)
PLAIN, TYPED, CHANGE = (statement_id(number) for number in (5, 6, 3))


@cache
def company() -> Company:
    """Return the company; Cal drafts a plain statement and one of a type, Ivy approves both."""
    told = Company()
    told.announce(1)
    guest = invite("guest", "investor", "2026-12-01T00:00:00.000Z")
    told.change(told.ada, 3, define(TEXT), guest)
    told.change(told.ada, 4, {"cancel-invitation": {"invitation": guest["invite"]["invitation"]}})
    told.change(told.ada, 8, {"hold": {"name": told.ben.user}})
    for number, more in ((5, {}), (6, {"type": stated(TEXT), "content": '{"amount":"1"}'})):
        raw = told.draft(told.cal, number, policy=POLICY, **more)
        told.sign(told.ivy, told.ivy.shared(raw), raw)
    return told


def bundle(statement: str, mode: Mode) -> bytes:
    return bundle_of(tuple(company().states), mode, statement)


def shown(raw: bytes) -> dict[int, type[Body]]:
    """Return the types of the events whose bodies a bundle has, by leaf index."""
    told = company().events
    names = [name for name in container.parse(raw) if name.startswith("bodies/")]
    indexes = sorted(int(name.removeprefix("bodies/")) for name in names)
    return {index: type(told[index].body) for index in indexes}


def index_of(kind: type[Body]) -> int:
    """Return the leaf index of the first event of a type."""
    return next(n for n, each in enumerate(company().events) if isinstance(each.body, kind))
