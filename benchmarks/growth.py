"""What further servers add where each has a machine of its own: here, a part of a processor.

Not in a run of everything: `make bench ARGS="growth"`. It needs root, and cgroups of version 1. The
kernel lets each server use its part of a processor and no more, as a small machine would. The
database and the clients have the rest, so that the servers are what is measured.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.databases import database
from benchmarks.load import Load, request
from benchmarks.process import Server
from benchmarks.report import Bar, Result
from benchmarks.served import Served
from benchmarks.stores import several, spread

CONTROLLER = Path("/sys/fs/cgroup/cpu")
PERIOD_US = 10_000
PART = 0.2  # of a processor, for each server
SERVERS = (1, 2, 3)
CLIENTS = 24
STATEMENTS = 200
READS = 2_000
ROUNDS = 3


def run(*, quick: bool, servers: Sequence[int] = SERVERS) -> list[Result]:
    """Measure lists that people read, drafts and approvals, with each number of servers."""
    result = Result(
        "growth",
        f"More servers, each with {PART:.0%} of a processor",
        ("what", "servers", "per second", "p50 ms", "processor of all servers"),
    )
    for count in servers:
        with (
            tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name,
            database("postgres") as settings,
            several(Path(name), count, settings) as (served, running),
            limited(running),
        ):
            _measure(result, served, running, quick=quick)
    result.notes.append(
        f"PostgreSQL, {CLIENTS} clients. The kernel bounds each server, as a machine of its own"
        " would; the database and the clients have the rest of two processors. Every server folds"
        " every event into its own read models, so writes grow less than reads."
    )
    return [result]


@contextmanager
def limited(servers: Sequence[Server]) -> Iterator[None]:
    """Let each server use its part of a processor, in each hundredth of a second."""
    with ExitStack() as made:
        for server in servers:
            group = CONTROLLER / f"ledger-{server.pid}"
            group.mkdir()
            made.callback(group.rmdir)
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(round(PART * PERIOD_US)))
            (group / "cgroup.procs").write_text(str(server.pid))
            made.callback((CONTROLLER / "cgroup.procs").write_text, str(server.pid))
        yield


def _measure(result: Result, served: Served, running: Sequence[Server], *, quick: bool) -> None:
    ports = [each.port for each in running]
    statements, reads = (20, 50) if quick else (STATEMENTS, READS)
    answer = served.people[0].sign_in_by_key("reads").raise_for_status()
    cookie = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
    read = request("GET", "/api/statements", port=served.port, headers=f"Cookie: {cookie}\r\n")
    documents: list[str] = []

    def drafts() -> list[bytes]:
        documents[:] = served.documents(statements)
        return served.draft_requests(documents)

    kinds: dict[str, Callable[[], list[bytes]]] = {
        "drafts": drafts,
        "approvals": lambda: served.approval_requests(documents),
        "lists of statements": lambda: [read] * reads,
    }
    rounds: dict[str, list[tuple[Load, float]]] = {what: [] for what in kinds}
    for _ in range(1 if quick else ROUNDS):
        for what, requests in kinds.items():
            sent = requests()
            before, began_s = sum(each.cpu_s() for each in running), time.monotonic()
            load = spread(sent, ports, CLIENTS)
            used = sum(each.cpu_s() for each in running) - before
            rounds[what].append((load, used / (time.monotonic() - began_s)))
            served.wait_for_views()
    for what, loads in rounds.items():
        load, used = sorted(loads, key=lambda each: each[0].per_second)[len(loads) // 2]
        count, rate = len(running), load.per_second
        result.measured(
            what, str(count), f"{rate:,.0f}", f"{load.quantile_ms(0.5):.2f}", f"{used:.2f}"
        )
        result.bars.append(Bar(f"{what}, {count} server{'s'[: count > 1]}", rate))
