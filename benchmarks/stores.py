"""Approvals and drafts on each store, with one server or several, at 1 to 256 clients.

Not in a run of everything: `make bench ARGS="--stores postgres stores"`. `quorum` needs what
`make cluster` installs.
"""

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path

from benchmarks.databases import STORES, database
from benchmarks.load import Load, send
from benchmarks.process import Server, free_port
from benchmarks.report import Bar, Result
from benchmarks.served import Served, serving
from tests.support.carried import carry

CLIENTS = (1, 16, 64, 256)
SERVERS = (1, 3)
# The statements of one round; fewer with one client, which waits for every commit alone.
STATEMENTS = {1: 500, 16: 1_500}
MOST_STATEMENTS = 3_000
ROUNDS = 3
SETTLE_S = 30.0


def run(
    *,
    quick: bool,
    stores: Sequence[str] = STORES,
    servers: Sequence[int] = SERVERS,
    clients: Sequence[int] = CLIENTS,
) -> list[Result]:
    """Measure each choice; a file has one server."""
    result = Result(
        "stores",
        "Approvals and drafts over HTTP on each store",
        ("store", "servers", "what", "clients", "per second", "p50 ms", "p99 ms"),
    )
    for store in stores:
        for count in servers:
            if store == "sqlite" and count > 1:
                continue
            with (
                tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name,
                database(store) as settings,
                several(Path(name), count, settings) as (served, running),
            ):
                ports = [each.port for each in running]
                for many in clients:
                    _measure(result, (store, count), many, served, ports, quick=quick)
    result.notes.append(
        "Every answer is durable: on the disk, and with `quorum` on a second node too."
        " Servers, databases and clients share one machine."
    )
    return [result]


@contextmanager
def several(
    directory: Path, count: int, settings: dict[str, str]
) -> Iterator[tuple[Served, list[Server]]]:
    """Serve one ledger by several servers; yield the first with its people, and all of them."""
    with ExitStack() as opened:
        served = opened.enter_context(serving(directory, **settings))
        served.wait_until_published()
        servers = [served.server]
        origin = {"LEDGER_ORIGIN": f"http://localhost:{served.port}"}
        for number in range(1, count):
            data, port = directory / f"data{number}", free_port()
            carry(directory / "data", data)
            command = ("ledger", "serve", "--data", str(data), "--port", str(port))
            log, limits = directory / f"server{number}.log", {"LEDGER_RATE_LIMIT": "60000"}
            environment = settings | origin | limits | {"LEDGER_CONNECTIONS": "512"}
            server = Server(*command, port=port, log=log, environment=environment)
            servers.append(opened.enter_context(server))
        yield served, servers


def _measure(  # what one row is of
    result: Result,
    of: tuple[str, int],
    clients: int,
    served: Served,
    ports: list[int],
    *,
    quick: bool,
) -> None:
    statements = STATEMENTS.get(clients, MOST_STATEMENTS) // (20 if quick else 1)
    rounds: dict[str, list[Load]] = {"drafts": [], "approvals": []}
    for _ in range(1 if quick else ROUNDS):
        documents = served.documents(statements)
        rounds["drafts"].append(spread(served.draft_requests(documents), ports, clients))
        rounds["approvals"].append(spread(served.approval_requests(documents), ports, clients))
        served.wait_for_views()
    store, count = of
    for what, loads in rounds.items():
        load = sorted(loads, key=lambda each: each.per_second)[len(loads) // 2]
        times = f"{load.quantile_ms(0.5):.2f}", f"{load.quantile_ms(0.99):.2f}"
        rate = f"{load.per_second:,.0f}"
        result.measured(store, str(count), what, str(clients), rate, *times)
        if what == "approvals":
            label = f"{store}, {count} server{'s'[: count > 1]}, {clients} clients"
            result.bars.append(Bar(label, load.per_second))


def spread(requests: Sequence[bytes], ports: Sequence[int], clients: int) -> Load:
    """Send requests to all servers at once, each its part of the clients; return the whole."""
    used = ports[:clients]
    parts = [(requests[n :: len(used)], port) for n, port in enumerate(used)]
    with ThreadPoolExecutor(len(parts)) as threads:
        loads = [
            *threads.map(
                lambda part: send(part[0], port=part[1], clients=clients // len(parts)), parts
            )
        ]
    latencies_s = [*chain.from_iterable(load.latencies_s for load in loads)]
    elapsed_s = max(load.elapsed_s for load in loads)
    return Load(elapsed_s, latencies_s, sum(load.cpu_s for load in loads))
