"""The time from starting the process to its first answer."""

import statistics

from benchmarks.large import ledger_of
from benchmarks.report import Bar, Result

# Statements with 3.5 events each: one million events.
STATEMENTS = 285_715
QUICK_STATEMENTS = 1_000
STARTS = 5
AIM_S = 1.0


def run(*, quick: bool) -> list[Result]:
    """Measure an empty ledger and a large one with existing read models."""
    result = Result(
        "startup",
        "From starting the process to its first answer",
        ("events", "seconds", "resident memory MiB"),
    )
    for statements in (1, QUICK_STATEMENTS if quick else STATEMENTS):
        with ledger_of(statements) as ledger:
            started, resident = [], []
            for _ in range(STARTS):
                with ledger.start() as server:
                    started.append(server.start_s)
                    resident.append(server.rss_bytes() / 2**20)
            seconds = statistics.median(started)
            memory = f"{statistics.median(resident):.0f}"
            result.rows.append((f"{ledger.head:,}", f"{seconds:.2f}", memory))
            result.bars.append(Bar(f"{ledger.head:,} events", seconds, AIM_S))
    result.notes.append(
        f"Median of {STARTS} starts; both include starting the interpreter and its imports."
        f" Aim: under {AIM_S:.0f} s at a million events."
    )
    return [result]
