"""`make fuzz`: run each target for a while under atheris, from its seeds and its corpus.

`python -m tests.fuzz SECONDS` runs all, each in a process of its own, and keeps what they found:
of the inputs that reached new code, those that `tests.fuzz.corpus` needs to reach as much. With a
target's name and a directory it is that process.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ledger"]):
    from tests.fuzz.targets import TARGETS, run, seeds

from tests.fuzz import corpus

MAX_BYTES = 16_384


def fuzz(name: str, seconds: str, directory: str) -> None:
    """Fuzz one target in this process, which atheris ends."""
    for number, raw in enumerate([*seeds(name), *corpus.kept(name)]):
        (Path(directory) / str(number)).write_bytes(raw)
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", "-print_final_stats=1"]
    atheris.Setup([name, *options, "-timeout=10", directory], lambda raw: run(name, raw))
    atheris.Fuzz()


def main(seconds: str) -> int:
    """Fuzz every target; print inputs, edges, the slowest input, kept inputs and findings."""
    print("| target | inputs | edges | slowest input | kept | findings |", flush=True)
    print("|---|---|---|---|---|---|")
    failed = 0
    for name in TARGETS:
        with tempfile.TemporaryDirectory() as directory:
            command = [sys.executable, "-m", "tests.fuzz", seconds, name, directory]
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            found = [each.read_bytes() for each in Path(directory).iterdir()]
        inputs = re.search(r"number_of_executed_units: (\d+)", ended.stderr)
        slowest = re.search(r"slowest_unit_time_sec: +(\d+)", ended.stderr)
        edges = re.findall(r"cov: (\d+)", ended.stderr)
        failed += ended.returncode != 0
        cells = (
            name,
            f"{int(inputs[1]):,}" if inputs else "–",
            edges[-1] if edges else "–",
            f"{slowest[1]} s" if slowest else "–",
            str(corpus.keep(name, found)) if ended.returncode == 0 else "–",
            "none" if ended.returncode == 0 else "one",
        )
        print(f"| {' | '.join(cells)} |", flush=True)
        if ended.returncode:
            print(ended.stderr[-4_000:], file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) > 2:
        fuzz(sys.argv[2], sys.argv[1], sys.argv[3])
    else:
        sys.exit(main(sys.argv[1]))
