"""Erasures of statements in a real log: what is gone, what stays, and what the audit says."""

import asyncio
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import StoredEvent

from ledger.audit import questions
from ledger.audit.replay import fold
from ledger.audit.result import to_text
from ledger.audit.trail import Trail
from ledger.audit.trail_formats import FORMATS
from ledger.domain.entry import cut, is_erased
from ledger.errors import ConflictError, CorruptError, NotFoundError
from ledger.publish.shown_beside import newest_position
from ledger.store.engines import audited_log
from ledger.store.log import EVENTS
from ledger.store.scrubber import Scrubber
from ledger.store.sqlite.copies import SqliteCopies
from tests.support.erasing import (
    ONE,
    SECRET,
    approved,
    erase,
    erased,
    files_of,
    name_of,
    report_of,
    tampered,
    words_of,
)
from tests.support.ledgers import Cast, Process, drafted_change, know_everybody, settled
from tests.support.refusals import refused
from tests.support.states import folded
from tests.support.versions import copied


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Cast:
    return settled(tmp_path_factory.mktemp("cast"))


@pytest.fixture
def here(cast: Cast, tmp_path: Path) -> Iterator[Process]:
    process = Process(cast.copy(tmp_path / "ledger"), cast.time)
    know_everybody(process, cast)
    yield process
    process.close()


@pytest.fixture
def gone(cast: Cast, here: Process) -> bytes:
    """The document of a statement that a change erased, after others were drafted."""

    async def tell() -> bytes:
        raw = await approved(here, cast)
        await here.draft(cast.alice, title="Another one")
        await erased(here, cast, raw)
        await here.draft(cast.alice, title="A later one")
        return raw

    return asyncio.run(tell())


def test_the_bytes_are_gone_from_every_file_of_the_ledger(cast: Cast, here: Process) -> None:
    raw = asyncio.run(approved(here, cast))
    bodies = [cut(state)[1] for _, state in here.store.placed(UUID(name_of(raw)), 10_000)]
    assert all(each[:32] in files_of(here) for each in bodies)
    asyncio.run(erased(here, cast, raw))
    left = files_of(here)
    assert not any(each[:32] in left or each[32:] in left for each in bodies)
    assert not any(each in left for each in words_of(SECRET))


def test_the_entries_stay_and_the_states_say_that_their_bodies_are_gone(
    gone: bytes, here: Process
) -> None:
    found = here.store.placed(UUID(name_of(gone)), 10_000)
    assert [is_erased(state) for _, state in found] == [True, True, False]
    positions = [position for position, _ in found]
    assert [here.store.states([each])[0] for each in positions] == found
    assert here.store.read(positions[0] - 1, 1) == found[:1]


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_audit_verifies_the_log_and_says_what_was_erased(
    gone: bytes, here: Process, jobs: int
) -> None:
    report = report_of(here, jobs)
    assert report.finding is None, report.finding
    (told,) = report.erasures
    assert (told.statement, len(told.positions)) == (name_of(gone), 2)
    assert report.counts.erased == 2
    text = to_text(report)
    assert f"2 bodies erased by the change at position {told.position:,}" in text
    assert "can no longer be recomputed" in text


def test_a_body_that_no_change_erased_is_missing(here: Process, cast: Cast) -> None:
    raw = asyncio.run(approved(here, cast))
    (position, _), *_ = here.store.placed(UUID(name_of(raw)), 10_000)
    found = tampered(here, f"DELETE FROM body WHERE pos = {position}")  # noqa: S608  # an attacker's
    assert found is not None
    assert found[:2] == ("event", position)


def test_a_body_that_only_a_table_calls_erased_is_missing(here: Process, cast: Cast) -> None:
    raw = asyncio.run(approved(here, cast))
    (position, _), *_ = here.store.placed(UUID(name_of(raw)), 10_000)
    script = f"INSERT INTO erased VALUES({position}, {position + 1});"
    found = tampered(here, f"{script} DELETE FROM body WHERE pos = {position}")  # noqa: S608  # as above
    assert found == ("event", position, "body_missing")


def test_a_body_that_came_back_is_found(gone: bytes, here: Process) -> None:
    (position, _), *_ = here.store.placed(UUID(name_of(gone)), 10_000)
    found = tampered(here, f"INSERT INTO body VALUES({position}, zeroblob(64))")
    assert found is not None
    assert found[:2] == ("event", position)


def test_an_erasure_that_the_file_does_not_record_is_found(gone: bytes, here: Process) -> None:
    (position, _), *_ = here.store.placed(UUID(name_of(gone)), 10_000)
    found = tampered(here, f"DELETE FROM erased WHERE pos = {position}")  # noqa: S608  # as above
    assert found is not None
    assert found[0] == "event"


@pytest.mark.parametrize(
    "script",
    [
        "DELETE FROM body WHERE pos = 1",
        "INSERT INTO erased VALUES(1, 2)",
        "INSERT INTO erased SELECT 1, max(by_pos) FROM erased",
        "INSERT INTO body SELECT pos, zeroblob(64) FROM erased",
        "UPDATE erased SET by_pos = 1",
        "DELETE FROM erased",
        "UPDATE body SET data = zeroblob(64)",
        "INSERT OR REPLACE INTO body VALUES(1, zeroblob(64))",
    ],
)
def test_nothing_but_an_erasure_that_the_log_states_deletes_a_body(
    gone: bytes, here: Process, script: str
) -> None:
    assert gone
    raw = sqlite3.connect(here.store.address)
    with closing(raw), pytest.raises(sqlite3.IntegrityError):
        raw.execute(script)


