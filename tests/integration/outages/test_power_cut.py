"""The power goes while a server appends: what it acknowledged is on the disk.

A kill leaves what the system has in memory, a power cut does not. strace records what the server
and its database write, sync and answer, and `power_cut` rebuilds what the disk has at a moment.
"""

import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

from ledger.store.engines import create_database
from tests.support.actor import Actor
from tests.support.check import check_ledger, head
from tests.support.load import Clients, Records, Sent
from tests.support.postgres import Cluster
from tests.support.power_cut import Cut, Story, files_below
from tests.support.programs import Running
from tests.support.server import Server
from tests.support.suite_database import IN_FILES
from tests.support.system_calls import traced, wait_for_end

CLIENTS = 4
ANSWERS = 60
CUTS = {"file": 60, "database": 3}
RECORDED = b"HTTP/1.1 201 "
_POSITION = re.compile(rb'"position":(\d+)')
_CHECKPOINT = re.compile(rb"\n(\d+)\n[\w+/]{43}=\n\n")


class Traced(Server):
    """A server whose system calls are written down while `calls` is a file."""

    calls: Path | None = None

    def begin(self) -> Running:
        """Start the process, and return at once."""
        if self.calls is None:
            return super().begin()
        arguments = [self.command, "--port", str(self.port), "--data", str(self.data)]
        command = [*traced(self.calls), sys.executable, "-m", self.program, *arguments]
        with (self.data.parent / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self.environment(), stdout=log, stderr=log
            )
        return self._process


class Recorded(NamedTuple):
    """A server that appended, what it wrote meanwhile, and what it acknowledged."""

    server: Traced
    database: Cluster | None
    story: Story
    load: Clients

    @contextmanager
    def after(self, cut: Cut) -> Iterator[None]:
        """Let the disk have what it has after a cut, and the database run on it."""
        if self.database is None:
            cut.restore(self.server.data)
            yield
            return
        cut.restore(self.server.data, self.database.data)
        self.database.start()
        try:
            yield
        finally:
            self.database.kill()

    def told(self, cut: Cut) -> list[Sent]:
        """Return what was acknowledged before a cut."""
        positions = {int(n) for data in cut.sent for n in _POSITION.findall(data)}
        return [each for each in self.load.acknowledged if each.answer["position"] in positions]

    def require(self, cut: Cut) -> None:
        """Expect all of it, and no checkpoint that says more than the log has."""
        Records(self.server).require(self.told(cut))
        published = [int(n) for data in cut.sent for n in _CHECKPOINT.findall(data)]
        assert max(published, default=0) <= head(self.server)


def record(server: Traced, database: Cluster | None, directory: Path) -> Recorded:
    """Let a server append while its calls are written down; it and its database have ended."""
    server.start()
    with server.client() as one, server.client() as other:
        alice = Actor(one, "Alice", server.origin).register("creator")
        bob = Actor(other, "Bob", server.origin).register()
    server.terminate()
    logs = {directory / "calls": Path.cwd()}
    directories = [server.data]
    if database is not None:
        database.rest()
        directories.append(database.data)
        logs[database.directory / "calls"] = database.data
    before = files_below(*directories)
    if database is not None:
        database.start(traced(database.directory / "calls"))
    server.calls = directory / "calls"
    server.start()
    load = Clients([server] * CLIENTS, alice, [alice, bob])
    load.start()
    with server.client() as client:
        while len(load.acknowledged) < ANSWERS and not load.errors:
            assert client.get("/log/checkpoint").status_code == 200
            time.sleep(0.05)  # the clients give no other signal
    load.end()
    pids = [server.pid, *([] if database is None else [database.pid])]
    server.terminate()
    server.calls = None
    if database is not None:
        database.kill()
    for log, pid in zip(logs, pids, strict=True):
        assert pid is not None
        wait_for_end(log, pid)
    story = Story(before, directories, logs)
    assert story.shown() == files_below(*directories)  # no call was missed
    return Recorded(server, database, story, load)


@pytest.fixture(scope="module", params=CUTS)
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorded]:
    directory = tmp_path_factory.mktemp("cut")
    with ExitStack() as stack:
        settings, cluster = IN_FILES, None
        if request.param == "database":
            cluster = Cluster()
            stack.callback(cluster.stop)
            cluster.start()
            cluster.execute("CREATE DATABASE ledger")
            settings = {"LEDGER_DATABASE_URL": cluster.url("ledger")}
            create_database(cluster.url("ledger"), role=None)
        server = Traced(directory / "data", LEDGER_RATE_LIMIT="60000", **settings)
        stack.callback(server.stop)
        yield record(server, cluster, directory)


def test_what_was_acknowledged_is_there_wherever_the_power_goes(
    recorded: Recorded, request: pytest.FixtureRequest
) -> None:
    story, chance = recorded.story, random.Random(20)
    cuts = CUTS[request.node.callspec.params["recorded"]]
    answers = story.sends(RECORDED)
    assert len(answers) >= ANSWERS
    at_answers = chance.sample(answers, cuts)
    anywhere = chance.sample(range(answers[0], len(story)), cuts)
    for cut in chain(story.cuts(at_answers), story.cuts(anywhere, chance)):
        with recorded.after(cut):
            recorded.require(cut)


def test_a_server_goes_on_after_a_power_cut(recorded: Recorded) -> None:
    answers = recorded.story.sends(RECORDED)
    (cut,) = recorded.story.cuts([answers[len(answers) // 2]])
    with recorded.after(cut):
        recorded.server.start()
        with recorded.server.client() as client:
            for sent in recorded.told(cut):
                sent.send(client)  # it is answered as before
            assert recorded.load.one_statement(partial(recorded.load.send, client))
        check_ledger(recorded.server)
        recorded.server.stop()


def test_the_same_check_finds_answers_that_no_sync_preceded(recorded: Recorded) -> None:
    last = recorded.story.sends(RECORDED)[-1]
    (cut,) = recorded.story.cuts([last], forgets="wal")  # the log of writes of either engine
    assert recorded.told(cut) == recorded.load.acknowledged
    assert any(map(_CHECKPOINT.search, cut.sent))
    with pytest.raises(AssertionError), recorded.after(cut):
        recorded.require(cut)
