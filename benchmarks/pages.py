"""What one page costs in a small and in a large ledger, and how soon a large one answers."""

import statistics
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.process import Server, free_port
from benchmarks.report import Bar, Result
from benchmarks.synthetic import grow, people_of
from ledger.store import SqliteLog
from tests.support.actor import Actor

SIZES = (1_000, 100_000)
QUICK_SIZES = (200, 2_000)
REQUESTS = 300


def run(*, quick: bool) -> Result:
    """Measure each page at both sizes; the ratio of their p50 should be about one."""
    small, large = QUICK_SIZES if quick else SIZES
    result = Result(
        "pages",
        f"Pages at {small:,} and at {large:,} statements, p50 over HTTP",
        ("page", f"ms at {small:,}", f"ms at {large:,}", "ratio"),
    )
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        few, few_start_s = _measure(Path(name) / "few", small)
        many, many_start_s = _measure(Path(name) / "many", large)
    for page, ms in few.items():
        ratio = many[page] / ms
        result.rows.append((page, f"{ms:.2f}", f"{many[page]:.2f}", f"{ratio:.2f}"))
        result.bars.append(Bar(page, ratio, 1.0))
    result.notes.append(
        f"From starting the process to its first answer: {few_start_s:.2f} s and"
        f" {many_start_s:.2f} s (about {round(large * 3.5):,} events, read models in place)."
    )
    return result


def _measure(data: Path, statements: int) -> tuple[dict[str, float], float]:
    port = free_port()
    origin = f"http://localhost:{port}"
    data.parent.mkdir(exist_ok=True)
    log = data.with_suffix(".log")

    def start() -> Server:
        command = ("ledger", "serve", "--data", str(data), "--port", str(port))
        return Server(*command, port=port, log=log, environment={"LEDGER_ORIGIN": origin})

    with start(), httpx.Client(base_url=origin) as client:
        people = [("Alice", "creator"), ("Bob", "investor"), ("Carol", "investor")]
        alice, *_ = [Actor(client, name, origin).register(role) for name, role in people]
    store = SqliteLog(data / "log.sqlite")
    grow(store, people_of(store), statements)
    head = store.head()
    store.close()
    with start():  # the read models catch up
        deadline = time.monotonic() + 300
        while httpx.get(f"{origin}/healthz").json()["position"] < head:
            if time.monotonic() > deadline:
                raise RuntimeError("the read models do not catch up")
            time.sleep(0.1)
    with start() as again, httpx.Client(base_url=origin) as client:
        alice.client = client
        client.post("/api/sessions", json={"act": alice.act("sign-in", jti="bench")})
        newest = client.get("/api/statements").json()["items"][0]["id"]
        paths = {
            "list": "/api/statements",
            "list, approved": "/api/statements?status=approved",
            "search": "/api/statements?q=round+17",
            "inbox": "/api/inbox",
            "one statement": f"/api/statements/{newest}",
            "timeline": "/api/timeline",
            "list, in the past": f"/api/statements?at={head // 2}",
            "HTML list": "/statements",
            "HTML statement": f"/statements/{newest}",
        }
        return {page: _p50_ms(client, path) for page, path in paths.items()}, again.start_s


def _p50_ms(client: httpx.Client, path: str) -> float:
    took_ms = []
    for _ in range(REQUESTS):
        begun_s = time.perf_counter()
        answer = client.get(path)
        took_ms.append((time.perf_counter() - begun_s) * 1000)
        answer.raise_for_status()
    return statistics.median(took_ms)
