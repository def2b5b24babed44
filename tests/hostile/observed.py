"""What a server costs and what its members notice, measured from outside."""

import http.client
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from ledger.data_files import VIEWS_FILE
from tests.support.actor import Actor
from tests.support.server import Server

TICKS = os.sysconf("SC_CLK_TCK")
READ_S, APPROVE_S = 1 / 30, 0.6  # a member's quota allows 40 reads and 2 drafts a second
FRESH = 5  # every fifth read is on a connection of its own


class Cost(NamedTuple):
    """Of a process: seconds of CPU so far, resident memory in MiB, open descriptors.

    Readers of the views' file are not counted: the server keeps up to IDLE_READERS of them.
    """

    cpu_s: float
    rss_mib: float
    descriptors: int


def cost(pid: int) -> Cost:
    """Return what a process has cost so far and holds now."""
    proc = Path(f"/proc/{pid}")
    fields = (proc / "stat").read_text().rpartition(")")[2].split()
    resident = int((proc / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    open_files = sum(not _is_of_views(each) for each in (proc / "fd").iterdir())
    return Cost((int(fields[11]) + int(fields[12])) / TICKS, resident / 2**20, open_files)


def _is_of_views(descriptor: Path) -> bool:
    with suppress(OSError):  # it was closed meanwhile
        return VIEWS_FILE in str(descriptor.readlink())
    return False


class Served(NamedTuple):
    """What members noticed during a period; times in milliseconds."""

    reads: int
    p50_ms: float
    p99_ms: float
    fresh_p99_ms: float
    approvals: int
    approval_p99_ms: float
    failures: list[str]


class Members:
    """One member who reads and two who draft and approve, each on a thread of their own."""

    def __init__(self, server: Server, reader: Actor, creator: Actor, approver: Actor) -> None:
        """Take the server and three people who are signed in."""
        self._server = server
        self._cookie = cookie_of(reader)
        self._creator, self._approver = creator, approver
        self._going = threading.Event()
        self._threads: list[threading.Thread] = []
        self.kept_ms: list[float] = []
        self.fresh_ms: list[float] = []
        self.approval_ms: list[float] = []
        self.failures: list[str] = []

    def begin(self) -> None:
        """Start a period."""
        for found in (self.kept_ms, self.fresh_ms, self.approval_ms):
            found.clear()
        self.failures.clear()
        self._going.set()
        self._threads = [threading.Thread(target=each) for each in (self._read, self._approve)]
        for thread in self._threads:
            thread.start()

    def end(self) -> Served:
        """End the period and return what was noticed."""
        self._going.clear()
        for thread in self._threads:
            thread.join()
        return Served(
            len(self.kept_ms) + len(self.fresh_ms),
            part(self.kept_ms, 50),
            part(self.kept_ms, 99),
            part(self.fresh_ms, 99),
            len(self.approval_ms),
            part(self.approval_ms, 99),
            [*self.failures],
        )

    def read_once(self) -> float:
        """Read on a new connection; return the milliseconds, infinite unless answered 200."""
        began = time.perf_counter()
        connection = self._connection()
        try:
            status = self._ask(connection)
        except (OSError, http.client.HTTPException):
            return float("inf")
        finally:
            connection.close()
        return (time.perf_counter() - began) * 1000 if status == 200 else float("inf")

    def _connection(self) -> http.client.HTTPConnection:
        port, trusted = self._server.port, self._server.trusted
        if self._server.origin.startswith("https:"):
            return http.client.HTTPSConnection("localhost", port, timeout=10, context=trusted)
        return http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def _ask(self, connection: http.client.HTTPConnection) -> int:
        headers = {"Cookie": self._cookie, "Host": f"localhost:{self._server.port}"}
        connection.request("GET", "/api/inbox", headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def _read(self) -> None:
        kept = self._connection()
        number = 0
        while self._going.is_set():
            number += 1
            began = time.perf_counter()
            if number % FRESH == 0:
                taken = self.read_once()
                self.fresh_ms.append(taken)
                if taken == float("inf"):
                    self.failures.append("a read on a new connection was not answered")
            else:
                try:
                    status = self._ask(kept)
                except (OSError, http.client.HTTPException) as error:
                    self.failures.append(f"a read: {type(error).__name__}")
                    kept.close()
                else:
                    if status != 200:
                        self.failures.append(f"a read: {status}")
                self.kept_ms.append((time.perf_counter() - began) * 1000)
            time.sleep(max(READ_S - (time.perf_counter() - began), 0))
        kept.close()

    def _approve(self) -> None:
        while self._going.is_set():
            began = time.perf_counter()
            drafted = self._creator.draft()
            before = time.perf_counter()
            answer = self._approver.approve(drafted)
            self.approval_ms.append((time.perf_counter() - before) * 1000)
            if answer.status_code != 201:
                self.failures.append(f"an approval: {answer.status_code} {answer.text}")
            time.sleep(max(APPROVE_S - (time.perf_counter() - began), 0))


def cookie_of(actor: Actor) -> str:
    """Return the Cookie header of a person who is signed in."""
    return "; ".join(f"{name}={value}" for name, value in actor.client.cookies.items())


def part(found: list[float], percent: int) -> float:
    """Return a percentile, not a number if nothing was measured."""
    if len(found) < 2:
        return found[0] if found else float("nan")
    return quantiles(found, n=100, method="inclusive")[percent - 1]
