"""Load, decide, save: exactly once, and as if one after the other, in any number of processes."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ledger.commands.reading import Reading
from ledger.commands.writer import Answer, Plan, Request
from ledger.errors import (
    ConflictError,
    CorruptError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from tests.support.changes import invite
from tests.support.ledgers import Cast, Process, check_ledger, settled
from tests.support.refusals import refused
from tests.support.signers import TWO_OF_TWO, Signer
from tests.support.versions import copied


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def here(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    process = Process(cast.copy(tmp_path / "ledger"), cast.time)
    yield process
    check_ledger(process)
    process.close()


def body(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.body)
    return found


def name_of(raw: bytes) -> str:
    return str(json.loads(raw)["statementId"])


# --- exactly once --------------------------------------------------------------------------------


def test_a_repeated_command_is_answered_as_the_first_and_appends_nothing(
    cast: Cast, here: Process
) -> None:
    async def run() -> None:
        raw = await here.draft(cast.alice)
        jws = cast.bob.shared(raw)
        first = await here.commands.sign(name_of(raw), jws, None)
        await here.commands.sign(name_of(raw), cast.alice.shared(raw), None)
        head = here.store.head().stored
        again = await here.commands.sign(name_of(raw), jws, None)
        assert (again.body, again.position) == (first.body, first.position)
        assert (first.repeated, again.repeated) == (False, True)
        assert body(again)["status"] == "pending"
        assert here.store.head().stored == head

    asyncio.run(run())


def test_a_command_sent_twice_at_once_is_recorded_once(cast: Cast, here: Process) -> None:
    async def run() -> None:
        raw = await here.draft(cast.alice)
        head, jws = here.store.head().stored, cast.bob.shared(raw)
        answers = await asyncio.gather(
            *(here.commands.sign(name_of(raw), jws, None) for _ in range(5))
        )
        assert {answer.position for answer in answers} == {head + 1}
        assert sorted(answer.repeated for answer in answers) == [False, True, True, True, True]
        assert here.store.head().stored == head + 1

    asyncio.run(run())


def test_a_repeated_command_is_answered_long_after(cast: Cast, here: Process) -> None:
    async def run() -> None:
        raw = cast.alice.document(statementId=str(uuid4()))
        act = cast.alice.draft_act(raw)
        first = await here.commands.draft(raw.decode(), act)
        cast.time.ms += 10**9
        assert (await here.commands.draft(raw.decode(), act)).position == first.position
        with refused(RefusedError, "iat_stale"):
            await here.commands.sign(name_of(raw), cast.bob.shared(raw, iat=1), None)

    asyncio.run(run())


# --- refusals that need the log ------------------------------------------------------------------


def test_a_statement_id_is_taken_once(cast: Cast, here: Process) -> None:
    async def run() -> None:
        raw = await here.draft(cast.alice)
        with refused(ConflictError, "statement_known"):
            await here.draft(cast.alice, statementId=name_of(raw), title="Series B")
        for taken in (cast.alice.user, "00000000-0000-0000-0000-000000000000"):
            with refused(ConflictError, "statement_known"):
                await here.draft(cast.alice, statementId=taken)

    asyncio.run(run())


def test_what_is_not_there_is_not_decided_on(cast: Cast, here: Process) -> None:
    async def run() -> None:
        raw = cast.alice.document(statementId=str(uuid4()))
        stranger = Signer(77, "investor", time=cast.time)
        for nothing in (name_of(raw), cast.bob.user, "00000000-0000-0000-0000-000000000000"):
            with refused(NotFoundError, "statement_unknown"):
                await here.commands.sign(nothing, cast.bob.shared(raw), None)
        with refused(NotFoundError, "statement_unknown"):
            await here.draft(cast.alice, supersedes=copied(raw))
        drafted = await here.draft(cast.alice)
        with refused(RefusedError, "key_unknown"):
            await here.commands.sign(name_of(drafted), stranger.shared(drafted), None)
        with refused(NotFoundError, "user_unknown"):
            await here.grant(cast.dave, name_of(drafted), "auditor")

    asyncio.run(run())


def test_a_ledger_that_is_not_founded_takes_nothing(cast: Cast, tmp_path: Path) -> None:
    process = Process(tmp_path, cast.time)
    with refused(UnavailableError, "not_founded"):
        asyncio.run(process.people.registration.begin("Alice", "creator", None))
    process.close()


def test_a_draft_warns_of_a_policy_that_nobody_can_meet_yet(cast: Cast, here: Process) -> None:
    async def run() -> list[list[str]]:
        warnings = []
        for policy in (TWO_OF_TWO, {"threshold": 3, "of": ["role:investor"]}):
            raw = cast.alice.document(statementId=str(uuid4()), policy=policy)
            answer = await here.commands.draft(raw.decode(), cast.alice.draft_act(raw))
            warnings.append(body(answer)["warnings"])
        return warnings

    assert asyncio.run(run()) == [[], ["policy_not_yet_satisfiable"]]


def test_a_write_that_never_gets_its_turn_gives_up(here: Process) -> None:
    def decide(reading: Reading) -> Plan:
        charter = reading.charter()
        reading.versions[uuid4()] = 1  # what no stream ever has
        return Plan(uuid4(), None, lambda *_: charter, (), {})

    with refused(UnavailableError, "contended"):
        asyncio.run(here.writer.write(Request("kind", "evidence", uuid4()), decide))


# --- invitations ---------------------------------------------------------------------------------


def test_two_invitations_do_not_share_an_id(cast: Cast, here: Process) -> None:
    async def run() -> None:
        same = str(uuid4())
        for token, role in (("one", "investor"), ("two", "creator")):
            item = invite(token, role, "2027-01-01T00:00:00.000Z", invitation=same)
            if token == "one":
                await here.change(cast.dave, item)
                continue
            with refused(ConflictError, "invitation_known"):
                await here.change(cast.dave, item)

    asyncio.run(run())


def test_the_file_says_when_it_cannot_be_read(cast: Cast, tmp_path: Path) -> None:
    process = Process(cast.copy(tmp_path / "ledger"), cast.time)
    with closing(sqlite3.connect(Path(process.store.address))) as raw:
        raw.execute("ALTER TABLE ev RENAME TO gone")
        with refused(CorruptError, "file_malformed"):
            process.store.read(0, 1)
    process.close()
