"""A statement that ends before its signature is stale, through commands."""

from tests.support.ledgers import Cast, Process
from tests.support.type_definitions import POLICY, define, definition, stated

HOUR_MS = 3_600_000


async def draft_late(cast: Cast, process: Process) -> None:
    """Let Alice draft a statement that ends before her signature is stale."""
    short = definition(name="short", freshness=7 * 24 * HOUR_MS, maxAge=HOUR_MS)
    await process.change(cast.dave, define(short))
    content = '{"amount":"100"}'
    await process.draft(cast.alice, content=content, policy=POLICY, type=stated(short))
