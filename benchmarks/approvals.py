"""Durable, fully verified approvals and drafts per second over HTTP, and what one costs."""

import statistics
import tempfile
from pathlib import Path

from benchmarks.load import send
from benchmarks.report import Bar, Result
from benchmarks.served import APPROVALS_PER_STATEMENT, Served, serving
from benchmarks.units import ROUNDS, verification_us

CLIENTS = (1, 16, 64)
# Requests of one round; one client waits for every commit by itself.
REQUESTS = {1: 1_500, 16: 4_500, 64: 6_000}
TARGET_PER_S = 1_500
TARGET_UNITS = 2.5


def run(*, quick: bool) -> Result:
    """Measure at 1, 16 and 64 clients; medians of five rounds (one when quick)."""
    result = Result(
        "approvals",
        "Approvals and drafts over HTTP, each durable before it is answered",
        ("what", "clients", "per second", "p50 ms", "p99 ms", "CPU µs", "CPU in verifications"),
    )
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name,
        serving(Path(name)) as served,
    ):
        unit_us = verification_us(served.documents(1)[0].encode())
        result.notes.append(f"One raw Ed25519 verification of the same bytes: {unit_us:.1f} µs.")
        for clients in CLIENTS:
            _measure(result, served, clients, unit_us, quick=quick)
    result.bars += [
        Bar(
            f"{row[0]}, {row[1]} clients",
            float(row[2]),
            TARGET_PER_S if row[0] == "approvals" else None,
        )
        for row in result.rows
    ]
    result.notes.append(
        f"Aims: {TARGET_PER_S:,} approvals per second with the clients on the same two cores, and"
        f" at most {TARGET_UNITS} verifications of CPU for each."
    )
    return result


def _measure(result: Result, served: Served, clients: int, unit_us: float, *, quick: bool) -> None:
    drafts, approvals = [], []
    for _ in range(1 if quick else ROUNDS):
        count = REQUESTS[clients] // (10 if quick else 1)
        documents = served.documents(count // APPROVALS_PER_STATEMENT)
        drafts.append(_round(served, served.draft_requests(documents), clients))
        approvals.append(_round(served, served.approval_requests(documents), clients))
    for what, rounds in (("drafts", drafts), ("approvals", approvals)):
        per_s, p50, p99, cpu_us = (statistics.median(part) for part in zip(*rounds, strict=True))
        cells = (f"{per_s:.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{cpu_us:.0f}")
        result.rows.append((what, str(clients), *cells, f"{cpu_us / unit_us:.2f}"))


def _round(
    served: Served, requests: list[bytes], clients: int
) -> tuple[float, float, float, float]:
    """Return requests/s, p50 and p99 in ms, and the server's CPU per request in µs.

    The CPU includes the read models, which have caught up when the round ends.
    """
    before_s = served.server.cpu_s()
    load = send(requests, port=served.port, clients=clients)
    served.wait_for_views()
    cpu_us = (served.server.cpu_s() - before_s) / len(requests) * 1e6
    return load.per_second, load.quantile_ms(0.5), load.quantile_ms(0.99), cpu_us
