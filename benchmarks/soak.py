"""A server under steady load for minutes: its memory and latency must stay flat."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.databases import database
from benchmarks.load import Load
from benchmarks.report import Bar, Result
from benchmarks.served import serving
from benchmarks.stores import spread

MINUTES = 10
PARTS = 10
CLIENTS = 16
STATEMENTS = 200  # of one round; a part has as many rounds as fit


def run(
    *, quick: bool, stores: Sequence[str] = ("postgres",), minutes: float = MINUTES
) -> list[Result]:
    """Measure each store; the last tenth of the time is compared with the second one."""
    return [_soak(store, 60 * (0.1 if quick else minutes)) for store in stores]


def _soak(store: str, seconds: float) -> Result:
    result = Result(
        f"soak-{store}",
        f"{seconds / 60:.3g} minutes of steady load on {store}, {CLIENTS} clients",
        ("after minutes", "events", "per second", "p50 ms", "p99 ms", "memory MiB"),
    )
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name,
        database(store) as settings,
        serving(Path(name), **settings) as served,
    ):
        begun_s, events = time.monotonic(), 0
        for part in range(1, PARTS + 1):
            loads: list[Load] = []
            while not loads or time.monotonic() - begun_s < part * seconds / PARTS:
                documents = served.documents(STATEMENTS)
                for requests in (
                    served.draft_requests(documents),
                    served.approval_requests(documents),
                ):
                    loads.append(spread(requests, [served.port], CLIENTS))
                    events += len(requests)
            load = max(loads, key=lambda each: each.quantile_ms(0.99))
            rate = sum(len(each.latencies_s) for each in loads) / sum(
                each.elapsed_s for each in loads
            )
            memory = served.server.rss_bytes() / 2**20
            times = f"{load.quantile_ms(0.5):.2f}", f"{load.quantile_ms(0.99):.2f}"
            after = f"{(time.monotonic() - begun_s) / 60:.1f}"
            result.measured(after, f"{events:,}", f"{rate:,.0f}", *times, f"{memory:.0f}")
            result.bars.append(Bar(f"memory MiB after {after} min", memory))
    result.notes.append("Times are those of the round with the greatest p99.")
    return result
