"""Durable, verified approvals and drafts per second over HTTP, and the CPU cost of each."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import inside
from benchmarks.load import send
from benchmarks.process import Server, free_port
from benchmarks.report import Bar, Result
from benchmarks.served import APPROVALS_PER_STATEMENT, IN_ONE_REQUEST, Served, serving
from benchmarks.units import ROUNDS, verification_us

CLIENTS = (1, 16, 64)
MOST = CLIENTS[-1]
# The statements of one round; fewer with one client, which waits for every commit alone.
STATEMENTS = {1: 500, 16: 1_500, 64: 3_000}
AIM_PER_S = 1_500
AIM_UNITS = 3.5
AIM_UNITS_OF_MANY = 1.8
MANY, CLIENTS_OF_MANY = f"approvals, {IN_ONE_REQUEST} in a request", 4


class Round(NamedTuple):
    """The figures of one round; CPU is the server process's, user and system."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def run(*, quick: bool) -> list[Result]:
    """Measure at 1, 16 and 64 clients; medians of five rounds (one when quick)."""
    rounds = 1 if quick else ROUNDS
    sizes = {clients: count // (40 if quick else 1) for clients, count in STATEMENTS.items()}
    measured: dict[tuple[str, int], Round] = {}
    units_us = []
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        directory = Path(name)
        with serving(directory) as served:
            for clients, count in sizes.items():
                # Measure the limit again next to each round, because other programs may use the
                # machine.
                units_us.append(verification_us(served.documents(1)[0].encode()))
                drafts, approvals = _over_http(served, clients, count, rounds)
                measured["drafts", clients] = drafts
                measured["approvals", clients] = approvals
            measured[MANY, CLIENTS_OF_MANY] = _many(served, sizes[MOST], rounds)
            requests = served.approval_requests(served.documents(sizes[MOST]))
        measured["an empty handler", MOST] = _empty(directory, requests, rounds)
        data = directory / "data"
        alone = [inside.approve(data, served, sizes[MOST], MOST) for _ in range(rounds)]
        inside_us = statistics.median(alone)
    unit_us = statistics.median(units_us)
    return [_rates(measured, unit_us), _shares(measured, inside_us, unit_us)]


def _over_http(served: Served, clients: int, statements: int, rounds: int) -> tuple[Round, Round]:
    drafts, approvals = [], []
    for _ in range(rounds):
        documents = served.documents(statements)
        drafts.append(_load(served, served.draft_requests(documents), clients))
        approvals.append(_load(served, served.approval_requests(documents), clients))
    return _median(drafts), _median(approvals)


def _many(served: Served, statements: int, rounds: int) -> Round:
    """Measure many approvals in one request; the figures are those of one of them."""
    found = []
    for _ in range(rounds):
        documents = served.documents(statements)
        _load(served, served.draft_requests(documents), MOST)
        requests = served.several_requests(documents)
        each = APPROVALS_PER_STATEMENT * statements / len(requests)
        one = _load(served, requests, CLIENTS_OF_MANY)
        found.append(one._replace(per_second=one.per_second * each, cpu_us=one.cpu_us / each))
    return _median(found)


def _load(served: Served, requests: Sequence[bytes], clients: int) -> Round:
    return _round(served.server, requests, clients, served.wait_for_views)


def _empty(directory: Path, requests: Sequence[bytes], rounds: int) -> Round:
    """Send approvals to a server that reads them and does nothing else."""
    port = free_port()
    command = ("benchmarks.floor", str(port))
    with Server(*command, port=port, log=directory / "floor.log") as server:
        return _median([_round(server, requests, MOST, lambda: None) for _ in range(rounds)])


def _round(
    server: Server, requests: Sequence[bytes], clients: int, settle: Callable[[], None]
) -> Round:
    """Send the requests; the CPU time includes the work in `settle` after the last answer."""
    before_s = server.cpu_s()
    load = send(requests, port=server.port, clients=clients)
    settle()
    cpu_us = (server.cpu_s() - before_s) / len(requests) * 1e6
    return Round(load.per_second, load.quantile_ms(0.5), load.quantile_ms(0.99), cpu_us)


def _median(rounds: Sequence[Round]) -> Round:
    return Round(*(statistics.median(part) for part in zip(*rounds, strict=True)))


def _rates(measured: dict[tuple[str, int], Round], unit_us: float) -> Result:
    result = Result(
        "approvals",
        "Approvals and drafts over HTTP, each durable before its answer",
        ("what", "clients", "per second", "p50 ms", "p99 ms", "CPU µs", "CPU in verifications"),
    )
    for (what, clients), round_ in measured.items():
        cells = (f"{round_.per_second:,.0f}", f"{round_.p50_ms:.2f}", f"{round_.p99_ms:.2f}")
        cost = (f"{round_.cpu_us:.0f}", f"{round_.cpu_us / unit_us:.2f}")
        result.rows.append((what, str(clients), *cells, *cost))
        if what != "an empty handler":
            aim = AIM_PER_S if (what, clients) == ("approvals", MOST) else None
            result.bars.append(Bar(f"{what}, {clients} clients", round_.per_second, aim))
    result.notes += [
        f"One raw Ed25519 verification of the same bytes: {unit_us:.1f} µs.",
        f"{APPROVALS_PER_STATEMENT} approvals per statement of 1 KiB; each statement is new."
        " The clients share the server's cores.",
        f"Aims: {AIM_PER_S:,} approvals per second at {MOST} clients, and at most {AIM_UNITS}"
        f" verifications' CPU time for each, {AIM_UNITS_OF_MANY} for each of {IN_ONE_REQUEST} in"
        " one request. The times of that row are those of a whole request.",
    ]
    return result


def _shares(measured: dict[tuple[str, int], Round], inside_us: float, unit_us: float) -> Result:
    result = Result(
        "shares",
        f"Where the CPU of an approval goes, at {MOST} clients",
        ("what", "CPU µs", "CPU in verifications"),
    )
    whole_us = measured["approvals", MOST].cpu_us
    empty_us = measured["an empty handler", MOST].cpu_us
    shares = {
        "the signature's verification": unit_us,
        "decision and commit beyond it": inside_us - unit_us,
        "an empty handler": empty_us,
        "the rest: our HTTP, read models": whole_us - inside_us - empty_us,
        "an approval": whole_us,
    }
    for what, cpu_us in shares.items():
        result.rows.append((what, f"{cpu_us:.0f}", f"{cpu_us / unit_us:.2f}"))
        aim = AIM_UNITS if what == "an approval" else None
        result.bars.append(Bar(what, cpu_us / unit_us, aim))
    result.notes.append(
        "The first row is measured alone. The second is an approval without HTTP and read models,"
        " minus the first. The third reads the same requests and answers. The rest is the"
        " difference, which includes the cost of threads that wait for each other."
    )
    return result
