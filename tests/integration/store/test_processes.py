"""One log's file in several processes."""

import asyncio
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from ledger.commands.reading import Reading
from ledger.commands.writer import Plan, Request
from ledger.domain import charter
from ledger.domain.charter import STREAM
from ledger.domain.events import InvitationIssued
from ledger.store.sqlite.store import SqliteLog
from tests.support.links import link_key
from tests.support.logs import AT, FOUNDING, fill, opened, settings_of

VISIT = """
import sys
from pathlib import Path
from ledger.store.sqlite.store import SqliteLog

store = SqliteLog(Path(sys.argv[1]))
print(store.head().stored)
store.close()
"""


def visit(path: Path) -> int:
    """Return the head that another process sees, which opens the log and closes it again."""
    done = subprocess.run(
        [sys.executable, "-c", VISIT, path], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_a_visiting_process_takes_no_commit_away(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(SqliteLog(path)) as store:
        for size in (3, 6, 9):
            fill(store, size)
            assert visit(path) == size
            assert store.head().stored == size
    with closing(SqliteLog(path)) as store:
        assert store.head().stored == 9
        assert [position for position, _ in store.read(0, 100)] == [*range(1, 10)]


def test_what_another_process_appends_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(SqliteLog(path)) as here:
        fill(here, 2)
        with closing(SqliteLog(path)) as there:
            fill(there, 4)
        assert here.head().stored == 4
        fill(here, 5)
    assert visit(path) == 5


def test_an_act_of_the_ledger_that_another_process_overtook_is_retried(
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path / "data")
    with opened(settings) as here, opened(settings) as there:
        asyncio.run(here.writer.ask(Reading.charter))  # cached, and stale after the next line
        there.acts.rotate()
        answer = asyncio.run(here.writer.write(Request("invite", "act", STREAM), invited))
        assert answer.position == FOUNDING + 2


def invited(reading: Reading) -> Plan:
    body = InvitationIssued(
        change="c",
        invitation="i",
        role="creator",
        key=link_key("token").jwk,
        expires_at=AT,
    )
    return Plan(STREAM, reading.charter(), charter.evolve, (body,), {})
