"""The cost of an audit: each event of an earlier version is read a fixed number of times."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger.audit.replay import World, fold
from ledger.audit.shares import PeopleAuditor, Share, audit_share
from ledger.store.engines import audited_log
from ledger.store.sqlite.audited import SqliteAudited
from ledger.verify.auditor import AuditError
from tests.support.chronicle import about
from tests.support.ledgers import Process, settled
from tests.support.states import without_triggers
from tests.support.versions import copied

ROUNDS = 30


def test_a_replay_of_a_version_compares_the_one_before_with_its_leaves(tmp_path: Path) -> None:
    """It reads no other row of the statement before, whose state decides about the version."""
    cast = settled(tmp_path)
    process = Process(tmp_path, cast.time)
    alice = cast.alice
    one = {"threshold": 1, "of": [f"user:{alice.user}"]}

    async def happens() -> tuple[bytes, bytes]:
        first = await process.draft(alice, policy=one)
        cast.time.ms += 1_000
        statement = str(json.loads(first)["statementId"])
        await process.commands.sign(statement, alice.shared(first), None)
        cast.time.ms += 1_000

        return first, await process.draft(alice, policy=one, supersedes=copied(first))

    first, second = (UUID(json.loads(raw)["statementId"]) for raw in asyncio.run(happens()))
    process.close()
    log = tmp_path / "log.sqlite"

    def replayed() -> World:
        with closing(audited_log(str(log)).open()) as rows:
            size = rows.newest()
            return fold(rows, size, time=None, statement=str(second), decide=True)

    assert [each.id for each in replayed().statements] == [str(second)]
    with closing(sqlite3.connect(log)) as db, without_triggers(db):
        query = "SELECT pos, entry FROM ev WHERE stream = ? AND version = 2"
        position, entry = db.execute(query, (first.bytes,)).fetchone()
        another = re.sub(rb'"at":"\d', b'"at":"1', entry)  # the body and its columns still fit it
        db.execute("UPDATE ev SET entry = ? WHERE pos = ?", (another, position))
    with pytest.raises(AuditError, match="the stored leaf hash does not match the entry"):
        replayed()


def test_a_version_with_many_decisions_reads_the_one_before_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alice approves and takes it back again and again, before and after a new version."""
    cast = settled(tmp_path)
    process = Process(tmp_path, cast.time)
    alice, both = cast.alice, [f"user:{each.user}" for each in (cast.alice, cast.bob)]

    async def decides(raw: bytes, *, ends: bool) -> None:
        statement = str(json.loads(raw)["statementId"])
        for _ in range(ROUNDS):
            cast.time.ms += 1_000
            await process.commands.sign(statement, alice.shared(raw), None)
            cast.time.ms += 1_000
            await process.commands.retract(statement, alice.act("retract", **about(raw)), None)
        cast.time.ms += 1_000
        if ends:
            for each in (alice, cast.bob):
                await process.commands.sign(statement, each.shared(raw), None)

    async def happens() -> None:
        first = await process.draft(alice, policy={"threshold": 2, "of": both})
        await decides(first, ends=True)
        policy = {"threshold": 1, "of": both}
        second = await process.draft(alice, policy=policy, supersedes=copied(first))
        await decides(second, ends=False)

    asyncio.run(happens())
    process.close()
    read = 0
    whole = SqliteAudited.of_stream

    def counted(self: SqliteAudited, *args: Any, **more: Any) -> Iterator[Any]:
        nonlocal read
        for each in whole(self, *args, **more):
            read += 1
            yield each

    monkeypatch.setattr(SqliteAudited, "of_stream", counted)
    with closing(audited_log(str(tmp_path / "log.sqlite")).open()) as rows:
        size = rows.heads()[0][0]
        people = PeopleAuditor(rows)
        assert people.run(size) is None
        assert (
            audit_share(rows, people.history, Share(0, 1, size, 0), lambda _: None).finding is None
        )
    assert 2 * ROUNDS < read < 3 * 2 * ROUNDS
