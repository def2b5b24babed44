"""The time of one page in a small and in a large ledger, now and in the past."""

from benchmarks.large import Large, ledger_of, newest_id
from benchmarks.load import request, send
from benchmarks.report import Bar, Result

SIZES = (1_000, 100_000)
QUICK_SIZES = (200, 2_000)
REQUESTS = 500
QUICK_REQUESTS = 50


def run(*, quick: bool, statements: tuple[int, int] | None = None) -> list[Result]:
    """Measure each page at both sizes; the ratio of their p50 should be about one."""
    small, large = statements or (QUICK_SIZES if quick else SIZES)
    result = Result(
        "pages" if statements is None else "reads",
        f"Pages at {large:,} statements, as a multiple of the time at {small:,}",
        ("page", f"p50 ms at {small:,}", f"p50 ms at {large:,}", "ratio"),
    )
    requests = QUICK_REQUESTS if quick else REQUESTS
    with ledger_of(small) as ledger:
        few = _measure(ledger, requests)
    with ledger_of(large) as ledger:
        many = _measure(ledger, requests)
    for page, ms in few.items():
        ratio = many[page] / ms
        result.rows.append((page, f"{ms:.2f}", f"{many[page]:.2f}", f"{ratio:.2f}"))
        result.bars.append(Bar(page, ratio, 1.0))
    result.notes.append(
        f"p50 of {requests} requests by one client over HTTP; a page has 50 items."
        " “In the past” means at half the log. Aim: a ratio of about 1."
    )
    return [result]


def _measure(ledger: Large, requests: int) -> dict[str, float]:
    with ledger.start():
        alice, bob = ledger.sign_in("Alice"), ledger.sign_in("Bob")
        past = ledger.head // 2
        newest, older = (newest_id(ledger, alice, at) for at in (ledger.head, past))
        pages = {
            "list": (alice, "/api/statements"),
            "list, approved": (alice, "/api/statements?status=approved"),
            "search, one word": (alice, "/api/statements?q=terms"),
            "search, three words": (alice, "/api/statements?q=terms+of+round"),
            "inbox": (bob, "/api/inbox"),
            "inbox, nothing waits": (alice, "/api/inbox"),
            "one statement": (alice, f"/api/statements/{newest}"),
            "timeline": (alice, "/api/timeline"),
            "list, in the past": (alice, f"/api/statements?at={past}"),
            "inbox, in the past": (bob, f"/api/inbox?at={past}"),
            "one statement, in the past": (alice, f"/api/statements/{older}?at={past}"),
            "timeline, in the past": (alice, f"/api/timeline?at={past}"),
            "HTML list": (alice, "/statements"),
            "HTML statement": (alice, f"/statements/{newest}"),
        }
        measured = {}
        for page, (cookie, path) in pages.items():
            asked = request("GET", path, port=ledger.port, headers=f"Cookie: {cookie}\r\n")
            load = send([asked] * requests, port=ledger.port, clients=1)
            measured[page] = load.quantile_ms(0.5)
        return measured
