"""A running server, members at work beside the attacker, and one attack with its measures."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.hostile.attacks.work import costly_document
from tests.hostile.observed import Cost, Members, Served, cookie_of, cost
from tests.hostile.target import Known
from tests.support.actor import Actor
from tests.support.server import Server

RECOVERY_S = 30.0
SAMPLE_S = 0.1


class Attacked(NamedTuple):
    """What one attack did: answers by status of each kind, what it cost, what members noticed."""

    tallies: dict[str, dict[str, int]]
    served: Served
    cpu: float  # seconds of the server's CPU for each second
    peak_mib: float
    recovery_s: float
    after: Cost


class Field:
    """A server with its people: members who work, and one without scruples."""

    def __init__(self, server: Server, clients: ExitStack) -> None:
        """Register the people on a server that runs."""

        def join(name: str, role: str) -> Actor:
            client = clients.enter_context(server.client())
            return Actor(client, name, server.origin).register(role)

        self.server = server
        assert server.pid is not None
        self.pid = server.pid
        creator, approver, reader = (
            join("Alice", "creator"),
            join("Bob", "investor"),
            join("Carol", "investor"),
        )
        self.mallory = join("Mallory", "creator")
        self.statement = creator.draft().id
        self.members = Members(server, reader, creator, approver)

    def known(self, drafts: int) -> Known:
        """Return what the attacker knows, with new drafts that are signed as they must be."""
        documents = [self.mallory.document(title=f"Draft {n}") for n in range(drafts)]
        documents[::20] = [costly_document(each) for each in documents[::20]]
        return Known(
            cookie_of(self.mallory),
            self.statement,
            self.mallory.passkey.id,
            [json.dumps(self.mallory.draft_body(each)) for each in documents],
        )

    def quiet(self, seconds: float) -> tuple[Served, float]:
        """Return what members notice without an attack, and the server's CPU a second."""
        before = cost(self.pid)
        self.members.begin()
        time.sleep(seconds)
        served = self.members.end()
        return served, (cost(self.pid).cpu_s - before.cpu_s) / seconds

    def attack(self, names: Sequence[str], *, seconds: float, share: float) -> Attacked:
        """Run the attacker's process beside the members, and wait until the server is itself."""
        known = msgspec.json.encode(self.known(round(300 * share)))
        command = [sys.executable, "-m", "tests.hostile.attacker", str(self.server.port)]
        before = cost(self.pid)
        with Peak(self.pid) as peak:
            self.members.begin()
            began = time.monotonic()
            ended = subprocess.run(
                [*command, str(seconds), str(share), *names],
                input=known,
                capture_output=True,
                cwd=Path(__file__).parents[2],
                check=False,
                timeout=seconds + 30,
            )
            lasted_s = time.monotonic() - began
            cpu = (cost(self.pid).cpu_s - before.cpu_s) / lasted_s
            served = self.members.end()
            recovery_s = self._recovered(before.descriptors)
        if ended.returncode:
            raise AssertionError(f"the attacker failed: {ended.stderr.decode()}")
        tallies = json.loads(ended.stdout)
        return Attacked(tallies, served, cpu, peak.mib, recovery_s, cost(self.pid))

    def _recovered(self, descriptors: int) -> float:
        """Return the seconds until new connections are served and no descriptor is left open."""
        began = time.monotonic()
        while time.monotonic() - began < RECOVERY_S:
            served = self.members.read_once() < float("inf")
            if served and cost(self.pid).descriptors <= descriptors + 4:
                return time.monotonic() - began
            time.sleep(0.05)
        return float("inf")


class Peak:
    """The most resident memory of a process inside the block."""

    def __init__(self, pid: int) -> None:
        """Watch a process."""
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.mib = 0.0

    def __enter__(self) -> "Peak":
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no more."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_S):
            self.mib = max(self.mib, cost(self._pid).rss_mib)
