"""The counts of an audit: what ended without an event is expired at the newest entry's time."""

import asyncio
from contextlib import closing
from pathlib import Path

from ledger import clock
from ledger.audit.shares import PeopleAuditor, Share, audit_share
from ledger.domain.vocabulary import Status
from ledger.store.engines import audited_log
from tests.support.ledgers import Process, settled
from tests.support.type_definitions import POLICY, define, definition, retire, stated

HOUR_MS = 3_600_000


def test_statements_that_ended_without_a_decision_are_counted_as_expired(tmp_path: Path) -> None:
    cast = settled(tmp_path)
    process = Process(tmp_path, cast.time)
    soon = clock.to_text(cast.time.ms + HOUR_MS // 2)
    text = definition()
    of_type = {"content": '{"amount":"1"}', "policy": POLICY, "type": stated(text)}

    async def happens() -> None:
        await process.change(cast.dave, define(text))
        await process.draft(cast.alice, policy=POLICY | {"expiresAt": soon})
        await process.draft(cast.alice, policy=POLICY)
        await process.draft(cast.alice, **of_type)
        cast.time.ms += HOUR_MS
        await process.change(cast.dave, retire(text, "stop"))
        await process.draft(cast.alice, policy=POLICY)

    asyncio.run(happens())
    process.close()
    assert statuses(tmp_path) == {"pending": 2, "expired": 2}


def statuses(directory: Path) -> dict[Status, int]:
    """Return how many statements, but for changes, an audit counts by status."""
    with closing(audited_log(str(directory / "log.sqlite")).open()) as rows:
        size = rows.heads()[0][0]
        people = PeopleAuditor(rows)
        assert people.run(size) is None
        share = audit_share(rows, people.history, Share(0, 1, size, 0), lambda _: None)
    assert share.finding is None
    return dict(share.counts.statuses)