def test_nothing_is_decided_on_an_erased_statement(gone: bytes, here: Process, cast: Cast) -> None:
    async def tell() -> None:
        name = name_of(gone)
        with refused(ConflictError, "statement_erased"):
            await here.commands.sign(name, cast.carol.shared(gone), None)
        with refused(ConflictError, "statement_erased"):
            await here.commands.withdraw(
                name, cast.alice.act("withdraw", statementId=name, sha256="0" * 64)
            )
        with refused(ConflictError, "change_no_effect"):
            await erased(here, cast, gone)

    asyncio.run(tell())


def test_another_process_knows_the_erasure(gone: bytes, here: Process, cast: Cast) -> None:
    there = Process(Path(here.store.address).parent, here.time)

    async def tell() -> None:
        with refused(ConflictError, "statement_erased"):
            await there.commands.sign(name_of(gone), cast.carol.shared(gone), None)

    asyncio.run(tell())
    fresh = folded(there.store, UUID(name_of(gone)))
    assert fresh == here.writer.seen.state(UUID(name_of(gone)))
    there.close()


def test_a_version_that_is_drafted_meanwhile_is_seen(here: Process, cast: Cast) -> None:
    there = Process(Path(here.store.address).parent, here.time)
    know_everybody(there, cast)

    async def tell() -> None:
        raw = await approved(here, cast)
        content = json.dumps({"items": [erase(raw)]})
        preview = await here.people.changes.preview(cast.dave.user, content)
        assert len(preview.effects) == 1
        await there.draft(cast.alice, supersedes=copied(raw), policy=ONE)
        with refused(ConflictError, "not_erasable"):
            await erased(here, cast, raw)

    asyncio.run(tell())
    there.close()
    assert report_of(here).finding is None


def test_a_retried_change_gets_its_first_answer(here: Process, cast: Cast) -> None:
    async def tell() -> None:
        raw = await approved(here, cast)
        change = drafted_change(cast.dave, erase(raw), statementId=str(uuid4()))
        first = await here.people.changes.make(change)
        again = await here.people.changes.make(change)
        assert (again.body, again.repeated) == (first.body, True)

    asyncio.run(tell())


def test_replay_names_the_change_and_nothing_of_the_statement(gone: bytes, here: Process) -> None:
    with closing(audited_log(here.store.address).open()) as rows:
        (change,) = {each.change for each in report_of(here).erasures}
        size = here.store.head().stored
        world = fold(rows, size, time=None, statement=None, decide=True)
        (told,) = [each for each in world.statements if each.id == name_of(gone)]
        assert (told.status, told.erased_by, told.title) == ("approved", change, "")
        (place, _), *_ = here.store.placed(UUID(name_of(gone)), size)
        past = fold(rows, place, time=None, statement=name_of(gone), decide=True)
        assert [(each.status, each.erased_by) for each in past.statements] == [(None, change)]


def test_the_trail_says_which_change_erased_an_event(gone: bytes, here: Process) -> None:
    with closing(audited_log(here.store.address).open()) as rows:
        lines = [each for each in Trail(rows).lines() if each.stream == name_of(gone)]
        out = io.BytesIO()
        FORMATS["csv"](Trail(rows).lines(), out)
        with refused(NotFoundError, "statement_erased"):
            questions.approvals(rows, name_of(gone))
    assert [each.summary.partition(" by change ")[0] for each in lines[:2]] == ["Erased"] * 2
    assert "an erased statement" in lines[2].summary
    assert SECRET.encode() not in out.getvalue()


def test_evidence_of_an_erased_statement_is_that_of_the_change(gone: bytes, here: Process) -> None:
    with refused(NotFoundError, "statement_erased"):
        newest_position(here.store, name_of(gone))


def test_the_scrubber_and_a_backup_take_an_erased_body_for_what_it_is(
    gone: bytes, here: Process, tmp_path: Path
) -> None:
    assert gone
    with closing(here.store.reader()) as reader, closing(here.store.tree()) as tree:
        scrubber = Scrubber(reader, tree)
        while scrubber.step():
            pass
    copies, target = SqliteCopies(), tmp_path / "copy"
    target.mkdir()
    copies.copy_all(Path(here.store.address).parent, target)
    assert copies.examine(target).size == here.store.head().stored
    assert SECRET.encode() not in (target / "log.sqlite").read_bytes()


def test_an_incremental_backup_erases_what_the_first_one_has(
    here: Process, cast: Cast, tmp_path: Path
) -> None:
    raw = asyncio.run(approved(here, cast))
    copies, first, second = SqliteCopies(), tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    directory = Path(here.store.address).parent
    copies.copy_all(directory, first)
    before = copies.examine(first)
    assert b"Elm Street" in (first / "log.sqlite").read_bytes()
    asyncio.run(erased(here, cast, raw))
    copies.copy_new(directory, second, before.marks)
    copies.join(first, second)
    assert copies.examine(first).size == here.store.head().stored
    assert b"Elm Street" not in (first / "log.sqlite").read_bytes()


def test_an_erased_event_is_never_returned_as_one(gone: bytes, here: Process) -> None:
    (version, tag, state), *_ = here.store.stream(UUID(name_of(gone)))
    with refused(CorruptError, "body_erased"):
        EVENTS.to_domain_event(StoredEvent(UUID(name_of(gone)), version, tag, state))
