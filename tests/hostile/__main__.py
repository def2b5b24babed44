"""`make hostile`: run each kind of attack alone and in full, and write the reference's table.

With kinds named, only their rows are measured and replaced.
"""

import argparse
import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from tests.hostile.attacker import FAMILIES, KINDS
from tests.hostile.field import Attacked, Field
from tests.hostile.observed import Served, cost
from tests.support.check import check_ledger
from tests.support.secure_server import SecureServer
from tests.support.server import Server

PAGE = Path(__file__).parents[2] / "docs/reference/limits.md"
BEGIN, END = "<!-- begin: measured by make hostile -->", "<!-- end: measured by make hostile -->"
QUIET_S, ATTACK_S = 5.0, 12.0
MOST_RATIO, MOST_MIB, MOST_RECOVERY_S = 5.0, 200.0, 5.0
COLUMNS = (
    "Attack",
    "answers",
    "GET p50",
    "GET p99",
    "of quiet",
    "new connection p99",
    "approval p99",
    "CPU",
    "memory",
    "recovery",
    "missed",
)


def server_of(name: str) -> type[Server]:
    """Return what an attack is for: handshakes need a server that speaks HTTPS itself."""
    return SecureServer if KINDS[name] in FAMILIES["handshakes"] else Server


def run(name: str, field: Field) -> list[str]:
    """Return one row of the table: a quiet period, then the attack."""
    rss_mib = cost(field.pid).rss_mib
    quiet, quiet_cpu = field.quiet(QUIET_S)
    found = field.attack([name], seconds=ATTACK_S, share=1.0)
    return row(name, quiet, quiet_cpu, found, found.peak_mib - rss_mib)


def row(name: str, quiet: Served, quiet_cpu: float, found: Attacked, grown_mib: float) -> list[str]:
    """Return the cells of one attack; the last names the targets that were missed."""
    served = found.served
    ratio = served.p99_ms / quiet.p99_ms
    missed = [
        words
        for words, is_missed in (
            (f"p99 {ratio:.1f} × quiet", ratio > MOST_RATIO),
            (f"memory +{grown_mib:.0f} MiB", grown_mib > MOST_MIB),
            (f"recovery {found.recovery_s:.1f} s", found.recovery_s > MOST_RECOVERY_S),
            (f"{len(served.failures)} failures", bool(served.failures)),
        )
        if is_missed
    ]
    tally = ", ".join(
        f"{count:,} × {status}" for status, count in sorted(found.tallies[name].items())
    )
    return [
        name,
        tally or "–",
        f"{quiet.p50_ms:.1f} → {served.p50_ms:.1f} ms",
        f"{quiet.p99_ms:.0f} → {served.p99_ms:.0f} ms",
        f"{ratio:.1f}",
        f"{quiet.fresh_p99_ms:.0f} → {served.fresh_p99_ms:.0f} ms",
        f"{quiet.approval_p99_ms:.0f} → {served.approval_p99_ms:.0f} ms",
        f"{quiet_cpu:.0%} → {found.cpu:.0%}",
        f"{grown_mib:+.0f} MiB",
        f"{found.recovery_s:.1f} s",
        "; ".join(missed) or "–",
    ]


def machine() -> str:
    """Return what the figures were taken on."""
    told = Path("/proc/cpuinfo").read_text()
    model = next(
        (
            line.partition(":")[2].strip()
            for line in told.splitlines()
            if line.startswith("model name")
        ),
        "an unnamed processor",
    )
    return (
        f"{os.cpu_count()} processors ({model}), Linux {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def described(rows: dict[str, str], load: tuple[float, float]) -> str:
    """Return the part of the page between the markers."""
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, on {machine()}.",
        "Attacker, members and server share those processors.",
        f"The machine's load was {load[0]:.1f} at the beginning and {load[1]:.1f} at the end; "
        "a server, an attacker and members alone make 1 to 2.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
        *(rows[name] for name in KINDS if name in rows),
    ]
    return "\n".join(lines)


def written(page: str, rows: dict[str, str], load: tuple[float, float]) -> str:
    """Return the page with these rows: a new table of all kinds, or some rows of the old one."""
    before, _, rest = page.partition(BEGIN)
    old, _, after = rest.partition(END)
    table = described(rows, load) if set(KINDS) <= set(rows) else _replaced(old, rows)
    return f"{before}{BEGIN}\n{table.strip()}\n{END}{after}"


def _replaced(table: str, rows: dict[str, str]) -> str:
    return "\n".join(
        rows.get(line.split(" | ")[0].removeprefix("| "), line) for line in table.splitlines()
    )


def main(arguments: list[str]) -> int:
    """Run the kinds that are named, or all, and write their rows into the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="the beginning of a kind's name")
    asked = tuple(parser.parse_args(arguments).kinds)
    began = os.getloadavg()[0]
    rows = {}
    for name in (each for each in KINDS if each.startswith(asked or "")):
        with tempfile.TemporaryDirectory() as directory, ExitStack() as clients:
            server = server_of(name)(Path(directory) / "data")
            server.start()
            clients.callback(server.stop)
            rows[name] = f"| {' | '.join(run(name, Field(server, clients)))} |"
            check_ledger(server)
        print(rows[name], flush=True)
    PAGE.write_text(written(PAGE.read_text(), rows, (began, os.getloadavg()[0])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
