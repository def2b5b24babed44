"""A service account and a statement that end soon, through commands."""

from uuid import uuid4

from tests.support.keys import ed25519_key
from tests.support.ledgers import Cast, Process
from tests.support.type_definitions import POLICY, define, definition, stated

HOUR_MS = 3_600_000


async def add_and_end_an_account(cast: Cast, process: Process, until: str) -> None:
    """Let Bob add a service account, and Dave end it."""
    accounts, robot = process.people.service_accounts, ed25519_key(uuid4().int >> 8)
    begun = await process.people.keys.begin(cast.bob.user)
    asked = cast.bob.service(robot, nonce=begun.ceremony.nonce, expires_at=until)
    await accounts.add(cast.bob.user, begun.id, asked)
    act = cast.dave.act("end-service-account", user=cast.bob.user, account=robot.kid)
    await accounts.end(robot.kid, act, cast.dave.confirm(act))


async def draft_late(cast: Cast, process: Process) -> None:
    """Let Alice draft a statement that ends before her signature is stale."""
    short = definition(name="short", freshness=7 * 24 * HOUR_MS, maxAge=HOUR_MS)
    await process.change(cast.dave, define(short))
    content = '{"amount":"100"}'
    await process.draft(cast.alice, content=content, policy=POLICY, type=stated(short))
