"""`make fuzz`: run each target for a while under atheris, from its seeds and its corpus.

`python -m tests.fuzz SECONDS [AT_ONCE]` runs all, each in a process of its own, one after the other
or so many at once, and keeps what they found: of the inputs that reached new code, those that
`tests.fuzz.corpus` needs to reach as much. With a target's name and a directory it is that process.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import FrameType

import atheris

with atheris.instrument_imports(include=["ledger"]):
    from tests.fuzz.targets import TARGETS, run, seeds

from tests.fuzz import corpus

MAX_BYTES = 16_384
# Of a processor, for one input: what takes longer is a finding.
SLOW_S = 5
# By the clock, for what Python cannot interrupt. A process may wait long for a processor.
TIMEOUT_S = 900


def fuzz(name: str, seconds: str, directory: str) -> None:
    """Fuzz one target in this process, which atheris ends."""
    for number, raw in enumerate([*seeds(name), *corpus.kept(name)]):
        (Path(directory) / str(number)).write_bytes(raw)
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", "-print_final_stats=1"]
    signal.signal(signal.SIGPROF, _too_slow)
    atheris.Setup([name, *options, f"-timeout={TIMEOUT_S}", directory], partial(_timed, name))
    atheris.Fuzz()


def _timed(name: str, raw: bytes) -> None:
    signal.setitimer(signal.ITIMER_PROF, SLOW_S)
    run(name, raw)
    signal.setitimer(signal.ITIMER_PROF, 0)


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"an input took {SLOW_S} seconds of a processor")


def main(seconds: str, at_once: int) -> int:
    """Fuzz every target; print a row for each.

    The column `last new edge` has the share of the inputs after which no more code was reached.
    """
    print("| target | inputs | CPU minutes | edges | last new edge | kept | findings |", flush=True)
    print("|---|---|---|---|---|---|---|", flush=True)
    with ThreadPoolExecutor(at_once) as threads:
        return int(any([*threads.map(partial(_one, seconds), TARGETS)]))


def _one(seconds: str, name: str) -> bool:
    """Fuzz one target in a process of its own, print its row; return whether it found a fault."""
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, "-m", "tests.fuzz", seconds, name, directory]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
        log.seek(0)
        told, found = log.read(), [each.read_bytes() for each in Path(directory).iterdir()]
    failed = status != 0
    inputs = re.search(r"number_of_executed_units: (\d+)", told)
    edges, at = max(
        ((int(cov), -int(at)) for at, cov in re.findall(r"^#(\d+)\t.* cov: (\d+) ", told, re.M)),
        default=(0, 0),
    )
    cells = (
        name,
        f"{int(inputs[1]):,}" if inputs else "–",
        f"{(used.ru_utime + used.ru_stime) / 60:.1f}",
        str(edges),
        f"{-at / int(inputs[1]):.1%}" if inputs else "–",
        "–" if failed else str(corpus.keep(name, found)),
        "one" if failed else "none",
    )
    print(f"| {' | '.join(cells)} |", flush=True)
    if failed:
        print(told[-4_000:], file=sys.stderr)
    return failed


if __name__ == "__main__":
    if len(sys.argv) > 3:
        fuzz(sys.argv[2], sys.argv[1], sys.argv[3])
    else:
        sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1))
