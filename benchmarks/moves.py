"""Rebuild, audit and copy of one log on both stores: time and peak memory of each command."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.audit import grow
from benchmarks.databases import one_node
from benchmarks.report import Result
from tests.support.logs import settings_of

SIZES = (10_000, 100_000)
QUICK_SIZES = (500,)
REBUILD = (
    "from pathlib import Path; from contextlib import closing; from ledger.store.engines import"
    " open_log; from ledger.store.log import Log; from projections.follower import rebuild;"
    " import sys; log = Log(open_log(sys.argv[1])); rebuild(Path(sys.argv[2]), log)"
)

# A new process is charged with the memory of the process that starts it. So a small process starts
# the command that is measured.
_SMALL = """
import os, subprocess, sys, time
begun_s = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
if code := os.waitstatus_to_exitcode(status):
    sys.exit(f"{sys.argv[1:4]} ended with {code}")
print(time.perf_counter() - begun_s, used.ru_maxrss // 1024)
"""


def run(*, quick: bool) -> list[Result]:
    """Measure each command on a log with real signatures, in a process of its own."""
    result = Result(
        "moves",
        "Rebuild, audit and copy on both stores",
        ("what", "events", "seconds", "events per second", "peak memory MiB"),
    )
    for size in QUICK_SIZES if quick else SIZES:
        with (
            tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name,
            one_node() as to,
        ):
            data, back, url = Path(name) / "data", Path(name) / "back", to.url()
            data.mkdir()
            grow(data, size)
            here, there = settings_of(data), {"LEDGER_DATABASE_URL": url}
            origin = {"LEDGER_ORIGIN": here.origin, "LEDGER_RP_ID": here.rp_id}
            ledger = ("-m", "ledger")
            steps = {
                "rebuild, SQLite": (("-c", REBUILD, str(data / "log.sqlite"), f"{name}/a"), {}),
                "audit, SQLite": ((*ledger, "audit", "--data", str(data)), {}),
                "copy to PostgreSQL": (
                    (*ledger, "copy", "--from", str(data), "--to", url, "--json"),
                    {},
                ),
                "rebuild, PostgreSQL": (("-c", REBUILD, url, f"{name}/b"), {}),
                "audit, PostgreSQL": ((*ledger, "audit", "--data", str(data)), there),
                "copy to SQLite": (
                    (*ledger, "copy", "--from", url, "--to", str(back), "--json"),
                    {"LEDGER_DATA": str(data)},
                ),
            }
            for what, (command, settings) in steps.items():
                seconds, peak = measured(command, os.environ | origin | settings)
                rate = f"{size / seconds:,.0f}"
                result.measured(what, f"{size:,}", f"{seconds:.1f}", rate, f"{peak}")
    result.notes.append("Each in a process of its own; its start, about a second, is included.")
    return [result]


def measured(command: Sequence[str], environment: dict[str, str]) -> tuple[float, int]:
    """Run Python with arguments; return the seconds, and the peak memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", _SMALL, sys.executable, *command],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), int(peak)
